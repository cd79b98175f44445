"""Ending a run: its state in the ledger, digest and result in its folder, one event on the bus.

Three callers: the state machine's last step, the event of the execution's end, and the schedule for what no event told of. The
ledger decides which of them concludes. Digest and result are written before the state, so whoever sees a final state finds them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from headrace.aws import (
    events,
    gates,
    ledger,
    ledger_runs,
    ledger_watch,
    moved_work,
    run_folder,
    step_functions,
    sweeping,
    work_in_use,
)
from headrace.aws import s3 as store
from headrace.aws.clients import client
from headrace.aws.lambdas import call_later
from headrace.aws.later import release_later
from headrace.aws.observability import about, count, logger, meanwhile
from headrace.aws.produced import pipeline_outputs
from headrace.aws.scope_planning import identify
from headrace.aws.settings import ConcludeRunSettings
from headrace.aws.step_functions import send
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import (
    alert_events,
    conclusion,
    digest,
    failure_note,
    names,
    run_facts,
    run_state,
    summary_record,
    values,
)
from headrace.core.conclusion import CANCEL_PREFIX, Conclusion
from headrace.core.digest_markdown import to_markdown
from headrace.core.errors import HeadraceError
from headrace.core.outcome import Outcome
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.records import AttemptRecord, Epoch, RunEntry, RunRecord, TaskRecord
from headrace.core.tenancy import Reach

RemainingMs = Callable[[], int]
_CLEAN_SWEEPS = 2
_MOST_WAITS = 480  # of 15 s each
_LEAST_WAITS = 2  # Step Functions does not end the function calls of what is stopped
_SUMMARIES = 50  # looked for, or asked for, at the end of one run


@dataclass(frozen=True, slots=True)
class Concluder:
    """What concluding needs of the function it runs in."""

    settings: ConcludeRunSettings
    table: Table


def from_machine(concluder: Concluder, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> dict[str, str]:
    """The last step of run_pipeline: `{launch, error, execution, waited}` to `{verdict, error, cause}`.

    The verdict `wait` alone, when the root scope broke and others, or functions that were called for it, go on: what they plan and
    record belongs to the run. Jobs are ended until it is asked again; at last it is concluded all the same.
    """
    error = event.get("error")
    try:
        epoch = identify(concluder.table, run_facts.check_launch(event["launch"]), event["execution"])
        about(run=epoch.run, epoch=epoch.number)
        run = ledger_runs.read_run(concluder.table, epoch)
    except HeadraceError as wrong:
        return _answer(Conclusion("failed", type(wrong).__name__, str(wrong)))
    if run is None or run.execution != event["execution"]["id"]:
        # It was refused before it began: another execution has this epoch, or the launch was no launch.
        return _answer(
            Conclusion(
                "failed", *conclusion.root_cause(error or {"Error": "EngineError", "Cause": "the run was never begun"})
            )
        )
    if error and event["waited"] < _MOST_WAITS and _goes_on(concluder, run, event["waited"], remaining_ms):
        return {"verdict": "wait"}
    return _answer(conclude(concluder, run, now, remaining_ms, error=error, by=event["execution"]["name"]))


def _goes_on(concluder: Concluder, run: RunRecord, waited: int, remaining_ms: RemainingMs) -> bool:
    """Whether something of a run outlives its root scope, or may do so; then the run drains."""
    if run.state in run_state.CONCLUDED:
        return False
    young = waited < _LEAST_WAITS and sweeping.root_was_stopped(run.execution)
    if not young and sweeping.scopes_over(run.execution, _executions(concluder, run.epoch)):
        return False
    _close(concluder, run.epoch, "its root scope broke", remaining_ms)
    _terminate(concluder, run.epoch, f"the root scope of run {run.epoch.run} broke")
    return True


def from_event(concluder: Concluder, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> None:
    """An execution of run_pipeline ended. One that did so by itself was concluded by its last step, unless that step broke."""
    detail = event["detail"]
    for entry in ledger_runs.unconcluded_runs(concluder.table):
        if entry.execution == detail["executionArn"]:
            about(run=entry.epoch.run, epoch=entry.epoch.number)
            _end(
                concluder,
                ledger_runs.run_of(concluder.table, entry.epoch),
                detail["status"],
                now,
                remaining_ms,
                by="event",
            )


def sweep(concluder: Concluder, now: str, remaining_ms: RemainingMs) -> None:
    """The schedule: every run that is not concluded and whose execution is over; and jobs that came too late to a closing one.

    A task may pass PrepareTask just before its run closes; its job is submitted after the run's jobs were ended.
    """
    for entry in ledger_runs.unconcluded_runs(concluder.table):
        if remaining_ms() < 60_000:
            return
        with meanwhile(run=entry.epoch.run, epoch=entry.epoch.number):
            try:
                _swept(concluder, entry, now, remaining_ms)
            except Exception:  # noqa: BLE001
                # One run that cannot be concluded must not keep the others from it.
                logger.exception("could not conclude %s", entry.epoch)


def _swept(concluder: Concluder, entry: RunEntry, now: str, remaining_ms: RemainingMs) -> None:
    run = ledger_runs.read_run(concluder.table, entry.epoch)
    found = step_functions.describe(client("stepfunctions"), entry.execution)
    if run is None:
        return
    if found and found.status in ("RUNNING", "PENDING_REDRIVE"):
        if run.state == run_state.CLOSING and not conclusion.lets_jobs_end(run.closing):
            _terminate(concluder, run.epoch, f"run {run.epoch.run} drains")
        return
    _end(concluder, run, found.status if found else "ABORTED", now, remaining_ms, by="sweep")


def _end(concluder: Concluder, run: RunRecord, status: str, now: str, remaining_ms: RemainingMs, *, by: str) -> None:
    if run.state in run_state.CONCLUDED:
        # Whoever concluded it died before it had told of it: that is done in its name.
        conclude(concluder, run, now, remaining_ms, status=status, by=run.concluder)
        return
    if status in ("SUCCEEDED", "FAILED"):
        conclude(concluder, run, now, remaining_ms, status=status, by=by)
        return
    words = status.lower().replace("_", " ")
    _close(
        concluder,
        run.epoch,
        f"{CANCEL_PREFIX}the execution was {words}" if status == "ABORTED" else f"the execution {words}",
        remaining_ms,
    )
    live = _terminate(concluder, run.epoch, f"the execution of run {run.epoch.run} was {words}")
    clean = not live and sweeping.scopes_over(run.execution, _executions(concluder, run.epoch))
    sweeps = ledger_runs.count_sweep(concluder.table, run.epoch, clean=clean)
    logger.info("swept", extra={"live_jobs": len(live), "clean_sweeps": sweeps})
    if sweeps >= _CLEAN_SWEEPS:
        conclude(concluder, ledger_runs.run_of(concluder.table, run.epoch), now, remaining_ms, status=status, by=by)


def conclude(
    concluder: Concluder,
    run: RunRecord,
    now: str,
    remaining_ms: RemainingMs,
    *,
    error: Mapping[str, Any] | None = None,
    status: str = "",
    by: str,
) -> Conclusion:
    """Conclude a run, once; every caller gets how it ended."""
    epoch, table = run.epoch, concluder.table
    facts = _facts(concluder, epoch)
    records = ledger.tasks_with(table, epoch)
    planned = [item["id"] for item in run_folder.planned(client("s3"), facts.facts)] if facts else []
    error = None if facts and conclusion.was_started_before(error) else error
    ended = conclusion.conclude(run, records, planned, error=error, status=status)
    if ended.state != "succeeded":
        _close(concluder, epoch, ended.cause or ended.state, remaining_ms)
    _terminate(concluder, epoch, f"run {epoch.run} is over: {ended.state}")
    final = replace(run, state=ended.state, ended=run.ended or now, cause=ended.cause, tasks=dict(ended.counts))
    failed = [record for record in records.values() if record.status == "failed"]
    attempts = [attempt for tried in ledger.all_attempts(table, epoch).values() for attempt in tried]
    ignored = [record for record in records.values() if record.status == "ignored"]
    outcomes = _outcomes(facts, (*digest.examples(failed), *digest.examples(ignored))) if facts else {}
    outcomes = _with_summaries(concluder, epoch, outcomes, attempts)
    told = digest.build(final, failed, attempts, ended.counts, outcomes, ignored, concluder.settings.job_logs)
    folder = run_facts.folder(concluder.settings.bucket, epoch.run, epoch.number)
    store.write(
        client("s3"),
        folder + "digest.json",
        told.model_dump_json(by_alias=True).encode(),
        content_type="application/json",
    )
    store.write(
        client("s3"), folder + "digest.md", to_markdown(told).encode(), content_type="text/markdown; charset=utf-8"
    )
    if facts and ended.state == "succeeded":
        outputs = pipeline_outputs(table, epoch, facts)
        store.write(
            client("s3"),
            folder + "result.json",
            json.dumps(values.to_json(outputs), ensure_ascii=False).encode(),
            content_type="application/json",
        )
    if ledger_runs.conclude_run(
        table, epoch, ended.state, ended=now, by=by, cause=ended.cause, tasks=ended.counts, keep_open=True
    ):
        event = alert_events.run_ended(
            told,
            stack=concluder.settings.stack,
            digest_uri=folder + "digest.md",
            cause=ended.cause,
            tenant=run.tenant,
        )
        events.publish(client("events"), [alert_events.entry(event)])
        count(f"Runs{ended.state.title()}")
        logger.info("concluded", extra={"state": ended.state, "by": by})
        if ended.state == "succeeded":
            _let_moved_go(concluder, run, records.values(), remaining_ms)
        # Only now: a function that died before has left the run among the open ones, and the sweep tells it.
        ledger_watch.forget_all_live(table, epoch)
        ledger_runs.forget_open(table, epoch)
        return ended
    standing = ledger_runs.run_of(table, epoch)
    if (standing.state, dict(standing.tasks)) != (ended.state, dict(ended.counts)):
        # Somebody else concluded it otherwise meanwhile, and this may have written its digest over theirs.
        return conclude(concluder, standing, now, remaining_ms, by=by)
    return ended


def _let_moved_go(
    concluder: Concluder, run: RunRecord, records: Iterable[TaskRecord], remaining_ms: RemainingMs
) -> None:
    """What was published by moving may go early; only in the stack's own bucket, which has a rule for it.

    A run that did not succeed is resumed from its work, so all of that stays. Nothing depends on the marks: without them files
    only stay longer. What is marked is named where jobs may write, so it is looked at as what it is, a team's wish.
    """
    bucket = concluder.settings.bucket
    ours, theirs = f"s3://{bucket}/", team_s3(client("s3"), Reach(run.tenant, bucket) if run.tenant else None)
    works = [each.outputs.removesuffix("outputs.json") for each in records if each.moved]
    in_use = partial(work_in_use.by_others, concluder.table, client("s3"), bucket, run.epoch)
    try:
        moved_work.mark(theirs, [work for work in works if work.startswith(ours)], run.epoch, remaining_ms, in_use)
    except Exception:  # noqa: BLE001 - a note that a job has written over must not keep the run from its end
        logger.exception("could not mark what was moved")


def _terminate(concluder: Concluder, epoch: Epoch, why: str) -> list[str]:
    """End every live job of a run; which they were."""
    queues = sweeping.queues_of(concluder.table, epoch, concluder.settings.queue)
    return sweeping.terminate_jobs(client("batch"), epoch, queues, why)


def _close(concluder: Concluder, epoch: Epoch, why: str, remaining_ms: RemainingMs) -> None:
    left = gates.close(
        concluder.table, epoch, why, send=partial(send, client("stepfunctions")), remaining_ms=remaining_ms
    )
    release_later(concluder.settings.settle_task, epoch, left, closing=True)


def _facts(concluder: Concluder, epoch: Epoch) -> run_folder.Run | None:
    """The run's folder, None when the run was not even planned."""
    try:
        return run_folder.read(concluder.settings.bucket, epoch.run, epoch.number)
    except store.ObjectMissing:
        return None


def _outcomes(run: run_folder.Run, tasks: Iterable[str]) -> dict[str, Outcome]:
    """How the last attempts of these tasks ended, as settle_task wrote it down; an engine that broke wrote nothing."""
    found = {}
    for task in tasks:
        try:
            note = store.read(client("s3"), run_folder.failure_note(run.facts.folder, task))
        except store.ObjectMissing:
            continue
        found[task] = failure_note.from_json(json.loads(note))
    return found


def _with_summaries(
    concluder: Concluder, epoch: Epoch, outcomes: Mapping[str, Outcome], attempts: Iterable[AttemptRecord]
) -> dict[str, Outcome]:
    """The outcomes with what the summaries of their logs say; summaries that are missing are asked for, a bounded number.

    The event of a job that failed has its log summarised (summarise_logs). Where there is none yet, the digest shows what
    settle_task saw at the log's end, and whoever looks later finds the summary.
    """
    failed = (each for each in attempts if each.failure and each.failure != OutcomeClass.CANCELLED)
    last = {attempt.task: attempt for attempt in sorted(failed, key=lambda each: each.n)}
    chosen = sorted(last.values(), key=lambda each: each.task not in outcomes)[:_SUMMARIES]
    folder = run_facts.folder(concluder.settings.bucket, epoch.run, epoch.number)
    places = {each.task: run_folder.log_summary(folder, names.task_hash(each.task), each.n) for each in chosen}
    there = store.look_all(client("s3"), list(places.values()))
    told = dict(outcomes)
    for attempt in chosen:
        place = places[attempt.task]
        if there[place] is None:
            request = {"run": epoch.run, "epoch": epoch.number, "task": attempt.task, "n": attempt.n}
            call_later(client("lambda"), concluder.settings.summarise_logs, request)
        elif attempt.task in told:
            found = summary_record.from_json(json.loads(store.read(client("s3"), place)))
            told[attempt.task] = replace(told[attempt.task], evidence=found.lines)
    return told


def _executions(concluder: Concluder, epoch: Epoch) -> list[str]:
    """The scopes' executions: those behind expansions are on record before they start, a run that began under an older release
    knows those alone that have planned.
    """
    facts = _facts(concluder, epoch)
    planned = run_folder.scope_executions(client("s3"), facts.facts) if facts else []
    return [*planned, *ledger.scope_executions(concluder.table, epoch)]


def _answer(ended: Conclusion) -> dict[str, str]:
    return {"verdict": ended.verdict, "error": ended.error, "cause": ended.cause, "state": ended.state}
