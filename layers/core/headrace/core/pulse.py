"""What the end of a log says of a job's life: when it last wrote, and when it last showed that it works.

Each job writes a line a minute with the CPU time its container has used (`bootstrap_marks`). A line of the task's own is work; so is
CPU that was used between two of those lines, beyond what waiting itself takes. Where the CPU is not told, being alive counts as
work: nothing is concluded from what is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headrace.core.bootstrap_marks import cpu_used_s, is_heartbeat

_IDLE_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Pulse:
    """Times in milliseconds since 1970; None where the lines say nothing."""

    line_ms: int | None = None
    worked_ms: int | None = None


def pulse(lines: Iterable[tuple[int, str]]) -> Pulse:
    """The pulse of a log's last lines: `(time in ms, text)`, oldest first."""
    last, worked = None, None
    before: tuple[int, int] | None = None
    for at_ms, text in lines:
        last = at_ms
        used = cpu_used_s(text) if is_heartbeat(text) else None
        if used is None or (before and (used - before[1]) * 1000 > _IDLE_SHARE * (at_ms - before[0])):
            worked = at_ms
        before = (at_ms, used) if used is not None else before
    return Pulse(last, worked)
