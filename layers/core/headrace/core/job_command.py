"""The command of a job's container: find the transfer tool, fetch what the job reads, run it.

Short, because a container override holds 8,192 characters, and plain POSIX sh, because it runs in the user's image. Nothing
else is needed there: the tool makes the folders. The tool is, in this order: `HEADRACE_CLI` (the deployment's cliPath), the
static s5cmd that the launch template puts at /opt/headrace/bin, `s5cmd` or `aws` in the image.
"""

from __future__ import annotations

from typing import Final

from headrace.core import bootstrap_marks as marks

JOB_VARIABLE: Final = "HEADRACE_JOB"
CLI_VARIABLE: Final = "HEADRACE_CLI"

_COMMAND: Final = f"""\
say() {{ printf '{marks.PREFIX}%s\\n' "$*"; }}
say "job ${{AWS_BATCH_JOB_ID:-local}} attempt ${{AWS_BATCH_JOB_ATTEMPT:-1}}"
hr_id=${{AWS_BATCH_JOB_ID:-local}} hr_attempt=${{AWS_BATCH_JOB_ATTEMPT:-1}}
hr_dir=${{HEADRACE_SCRATCH:-${{TMPDIR:-/tmp}}}}/headrace-${{hr_id%%:*}}-${{hr_id##*:}}-$hr_attempt
if [ -n "${{{CLI_VARIABLE}:-}}" ] && [ -x "${CLI_VARIABLE}" ]; then hr_tool=${CLI_VARIABLE}
elif [ -x /opt/headrace/bin/s5cmd ]; then hr_tool=/opt/headrace/bin/s5cmd
elif hr_tool=$(command -v s5cmd); then :
elif hr_tool=$(command -v aws); then :
else
say "no transfer tool: none at cliPath, none at /opt/headrace/bin, neither s5cmd nor aws in the image"
exit {marks.TRANSFER_TOOL_MISSING}
fi
for hr_try in 1 2 3; do
case ${{hr_tool##*/}} in
s5cmd) "$hr_tool" --log error --retry-count 5 cp "${JOB_VARIABLE}*" "$hr_dir/.headrace/" ;;
*) "$hr_tool" s3 cp --only-show-errors --recursive "${JOB_VARIABLE}" "$hr_dir/.headrace/" ;;
esac && [ -f "$hr_dir/.headrace/run.sh" ] && break
[ "$hr_try" = 3 ] && say "could not fetch ${JOB_VARIABLE}" && exit {marks.STAGE_IN_FAILED}
done
cd "$hr_dir" || exit {marks.STAGE_IN_FAILED}
. ./.headrace/run.sh
"""


def command() -> tuple[str, ...]:
    """The container's command: the same for every job, which finds its own part through `HEADRACE_JOB`."""
    return ("/bin/sh", "-c", _COMMAND)


def environment(prefix: str, cli_path: str = "") -> dict[str, str]:
    """What the command is told: the URI of the job's own folder, and the tool's path where a deployment has one."""
    return {JOB_VARIABLE: prefix, **({CLI_VARIABLE: cli_path} if cli_path else {})}
