"""Summaries of attempts' logs: made when a job fails, when a run ends and one is missing, or when somebody asks.

settle_task looks at the end of a log, since a retry waits for it; here all of it is read, within bounds, and nobody waits. The
summary of a failed attempt is written once, beside the attempt's plan: who comes second leaves what is there. Jobs of others in
a shared queue are told by the ledger, which does not know them, and by their command, which names another work folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headrace.aws import batch as jobs
from headrace.aws import ledger, ledger_runs, logs, run_folder
from headrace.aws import s3 as store
from headrace.aws.clients import client
from headrace.aws.observability import about, count, logger
from headrace.aws.settings import SummariseLogsSettings
from headrace.aws.table import Table
from headrace.core import attempt_record, batch_detail, names, run_facts, summary_record
from headrace.core.batch_detail import JobFacts
from headrace.core.bootstrap_marks import is_last
from headrace.core.errors import InvalidValue
from headrace.core.log_lines import LINES_LOOKED_AT
from headrace.core.outcome_classes import TERMINATE_CANCEL
from headrace.core.records import AttemptRecord, Epoch
from headrace.core.summary_record import LogSummary

RemainingMs = Callable[[], int]
_ENOUGH_MS: Final = 20_000  # left for making and writing the summary
_LATE_S: Final = (2.0, 4.0)  # awslogs sends what it has every 5 seconds, and a container's last lines after its end
_FRESH_MS: Final = 30_000
_ENDED: Final = ("SUCCEEDED", "FAILED")


@dataclass(frozen=True, slots=True)
class Summariser:
    """What summarising needs of the function it runs in."""

    settings: SummariseLogsSettings
    table: Table
    pause: Callable[[float], None] = time.sleep


def from_event(summariser: Summariser, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> None:
    """A job failed. What is not ours, was ended by us, is summarised already or has children to do so is left alone."""
    detail = event["detail"]
    job = batch_detail.read(detail)
    name = names.parse_job_name(job.name) if job else None
    if not job or not name or job.status != "FAILED" or job.status_reason.startswith(TERMINATE_CANCEL):
        return
    if job.array_size:
        return
    epoch = Epoch(name.run, name.epoch)
    about(run=epoch.run, epoch=epoch.number, job=job.job_id)
    attempt = _attempt(summariser, epoch, name, _command(detail))
    if attempt is None:
        logger.info("not a job of this stack", extra={"job_name": job.name})
        return
    about(task=attempt.task)
    if not _written(summariser, epoch, attempt):
        _write(summariser, epoch, _summary(summariser, epoch, attempt, job, now, remaining_ms))


def of_attempt(
    summariser: Summariser, request: Mapping[str, Any], now: str, remaining_ms: RemainingMs
) -> dict[str, Any]:
    """`{run, epoch, task, n}` to the summary as JSON; that of a failed attempt is written too, or was before."""
    epoch, task, n = Epoch(request["run"], request["epoch"]), str(request["task"]), int(request["n"])
    attempt = next((each for each in ledger.attempts_of(summariser.table, epoch, task) if each.n == n), None)
    if attempt is None:
        raise InvalidValue(f"{task} of {epoch.run}, epoch {epoch.number}, has no attempt {n}")
    about(job=attempt.job)
    if written := _written(summariser, epoch, attempt):
        return written
    summary = _summary(summariser, epoch, attempt, _job(epoch, attempt), now, remaining_ms)
    if summary.status == "FAILED" or attempt.failure:
        _write(summariser, epoch, summary)
    return summary_record.to_json(summary)


def _attempt(summariser: Summariser, epoch: Epoch, name: names.JobName, command: str) -> AttemptRecord | None:
    """The attempt a job was submitted for; None for a job of another stack, which may have a run of the same name."""
    if ledger_runs.read_run(summariser.table, epoch) is None:
        return None
    folder = run_facts.folder(summariser.settings.bucket, epoch.run, epoch.number)
    try:
        told = store.read(client("s3"), run_folder.attempt_plan(folder, name.task_hash, name.submission))
    except store.ObjectMissing:
        return None
    plan = attempt_record.from_json(json.loads(told))
    if command and plan.prefix not in command:
        return None
    return AttemptRecord(plan.task, name.submission, "")


def _job(epoch: Epoch, attempt: AttemptRecord) -> JobFacts | None:
    """What Batch says of an attempt's job, of an array's its first failed child; None when it has forgotten it."""
    batch = client("batch")
    job_id = attempt.job
    if not job_id and attempt.queue:
        name = attempt.job_name or names.job_name(epoch.run, epoch.number, attempt.task, attempt.n)
        job_id = jobs.newest_named(batch, attempt.queue, name)
    found = batch_detail.read(jobs.describe_jobs(batch, [job_id]).get(job_id)) if job_id else None
    if found and found.array_size and (child := jobs.failed_child(batch, job_id)):
        return batch_detail.read(jobs.describe_jobs(batch, [child]).get(child)) or found
    return found


def _summary(
    summariser: Summariser,
    epoch: Epoch,
    attempt: AttemptRecord,
    job: JobFacts | None,
    now: str,
    remaining_ms: RemainingMs,
) -> LogSummary:
    own = summariser.settings.job_logs
    group = batch_detail.log_group(job, own) if job else attempt.log_group or own
    stream = (job.last.log_stream if job else "") or attempt.log
    found = logs.Found(missing=_why_none(job))
    if stream:
        found = _read(summariser, group, stream, remaining_ms, fresh=_is_fresh(job, now))
    return summary_record.summary_record(
        epoch, attempt, job, found.lines, at=now, own_group=own, whole=found.whole, missing=found.missing
    )


def _read(summariser: Summariser, group: str, stream: str, remaining_ms: RemainingMs, *, fresh: bool) -> logs.Found:
    """The stream's end, as much as is looked at. Of a job that has just ended the last lines may still be on their way."""

    def look() -> logs.Found:
        return logs.last(client("logs"), group, stream, LINES_LOOKED_AT, go_on=lambda: remaining_ms() > _ENOUGH_MS)

    found = look()
    for wait in _LATE_S if fresh else ():
        if found.refused or any(is_last(line) for line in found.lines[-5:]) or remaining_ms() < _ENOUGH_MS:
            break
        summariser.pause(wait)
        found = look()
    return found


def _is_fresh(job: JobFacts | None, now: str) -> bool:
    """Whether the job ended just now."""
    if job is None or job.status != "FAILED" or job.stopped_ms is None:
        return False
    return datetime.fromisoformat(now).timestamp() * 1000 - job.stopped_ms < _FRESH_MS


def _why_none(job: JobFacts | None) -> str:
    """Why there is no log, of a job without a stream."""
    if job is None:
        return "no log: Batch has forgotten the job, and its stream was never noted"
    return "no log: the job never began to run" if job.status in _ENDED else f"no log yet: the job is {job.status}"


def _written(summariser: Summariser, epoch: Epoch, attempt: AttemptRecord) -> dict[str, Any]:
    """The summary that is there already, empty when there is none."""
    try:
        told: dict[str, Any] = json.loads(store.read(client("s3"), _place(summariser, epoch, attempt.task, attempt.n)))
    except store.ObjectMissing:
        return {}
    return told


def _write(summariser: Summariser, epoch: Epoch, summary: LogSummary) -> None:
    body = json.dumps(summary_record.to_json(summary), ensure_ascii=False).encode("utf-8", "replace")
    if store.write_once(client("s3"), _place(summariser, epoch, summary.task, summary.n), body):
        count("LogsSummarised")
        logger.info("summarised", extra={"n": summary.n, "lines": len(summary.lines)})


def _place(summariser: Summariser, epoch: Epoch, task: str, n: int) -> str:
    folder = run_facts.folder(summariser.settings.bucket, epoch.run, epoch.number)
    return run_folder.log_summary(folder, names.task_hash(task), n)


def _command(detail: Mapping[str, Any]) -> str:
    """The words a job was started with, in either shape; empty when the event does not have them."""
    containers = [detail.get("container") or {}]
    for task in (detail.get("ecsProperties") or {}).get("taskProperties") or ():
        containers += task.get("containers") or ()
    return "\n".join(str(word) for container in containers for word in container.get("command") or ())
