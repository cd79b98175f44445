"""What makes a task's work another than it was: the parts of its hash compared with an earlier one's.

Equal work has equal parts (`task_hash`); so what `headrace why` answers is which of them differ, and how. The readable forms
are cut, and those of an earlier release may be missing: then the digests still tell that a part differs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from headrace.core.attempt_record import Plan
from headrace.core.plain_text import plain
from headrace.core.task_hash import changed

MOST_LINES: Final = 40
_LINE: Final = 200
_AROUND: Final = 1
_WORK: Final = re.compile(r"\b(?P<hash>[0-9a-f]{64})/(?P<path>\S.*)")
_INPUT: Final = "input "
_WORDS: Final = {
    "script": "the script, or a value in it",
    "shell": "the shell",
    "container": "the container image",
    "containerOptions": "containerOptions",
    "env": "env",
    "secrets": "secrets",
    "outputs": "the declared outputs",
    "only": "cache: false, so its work is nobody else's",
    "version": "how this release of Headrace tells equal work",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs; `old` and `new` are readable forms, None where the part is not there or was not kept."""

    part: str
    old: str | None
    new: str | None

    @property
    def words(self) -> str:
        """The part as a reader calls it."""
        return f"input '{self.part.removeprefix(_INPUT)}'" if self.is_input else _WORDS.get(self.part, self.part)

    @property
    def is_input(self) -> bool:
        """Whether it is one of the task's inputs."""
        return self.part.startswith(_INPUT)


def changes(old: Plan, new: Plan) -> tuple[Change, ...]:
    """The parts in which two pieces of work differ; empty for equal work."""
    return tuple(Change(part, old.shown.get(part), new.shown.get(part)) for part in changed(old.parts, new.parts))


def lines(change: Change, made_by: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A change line by line, `-` as it was and `+` as it is; `made_by` names the tasks of hashes that inputs came from."""
    if change.old is None and change.new is None:
        return ("(its values were not kept)",)
    old, new = (_shown(text, made_by or {}) for text in (change.old, change.new))
    if old == new:
        return ("(the difference is beyond what is kept of it)",)
    found = [
        _cut(plain(line))
        # Two lines of names come first; a line of the texts may look like them, but never like the places (`@@`).
        for line in islice(difflib.unified_diff(old, new, lineterm="", n=_AROUND), 2, None)
        if not line.startswith("@@")
    ]
    if len(found) > MOST_LINES:
        return (*found[:MOST_LINES], f"… {len(found) - MOST_LINES} more lines")
    return tuple(found)


def makers(change: Change) -> frozenset[str]:
    """The hashes of the work that made an input as it is now and as it was not before."""
    if not change.is_input:
        return frozenset()
    old, new = (frozenset(match["hash"] for match in _WORK.finditer(text or "")) for text in (change.old, change.new))
    return new - old


def _shown(text: str | None, made_by: Mapping[str, str]) -> list[str]:
    return [_WORK.sub(lambda match: _made(match, made_by), line) for line in (text or "").splitlines()]


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def _made(match: re.Match[str], made_by: Mapping[str, str]) -> str:
    task = made_by.get(match["hash"])
    return f"{match['path']} made by {task or 'work'} ({match['hash'][:12]})"
