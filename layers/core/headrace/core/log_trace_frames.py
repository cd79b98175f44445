"""Traces whose frames begin with `at`: Java, Scala, Groovy, Kotlin (`Caused by:`), JavaScript, .NET.

They show themselves by their first frame; the message stands before it, and may have several lines.
https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/Throwable.html#printStackTrace()
https://nodejs.org/api/errors.html#errorstack
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from headrace.core.log_trace import LONGEST, Finder, Trace, run_of

_FRAME: Final = re.compile(
    r"^\s*at [\w$.<>/@-]{1,250}\([^()]{0,250}\)(?: ~?\[[^\]]*\])?$"  # Java, with a jar behind it
    r"|^\s+at (?:async )?\S.{0,300}(?::\d+:\d+|<anonymous>|\(native\))\)?(?: \{)?$"  # JavaScript
    r"|^\s+at .{1,300} in \S.*:line \d+$|^\s+at [\w.<>`]+\(.*\)$"  # .NET
)
_MORE: Final = re.compile(
    r"^\s*(?:\.\.\. \d+ (?:more|common frames omitted|frames? truncated)|--- End of .* ---|\[CIRCULAR)"
)
_CAUSE: Final = re.compile(r"^\s*(?:Caused by|Suppressed|Cause|Wrapped by):? |^\s*---> ")
_HEADER: Final = re.compile(
    r"^Exception in thread|^Uncaught|^Unhandled|^Caused by:|\w(?:Exception|Error|Throwable|Failure|Fault)\b(?!\()|^Error\b"
)
_BACK: Final = 6  # lines a message may have
_JS_CARET: Final = re.compile(r"^\s*\^+\s*$")
_JS_PLACE: Final = re.compile(r"^\S.*:\d+$")
_JS_PART: Final = re.compile(r"^\s+\S|^\}")
_AFTER: Final = re.compile(r"^Node\.js v\d")


def _trace(lines: Sequence[str], at: int, floor: int) -> Trace | None:
    header = _header(lines, at, floor)
    if header is None:
        return None
    keys, end = {header}, at
    cause = next((number for number in range(at - 1, header, -1) if _CAUSE.match(lines[number])), header)
    last = min(len(lines), header + LONGEST)
    while end < last:
        line = lines[end]
        if _CAUSE.match(line):
            cause = cause if line.lstrip().startswith("Suppressed") else end
            keys.add(end)
        elif not _FRAME.match(line) and not _MORE.match(line):
            if not _goes_on(lines, end, last):
                break
            keys.add(end)
        end += 1
    if lines[end - 1].endswith(" {"):  # what JavaScript shows of an error's own fields
        end = run_of(lines, end, _JS_PART)
    start = _start(lines, header, floor)
    if end < last and _AFTER.match(lines[end]):
        end += 1
    message = re.sub(r"^\s*(?:Caused by: |---> )", "", lines[cause]).strip()
    return Trace(
        "java" if _is_java(lines[at]) else "javascript", start, end, message, frozenset(keys | set(range(start, at)))
    )


def _header(lines: Sequence[str], at: int, floor: int) -> int | None:
    """The line of the exception's name, a few lines before the first frame; else the line before that frame."""
    found = None
    for number in range(at - 1, max(floor, at - _BACK) - 1, -1):
        if _CAUSE.match(lines[number]):
            found = number  # the exception it was raised from has no frames: its name stands before
        elif _HEADER.search(lines[number]):
            return number
    more = at + 1 < len(lines) and _FRAME.match(lines[at + 1])
    return found if found is not None else at - 1 if at > floor and more else None


def _goes_on(lines: Sequence[str], at: int, last: int) -> bool:
    """Whether this line, no frame, is part of a message: a cause stands just before it, frames just behind."""
    before = any(_CAUSE.match(lines[number]) for number in range(max(0, at - _BACK), at))
    return before and any(_FRAME.match(lines[number]) for number in range(at + 1, min(last, at + _BACK)))


def _start(lines: Sequence[str], header: int, floor: int) -> int:
    """JavaScript shows the place, the code and a caret before the message."""
    if header - 3 >= floor and _JS_CARET.match(lines[header - 1]) and _JS_PLACE.match(lines[header - 3]):
        return header - 3
    return header


def _is_java(frame: str) -> bool:
    return bool(re.search(r"\((?:[\w$-]+\.(?:java|scala|groovy|kt|clj)|Native Method|Unknown Source)", frame))


FINDERS: Final = (Finder(("at ",), _FRAME, _trace),)
