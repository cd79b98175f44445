"""What a stack trace in a log is, and who finds those of a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LONGEST = 2_000
"""Lines of a trace; one that goes on and on is cut there, and the rest is lines like any other."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Lines `start` up to (not with) `end`. `message` is what it was printed for; `keys` the lines that must be shown."""

    kind: str
    start: int
    end: int
    message: str
    keys: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds the traces of one form.

    `begins` matches the line that shows a trace, which has one of the texts `hints` in it (that is looked for first, since
    it is cheap); `trace(lines, at, floor)` is the whole, which begins at `floor` or later, or `None` after all.
    """

    hints: tuple[str, ...]
    begins: re.Pattern[str]
    trace: Callable[[Sequence[str], int, int], Trace | None]


def run_of(lines: Sequence[str], at: int, belongs: re.Pattern[str]) -> int:
    """The first line from `at` on that does not match, at most `LONGEST` further."""
    last = min(len(lines), at + LONGEST)
    while at < last and belongs.search(lines[at]):
        at += 1
    return at
