"""The ledger's view of tasks: their records, attempts, and the job definitions they share.

A task has one record per epoch, written once: `commit` puts it and counts the task on its latches in one transaction, so
there is no moment at which one is true and the other is not, and doing it twice changes nothing. An expansion's commit also
adds the tasks it made. What comes after (letting waiters go) is in `headrace.aws.gates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headrace.aws.table import Table, Unmet, delete, expressions, get, get_many, items, put, transact, update
from headrace.core import gates, ledger_items, ledger_keys, run_state
from headrace.core.ledger_items import Item, key_item
from headrace.core.ledger_keys import Range
from headrace.core.records import AttemptRecord, Epoch, TaskRecord


@dataclass(frozen=True, slots=True)
class Committed:
    """The record that stands for a task, and whether this call wrote it."""

    record: TaskRecord
    first: bool


def commit(
    table: Table,
    epoch: Epoch,
    record: TaskRecord,
    opens: Sequence[tuple[str, int]],
    adds: Mapping[str, tuple[int, int]] | None = None,
) -> Committed:
    """Record how a task ended and count it on the latches it opens, as one transaction; the first record stays.

    `opens` is `(latch, shards)`. A task that failed counts nowhere. An expansion (status `expanded`) passes `adds`, `latch →
    (n tasks added, shards)`.
    """
    counted = gates.tallies(record.task, opens, adds) if run_state.counts(record.status) else ()
    entry = {"Item": ledger_items.task_item(epoch, record)} | expressions("attribute_not_exists(#pk)")
    try:
        transact(table, [("Put", entry), *(("Update", _tally(epoch, tally)) for tally in counted)])
    except Unmet as unmet:
        return Committed(ledger_items.task_record(unmet.items[0] or {}), first=False)
    return Committed(record, first=True)


def read_task(table: Table, epoch: Epoch, task: str) -> TaskRecord | None:
    """A task's record, strongly consistent."""
    item = get(table, ledger_keys.task(epoch, task))
    return ledger_items.task_record(item) if item else None


def read_tasks(table: Table, epoch: Epoch, tasks: Iterable[str]) -> dict[str, TaskRecord]:
    """The records of these tasks that exist."""
    found = get_many(table, [ledger_keys.task(epoch, task) for task in tasks])
    return {key.sk: ledger_items.task_record(item) for key, item in found.items()}


def tasks_of(table: Table, epoch: Epoch, process: str) -> dict[str, TaskRecord]:
    """The records of a process's tasks: the one without a key, and those with."""
    keyed = tasks_with(table, epoch, f"{process}[")
    return read_tasks(table, epoch, [process]) | keyed


def tasks_with(table: Table, epoch: Epoch, prefix: str = "") -> dict[str, TaskRecord]:
    """The records of tasks whose id starts with `prefix` (all without one), from the 16 partitions, by task id."""
    parts = table.each(lambda within: _records(table, within), ledger_keys.tasks(epoch, prefix))
    return dict(sorted((record.task, record) for part in parts for record in part))


def bear_failure(table: Table, epoch: Epoch, process: str, task: str, n: int, most: int) -> bool:
    """Count a failure of a process among those put up with, once however often it is told; False beyond `most` of them."""
    new = expressions("attribute_not_exists(#pk)")
    counter = {"Key": key_item(ledger_keys.failures(epoch, process))}
    first = "attribute_not_exists(#count) OR " if most else ""
    counted = expressions(f"{first}#count <= :last", "ADD #count :one", {":last": most - 1, ":one": 1})
    marker = {"Item": key_item(ledger_keys.failure(epoch, process, task, n))}
    try:
        transact(table, [("Put", marker | new), ("Update", counter | counted)])
    except Unmet as unmet:
        return unmet.items[0] is not None
    return True


def put_attempt(table: Table, epoch: Epoch, record: AttemptRecord) -> AttemptRecord:
    """Record that a task is about to be submitted for the nth time; gives the record that stands."""
    try:
        put(table, ledger_items.attempt_item(epoch, record), "attribute_not_exists(#pk)")
    except Unmet as unmet:
        return ledger_items.attempt_record(unmet.items[0] or {})
    return record


def note_attempt(table: Table, epoch: Epoch, record: AttemptRecord) -> bool:
    """Add what is known now of an attempt, and keep the rest; False when its end is on record already."""
    facts = {name: value for name, value in ledger_items.attempt_facts(record).items() if value not in ("", None)}
    known = facts | {"task": record.task, "n": record.n}
    change = "SET " + ", ".join([*(f"#{name} = :{name}" for name in known), "#at = if_not_exists(#at, :at)"])
    values = {f":{name}": value for name, value in known.items()} | {":at": record.at}
    try:
        update(table, ledger_keys.attempt(epoch, record.task, record.n), change, "attribute_not_exists(#ended)", values)
    except Unmet:
        return False
    return True


def attempts_of(table: Table, epoch: Epoch, task: str) -> list[AttemptRecord]:
    """A task's attempts, first to last."""
    return [ledger_items.attempt_record(item) for item in items(table, ledger_keys.attempts(epoch, task))]


def all_attempts(table: Table, epoch: Epoch) -> dict[str, list[AttemptRecord]]:
    """All attempts of a run's epoch, by task, first to last."""
    parts = table.each(lambda within: list(items(table, within)), ledger_keys.all_attempts(epoch))
    found: dict[str, list[AttemptRecord]] = {}
    for item in (item for part in parts for item in part):
        record = ledger_items.attempt_record(item)
        found.setdefault(record.task, []).append(record)
    return {task: sorted(records, key=lambda record: record.n) for task, records in sorted(found.items())}


def put_scope(table: Table, epoch: Epoch, scope: str, execution: str) -> None:
    """Record which execution is about to run a scope, so that it is known of before it has planned; the newest counts."""
    put(table, key_item(ledger_keys.scope(epoch, scope)) | {"execution": {"S": execution}})


def scope_executions(table: Table, epoch: Epoch) -> list[str]:
    """The executions of the scopes behind expansions, started or about to be."""
    return [str(item["execution"]["S"]) for item in items(table, ledger_keys.scopes(epoch))]


def job_definition(table: Table, name: str) -> str:
    """The ARN registered under this name, which says its content; or empty."""
    item = get(table, ledger_keys.job_definition(name))
    return str(item["arn"]["S"]) if item else ""


def put_job_definition(table: Table, name: str, arn: str, *, day: str = "", instead_of: str = "") -> str:
    """Remember the ARN registered for this name, used this day; gives the one that stands.

    `instead_of` is a remembered ARN that turned out to be gone from Batch. Two functions that register the same content at
    once leave twins, which are harmless; the first to get here is used by all.
    """
    try:
        put(
            table,
            _definition_item(name, arn, day),
            "attribute_not_exists(#pk) OR #arn = :old",
            {":old": instead_of},
        )
    except Unmet as unmet:
        standing = unmet.items[0] or {}
        return str(standing["arn"]["S"])
    return arn


def note_definition_use(table: Table, name: str, arn: str, day: str) -> None:
    """Keep the day as the last one the definition was used, unless a later one, or another ARN, stands there."""
    with suppress(Unmet):
        put(
            table,
            _definition_item(name, arn, day),
            "#arn = :arn AND (attribute_not_exists(#used) OR #used < :day)",
            {":arn": arn, ":day": day},
        )


def definitions_used(table: Table, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """ARN and last day of use of the definitions the ledger knows, by name."""
    found = get_many(table, [ledger_keys.job_definition(name) for name in names])
    return {
        key.pk.removeprefix("J#"): (str(item["arn"]["S"]), str(item.get("used", {}).get("S", "")))
        for key, item in found.items()
    }


def forget_job_definition(table: Table, name: str, arn: str) -> None:
    """Forget a definition, if it is still this one."""
    with suppress(Unmet):
        delete(table, ledger_keys.job_definition(name), "#arn = :arn", {":arn": arn})


def _definition_item(name: str, arn: str, day: str) -> Item:
    key = key_item(ledger_keys.job_definition(name))
    return key | {"arn": {"S": arn}} | ({"used": {"S": day}} if day else {})


def _tally(epoch: Epoch, tally: gates.Tally) -> dict[str, object]:
    key = ledger_keys.shard(epoch, tally.latch, tally.shard)
    values = {":count": tally.count, ":added": tally.added, ":shards": tally.shards}
    return {"Key": key_item(key)} | expressions("", "ADD #count :count, #added :added SET #shards = :shards", values)


def _records(table: Table, within: Range) -> list[TaskRecord]:
    return [ledger_items.task_record(item) for item in items(table, within)]
