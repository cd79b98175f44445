"""The gate protocol: nobody waits for ever, nobody starts early.

    await     put the waiter (in each latch's partition and in the run's)  ─▶ read the latches and the run's state
    complete  count on the latches                                         ─▶ read the waiters, let go who may
    close     mark the run closing                                         ─▶ read the run's waiters, let all go

Each side writes first and reads second, strongly consistent, so whoever writes last sees what the other wrote. Every step
may happen twice: a commit is conditional, a token works once, and a waiter's item is deleted only with the token that was
read. If a function dies between its write and its reads, its retry does the reads ("already done" releases too); if that
is lost as well, the hour is over at some point and AwaitInputs comes again with a fresh token and more `tries`.

`output` of a resumed state is `{"verdict": "ready" | "cancelled"}`. What there was no time for is returned as points
`(partition, after)`, plain JSON, for the caller to hand to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headrace.aws import ledger, ledger_runs
from headrace.aws.table import Table, Unmet, delete, items, pages, put
from headrace.core import gates, ledger_items, ledger_keys
from headrace.core.gates import Reading
from headrace.core.ledger_keys import Key, Range
from headrace.core.records import Epoch, TaskRecord, Waiter

Point = tuple[str, str]
"""Where to go on: a latch (or a partition of the closing run) and the sort key that was reached, empty for the start."""
Send = Callable[[str, dict[str, Any]], object]
"""Resumes the state behind a token; a token that nobody waits on any more is no error (`step_functions.send`)."""
RemainingMs = Callable[[], int]

_RESERVE_MS: Final = 10_000
_PAGE: Final = 100
ALL_WAITERS: Final[tuple[Point, ...]] = tuple((part, "") for part in ledger_keys.PARTITIONS)


@dataclass(frozen=True, slots=True)
class Settled:
    """The record that stands for a task, whether this call wrote it, and whom there was no time to let go."""

    record: TaskRecord
    first: bool
    left: tuple[Point, ...]


def settle(
    table: Table,
    epoch: Epoch,
    record: TaskRecord,
    opens: Sequence[tuple[str, int]],
    *,
    send: Send,
    remaining_ms: RemainingMs,
    adds: Mapping[str, tuple[int, int]] | None = None,
) -> Settled:
    """Complete a task: commit its record and counts, then (also when that was done before) let go who waited for it.

    With `adds` it is an expansion: status `expanded`, `latch → (n tasks added, shards)`; start the new scope after it.
    """
    committed = ledger.commit(table, epoch, record, opens, adds)
    latches = dict.fromkeys([latch for latch, _ in opens] + list(adds or ()))
    left = release(table, epoch, [(latch, "") for latch in latches], send=send, remaining_ms=remaining_ms)
    return Settled(committed.record, committed.first, left)


def await_inputs(table: Table, epoch: Epoch, waiter: Waiter, *, send: Send) -> str:
    """Wait at the gate, or resume at once: `ready`, `cancelled`, `waiting`, or `stale` when a later try has come already.

    `tries` must grow with every entry of the state (its RetryCount): only then does a slow earlier try lose to a later one.
    """
    gates.check_waiter(waiter)
    if not all(table.each(lambda key: _put_waiter(table, key, waiter), _places(epoch, waiter))):
        return gates.STALE
    latches = _Latches(table, epoch)
    goes = all(table.each(lambda latch: latches.reached(waiter, latch), gates.latches_of(waiter)))
    verdict = gates.verdict(ledger_runs.run_of(table, epoch).state, goes=goes)
    if verdict != gates.WAITING:
        _let_go(table, epoch, waiter, verdict, send)
    return verdict


def release(
    table: Table,
    epoch: Epoch,
    points: Iterable[Point],
    *,
    send: Send,
    remaining_ms: RemainingMs,
    reserve_ms: int = _RESERVE_MS,
) -> tuple[Point, ...]:
    """Let go whoever waits at these latches and may; what is left when the time is up. Always does a page, so it ends."""
    latches = _Latches(table, epoch)

    def within(latch: str, after: str) -> Range | None:
        count = latches.reading(latch).count
        return ledger_keys.waiters(epoch, latch, count, after) if count else None

    def look(waiter: Waiter) -> None:
        if all(latches.reached(waiter, latch) for latch in gates.latches_of(waiter)):
            _let_go(table, epoch, waiter, gates.READY, send)

    return _walk(table, points, within, look, remaining_ms=remaining_ms, reserve_ms=reserve_ms)


def close(table: Table, epoch: Epoch, why: str, *, send: Send, remaining_ms: RemainingMs) -> tuple[Point, ...]:
    """Start no further task of this run and let everybody go who waits; points for `release_all`."""
    ledger_runs.close_run(table, epoch, why)
    return release_all(table, epoch, ALL_WAITERS, send=send, remaining_ms=remaining_ms)


def release_all(
    table: Table,
    epoch: Epoch,
    points: Iterable[Point],
    *,
    send: Send,
    remaining_ms: RemainingMs,
    reserve_ms: int = _RESERVE_MS,
) -> tuple[Point, ...]:
    """Let go everybody who waits in a run that is closing or concluded; what is left when the time is up."""

    def within(part: str, after: str) -> Range:
        return ledger_keys.last_waiters(epoch, part, after)

    def look(waiter: Waiter) -> None:
        _let_go(table, epoch, waiter, gates.CANCELLED, send)

    return _walk(table, points, within, look, remaining_ms=remaining_ms, reserve_ms=reserve_ms)


def _walk(
    table: Table,
    points: Iterable[Point],
    within: Callable[[str, str], Range | None],
    look: Callable[[Waiter], None],
    *,
    remaining_ms: RemainingMs,
    reserve_ms: int,
) -> tuple[Point, ...]:
    """Look at the waiters of each point, page by page, as long as there is time."""
    todo = list(points)
    while todo:
        partition, after = todo.pop(0)
        waiters = within(partition, after)
        for page in pages(table, waiters, limit=_PAGE) if waiters else ():
            table.each(look, [ledger_items.waiter_read(item) for item in page])
            if page and remaining_ms() < reserve_ms:
                return ((partition, page[-1]["sk"]["S"]), *todo)
    return ()


def _places(epoch: Epoch, waiter: Waiter) -> list[Key]:
    """Where a waiter is kept: with each latch, and where a closing run looks."""
    watched = [
        ledger_keys.waiter(epoch, latch, gates.needed(waiter, latch), waiter.task) for latch in gates.latches_of(waiter)
    ]
    return [*watched, ledger_keys.last_waiter(epoch, waiter.task)]


def _put_waiter(table: Table, key: Key, waiter: Waiter) -> bool:
    """Put a waiter's item unless a later try has; a slow earlier try must not bury a fresh token under a dead one."""
    try:
        put(
            table,
            ledger_items.waiter_item(key, waiter),
            "attribute_not_exists(#pk) OR #tries <= :tries",
            {":tries": waiter.tries},
        )
    except Unmet:
        return False
    return True


def _let_go(table: Table, epoch: Epoch, waiter: Waiter, verdict: str, send: Send) -> None:
    """Resume a waiter, then forget it. In this order: a function that dies in between leaves an item with a used token."""
    send(waiter.token, {"verdict": verdict})
    for key in _places(epoch, waiter):
        try:
            delete(table, key, "#token = :token", {":token": waiter.token})
        except Unmet:  # gone already, or a later try's
            continue


class _Latches:
    """Latches read once each, and a second time where a first sum looks full but may be torn.

    What was seen may be kept for as long as one release takes: a latch only fills up, and whoever fills it later looks at
    its waiters later.
    """

    def __init__(self, table: Table, epoch: Epoch) -> None:
        self._table, self._epoch = table, epoch
        self._first: dict[str, Reading] = {}
        self._sure: dict[str, Reading] = {}

    def reading(self, latch: str) -> Reading:
        if latch not in self._first:
            self._first[latch] = self._read(latch)
        return self._first[latch]

    def reached(self, waiter: Waiter, latch: str) -> bool:
        first = self.reading(latch)
        if not gates.reached(waiter, latch, first):
            return False
        if not gates.doubtful(waiter, latch, first):
            return True
        if latch not in self._sure:
            self._sure[latch] = gates.confirmed(first, self._read(latch))
        return gates.reached(waiter, latch, self._sure[latch])

    def _read(self, latch: str) -> Reading:
        shards = items(self._table, ledger_keys.shards(self._epoch, latch))
        return gates.summed(ledger_items.shard_numbers(item) for item in shards)
