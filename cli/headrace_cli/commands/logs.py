"""`headrace logs`: what a task printed."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from headrace.aws.logs import last
from headrace.core import summary_record
from headrace.core.batch_detail import JobFacts
from headrace.core.bootstrap_marks import is_told
from headrace.core.errors import InvalidValue
from headrace.core.plain_text import plain
from headrace.core.records import AttemptRecord, RunRecord
from headrace_cli import attempt_log, exit_codes, log_following, options, runs_named, shown
from headrace_cli.target import Target, reach

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or `last`.")]
Task = Annotated[
    str, typer.Argument(metavar="TASK", help="A task, such as 'align[sample=a]', or a unique beginning of it.")
]
Attempt = Annotated[
    int | None, typer.Option("--attempt", metavar="N", min=1, help="Which attempt; the last one unless said.")
]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many lines, from the end.")]
Follow = Annotated[
    bool,
    typer.Option("--follow", "-f", help="Go on until the task is done, over further attempts unless one is named."),
]
Pulse = Annotated[bool, typer.Option("--pulse", help="Also the line a minute in which a job says that it runs.")]
Summary = Annotated[bool, typer.Option("--summary", help="Print what matters of it, in at most 4 KiB.")]


def logs(
    run: Run,
    task: Task,
    attempt: Attempt = None,
    lines: Lines = 200,
    follow: Follow = False,
    summary: Summary = False,
    pulse: Pulse = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Print the log of a task's attempt.

    With --summary the lines that matter come first: stack traces whole, then what names the failure, then the end of the log;
    repeats are folded, credentials masked. It is what stays with the run when a job fails, else it is made now. Ctrl-C ends
    --follow, not the task.

    For example:

        headrace logs last 'align[sample=a]' --attempt 1
        headrace logs last 'align[sample=a]' --summary
        headrace logs last 'align[sample=a]' --follow
    """
    if follow and (summary or json_):
        other = "--summary" if summary else "--json"
        raise InvalidValue(f"--follow and {other} do not go together", hint=f"give {other} when the task is done")
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run, tenant)
    chosen = attempt_log.chosen(attempt_log.attempts_of(target, record, task), task, attempt)
    if summary:
        return _summary(target, record, chosen, json_=json_)
    job = attempt_log.job_of(target, record, chosen)
    group, stream = attempt_log.stream_of(target, chosen, job)
    if follow:
        shown.note(f"{chosen.task}, attempt {chosen.n}, job {_id(chosen, job)}", style="dim")
        log_following.follow(target, record, chosen, _write if pulse else _write_told, alone=attempt is not None)
        return exit_codes.DONE
    keep = None if pulse else is_told
    found = last(target.client("logs"), group, stream, lines, keep=keep) if stream else None
    texts = found.lines if found else ()
    if json_:
        shown.as_json(_as_json(chosen, job, group, stream, texts))
        return exit_codes.DONE
    shown.note(f"{chosen.task}, attempt {chosen.n}, job {_id(chosen, job)}, log stream {stream or 'none'}", style="dim")
    if not texts:
        missing = f"; {found.missing}" if found and found.missing else ""
        shown.note(f"nothing was logged: {attempt_log.why_none(chosen, job)}{missing}")
    for each in texts:
        _write(each)
    return exit_codes.DONE


def _summary(target: Target, run: RunRecord, attempt: AttemptRecord, *, json_: bool) -> int:
    found = attempt_log.summary_of(target, run, attempt)
    if json_:
        shown.as_json(summary_record.to_json(found))
        return exit_codes.DONE
    ending = "" if found.exit_code is None else f", exit code {found.exit_code}"
    read = f"{found.read:,} lines" + ("" if found.whole else " from the end")
    shown.note(f"{found.task}, attempt {found.n}{ending}, log stream {found.log_stream or 'none'}: {read}", style="dim")
    for each in found.lines:
        _write(each)
    return exit_codes.DONE


def _write(line: str) -> None:
    for part in line.rstrip("\n").split("\n"):
        sys.stdout.write(plain(part) + "\n")
    sys.stdout.flush()


def _write_told(line: str) -> None:
    if is_told(line):
        _write(line)


def _id(attempt: AttemptRecord, job: JobFacts | None) -> str:
    return (job.job_id if job else "") or attempt.job or "unknown"


def _as_json(
    attempt: AttemptRecord, job: JobFacts | None, group: str, stream: str, lines: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "task": attempt.task,
        "attempt": attempt.n,
        "job": (job.job_id if job else "") or attempt.job or None,
        "status": job.status if job else None,
        "exitCode": attempt.exit_code,
        "failure": attempt.failure or None,
        "cause": attempt.cause or None,
        "logGroup": group,
        "logStream": stream or None,
        "lines": list(lines),
    }
