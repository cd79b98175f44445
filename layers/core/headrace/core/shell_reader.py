"""What a reader of shell source knows while it reads: where it is, what it is inside of, and the places it has found.

The source comes with every expression replaced by one NUL, which no script can contain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from headrace.core.errors import InvalidValue

HOLE: Final = "\0"
MAX_NESTING: Final = 40
MAX_RETRIES: Final = 16
SEEN: Final = 1_000  # how much text before an expression is looked at
BLANK: Final = " \t"
BREAKS: Final = " \t\n;&|()<>"
SUBSCRIPT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\[[^\]]*", re.DOTALL)


class Kind(StrEnum):
    """The place of an expression, named as a user would."""

    BARE = "a bare word"
    REDIRECT = "a redirection"
    WORD = "a word of `case`"
    DOUBLE = "double quotes"
    COMMENT = "a comment"
    QUOTED_HEREDOC = "a quoted here-document"
    SINGLE = "single quotes"
    ANSI_C = "`$'…'`"
    BACKTICK = "backticks"
    BRACE = "`${…}`"
    ARITHMETIC = "arithmetic"
    SUBSCRIPT = "an array's subscript"
    HEREDOC = "a here-document"
    DELIMITER = "a here-document's delimiter"
    DOLLAR = "a word behind a bare `$`"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one expression stands.

    `before` is what the word has before it (`--x=`, `"a`), `alone` means that it is a whole bare word, `command` the text
    of its command so far; `delimiter` and `strip_tabs` are the here-document's; `after` is the character that follows.
    """

    kind: Kind
    offset: int
    before: str = ""
    after: str = ""
    alone: bool = False
    joins_name: bool = False
    command: str = ""
    delimiter: str = ""
    strip_tabs: bool = False


@dataclass(slots=True)
class Heredoc:
    """A here-document whose body is still to come."""

    delimiter: str
    quoted: bool
    strip_tabs: bool


@dataclass(slots=True)
class Reader:
    """The text, the position in it, and what was found so far."""

    text: str
    commands: Callable[..., None]  # reads a list of commands; quotes and commands hold each other
    bash: bool = True
    at: int = 0
    depth: int = 0
    retries: int = 0
    floor: int = 0  # here-documents that were waiting when this substitution began
    inside: Kind | None = None  # a place that everything below it shares
    command_at: int = 0
    word: str = ""
    heredocs: list[Heredoc] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def peek(self, offset: int = 0) -> str:
        """The character here, empty at the end."""
        at = self.at + offset
        return self.text[at] if at < len(self.text) else ""

    def starts(self, prefix: str) -> bool:
        """Whether the text goes on with `prefix`."""
        return self.text.startswith(prefix, self.at)

    def close(self, mark: str) -> None:
        """Steps over the closing mark; where it is missing, shells disagree about what they still run."""
        if not self.starts(mark):
            raise InvalidValue(f"the script ends before the `{mark}` that closes what was opened", hint="close it")
        self.at += len(mark)

    def deeper(self) -> None:
        """Counts one level of nesting."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise InvalidValue(
                "the script is nested too deeply to be sure of its quotes", expected=f"at most {MAX_NESTING} levels"
            )

    def hole(self, kind: Kind, **more: object) -> None:
        """Notes the expression here, and steps over it."""
        place = Place(
            self.inside or kind,
            self.at,
            before=self.word[-SEEN:],
            after=self.peek(1),
            command=self.text[max(self.command_at, self.at - SEEN) : self.at],
        )
        self.places.append(replace(place, **more))  # type: ignore[arg-type]
        self.at += 1


def ends_in_name(word: str) -> bool:
    """Whether text put behind `word` would be read as more of a variable's name: `$ab`, or a lone `$`."""
    return bool(re.search(r"(?<!\\)(?:\\\\)*\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)?\Z", word))
