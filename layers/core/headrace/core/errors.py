"""What can be wrong, and how it is said.

    HeadraceError            everything this project raises on purpose
    ├── InvalidSpec          the user's spec, params, options or launch request; carries every problem found
    ├── InvalidValue         one value is not what it must be; whoever knows the place turns it into a Problem
    └── Refused              a well-formed request the state of the world forbids (a run that is still going, ...)

The class names travel: Step Functions reports a Python exception's class name as the error, so `InvalidSpec` is what a
user sees in the console.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

_ABSENT: Final = object()
_SHOWN = 80


class HeadraceError(Exception):
    """Everything this project raises on purpose."""


class InvalidValue(HeadraceError):  # noqa: N818 - reads as the sentence it is
    """One value is wrong: `message` says how, `expected` what it must be, `hint` what to do."""

    def __init__(self, message: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.expected, self.hint = message, expected, hint


class Refused(HeadraceError):  # noqa: N818
    """A well-formed request that the state of the world forbids."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what the user wrote: where, what was there, what is expected, what to do.

    `path` is the place in the document (`processes.align.inputs.r1`, empty for the whole); `line` counts from 1, 0 is
    unknown.
    """

    path: str
    message: str
    value: object = _ABSENT
    expected: str = ""
    hint: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """`file:line: path: message (got …; expected …). hint`."""
        place = (
            f"{self.file}:{self.line}"
            if self.file and self.line
            else self.file or (f"line {self.line}" if self.line else "")
        )
        head = ": ".join(part for part in (place, self.path, self.message) if part)
        facts = []
        if self.value is not _ABSENT:
            facts.append(f"got {shown(self.value)}")
        if self.expected:
            facts.append(f"expected {self.expected}")
        tail = f" ({'; '.join(facts)})" if facts else ""
        return f"{head}{tail}{'. ' + self.hint if self.hint else ''}"

    def at(self, *, path: str | None = None, file: str | None = None, line: int | None = None) -> Problem:
        """The same problem, placed; a place already known is kept."""
        return replace(
            self,
            path=self.path or path or "",
            file=self.file or file or "",
            line=self.line or line or 0,
        )


class InvalidSpec(HeadraceError):  # noqa: N818
    """What the user wrote cannot run; carries every problem found, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown(value: object) -> str:
    """A value as quoted in a message, cut to a bearable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` for the known name closest to `name`, empty when none is close."""
    names = sorted(known)
    match = (
        difflib.get_close_matches(name, names, n=1, cutoff=0.6) or [k for k in names if k.lower() == name.lower()][:1]
    )
    return f"did you mean '{match[0]}'?" if match else ""
