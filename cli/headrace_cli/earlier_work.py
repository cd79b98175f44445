"""A task's work beside the same task's in an earlier epoch, or in the newest earlier run of a pipeline of that name.

What an attempt was prepared from lies in its run's folder (`tasks/<task hash>/1.json`); the hash is the same for all attempts
of a task, so the first one's plan tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from headrace.aws import ledger, ledger_runs
from headrace.aws import s3 as store
from headrace.core import attempt_record, names, run_facts
from headrace.core.attempt_record import Plan
from headrace.core.errors import InvalidValue, nearest
from headrace.core.records import Epoch, RunRecord, TaskRecord
from headrace_cli.target import Target

_RUNS_LISTED: Final = 5_000
_RUNS_READ: Final = 50  # runs of the name whose folder is asked for the task
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class TaskWork:
    """A task of a run's epoch: what it was prepared from, and how it ended (None: it has no record)."""

    run: RunRecord
    plan: Plan
    record: TaskRecord | None


def find_task(target: Target, run: RunRecord, task: str) -> tuple[str, TaskRecord | None, Plan | None]:
    """The task that is meant, its record and its plan; InvalidValue when there is none, or more than one."""
    record = ledger.read_task(target.table, run.epoch, task)
    plan = plan_of(target, run.epoch, task)
    if record or plan:
        return task, record, plan
    known = ledger.tasks_with(target.table, run.epoch)
    meant = [name for name in known if name.startswith(task)]
    if len(meant) == 1:
        return meant[0], known[meant[0]], plan_of(target, run.epoch, meant[0])
    if meant:
        shown = ", ".join(meant[:8]) + (", …" if len(meant) > 8 else "")
        raise InvalidValue(f"{task!r} is the beginning of {len(meant)} tasks: {shown}", expected="one task")
    raise InvalidValue(
        f"{task!r} is no task of {run.epoch.run} that was prepared or has ended",
        hint=nearest(task, known) or f"`headrace status {run.epoch.run} --tasks` lists them",
    )


def plan_of(target: Target, epoch: Epoch, task: str) -> Plan | None:
    """What the task was prepared from in this epoch; None when it was not."""
    folder = run_facts.folder(target.bucket, epoch.run, epoch.number)
    try:
        content = store.read(target.client("s3"), f"{folder}tasks/{names.task_hash(task)}/1.json")
    except store.ObjectMissing:
        return None
    return attempt_record.from_json(json.loads(content))


def before(target: Target, run: RunRecord, task: str) -> TaskWork | None:
    """The same task where it ended last before this run; where it was only prepared (and cancelled) when it never did."""
    prepared: TaskWork | None = None
    for earlier in (*_epochs(target, run), *islice(_of_the_name(target, run), _RUNS_READ)):
        if plan := plan_of(target, earlier.epoch, task):
            found = TaskWork(earlier, plan, ledger.read_task(target.table, earlier.epoch, task))
            if found.record is not None:
                return found
            prepared = prepared or found
    return prepared


def result_of(target: Target, plan: Plan) -> dict[str, Any] | None:
    """The committed result of a piece of work, None when there is none any more."""
    try:
        found: dict[str, Any] = json.loads(store.read(target.client("s3"), plan.prefix + "outputs.json"))
    except store.ObjectMissing:
        return None
    return found


def tasks_by_hash(target: Target, run: RunRecord) -> dict[str, str]:
    """The run's tasks by the hash of their work."""
    return {record.hash: task for task, record in ledger.tasks_with(target.table, run.epoch).items() if record.hash}


def _epochs(target: Target, run: RunRecord) -> Iterator[RunRecord]:
    for number in range(run.epoch.number - 1, 0, -1):
        if found := ledger_runs.read_run(target.table, Epoch(run.epoch.run, number)):
            yield found


def _of_the_name(target: Target, run: RunRecord) -> Iterator[RunRecord]:
    """Earlier runs of the same name, newest first."""
    entries = islice(ledger_runs.runs(target.table, tenant=run.tenant), _RUNS_LISTED)
    older = (each for each in entries if each.started < run.started and each.epoch.run != run.epoch.run)
    while page := list(islice(older, _PAGE)):
        yield from (
            found
            for found in ledger_runs.read_runs(target.table, page)
            if (found.name, found.format) == (run.name, run.format)
        )
