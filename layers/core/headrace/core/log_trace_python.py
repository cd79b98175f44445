"""Python's tracebacks: plain, chained, of exception groups, of syntax errors; also behind a prefix that each line has.

https://docs.python.org/3/library/traceback.html, PEP 654 (exception groups)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from headrace.core.log_trace import LONGEST, Finder, Trace, run_of

_HEADER: Final = "Traceback (most recent call last):"
_BEGINS: Final = re.compile(r"Traceback \(most recent call last\):\s*$")
_GROUP: Final = re.compile(r"^\s*\+ Exception Group Traceback \(most recent call last\):\s*$")
_IN_GROUP: Final = re.compile(r"^\s*(?:\||\+-)")
_IN_GROUP_KEY: Final = re.compile(r"^\s*(?:\|\s*)?(?:\+-[-+\s]*\d+ -+|\| +[A-Za-z_][\w.]*(?:\[[^\]]*\])?(?::.*)?)$")
_LEAF: Final = re.compile(r"^[\s|]*([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Group)\b.*)$")
_CHAINED: Final = re.compile(r"^(?:During handling of the above exception|The above exception was the direct cause)")
_EXCEPTION: Final = re.compile(r"^[A-Za-z_][\w.]*(?:\[[^\]]*\])?(?::|$)")
_NAME: Final = re.compile(r"^[\w.\[\]-]{1,80}$")
_SYNTAX: Final = re.compile(r"^\s*File \"[^\"]*\", line \d+\s*$")
_MORE: Final = 30  # lines of a message that has several


def _plain(lines: Sequence[str], at: int, _floor: int) -> Trace:
    start, keys, message = at, set[int](), ""
    while True:
        at, message = _one(lines, at, keys)
        if at + 1 < len(lines) and _CHAINED.match(_bare(lines[at], lines[start])):
            keys.add(at)
            at += 1
            if at - start < LONGEST and (_BEGINS.search(lines[at]) or _GROUP.match(lines[at])):
                continue
        break
    return Trace("python", start, at, message, frozenset(keys))


def _one(lines: Sequence[str], at: int, keys: set[int]) -> tuple[int, str]:
    """One traceback of a chain: the line behind it, and its message."""
    header = lines[at]
    keys.add(at)
    if _GROUP.match(header):
        return _group(lines, at, keys)
    frame = last = at
    for frame in range(at + 1, min(len(lines), at + LONGEST)):
        line = _bare(lines[frame], header)
        if not line.startswith(" "):
            if _EXCEPTION.match(line):
                keys.add(frame)
                end = _message_end(lines, frame, header)
                keys.update(range(frame, end))
                return end, line.strip()
            return frame, _bare(lines[last], header).strip()
        last = frame
    return frame + 1, _bare(lines[last], header).strip()


def _group(lines: Sequence[str], at: int, keys: set[int]) -> tuple[int, str]:
    end = run_of(lines, at + 1, _IN_GROUP)
    keys.update(number for number in range(at, end) if _IN_GROUP_KEY.match(lines[number]))
    leaves = [found[1] for line in lines[at:end] if (found := _LEAF.match(line))]
    return end, leaves[-1] if leaves else lines[at].strip()


def _message_end(lines: Sequence[str], at: int, header: str) -> int:
    """Behind the message: its further lines are indented, or a name with indented lines below it."""
    last = min(len(lines), at + 1 + _MORE)
    at += 1
    while at < last:
        line = _bare(lines[at], header)
        below = _bare(lines[at + 1], header) if at + 1 < last else ""
        if not line.startswith("  ") and not (_NAME.match(line) and below.startswith("  ")):
            break
        if _SYNTAX.match(line):
            break
        at += 1
    return at


def _bare(line: str, header: str) -> str:
    """The line without what stands before `Traceback` in the header, if it has it too: an indent, a worker's name."""
    prefix = header[: header.rfind(_HEADER)] if _HEADER in header else ""
    return line[len(prefix) :] if prefix and line.startswith(prefix) else line


def _syntax(lines: Sequence[str], at: int, _floor: int) -> Trace | None:
    """`File "x.py", line 3`, the code, a caret, `SyntaxError: …`, without a traceback around it."""
    for end in range(at + 1, min(len(lines), at + 5)):
        if found := re.match(r"^\s*((?:Syntax|Indentation|Tab)Error: .*)", lines[end]):
            return Trace("python", at, end + 1, found[1], frozenset(range(at, end + 1)))
    return None


FINDERS: Final = (
    Finder(("Group Traceback",), _GROUP, _plain),
    Finder((_HEADER,), _BEGINS, _plain),
    Finder(('File "',), _SYNTAX, _syntax),
)
