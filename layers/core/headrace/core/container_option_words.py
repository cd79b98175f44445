r"""Option text split into words the way a POSIX shell would.

Blanks, tabs and newlines separate words; single quotes keep everything, double quotes let a backslash escape
`" \ $` and the backquote and a newline; quotes may stand inside a word (`A="x y"` is one word); a backslash before a
newline joins lines. No shell ever reads the text, so nothing is expanded: a command substitution is a problem, and a
`$NAME` is kept as it stands and marked, so that the reader can be told.
Source: POSIX.1 Shell Command Language, 2.2 Quoting and 2.3 Token Recognition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from headrace.core.errors import InvalidValue, Problem, shown

_SUBSTITUTION = r"\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\$\(|`"
_PIECE = re.compile(
    rf"""(?P<blank>[ \t\r\n]+)
      | '(?P<single>[^']*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | \\(?P<escaped>.)
      | (?P<substitution>{_SUBSTITUTION})
      | (?P<plain>(?:[^ \t\r\n'"\\`$]|\$(?!\())+)
      | (?P<open>.+)""",
    re.VERBOSE | re.DOTALL,
)
_DOUBLE_ESCAPE = re.compile(r'\\([\\"$`\n])')
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_IN_DOUBLE = re.compile(_SUBSTITUTION)
_VARIABLE = re.compile(r"\$(?:\{\w+\}|[A-Za-z_]\w*)")


@dataclass(slots=True)
class Word:
    """One word: its text, where it starts (characters counted from 1), the `$NAME`s in it, and whether it is unusable."""

    position: int
    text: str = ""
    variables: list[str] = field(default_factory=list)
    broken: bool = False


def split_words(text: str) -> tuple[list[Word], list[Problem]]:
    """The words of an option text, and what is wrong with it; a word with a flaw in it is `broken`."""
    words: list[Word] = []
    problems: list[Problem] = []
    word: Word | None = None
    for kind, value, at in _pieces(text):
        if kind == "blank":
            word = None
            continue
        if word is None:
            word = Word(at + 1)
            words.append(word)
        if flaw := _flaw(kind, value, at):
            problems.append(flaw)
            word.broken = True
        word.text += _unescaped(kind, value)
        if kind in ("plain", "double"):
            word.variables += _VARIABLE.findall(_ESCAPED.sub("  ", value))
    return words, problems


def check_text(text: str) -> str:
    """The same text, unless it holds what no request can carry (a NUL or half a surrogate pair)."""
    for at, char in enumerate(text, 1):
        if char == "\0" or "\ud800" <= char <= "\udfff":
            raise InvalidValue(f"character {at} is {shown(char)}, which no request to AWS can carry", hint="Remove it.")
    return text


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _PIECE.finditer(text):
        kind = str(match.lastgroup)
        yield kind, match[kind], match.start()


def _unescaped(kind: str, value: str) -> str:
    if kind == "double":
        return _DOUBLE_ESCAPE.sub(lambda match: "" if match[1] == "\n" else match[1], value)
    return "" if (kind, value) == ("escaped", "\n") else value


def _flaw(kind: str, value: str, at: int) -> Problem | None:
    if kind == "open":
        what = "quote is never closed" if value[0] in "'\"" else "backslash has nothing to escape"
        return Problem("", f"character {at + 1}: the {value[0]} {what}", hint="Close it, or put a backslash before it.")
    match = None
    if kind == "double":
        match = _IN_DOUBLE.search(_ESCAPED.sub("  ", value))
    elif kind == "substitution":
        match = _IN_DOUBLE.match(value)
    if not match:
        return None
    return Problem(
        "",
        f"character {at + 1}: {shown(match[0])} asks a shell to run a command, and no shell reads this",
        expected="the value itself",
        hint="For the characters as they are, use single quotes.",
    )
