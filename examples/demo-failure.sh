#!/usr/bin/env bash
# `make demo-failure`: what a failed run tells, and how one goes on from it. Exit code 0 when it shows all it should.
set -euo pipefail
cd "$(dirname "$0")/.."
headrace=${HEADRACE:-$PWD/.venv/bin/headrace}
python=${PYTHON:-$PWD/.venv/bin/python}
spec=examples/failing/pipeline.yaml
said=$(mktemp)

title() { printf '\n== %s\n' "$1"; }
missed() {
  echo "demo-failure: expected $1" >&2
  exit 1
}
shows() { grep -qF -- "$1" "$said" || missed "'$1' in what was said"; }

# Asks the control endpoint of the local cloud; curl is not everywhere, Python is.
control() {
  "$python" - "$endpoint/_headrace/faults" "$1" "${2:-}" <<'PY'
import sys, urllib.request
url, method, body = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
opener.open(urllib.request.Request(url, data=body.encode() or None, method=method), timeout=30).read()
PY
}
# The part of a job's name that stands for a task: 16 hex digits of its id's SHA-256.
job_of() { printf %s "$1" | sha256sum | cut -c1-16; }
finish() {
  code=$?
  rm -f "$said"
  [ -z "${endpoint:-}" ] || control DELETE || true
  exit "$code"
}
trap finish EXIT

title "the local cloud"
"$headrace" local up >/dev/null
endpoint=$("$headrace" local status | awk '$1 == "endpoint" {print $2}')

# What this machine cannot show by itself: a memory limit, and a spot instance that is taken back.
control POST "{\"kind\": \"batch\", \"job\": \"hr-failing-*-$(job_of hungry)-*\", \"fault\": \"oom\", \"afterSeconds\": 7, \"times\": 1}"
control POST "{\"kind\": \"batch\", \"job\": \"hr-failing-*-$(job_of interrupted)-*\", \"fault\": \"spot\", \"afterSeconds\": 7, \"times\": 1}"

title "a run that fails in four ways"
code=0
"$headrace" run --local "$spec" | tee "$said" || code=$?
[ "$code" = 1 ] || missed "exit code 1 of a run that failed, not $code"
run=$(head -1 "$said")
for class in out-of-memory exit missing-output host-lost; do
  shows ": $class"
done
shows "sample.bam has no index"
shows "headrace resume $run --local"
control DELETE

title "the alert"
"$headrace" local alerts >"$said"
shows "run $run"
awk -v run="run $run" 'index($0, "Headrace: ") == 1 {mine = index($0, run) > 0} mine' "$said" | head -12

title "the log of one of them"
"$headrace" logs --local "$run" strict

title "resumed with the spec put right, and cancelled"
"$headrace" resume --local --detach "$run" examples/failing/repaired.yaml
until "$headrace" status --local "$run" --json | grep -q '"epoch": 2'; do sleep 0.5; done
"$headrace" cancel --local "$run" --reason "seen enough" | tee "$said"
shows "0 jobs alive"

title "resumed to its end"
"$headrace" resume --local "$run" | tee "$said"
shows "report  s3://"
grep -qE '  steady  cached  ' "$said" || missed "the work of steady to be found done"

title "why strict ran again"
"$headrace" why --local "$run" strict | tee "$said"
shows "the script, or a value in it"

echo
echo "Look around: .venv/bin/headrace status last --local; end the local cloud: .venv/bin/headrace local down"
