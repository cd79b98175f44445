r"""Where the expressions of a text are: `${{ … }}`, and nothing else is special (spec rule 7).

Inside an expression, quotes and brackets are followed, so `${{ {'a': {'b': '}}'}} }}` ends where a reader thinks it
does. A backslash before `${{` makes it plain text and goes away (`\${{`); of several backslashes only an odd last one does
so, as in a shell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from headrace.core.errors import InvalidValue, shown

MAX_EXPRESSION: Final = 4_000
MAX_TEMPLATE: Final = 256 * 1024
MAX_EXPRESSIONS: Final = 2_000

_OPEN: Final = re.compile(r"(\\*)\$\{\{")
_INNER: Final = re.compile(r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|['"{}()\[\]]""", re.DOTALL)
_CLOSES: Final = {"}": "{", ")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Found:
    """One expression: its source without the braces and the blanks around it, and the line (from 1) it starts on."""

    source: str
    line: int


def split(text: str) -> list[str | Found]:
    """The text as plain pieces and expressions, in order; InvalidValue for one that does not end or is too long."""
    if len(text) > MAX_TEMPLATE:
        raise InvalidValue(
            f"a template of {len(text):,} characters", expected=f"at most {MAX_TEMPLATE:,}", hint="put it into a file"
        )
    pieces: list[str | Found] = []
    plain: list[str] = []
    at, line, count = 0, 1, 0
    while match := _OPEN.search(text, at):
        slashes = match[1]
        plain.append(text[at : match.start()])
        line += text.count("\n", at, match.start())
        if len(slashes) % 2:
            plain += [slashes[:-1], "${{"]
            at = match.end()
            continue
        plain.append(slashes)
        _flush(plain, pieces)
        count += 1
        if count > MAX_EXPRESSIONS:
            raise InvalidValue(
                f"a template of more than {MAX_EXPRESSIONS:,} expressions", hint="use a list, or a file as input"
            )
        end = _end(text, match.end(), line)
        pieces.append(Found(text[match.end() : end].strip(), line))
        line += text.count("\n", match.end(), end)
        at = end + 2
    plain.append(text[at:])
    _flush(plain, pieces)
    return pieces


def _flush(plain: list[str], pieces: list[str | Found]) -> None:
    text = "".join(plain)
    plain.clear()
    if text:
        pieces.append(text)


def _end(text: str, start: int, line: int) -> int:
    """Where the `}}` of the expression that starts at `start` stands."""
    opened: list[str] = []
    limit = start + MAX_EXPRESSION
    for match in _INNER.finditer(text, start, limit + 2):
        mark = match[0]
        if mark == "}" and not opened:
            if text.startswith("}}", match.start()):
                return match.start()
            break
        if mark in "'\"":
            break
        if mark in _CLOSES:
            if not opened or opened.pop() != _CLOSES[mark]:
                break
        elif len(mark) == 1:
            opened.append(mark)
    raise InvalidValue(
        f"line {line}: the expression that starts {shown(text[start - 3 : start + 30])} does not end",
        expected=f"`}}}}` after balanced quotes and brackets, within {MAX_EXPRESSION:,} characters",
        hint="for a plain `${{` write `\\${{`",
    )
