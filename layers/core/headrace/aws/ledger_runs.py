"""The ledger's view of runs: begin, close, conclude, list.

Every function here may be called twice with the same facts and by several callers at once; the conditions decide.

    begin_run      puts the run's record and its list entries in one transaction; the same execution again is success
    close_run      running → closing; from then on no task starts (headrace.aws.gates lets the waiting ones go)
    conclude_run   → succeeded, failed, stopped or cancelled; exactly one caller wins, and is told so again when it asks again

Whoever must tell the world of a conclusion passes `keep_open`, tells it, and then calls `forget_open`: if it dies in between,
the run is still in the list that the schedule goes through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from headrace.aws.table import Table, Unmet, expressions, get, get_many, items, transact, update, write
from headrace.core import ledger_items, ledger_keys, run_format, run_state
from headrace.core.errors import InvalidValue, Refused
from headrace.core.ledger_items import key_item
from headrace.core.records import Epoch, RunEntry, RunRecord, utc


def begin_run(table: Table, record: RunRecord) -> RunRecord:
    """Record a run's epoch as running; gives the record that stands.

    Refused when another execution has begun it, or when the epoch before it is not concluded.
    """
    record = _timed(record)
    new = expressions("attribute_not_exists(#pk)")
    actions = [
        ("Put", {"Item": ledger_items.run_item(record)} | new),
        ("Put", {"Item": ledger_items.unconcluded_item(record)}),
        *(("Put", {"Item": item}) for item in ledger_items.listed_items(record)),
    ]
    if record.epoch.number > 1:
        earlier = Epoch(record.epoch.run, record.epoch.number - 1)
        actions.append(("ConditionCheck", {"Key": key_item(ledger_keys.run(earlier))} | _concluded()))
    try:
        transact(table, actions)
    except Unmet as unmet:
        if unmet.items[0] is None:
            raise _still_going(earlier.run, unmet.items[-1]) from None
        standing = _readable(unmet.items[0])
        if standing.execution != record.execution:
            raise Refused(
                f"run {record.epoch.run}, epoch {record.epoch.number} was begun by execution {standing.execution}, "
                f"and {record.execution} is another one; use `headrace resume` for a new epoch"
            ) from None
        return standing
    return record


def read_run(table: Table, epoch: Epoch) -> RunRecord | None:
    """A run's record, strongly consistent; Refused when it is written in a format we do not read."""
    item = get(table, ledger_keys.run(epoch))
    return _readable(item) if item else None


def run_of(table: Table, epoch: Epoch) -> RunRecord:
    """A run's record; Refused when there is none."""
    record = read_run(table, epoch)
    if record is None:
        raise Refused(f"the ledger has no run {epoch.run}, epoch {epoch.number}")
    return record


def latest_run(table: Table, run: str) -> RunRecord | None:
    """A run's record in its latest epoch, whatever its format."""
    found = next(items(table, ledger_keys.epochs(run), newest_first=True), None)
    return ledger_items.run_record(found) if found else None


def stopped_before(table: Table, epoch: Epoch) -> bool:
    """Whether an earlier epoch of this run ended stopped."""
    records = (ledger_items.run_record(item) for item in items(table, ledger_keys.epochs(epoch.run)))
    return any(record.state == "stopped" and record.epoch.number < epoch.number for record in records)


def next_epoch(table: Table, run: str) -> Epoch:
    """The epoch a resume of this run would be; Refused when the run is unknown or its latest epoch is not concluded."""
    latest = latest_run(table, run)
    if latest is None:
        raise Refused(f"there is no run {run} to resume; `headrace runs` lists them")
    run_format.check(run, latest.epoch.number, latest.format)
    if latest.state not in run_state.CONCLUDED:
        raise _still_going(run, ledger_items.run_item(latest))
    return Epoch(run, latest.epoch.number + 1)


def name_run(table: Table, epoch: Epoch, name: str) -> None:
    """Give a run the name its pipeline has, known only after it has begun."""
    update(table, ledger_keys.run(epoch), "SET #name = :name", "attribute_exists(#pk)", {":name": name})


def close_run(table: Table, epoch: Epoch, why: str) -> RunRecord:
    """Start no further task of this run; the first reason stays. Gives the record that stands; a concluded run stays so."""
    try:
        update(
            table,
            ledger_keys.run(epoch),
            "SET #state = :closing, #closing = :why",
            "#state = :running",
            {":closing": run_state.CLOSING, ":running": run_state.RUNNING, ":why": why},
        )
    except Unmet as unmet:
        if not unmet.items[0]:
            raise Refused(f"the ledger has no run {epoch.run}, epoch {epoch.number} to close") from None
        return ledger_items.run_record(unmet.items[0])
    return run_of(table, epoch)


def conclude_run(
    table: Table,
    epoch: Epoch,
    state: str,
    *,
    ended: str,
    by: str,
    cause: str = "",
    tasks: Mapping[str, int] | None = None,
    keep_open: bool = False,
) -> bool:
    """Put a run in its final state; whether this caller won.

    `by` names the caller (an execution, the schedule): the winner that asks again, because it died before it had told
    anybody, is told again that it won; everyone else is not. With `keep_open` the run stays in the list of open ones.
    """
    if state not in run_state.CONCLUDED:
        raise InvalidValue(f"a run cannot be concluded as {state!r}", expected=", ".join(sorted(run_state.CONCLUDED)))
    facts = {
        name: value
        for name, value in ledger_items.concluded_facts(state, utc(ended), by, cause, tasks or {}).items()
        if value
    }
    change = "SET " + ", ".join(f"#{name} = :{name}" for name in facts)
    values = {f":{name}": value for name, value in facts.items()}
    earlier = {f":was_{old}": old for old in run_state.before(state)}
    condition = f"#state IN ({', '.join(earlier)})"
    conclusion = {"Key": key_item(ledger_keys.run(epoch))} | expressions(condition, change, values | earlier)
    entry = {"Key": key_item(ledger_keys.unconcluded(epoch))}
    try:
        transact(table, [("Update", conclusion)] if keep_open else [("Update", conclusion), ("Delete", entry)])
    except Unmet as unmet:
        if not unmet.items[0]:
            raise Refused(f"the ledger has no run {epoch.run}, epoch {epoch.number} to conclude") from None
        return ledger_items.run_record(unmet.items[0]).concluder == by
    return True


def forget_open(table: Table, epoch: Epoch) -> None:
    """Take a run out of the list of open ones: it is concluded, and the world was told."""
    write(table, "delete_item", {"Key": key_item(ledger_keys.unconcluded(epoch))})


def count_sweep(table: Table, epoch: Epoch, *, clean: bool) -> int:
    """Count a sweep that found no live job, or start again from 0; how many clean ones there were in a row.

    The count is a step of the schedule alone, which does not overlap with itself; a concluded run keeps its count.
    """
    record = run_of(table, epoch)
    sweeps = record.sweeps + 1 if clean else 0
    try:
        update(
            table,
            ledger_keys.run(epoch),
            "SET #sweeps = :sweeps",
            "#state IN (:running, :closing)",
            {":sweeps": sweeps, ":running": run_state.RUNNING, ":closing": run_state.CLOSING},
        )
    except Unmet:
        return record.sweeps
    return sweeps


def runs(table: Table, prefix: str = "", tenant: str = "") -> Iterator[RunEntry]:
    """Runs whose id starts with `prefix`, newest first, read as far as the caller goes on; with a tenant, its runs alone."""
    for item in items(table, ledger_keys.all_runs(tenant), newest_first=True):
        entry = ledger_items.listed_entry(item)
        if entry.epoch.run.startswith(prefix):
            yield entry


def read_runs(table: Table, entries: list[RunEntry]) -> list[RunRecord]:
    """The records of listed runs, in the list's order, whatever their formats."""
    found = get_many(table, [ledger_keys.run(entry.epoch) for entry in entries])
    records = [found.get(ledger_keys.run(entry.epoch)) for entry in entries]
    return [ledger_items.run_record(item) for item in records if item]


def unconcluded_runs(table: Table) -> Iterator[RunEntry]:
    """Runs not concluded (or kept open by who concluded them), with their executions."""
    return (ledger_items.unconcluded_entry(item) for item in items(table, ledger_keys.all_unconcluded()))


def _readable(item: Mapping[str, Any]) -> RunRecord:
    record = ledger_items.run_record(item)
    run_format.check(record.epoch.run, record.epoch.number, record.format)
    return record


def _concluded() -> dict[str, object]:
    values = {f":{state}": state for state in sorted(run_state.CONCLUDED)}
    return expressions(f"#state IN ({', '.join(values)})", values=values)


def _still_going(run: str, item: Mapping[str, object] | None) -> Refused:
    if not item:
        return Refused(f"run {run} has no earlier epoch to resume")
    record = ledger_items.run_record(item)
    return Refused(
        f"run {run}, epoch {record.epoch.number} is {record.state}, not concluded; "
        f"wait for its end or stop its execution {record.execution}, then resume"
    )


def _timed(record: RunRecord) -> RunRecord:
    return replace(record, started=utc(record.started), state=run_state.RUNNING)
