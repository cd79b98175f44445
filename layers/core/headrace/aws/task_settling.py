"""Settling a task: commit what an attempt made, or decide what follows its failure; then let go who waited.

The commit point is the attempt's manifest, read for the job and attempt that Batch reports. The first attempt whose result is
written as outputs.json stands; a second one of the same work takes what is there. The task's record and its counts on the
latches are one transaction (`gates.settle`), so settling twice changes nothing.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from headrace.aws import after_attempt, events, gates, ledger, ledger_runs, ledger_watch, logs, run_folder, sweeping
from headrace.aws import s3 as store
from headrace.aws.after_attempt import Attempted
from headrace.aws.clients import client
from headrace.aws.committed import commit_outputs
from headrace.aws.later import release_later
from headrace.aws.observability import about, count, logger
from headrace.aws.publishing import publish
from headrace.aws.settings import SettleTaskSettings
from headrace.aws.step_functions import send
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import (
    attempt_record,
    batch_detail,
    error_bound,
    failure_note,
    names,
    partial_json,
    plan_items,
    retry_policy,
    run_facts,
    run_state,
    task_work,
    values,
)
from headrace.core import (
    publish as publish_core,
)
from headrace.core.attempt_facts import AttemptFacts
from headrace.core.attempt_record import Plan
from headrace.core.conclusion import FINISH_PREFIX, root_cause
from headrace.core.directives import TaskDirectives
from headrace.core.errors import HeadraceError, InvalidValue
from headrace.core.ledger_items import fits_inline
from headrace.core.manifest import MAX_MANIFEST
from headrace.core.outcome import Outcome, cancelled, classify
from headrace.core.outcome_classes import TERMINATE_CANCEL, OutcomeClass
from headrace.core.plain_text import one_line
from headrace.core.records import AttemptRecord, Epoch, TaskRecord
from headrace.core.retry_policy import Given, PastAttempt, RetryRules, Step
from headrace.core.work_dir import attempt_prefix

RemainingMs = Callable[[], int]
_CAUSE = 200  # a child's cause: 200 failed children must not pass 256 KiB
_HISTORY = 60
_TAIL = 200


@dataclass(frozen=True, slots=True)
class Settler:
    """What settling needs of the function it runs in; `itself` is called for what there is no time left for."""

    settings: SettleTaskSettings
    table: Table
    itself: str


@dataclass(frozen=True, slots=True)
class _Task:
    """The task being settled."""

    epoch: Epoch
    item: Mapping[str, Any]
    prepared: Mapping[str, Any]
    scope: str
    now: str

    @property
    def id(self) -> str:
        return str(self.item["id"])


def settle(settler: Settler, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> dict[str, Any]:
    """A child's state to `{verdict: done | retry | failed, …}`."""
    task = _Task(Epoch(event["run"], event["epoch"]), event["task"], event.get("prepared") or {}, event["scope"], now)
    if event.get("error") and event.get("failedState") != "SubmitJob":
        return _engine_failure(settler, task, event, remaining_ms)
    if event.get("verdict") == "skipped":
        return _complete(
            settler, task, TaskRecord(task.id, "skipped", now, cause=task.prepared["reason"]), remaining_ms
        )
    found = task.prepared.get("found")
    plan = attempt_record.from_json(
        found["plan"] if found else json.loads(store.read(client("s3"), task.prepared["plan"]))
    )
    if event.get("verdict") == "cached":
        said = after_attempt.directives(_attempted(settler, task, plan))
        raw = found["outputs"] if found else _outputs_of(plan)
        return _use(settler, task, plan, said, "cached", raw, remaining_ms)
    return _attempt_ended(settler, task, plan, event, remaining_ms)


def release(settler: Settler, event: Mapping[str, Any], remaining_ms: RemainingMs) -> None:
    """Go on letting waiters go, where an earlier invocation ran out of time."""
    epoch = Epoch(event["run"], event["epoch"])
    points = [(place, after) for place, after in event["release"]]
    go = gates.release_all if event["closing"] else gates.release
    left = go(settler.table, epoch, points, send=_send(), remaining_ms=remaining_ms)
    release_later(settler.itself, epoch, left, closing=event["closing"])


def _attempt_ended(
    settler: Settler, task: _Task, plan: Plan, event: Mapping[str, Any], remaining_ms: RemainingMs
) -> dict[str, Any]:
    error = event.get("error") or {}
    detail = event.get("job") or _told(str(error.get("Cause", "")), task)
    job = batch_detail.read(detail)
    about(job=job.job_id if job else "")
    place = attempt_prefix(plan.prefix, job.job_id, max(1, job.attempt)) if job else ""
    manifest = _manifest(place)
    facts = AttemptFacts(
        job=detail, error=str(error.get("Error", "")), cause=str(error.get("Cause", "")), manifest=manifest
    )
    outcome, said = classify(facts), after_attempt.directives(_attempted(settler, task, plan))
    raw: dict[str, Any] = {}
    if outcome.succeeded:
        try:
            run = run_folder.read(settler.settings.bucket, task.epoch.run, task.epoch.number)
            theirs = team_s3(client("s3"), run.facts.reach)
            raw = commit_outputs(theirs, plan, place, task.now, task.epoch.run, settler.settings.work_days)
        except HeadraceError as wrong:
            # The manifest says done and the objects do not bear it out.
            outcome = replace(
                outcome,
                kind=OutcomeClass.MISSING_OUTPUT,
                cause=one_line(str(wrong), _CAUSE),
                fix="Look at what the script wrote",
            )
    else:
        log, started = _log(settler, job)
        outcome = classify(replace(facts, log=log, started=started, named=said.errors))
        if why := _ended_for_the_run(settler, task, outcome):
            outcome = cancelled(outcome, why)
    _note(settler, task, outcome, job)
    if outcome.succeeded:
        return _use(settler, task, plan, said, "succeeded", raw, remaining_ms, outcome)
    return _failed(settler, task, plan, said, outcome, remaining_ms)


def _ended_for_the_run(settler: Settler, task: _Task, outcome: Outcome) -> str:
    """Why we ended this job for a run that closes, empty when we did not.

    What Step Functions tells may be cut or older than our TerminateJob, and a job that is ended while it stores its results
    fails in ways of its own; so Batch is asked once more.
    """
    from headrace.aws import batch as jobs  # noqa: PLC0415

    if outcome.kind is OutcomeClass.CANCELLED or not outcome.ref.job_id:
        return ""
    run = ledger_runs.run_of(settler.table, task.epoch)
    if run_state.starts_tasks(run.state):
        return ""
    found = batch_detail.read(jobs.describe_jobs(client("batch"), [outcome.ref.job_id]).get(outcome.ref.job_id))
    asked = found and (found.terminated or found.status_reason.startswith(TERMINATE_CANCEL))
    return (found.status_reason.removeprefix(TERMINATE_CANCEL).strip() or run.closing) if found and asked else ""


def _outputs_of(plan: Plan) -> dict[str, Any]:
    """The outputs of the committed result, as JSON."""
    found: dict[str, Any] = json.loads(store.read(client("s3"), plan.prefix + "outputs.json"))["outputs"]
    return found


def _use(
    settler: Settler,
    task: _Task,
    plan: Plan,
    said: TaskDirectives,
    status: str,
    raw: dict[str, Any],
    remaining_ms: RemainingMs,
    outcome: Outcome | None = None,
) -> dict[str, Any]:
    """Take the committed result of this work, its outputs as JSON, publish it, record the task."""
    outputs = values.from_json(raw)
    try:
        run = run_folder.read(settler.settings.bucket, task.epoch.run, task.epoch.number)
        key = task_work.local_keys(run.program, run.program.processes[plan.process], plan.keys)
        copies = publish_core.copies(said.publish, outputs, outdir=run.facts.outdir, key=key, process=plan.process)
        # A job could write what is named here: what is copied, and where to, is looked at once more.
        theirs = team_s3(client("s3"), run.facts.reach)
        moved = publish(settler.table, theirs, task.epoch, task.id, copies, work=plan.prefix)
        stop = after_attempt.stop_reason(
            _attempted(settler, task, plan), said.stop_when, outputs, cached=status == "cached"
        )
    except HeadraceError as wrong:
        fix = "Put right what the message names, then resume"
        wrong_end = Outcome(OutcomeClass.ENGINE, one_line(str(wrong), _CAUSE), fix, firm=True)
        return _fail(settler, task, wrong_end, Step("fail", wrong_end.cause, 1, 1, drain="terminate"), remaining_ms)
    if stop:
        # Before the task is on record: who waits for it does not begin first.
        left = gates.close(settler.table, task.epoch, stop, send=_send(), remaining_ms=remaining_ms)
        release_later(settler.itself, task.epoch, left, closing=True)
    record = TaskRecord(
        task.id,
        status,
        task.now,
        hash=plan.hash,
        outputs=plan.prefix + "outputs.json",
        inline=raw if fits_inline(raw) else None,
        attempts=plan.attempt.n if status == "succeeded" else 0,
        job=outcome.ref.job_id if outcome else "",
        moved=moved,
    )
    return _complete(settler, task, record, remaining_ms)


def _failed(
    settler: Settler, task: _Task, plan: Plan, said: TaskDirectives, outcome: Outcome, remaining_ms: RemainingMs
) -> dict[str, Any]:
    state = ledger_runs.run_of(settler.table, task.epoch).state
    if not run_state.starts_tasks(state) and outcome.kind is OutcomeClass.CANCELLED:
        return {"verdict": "done"}  # the run drains and this job was ended for it: no record, so it reads as cancelled
    history = tuple(_past(entry) for entry in task.prepared.get("history", []))
    given = Given(plan.memory_mib, plan.time_s, plan.attempt.queue_index)
    rules = _rules(said)
    step = retry_policy.next_step(rules, outcome, history, given=given, salt=task.id)
    logger.info(
        "an attempt failed", extra={"n": task.prepared["n"], "failure": str(outcome.kind), "then": step.verdict}
    )
    if step.verdict == "retry" and not run_state.starts_tasks(state):
        return {"verdict": "done"}  # no further try since the run drains, so no record: a resume goes on with it
    bound = said.max_errors if error_bound.counts(rules, outcome, step) else None
    if bound and (too_many := after_attempt.beyond_bound(_attempted(settler, task, plan), bound, outcome.cause)):
        outcome = replace(outcome, cause=too_many)
        step = Step("fail", too_many, step.n, step.task_attempt, drain="terminate")
    if step.verdict == "retry":
        return _retry(task, outcome, step, given)
    if step.verdict == "ignore":
        record = TaskRecord(
            task.id,
            "ignored",
            task.now,
            failure=str(outcome.kind),
            cause=outcome.cause,
            attempts=plan.attempt.n,
            job=outcome.ref.job_id,
        )
        _write_down(settler, task, outcome)
        _tell(settler, task, outcome, plan.attempt.n, ignored=True)
        return _complete(settler, task, record, remaining_ms)
    return _fail(settler, task, outcome, step, remaining_ms, plan.attempt.n)


def _retry(task: _Task, outcome: Outcome, step: Step, given: Given) -> dict[str, Any]:
    count("TasksRetried")
    history = [
        *task.prepared.get("history", []),
        {"kind": str(outcome.kind), "own": outcome.counts_as_own, "given": asdict(given)},
    ]
    attempt = {
        "n": step.n + 1 if step.n == task.prepared["n"] else step.n,
        "own": step.task_attempt,
        "exit_status": outcome.exit_code,
        "previous_class": str(outcome.kind),
        "memory_mib": step.memory_mib,
        "time_s": step.time_s,
        "queue_index": step.queue_index,
    }
    return {"verdict": "retry", "delay": step.delay_s, "next": {"attempt": attempt, "history": history[-_HISTORY:]}}


def _fail(
    settler: Settler, task: _Task, outcome: Outcome, step: Step, remaining_ms: RemainingMs, attempts: int = 1
) -> dict[str, Any]:
    """Record the failure, tell it, and drain the run: nobody starts any more, who waits is let go.

    An expansion that is on record can still fail: its scope was planned and then could not run. Tasks that never come are
    waited for then, so the run closes all the same.
    """
    record = TaskRecord(
        task.id,
        "failed",
        task.now,
        failure=str(outcome.kind),
        cause=outcome.cause,
        attempts=attempts,
        job=outcome.ref.job_id,
    )
    _write_down(settler, task, outcome)
    settled = gates.settle(settler.table, task.epoch, record, [], send=_send(), remaining_ms=remaining_ms)
    if settled.record.status not in ("failed", "expanded"):
        return {"verdict": "done"}  # an earlier settle of this task had another result, which stands
    why = f"{FINISH_PREFIX if step.drain == 'finish' else ''}{task.id} failed: {outcome.cause}"
    left = gates.close(settler.table, task.epoch, why, send=_send(), remaining_ms=remaining_ms)
    release_later(settler.itself, task.epoch, left, closing=True)
    # Whoever closed the run ends its jobs; hundreds that fail with it need not. Those submitted after it are the sweep's.
    if ledger_runs.run_of(settler.table, task.epoch).closing.startswith(f"{task.id} failed"):
        sweeping.terminate_jobs(
            client("batch"),
            task.epoch,
            sweeping.queues_of(settler.table, task.epoch, task.prepared.get("queue", "")),
            f"the run drains since {task.id} failed",
        )
    _tell(settler, task, outcome, attempts)
    count("TasksFailed")
    return {"verdict": "failed", "cause": one_line(f"{outcome.kind}: {outcome.cause}", _CAUSE)}


def _complete(settler: Settler, task: _Task, record: TaskRecord, remaining_ms: RemainingMs) -> dict[str, Any]:
    settled = gates.settle(
        settler.table, task.epoch, record, plan_items.opens(task.item), send=_send(), remaining_ms=remaining_ms
    )
    release_later(settler.itself, task.epoch, settled.left)
    count(f"Tasks{settled.record.status.title()}")
    return {
        "verdict": "failed" if settled.record.status == "failed" else "done",
        "cause": one_line(settled.record.cause, _CAUSE),
    }


def _engine_failure(
    settler: Settler, task: _Task, event: Mapping[str, Any], remaining_ms: RemainingMs
) -> dict[str, Any]:
    """A state before the job broke: what the user can put right is said as it is, everything else is the engine's."""
    name, cause = root_cause(event["error"])
    kind = OutcomeClass.SUBMIT_REFUSED if name in ("InvalidSpec", "InvalidValue", "Refused") else OutcomeClass.ENGINE
    outcome = Outcome(
        kind,
        one_line(cause or name, 1000),
        "Put the spec right and resume" if kind is OutcomeClass.SUBMIT_REFUSED else "Resume the run",
        firm=True,
    )
    logger.error("a state failed", extra={"state": event.get("failedState"), "error_name": name})
    return _fail(settler, task, outcome, Step("fail", outcome.cause, 1, 1, drain="terminate"), remaining_ms, 0)


def _write_down(settler: Settler, task: _Task, outcome: Outcome) -> None:
    """For the digest, which is made when the job may be forgotten and the log gone."""
    folder = run_facts.folder(settler.settings.bucket, task.epoch.run, task.epoch.number)
    note = json.dumps(failure_note.to_json(outcome), ensure_ascii=False).encode("utf-8", "replace")
    store.write(client("s3"), run_folder.failure_note(folder, task.id), note, content_type="application/json")


def _tell(settler: Settler, task: _Task, outcome: Outcome, attempts: int, *, ignored: bool = False) -> None:
    from headrace.core import alert_events  # noqa: PLC0415 - its models cost every cold start, failures are few

    event = alert_events.TaskFailed(
        stack=settler.settings.stack,
        at=task.now,
        alert=False,
        run=task.epoch.run,
        epoch=task.epoch.number,
        tenant=ledger_runs.run_of(settler.table, task.epoch).tenant,
        task=task.id,
        process=str(task.item.get("p", "")),
        failure=str(outcome.kind),
        cause=outcome.cause,
        fix=outcome.fix,
        ignored=ignored,
        attempts=attempts,
        exit_code=outcome.exit_code,
        job=outcome.ref.job_id,
        queue=outcome.ref.queue,
        log_group=outcome.ref.log_group if outcome.ref.log_stream else "",
        log_stream=outcome.ref.log_stream,
        evidence=outcome.evidence,
        commands=(f"headrace logs {task.epoch.run} {shlex.quote(task.id)}",),
    )
    events.publish(client("events"), [alert_events.entry(event)])


def _attempted(settler: Settler, task: _Task, plan: Plan) -> Attempted:
    return Attempted(settler.table, settler.settings.bucket, task.epoch, task.item, task.scope, plan)


def _rules(said: TaskDirectives) -> RetryRules:
    return RetryRules(
        strategy=said.error_strategy if "error_strategy" in said.model_fields_set else "",
        max_retries=said.max_retries if "max_retries" in said.model_fields_set else None,
        budgets=said.retry,
        queues=max(1, len(said.queues)),
        memory_limit_mib=said.resource_limits.memory_mib if said.resource_limits else None,
    )


def _past(entry: Mapping[str, Any]) -> PastAttempt:
    return PastAttempt(OutcomeClass(entry["kind"]), entry["own"], Given(**entry["given"]))


def _note(settler: Settler, task: _Task, outcome: Outcome, job: batch_detail.JobFacts | None) -> None:
    """What became of the submission, for `status`, `logs` and the digest."""
    record = AttemptRecord(
        task.id,
        task.prepared["n"],
        task.now,
        job_name=task.prepared.get("jobName", ""),
        queue=task.prepared.get("queue", ""),
        job=outcome.ref.job_id or (job.job_id if job else ""),
        started=_time(job.started_ms if job else None),
        ended=_time(job.stopped_ms if job else None) or task.now,
        exit_code=outcome.exit_code,
        failure="" if outcome.succeeded else str(outcome.kind),
        cause="" if outcome.succeeded else outcome.cause,
        log=outcome.ref.log_stream or (job.last.log_stream if job else ""),
        log_group=batch_detail.log_group(job, settler.settings.job_logs) if job and job.last.log_stream else "",
    )
    ledger.note_attempt(settler.table, task.epoch, record)
    ledger_watch.forget_live(settler.table, task.epoch, names.task_hash(task.id), record.n)


def _time(milliseconds: int | None) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat() if milliseconds else ""


def _told(cause: str, task: _Task) -> object:
    """The job in an error's Cause. Where that was cut, or is none, Batch itself is asked, and what can be read is the rest."""
    try:
        whole = json.loads(cause)
    except (ValueError, RecursionError):
        whole = None
    if batch_detail.read(whole):
        return whole
    return _found_by_name(task) or (partial_json.read(cause) if cause.lstrip().startswith("{") else None)


def _found_by_name(task: _Task) -> object:
    """The job, looked up by its name: when what Step Functions says of it cannot be read, or it says nothing."""
    from headrace.aws import batch as jobs  # noqa: PLC0415

    name, queue = task.prepared.get("jobName"), task.prepared.get("queue")
    if not name or not queue:
        return None
    newest = jobs.newest_named(client("batch"), queue, name)
    return jobs.describe_jobs(client("batch"), [newest]).get(newest) if newest else None


def _manifest(place: str) -> object:
    if not place:
        return None
    try:
        return json.loads(store.read(client("s3"), place + "manifest.json", limit=MAX_MANIFEST))
    except (store.ObjectMissing, InvalidValue, ValueError, RecursionError):
        return None


def _log(settler: Settler, job: batch_detail.JobFacts | None) -> tuple[tuple[str, ...], bool | None]:
    """The end of the job's log, enough to classify by, and whether the bootstrap's first mark is at its head.

    With that mark the image ran our shell. All of the log is read by summarise_logs, which nobody waits for.
    """
    from headrace.core.bootstrap_marks import is_mark, is_told  # noqa: PLC0415

    if not job or not job.last.log_stream:
        return (), None
    group = batch_detail.log_group(job, settler.settings.job_logs)
    found = logs.last(client("logs"), group, job.last.log_stream, _TAIL, keep=is_told)
    if found.refused:
        return (), None
    beginning = found.lines if found.whole else logs.head(client("logs"), group, job.last.log_stream)
    return found.lines, any(is_mark(line) for line in beginning)


def _send() -> Any:
    return partial(send, client("stepfunctions"))
