"""`headrace logs`: what a task printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from headrace.aws import batch as jobs
from headrace.aws import ledger
from headrace.aws.logs import last
from headrace.aws.sweeping import queues_of
from headrace.core import names
from headrace.core.errors import InvalidValue, nearest
from headrace.core.plain_text import plain
from headrace.core.records import AttemptRecord, RunRecord
from headrace_cli import exit_codes, options, runs_named, shown
from headrace_cli.target import Target, reach

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or `last`.")]
Task = Annotated[
    str, typer.Argument(metavar="TASK", help="A task, such as 'align[sample=a]', or a unique beginning of it.")
]
Attempt = Annotated[
    int | None, typer.Option("--attempt", metavar="N", min=1, help="Which attempt; the last one unless said.")
]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many lines, from the end.")]


def logs(
    run: Run,
    task: Task,
    attempt: Attempt = None,
    lines: Lines = 200,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """Print the log of a task's attempt.

    For example:

        headrace logs last 'align[sample=a]' --attempt 1
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run)
    chosen = _chosen(_attempts(target, record, task), task, attempt)
    job = _job(target, record, chosen)
    group, stream = _stream(target, chosen, job)
    found = list(last(target.client("logs"), group, stream, lines).lines) if stream else []
    if json_:
        shown.as_json(_as_json(chosen, job, group, stream, found))
        return exit_codes.DONE
    head = f"{chosen.task}, attempt {chosen.n}, job {job.get('jobId') or chosen.job or 'unknown'}, log stream {stream or 'none'}"
    shown.note(head, style="dim")
    if not found:
        reason = chosen.cause or job.get("statusReason") or f"its job is {job.get('status', 'unknown to Batch')}"
        shown.note(f"nothing was logged: {reason}")
    for each in found:
        sys.stdout.write(plain(each.rstrip("\n")) + "\n")
    return exit_codes.DONE


def _attempts(target: Target, record: RunRecord, task: str) -> list[AttemptRecord]:
    """All attempts of the one task that is meant."""
    table = target.table
    if found := ledger.attempts_of(table, record.epoch, task):
        return found
    every = ledger.all_attempts(table, record.epoch)
    meant = [name for name in every if name.startswith(task)]
    if len(meant) == 1:
        return every[meant[0]]
    if meant:
        shown_names = ", ".join(meant[:8]) + (", …" if len(meant) > 8 else "")
        raise InvalidValue(f"{task!r} is the beginning of {len(meant)} tasks: {shown_names}", expected="one task")
    known = ledger.read_task(table, record.epoch, task)
    if known is not None:
        raise InvalidValue(
            f"{task} was never submitted: it is {known.status}{f' ({known.cause})' if known.cause else ''}"
        )
    hint = nearest(task, every) or f"`headrace status {record.epoch.run} --tasks` lists them"
    raise InvalidValue(f"no task {task!r} of {record.epoch.run} has been submitted", hint=hint)


def _chosen(attempts: list[AttemptRecord], task: str, number: int | None) -> AttemptRecord:
    if number is None:
        return attempts[-1]
    for each in attempts:
        if each.n == number:
            return each
    raise InvalidValue(f"{task} has no attempt {number}", expected=f"1 to {attempts[-1].n}")


def _job(target: Target, record: RunRecord, attempt: AttemptRecord) -> Mapping[str, Any]:
    """What Batch says of the attempt's job; found by its name when its id was never told. Empty when it is forgotten."""
    batch = target.client("batch")
    job_id = attempt.job
    if not job_id:
        name = attempt.job_name or names.job_name(record.epoch.run, record.epoch.number, attempt.task, attempt.n)
        for queue in queues_of(target.table, record.epoch, attempt.queue or target.queue):
            found = [
                job["jobId"] for job in jobs.jobs_named(batch, queue, name, live_only=False) if job["jobName"] == name
            ]
            job_id = job_id or (found[0] if found else "")
    return jobs.describe_jobs(batch, [job_id]).get(job_id, {}) if job_id else {}


def _stream(target: Target, attempt: AttemptRecord, job: Mapping[str, Any]) -> tuple[str, str]:
    """Log group and stream of the attempt."""
    container = job.get("container", {})
    group = (
        container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
        or attempt.log_group
        or target.job_logs
    )
    return group, attempt.log or container.get("logStreamName", "")


def _as_json(
    attempt: AttemptRecord, job: Mapping[str, Any], group: str, stream: str, lines: list[str]
) -> dict[str, Any]:
    return {
        "task": attempt.task,
        "attempt": attempt.n,
        "job": job.get("jobId") or attempt.job or None,
        "status": job.get("status"),
        "exitCode": attempt.exit_code,
        "failure": attempt.failure or None,
        "cause": attempt.cause or None,
        "logGroup": group,
        "logStream": stream or None,
        "lines": lines,
    }
