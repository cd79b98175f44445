"""Lines that say the same: told by what is left when numbers, times and addresses are taken out.

A retry loop, a progress meter in words or a warning per read would push everything else out of sight. Each such kind of line
is shown once, at its last place, with how many there were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_VARIES: Final = re.compile(r"[0-9a-f]{12,}|0x[0-9a-fA-F]+|\d+(?:[.,:/TZ+-]+\d+)*")


@dataclass(frozen=True, slots=True)
class Folded:
    """Lines of one kind: the last of them, where it stands, how many there are, and whether they are all equal."""

    line: str
    at: int
    count: int
    equal: bool

    @property
    def shown(self) -> str:
        """The line, with its count when there are more: `retrying (5 times)`, `read 7 of 9 (3 like it)`."""
        if self.count == 1:
            return self.line
        return f"{self.line} ({self.count:,} {'times' if self.equal else 'like it'})"


def kind_of(line: str) -> str:
    """The line without what varies from one of its kind to the next."""
    return _VARIES.sub("#", line).strip()


def folded(lines: Sequence[str], places: Iterable[int]) -> tuple[Folded, ...]:
    """The lines at these places, each kind once, in the order of their last places."""
    kinds: dict[str, list[int]] = {}
    for at in places:
        kinds.setdefault(kind_of(lines[at]), []).append(at)
    last = sorted((found[-1], found) for found in kinds.values())
    return tuple(
        Folded(lines[at], at, len(found), equal=all(lines[other] == lines[at] for other in found)) for at, found in last
    )
