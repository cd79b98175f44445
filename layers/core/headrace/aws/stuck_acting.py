"""What is done about jobs that are stuck: shown beside them, ended when their process asks for it, given up when they are lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from headrace.aws import batch as batch_jobs
from headrace.aws import ledger, ledger_watch, step_functions
from headrace.aws.clients import client
from headrace.aws.lambdas import call_later
from headrace.aws.observability import count, logger, meanwhile
from headrace.aws.table import Table
from headrace.aws.watch_sweep import ENOUGH_MS, Sweep
from headrace.core.live_jobs import LiveJob
from headrace.core.moments import in_words
from headrace.core.outcome_classes import TERMINATE_STUCK
from headrace.core.plain_text import one_line
from headrace.core.stuck import Verdict
from headrace.core.stuck_jobs import LOST

_ACTS: Final = 500  # jobs ended per queue and sweep


def show(table: Table, known: Mapping[str, LiveJob], verdicts: Iterable[Verdict]) -> None:
    """Write what is suspected of a job beside it, for `headrace status`; what holds for all who wait stands with the queue."""
    shown = {}
    for verdict in verdicts:
        job = known.get(verdict.job.name)
        if job is None or not verdict.suspicion.own:
            continue
        facts = _facts(verdict)
        shown[job.name] = facts
        if any(getattr(job, name) != value for name, value in facts.items()):
            ledger_watch.remember(table, job, **facts)
    for name, job in known.items():
        if job.code and name not in shown and not job.acted:
            ledger_watch.remember(table, job, code="", cause="", stuck_since="", alert_due="", act_due="")


def act(doing: Sweep, known: Mapping[str, LiveJob], verdicts: Iterable[Verdict]) -> int:
    """End the jobs whose process asked for it; settling reads the reason and moves the task on, or fails it."""
    done = 0
    for verdict in verdicts:
        job = known.get(verdict.job.name)
        if job is None or verdict.act not in ("next-queue", "terminate"):
            continue
        if done == _ACTS or doing.remaining_ms() < ENOUGH_MS:
            break
        what = "" if verdict.act == "next-queue" else "terminated: "
        batch_jobs.terminate(client("batch"), verdict.job.job_id, f"{TERMINATE_STUCK} {what}{verdict.suspicion.cause}")
        if not job.acted:
            ledger_watch.remember(doing.watcher.table, job, acted=verdict.act, acted_at=doing.now, **_facts(verdict))
            count("StuckJobsEnded")
            with _of(job, verdict):
                logger.warning("a stuck job was ended", extra={"code": verdict.suspicion.code, "act": verdict.act})
        done += 1
    return done


def _facts(verdict: Verdict) -> dict[str, str]:
    """What a person is shown of a verdict, as a live job keeps it."""
    return {
        "code": verdict.suspicion.code,
        "cause": one_line(verdict.suspicion.cause, 500),
        "stuck_since": in_words(verdict.since_ms),
        "alert_due": in_words(verdict.alert_due_ms or 0),
        "act_due": in_words(verdict.act_due_ms or 0),
    }


def give_up_lost(doing: Sweep, known: Mapping[str, LiveJob], verdicts: Iterable[Verdict]) -> None:
    """Of a job that Batch does not know any more nobody will hear: its task fails, its child execution is stopped.

    First the record, which also closes the run; the execution is stopped once that stands.
    """
    for verdict in verdicts:
        job = known.get(verdict.job.name)
        if job is None or verdict.job.state != LOST or not (verdict.alert or job.given_up):
            continue
        if ledger.read_task(doing.watcher.table, job.epoch, job.task):
            if job.execution:
                step_functions.stop(
                    client("stepfunctions"), job.execution, "JobLost", one_line(verdict.suspicion.cause)
                )
            ledger_watch.forget_live(doing.watcher.table, job.epoch, job.task_hash, job.n)
            continue
        call_later(client("lambda"), doing.watcher.settings.settle_task, _lost_task(job, verdict.suspicion.cause))
        ledger_watch.remember(doing.watcher.table, job, given_up=doing.now)
        count("JobsLost")
        with _of(job, verdict):
            logger.warning("a job is lost", extra={"code": verdict.suspicion.code})


def _of(job: LiveJob, verdict: Verdict) -> AbstractContextManager[None]:
    """Log lines of one job."""
    return meanwhile(run=job.epoch.run, epoch=job.epoch.number, task=job.task, job=verdict.job.job_id)


def _lost_task(job: LiveJob, cause: str) -> dict[str, Any]:
    """What settle_task is told of a task whose job is lost: as of a state that broke, so it is not tried again here."""
    return {
        "run": job.epoch.run,
        "epoch": job.epoch.number,
        "scope": job.scope,
        "task": {"id": job.task, "p": job.process, "k": {}, "opens": []},
        "prepared": {"n": job.n, "queue": job.queue, "jobName": job.name},
        "error": {"Error": "JobLost", "Cause": cause},
        "failedState": "JobLost",
    }
