"""The command of every job: a few lines of POSIX sh that find the transfer tool, fetch the job's files and run them.

A Batch container override has 8,192 characters for everything (command, environment), so the work itself is in `run.sh`
(`job_shell`), fetched from the job's own prefix together with its lists. The image needs `/bin/sh` and a transfer tool; no
`mkdir`, because both tools make the folders they copy into. The tool is, in this order: `$HEADRACE_CLI` (the host's, mounted by
`cliPath`), `/opt/headrace/bin/s5cmd` (put there by our launch template), `s5cmd`, then `aws` of the image.

The first line printed proves that the image's ENTRYPOINT ran our shell (`bootstrap_marks`). `run.sh` is read by this same shell,
so it is process 1 of its container and hears SIGTERM itself.
Source: docs.aws.amazon.com/batch/latest/APIReference/API_ContainerOverrides.html
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.bootstrap_marks import STAGE_IN_FAILED, TRANSFER_TOOL_MISSING
from headrace.core.errors import InvalidValue, shown
from headrace.core.shell_words import word

CLI_VARIABLE: Final = "HEADRACE_CLI"
MOUNTED_S5CMD: Final = "/opt/headrace/bin/s5cmd"
MOUNTED_CERTIFICATES: Final = "/opt/headrace/bin/ca-bundle.crt"

# The prefix is written into a wildcard for s5cmd, so only characters that no tool reads as anything else.
_PREFIX: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9_.=+@-]+/)+")

_TEXT: Final = """\
printf 'headrace: start %s.%s\\n' "${AWS_BATCH_JOB_ID-?}" "${AWS_BATCH_JOB_ATTEMPT:-1}"
j=@PREFIX@
trap 'exit 143' TERM
if [ -n "${HEADRACE_CLI-}" ]; then
  t=$HEADRACE_CLI
  [ -x "$t" ] || { printf 'headrace: HEADRACE_CLI=%s is not there or not executable: mount it (cliPath)\\n' "$t"; exit @TOOL@; }
elif [ -x @S5CMD@ ]; then t=@S5CMD@
else t=$(command -v s5cmd || command -v aws) || {
  printf 'headrace: no transfer tool. Give one of: cliPath to aws on the host; @S5CMD@ (our launch template); s5cmd or aws in the image\\n'
  exit @TOOL@; }
fi
i=${AWS_BATCH_JOB_ID:-local$$} b=@FOLDER@
[ -d "$b" ] && [ -w "$b" ] || { printf 'headrace: cannot write to %s: disk, user or --read-only?\\n' "$b"; exit @FETCH@; }
d=${b%/}/headrace-${i%%:*}-${i##*:}.${AWS_BATCH_JOB_ATTEMPT:-1} n=0
while [ -e "$d" ]; do n=$((n + 1)) d=${d%+*}+$n; done
e=${S3_ENDPOINT_URL:-${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL-}}} c=${SSL_CERT_FILE-}
for f in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem @CERTIFICATES@; do
  [ -n "$c" ] || [ ! -f "$f" ] || c=$f
done
g() { S3_ENDPOINT_URL=$e SSL_CERT_FILE=$c "$t" "$@" & wait $!; }
n=0
until
  case ${t##*/} in
    s5cmd) g --log error cp "$j*" "$d/.headrace/" ;;
    *) g s3 cp --recursive --only-show-errors "$j" "$d/.headrace/" ;;
  esac && [ -f "$d/.headrace/run.sh" ]
do
  n=$((n + 1))
  [ $n -lt 3 ] || { printf 'headrace: could not fetch %s with %s\\n' "$j" "$t"; exit @FETCH@; }
  command -v sleep >/dev/null && sleep $n
done
cd "$d" || exit @FETCH@
set -- "$t" "$e" "$c"
. ./.headrace/run.sh
"""


def command(run_sh_uri: str, *, scratch: bool = True) -> list[str]:
    """The container's command. `run_sh_uri` is the job's `run.sh`; its other files lie beside it.

    `scratch`: work below `$TMPDIR` (or `/tmp`), else below the image's working directory; always in a folder of its own.
    InvalidValue for a URI with characters that a tool could read as a wildcard.
    """
    prefix, _, name = run_sh_uri.rpartition("/")
    if name != "run.sh" or not _PREFIX.fullmatch(f"{prefix}/"):
        raise InvalidValue(
            f"{shown(run_sh_uri)} cannot be a job's script",
            expected="s3://bucket/folder/…/run.sh with letters, digits and _ . = + @ - in its folders",
        )
    parts = {
        "PREFIX": word(f"{prefix}/"),
        "TOOL": str(TRANSFER_TOOL_MISSING),
        "FETCH": str(STAGE_IN_FAILED),
        "S5CMD": MOUNTED_S5CMD,
        "CERTIFICATES": MOUNTED_CERTIFICATES,
        "FOLDER": "${TMPDIR:-/tmp}" if scratch else "$PWD",
    }
    return ["/bin/sh", "-c", re.sub(r"@([A-Z0-9]+)@", lambda found: parts[found[1]], _TEXT)]
