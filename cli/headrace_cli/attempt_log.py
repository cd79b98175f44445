"""A task's attempt and its log: which attempt is meant, its job, its stream, its summary."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from headrace.aws import batch as jobs
from headrace.aws import ledger, run_folder
from headrace.aws import s3 as store
from headrace.aws.logs import Found, last
from headrace.aws.sweeping import queues_of
from headrace.core import batch_detail, names, run_facts, summary_record
from headrace.core.batch_detail import JobFacts
from headrace.core.errors import InvalidValue, nearest
from headrace.core.log_lines import LINES_LOOKED_AT
from headrace.core.records import AttemptRecord, RunRecord
from headrace.core.summary_record import LogSummary
from headrace_cli.target import Target


def attempts_of(target: Target, record: RunRecord, task: str) -> list[AttemptRecord]:
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


def chosen(attempts: list[AttemptRecord], task: str, number: int | None) -> AttemptRecord:
    """The attempt of this number, the last one where none is said; InvalidValue for one that is none."""
    if number is None:
        return attempts[-1]
    for each in attempts:
        if each.n == number:
            return each
    raise InvalidValue(f"{task} has no attempt {number}", expected=f"1 to {attempts[-1].n}")


def job_of(target: Target, record: RunRecord, attempt: AttemptRecord) -> JobFacts | None:
    """What Batch says of the attempt's job, found by its name when its id was never told. None when it is forgotten."""
    batch = target.client("batch")
    job_id = attempt.job
    if not job_id:
        name = attempt.job_name or names.job_name(record.epoch.run, record.epoch.number, attempt.task, attempt.n)
        for queue in queues_of(target.table, record.epoch, attempt.queue or target.queue):
            job_id = job_id or jobs.newest_named(batch, queue, name)
    return batch_detail.read(jobs.describe_jobs(batch, [job_id]).get(job_id)) if job_id else None


def stream_of(target: Target, attempt: AttemptRecord, job: JobFacts | None) -> tuple[str, str]:
    """Log group and stream of the attempt, or of the one that Batch makes of it now."""
    group = batch_detail.log_group(job, target.job_logs) if job else attempt.log_group or target.job_logs
    return group, (job.last.log_stream if job else "") or attempt.log


def why_none(attempt: AttemptRecord, job: JobFacts | None) -> str:
    """Why there is no log: what Batch says, and what is on record."""
    told = [*(batch_detail.texts(job) if job else ()), *([attempt.cause] if attempt.cause else [])]
    state = f"its job is {job.status}" if job else "Batch does not know its job (any more)"
    return "; ".join(dict.fromkeys([state, *told]))


def summary_of(target: Target, run: RunRecord, attempt: AttemptRecord) -> LogSummary:
    """The summary that stays with the run; where there is none, one made now of what may be read."""
    place = run_folder.log_summary(
        run_facts.folder(target.bucket, run.epoch.run, run.epoch.number), names.task_hash(attempt.task), attempt.n
    )
    try:
        return summary_record.from_json(json.loads(store.read(target.client("s3"), place)))
    except store.ObjectMissing:
        pass
    job = job_of(target, run, attempt)
    group, stream = stream_of(target, attempt, job)
    found = last(target.client("logs"), group, stream, LINES_LOOKED_AT) if stream else Found()
    return summary_record.summary_record(
        run.epoch,
        attempt,
        job,
        found.lines,
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        own_group=target.job_logs,
        whole=found.whole,
        missing=found.missing or f"no log: {why_none(attempt, job)}",
    )
