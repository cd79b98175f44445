"""Records as DynamoDB items and back: attribute maps (`{"S": …}`) for the low-level client.

Empty values are left out, so an item holds what is known. A structured value travels as JSON text, because nothing is ever
looked up inside it. Texts a job can make arbitrarily long are cut here: an item may have 400 KB, and a list of tasks is
read by the hundred. (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from headrace.core import ledger_keys
from headrace.core.errors import InvalidValue
from headrace.core.ledger_keys import Key
from headrace.core.records import AttemptRecord, Epoch, RunEntry, RunRecord, TaskRecord, Waiter
from headrace.core.run_state import STATES, STATUSES

Item = dict[str, dict[str, Any]]

CAUSE_LIMIT: Final = 4096
INLINE_LIMIT: Final = 32 * 1024
"""Bytes of outputs kept in the record itself; more stay in outputs.json alone."""


def key_item(key: Key) -> Item:
    """A primary key as attributes."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def run_item(record: RunRecord) -> Item:
    """A run's record."""
    if record.state not in STATES:
        raise InvalidValue(f"run state {record.state!r}", expected=", ".join(sorted(STATES)))
    return key_item(ledger_keys.run(record.epoch)) | _attributes(
        run=record.epoch.run,
        epoch=record.epoch.number,
        format=record.format,
        state=record.state,
        execution=record.execution,
        started=record.started,
        name=record.name,
        tenant=record.tenant,
        closing=_cut(record.closing),
        ended=record.ended,
        cause=_cut(record.cause),
        concluder=record.concluder,
        sweeps=record.sweeps or None,
        tasks=_json(record.tasks),
    )


def run_record(item: Mapping[str, Any]) -> RunRecord:
    """A run's record, read, whatever its format; `run_format.check` before anything else of the run is believed."""
    return RunRecord(
        epoch=Epoch(_text(item, "run"), _number(item, "epoch")),
        execution=_text(item, "execution"),
        started=_text(item, "started"),
        name=_text(item, "name"),
        state=_text(item, "state"),
        closing=_text(item, "closing"),
        ended=_text(item, "ended"),
        cause=_text(item, "cause"),
        concluder=_text(item, "concluder"),
        sweeps=_number(item, "sweeps"),
        tasks=_parsed(item, "tasks") or {},
        format=_number(item, "format") or 1,
        tenant=_text(item, "tenant"),
    )


def concluded_facts(state: str, ended: str, by: str, cause: str, tasks: Mapping[str, int]) -> dict[str, str]:
    """What a conclusion writes into a run's record; empty means not known."""
    return {"state": state, "ended": ended, "concluder": by, "cause": _cut(cause), "tasks": _json(tasks)}


def listed_items(record: RunRecord) -> tuple[Item, ...]:
    """A run in the list of all runs, and in its tenant's."""
    lists = ("", record.tenant) if record.tenant else ("",)
    return tuple(key_item(ledger_keys.listed(record.epoch, record.started, tenant)) for tenant in lists)


def listed_entry(item: Mapping[str, Any]) -> RunEntry:
    """A run in the list of all runs, read from its key."""
    started, run, number = item["sk"]["S"].split("#")
    return RunEntry(Epoch(run, int(number)), started=started)


def unconcluded_item(record: RunRecord) -> Item:
    """A run in the list of those not concluded."""
    return key_item(ledger_keys.unconcluded(record.epoch)) | _attributes(execution=record.execution)


def unconcluded_entry(item: Mapping[str, Any]) -> RunEntry:
    """A run in the list of those not concluded, read."""
    run, number = item["sk"]["S"].split("#")
    return RunEntry(Epoch(run, int(number)), execution=_text(item, "execution"))


def task_item(epoch: Epoch, record: TaskRecord) -> Item:
    """A task's record; InvalidValue for an unknown status or outputs too long to be inline."""
    if record.status not in STATUSES:
        raise InvalidValue(f"task status {record.status!r}", expected=", ".join(sorted(STATUSES)))
    if record.inline is not None and not fits_inline(record.inline):
        raise InvalidValue(
            f"the outputs of {record.task} are too long for its record",
            expected=f"at most {INLINE_LIMIT} bytes of JSON",
            hint="give their URI alone",
        )
    return key_item(ledger_keys.task(epoch, record.task)) | _attributes(
        status=record.status,
        at=record.at,
        hash=record.hash,
        outputs=record.outputs,
        inline=None if record.inline is None else _dumped(record.inline),
        failure=record.failure,
        cause=_cut(record.cause),
        attempts=record.attempts or None,
        job=record.job,
        moved=int(record.moved) or None,
    )


def task_record(item: Mapping[str, Any]) -> TaskRecord:
    """A task's record, read."""
    return TaskRecord(
        task=_text(item, "sk"),
        status=_text(item, "status"),
        at=_text(item, "at"),
        hash=_text(item, "hash"),
        outputs=_text(item, "outputs"),
        inline=_parsed(item, "inline"),
        failure=_text(item, "failure"),
        cause=_text(item, "cause"),
        attempts=_number(item, "attempts"),
        job=_text(item, "job"),
        moved=bool(_number(item, "moved")),
    )


def attempt_item(epoch: Epoch, record: AttemptRecord) -> Item:
    """One attempt of a task."""
    return key_item(ledger_keys.attempt(epoch, record.task, record.n)) | _attributes(
        task=record.task, n=record.n, at=record.at, **attempt_facts(record)
    )


def attempt_facts(record: AttemptRecord) -> dict[str, Any]:
    """What may become known of an attempt after it was asked for, as plain values; empty means not known."""
    return {
        "job_name": record.job_name,
        "queue": record.queue,
        "job": record.job,
        "started": record.started,
        "ended": record.ended,
        "exit_code": record.exit_code,
        "failure": record.failure,
        "cause": _cut(record.cause),
        "log": record.log,
        "log_group": record.log_group,
    }


def attempt_record(item: Mapping[str, Any]) -> AttemptRecord:
    """One attempt of a task, read."""
    return AttemptRecord(
        task=_text(item, "task"),
        n=_number(item, "n"),
        at=_text(item, "at"),
        job_name=_text(item, "job_name"),
        queue=_text(item, "queue"),
        job=_text(item, "job"),
        started=_text(item, "started"),
        ended=_text(item, "ended"),
        exit_code=_number(item, "exit_code") if "exit_code" in item else None,
        failure=_text(item, "failure"),
        cause=_text(item, "cause"),
        log=_text(item, "log"),
        log_group=_text(item, "log_group"),
    )


def waiter_item(key: Key, waiter: Waiter) -> Item:
    """A waiting task, in the partition of a latch it watches or of the run's end: the same everywhere."""
    turn = _dumped(list(waiter.turn)) if waiter.turn else None
    return key_item(key) | _attributes(
        task=waiter.task, token=waiter.token, tries=waiter.tries, waits=_json(waiter.waits), turn=turn
    )


def waiter_read(item: Mapping[str, Any]) -> Waiter:
    """A waiting task, read."""
    turn = _parsed(item, "turn")
    return Waiter(
        task=_text(item, "task"),
        token=_text(item, "token"),
        tries=_number(item, "tries"),
        waits=_parsed(item, "waits") or {},
        turn=(turn[0], turn[1]) if turn else None,
    )


def shard_numbers(item: Mapping[str, Any]) -> tuple[int, int, int]:
    """A latch's shard, read: count, added, number of shards of the latch."""
    return _number(item, "count"), _number(item, "added"), _number(item, "shards")


def fits_inline(outputs: Mapping[str, Any]) -> bool:
    """Whether outputs are short enough to be kept in the record."""
    return len(_dumped(outputs).encode()) <= INLINE_LIMIT


def attribute(value: str | int) -> dict[str, str]:
    """One plain value as a DynamoDB attribute."""
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _attributes(**values: str | int | None) -> Item:
    return {name: attribute(value) for name, value in values.items() if value not in ("", None)}


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item[name]["S"]) if name in item else ""


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _parsed(item: Mapping[str, Any], name: str) -> Any:
    return json.loads(item[name]["S"]) if name in item else None


def _json(value: Mapping[str, Any]) -> str:
    return _dumped(value) if value else ""


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair from a log would fail the whole write
    return text if len(text) <= CAUSE_LIMIT else text[: CAUSE_LIMIT - 1] + "…"
