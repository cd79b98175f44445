"""States of a run and of a task, and the moves between them: forward only.

    running ──▶ closing ──▶ succeeded | failed | stopped | cancelled
       └─────────────────────▶ (the same four, when nothing had to drain)

*Closing* means that no further task starts: waiting gates are let go with the answer `cancelled`, and what runs is left
to end or terminated. A *concluded* run never changes again. Messages about a run come more than once and in any order, so
each write of a state is conditional on a state that may still move there (`before`).

A task has no state machine of its own: it has one record per epoch, written once, or none. Without a record it reads as
`waiting` while the run goes on and as `cancelled` once the run is concluded.
"""

from __future__ import annotations

from typing import Final

RUNNING: Final = "running"
CLOSING: Final = "closing"
CONCLUDED: Final = frozenset({"succeeded", "failed", "stopped", "cancelled"})
STATES: Final = frozenset({RUNNING, CLOSING}) | CONCLUDED

COUNTING: Final = frozenset({"succeeded", "cached", "skipped", "ignored", "expanded"})
"""Statuses that count on latches. A failed task never does: whoever waits for it is let go by the closing run."""
STATUSES: Final = COUNTING | {"failed"}

_MOVES: Final = {RUNNING: frozenset({CLOSING}) | CONCLUDED, CLOSING: CONCLUDED}


def may_move(old: str, new: str) -> bool:
    """Whether a run in state `old` may be put in state `new`; staying is no move."""
    return new in _MOVES.get(old, frozenset())


def before(new: str) -> tuple[str, ...]:
    """The states a run may be in when it is put in state `new`, in a fixed order."""
    return tuple(sorted(old for old in _MOVES if may_move(old, new)))


def starts_tasks(state: str) -> bool:
    """Whether a run in this state starts further tasks."""
    return state == RUNNING


def counts(status: str) -> bool:
    """Whether a task that ended so is a count on the latches it opens."""
    return status in COUNTING


def reads_as(status: str, state: str) -> str:
    """What a task is shown as: its record's status, or what its absence means in a run of this state."""
    if status:
        return status
    return "cancelled" if state in CONCLUDED else "waiting"
