"""Gates and latches: when a waiting task may go.

A *latch* stands for "all tasks of one process on one partial key". Nothing initialises it: whoever waits knows how many
members the plan gave it (`planned`), the latch holds what happened (`count`, `added`), and it is full when

    count >= planned + added

An expansion is itself a member: its one write adds the n tasks it made to `added` and itself to `count`, so the number
still missing never falls to 0 while somebody can still raise it. A *turn* (maxForks) is a plain threshold on `count`.

A latch is kept as several shards, and a reader sums a Query over them. DynamoDB answers a Query item by item, not as one
moment: a reader can see a shard from before an expansion and another from after the expansion's first task, and the sum
would look full. Counts and additions only grow, so a sum whose `added` was read *after* its `count` errs on the safe side
only: `confirmed` joins two readings so. One shard is one item, and exact at once.
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html, isolation levels.)

The order of writes and reads that loses nobody is in `headrace.aws.gates`; this module decides, that one acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headrace.core import names
from headrace.core.errors import InvalidValue, shown
from headrace.core.records import Waiter
from headrace.core.run_state import starts_tasks

MAX_LATCHES: Final = 90
MAX_SHARDS: Final = 64
MAX_ACTIONS: Final = 100
"""Actions of one TransactWriteItems."""
READY: Final = "ready"
CANCELLED: Final = "cancelled"
WAITING: Final = "waiting"
STALE: Final = "stale"

_NEEDED_LIMIT: Final = 999_999_999


@dataclass(frozen=True, slots=True)
class Reading:
    """A latch as one Query saw it. `exact`: all of it is one item, so count and added belong together."""

    count: int = 0
    added: int = 0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What one write adds to a shard of a latch; `shards` is how many the latch has."""

    latch: str
    shard: int
    shards: int
    count: int = 0
    added: int = 0


def reached(waiter: Waiter, latch: str, reading: Reading) -> bool:
    """Whether this one latch lets the waiter go."""
    if latch in waiter.waits and reading.count < waiter.waits[latch] + reading.added:
        return False
    return not (waiter.turn and waiter.turn[0] == latch) or reading.count >= waiter.turn[1]


def doubtful(waiter: Waiter, latch: str, reading: Reading) -> bool:
    """Whether a reading that lets the waiter go may be torn by an expansion, and `added` has to be read again."""
    return latch in waiter.waits and not reading.exact


def confirmed(first: Reading, second: Reading) -> Reading:
    """Two readings, the second begun after the first had ended, as one that never shows a latch full too early."""
    return Reading(count=first.count, added=second.added, exact=True)


def summed(shards: Iterable[tuple[int, int, int]]) -> Reading:
    """The reading of shard items, each `(count, added, number of shards of the latch)`."""
    items = list(shards)
    return Reading(
        count=sum(count for count, _, _ in items),
        added=sum(added for _, added, _ in items),
        exact=len(items) == 1 and items[0][2] == 1,
    )


def latches_of(waiter: Waiter) -> tuple[str, ...]:
    """The latches this waiter watches, each once, the turn's last; a turn is the likeliest to be missing."""
    turn = (waiter.turn[0],) if waiter.turn and waiter.turn[0] not in waiter.waits else ()
    return (*waiter.waits, *turn)


def needed(waiter: Waiter, latch: str) -> int:
    """The least `count` at which this latch may let the waiter go: what its place in the queue is sorted by."""
    turn = waiter.turn[1] if waiter.turn and waiter.turn[0] == latch else 0
    return max(waiter.waits.get(latch, 0), turn)


def check_waiter(waiter: Waiter) -> None:
    """InvalidValue for a waiter the ledger cannot hold."""
    latches = latches_of(waiter)
    if len(latches) > MAX_LATCHES:
        raise InvalidValue(
            f"task {shown(waiter.task)} waits for {len(latches)} latches",
            expected=f"at most {MAX_LATCHES}",
            hint="gather in two steps, or name a broader projection",
        )
    for latch, number in [*waiter.waits.items(), *([waiter.turn] if waiter.turn else [])]:
        if not 0 <= number <= _NEEDED_LIMIT:
            raise InvalidValue(
                f"latch {shown(latch)} of {shown(waiter.task)} needs {number}",
                expected=f"0 to {_NEEDED_LIMIT}",
            )


def verdict(state: str, *, goes: bool) -> str:
    """What a gate answers: a run that starts no task lets everybody go, with another word."""
    if not starts_tasks(state):
        return CANCELLED
    return READY if goes else WAITING


def checked_shard(task: str, shards: int) -> int:
    """The shard of a latch that a task counts on."""
    if not 1 <= shards <= MAX_SHARDS:
        raise InvalidValue(f"a latch of {shown(shards)} shards", expected=f"1 to {MAX_SHARDS}")
    return names.shard_of(task, shards)


def tallies(
    task: str, opens: Sequence[tuple[str, int]], adds: Mapping[str, tuple[int, int]] | None = None
) -> tuple[Tally, ...]:
    """What a task's end, or an expansion, adds: one write per latch, since a transaction may touch an item once.

    `opens` is `(latch, shards)` as in plan.json, `adds` is `latch → (n, shards)`. InvalidValue when the record and its
    latches do not fit into one transaction.
    """
    adds = adds or {}
    shards = dict(opens) | {latch: number for latch, (_, number) in adds.items()}
    if len(shards) >= MAX_ACTIONS:
        raise InvalidValue(
            f"task {shown(task)} counts on {len(shards)} latches",
            expected=f"at most {MAX_ACTIONS - 1}, since its record and they are one transaction",
            hint="let fewer processes gather over different keys of what it makes",
        )
    for latch, (n, _) in adds.items():
        if n < 0:
            raise InvalidValue(f"expansion {shown(task)} adds {n} to {shown(latch)}", expected="0 or more")
    counted = {latch for latch, _ in opens}
    return tuple(
        Tally(latch, checked_shard(task, number), number, count=int(latch in counted), added=adds.get(latch, (0, 0))[0])
        for latch, number in shards.items()
    )
