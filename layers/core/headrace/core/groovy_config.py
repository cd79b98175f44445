"""A nextflow.config as settings: each with its whole path, its value, and its line.

The subset of Groovy that configs are written in: nested scopes and dotted keys (the same thing, so both become one path),
`name = value` and `name value`, selectors (`withName: 'x' { … }`), literals, lists and maps. Nothing is run: a value that is
more than a literal comes as Code, Closure or Filled with its text, a statement that is no setting as Statement. Every word
of the file ends in exactly one of them.
Source: Nextflow reference, "Configuration file"; Groovy language documentation, "Syntax".
"""

from __future__ import annotations

import math
from typing import Any, Final

from headrace.core.errors import InvalidSpec, Problem
from headrace.core.groovy_tree import SELECTORS, Amount, Arguments, Closure, Code, Filled, Setting, Statement
from headrace.core.groovy_words import Word, words

MAX_SETTINGS: Final = 10_000
_TAKES_NEXT: Final = frozenset({"if", "else", "for", "while", "do"})
_KEYWORDS: Final = _TAKES_NEXT | frozenset(
    {"def", "switch", "try", "catch", "finally", "return", "throw", "import", "package", "class", "enum", "interface"}
    | {"trait", "assert", "new", "static", "final", "void"}
)
_LITERALS: Final = {"true": True, "false": False, "null": None}
_LEADS_ON: Final = frozenset({"?", "?:", ":", ".", "?.", "&&", "||"})
_GOES_ON: Final = _LEADS_ON | {"+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", ",", "=", "+=", "->", "=~"}
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")


def read_config(text: str, file: str) -> tuple[Setting | Statement, ...]:
    """Everything a config says, in its order. InvalidSpec when it cannot be read: strings, brackets, sizes."""
    reader = _Reader(words(text, file), file)
    reader.block(())
    return tuple(reader.found)


class _NotPlainError(Exception):
    """A list or map that is more than literals side by side."""


class _Reader:
    """A cursor on the words. Brackets are known to match and to nest no deeper than the words' bound."""

    def __init__(self, found: list[Word], file: str) -> None:
        last = found[-1].line if found else 1
        self.words = [*found, Word("line end", "", last)]
        self.file = file
        self.at = 0
        self.found: list[Setting | Statement] = []

    def block(self, path: tuple[str, ...]) -> None:
        """Statements up to the `}` of the block, or the end."""
        while True:
            while self.here.kind == "line end" or self.is_mark(";"):
                if self.at == len(self.words) - 1:
                    return
                self.at += 1
            if self.is_mark("}"):
                self.at += 1
                return
            self.statement(path)
            if len(self.found) > MAX_SETTINGS:
                most = f"at most {MAX_SETTINGS:,}"
                problem = Problem("", "too many settings", expected=most, file=self.file, line=self.here.line)
                raise InvalidSpec([problem])

    def statement(self, scope: tuple[str, ...]) -> None:
        """A scope, a setting, or code."""
        start, first = self.at, self.here
        names = () if first.kind == "name" and first.text in _KEYWORDS else self.names()
        if names and self.is_mark(":") and names[-1] in SELECTORS and self.selector(names[-1]):
            names = (*names[:-1], f"{names[-1]}:{self.words[self.at - 1].value or self.words[self.at - 1].text}")
        if names and self.is_mark("{"):
            self.at += 1
            self.block((*scope, *names))
            return
        if names and not self.ended():
            value = self.assigned() if self.is_mark("=") else self.arguments()
            if self.ended():
                self.found.append(Setting((*scope, *names), value, first.line))
                return
        self.at = start
        self.code(scope)

    def names(self) -> tuple[str, ...]:
        """A dotted path, its parts names or strings; empty when none stands here."""
        found: list[str] = []
        while self.here.kind in ("name", "string"):
            found.append(_selector_name(self.here.value) if self.here.kind == "string" else self.here.text)
            self.at += 1
            if not self.is_mark("."):
                return tuple(found)
            self.at += 1
        return ()

    def selector(self, name: str) -> bool:
        """Step over `: pattern` when a block follows it."""
        pattern, opening = self.words[self.at + 1 : self.at + 2], self.words[self.at + 2 : self.at + 3]
        if not (name and pattern and opening) or pattern[0].kind not in ("name", "string") or opening[0].text != "{":
            return False
        self.at += 2
        return True

    def assigned(self) -> Any:
        """What stands after `=`."""
        self.at += 1
        self.skip_line_ends()
        return self.value()

    def arguments(self) -> Any:
        """What stands after a name: one value, or several and named ones, in brackets or not."""
        if self.is_mark("("):
            start = self.at
            self.at += 1
            self.skip_line_ends()
            given = self.several()
            self.skip_line_ends()
            if self.is_mark(")"):
                self.at += 1
                if self.ended():
                    return given
            self.at = start
            return Code(self.rest())
        return self.several()

    def several(self) -> Any:
        """Values and `name: value`, separated by commas."""
        values: list[Any] = []
        named: dict[str, Any] = {}
        while True:
            key = self.key()
            if key is None:
                values.append(self.value())
            elif key in named:
                values.append(Code(f"{key} : {self.value()}"))  # given twice, so not one value
            else:
                named[key] = self.value()
            if not self.is_mark(","):
                break
            self.at += 1
            self.skip_line_ends()
        if len(values) == 1 and not named:
            return values[0]
        return Arguments(tuple(values), named) if values else named

    def key(self) -> str | None:
        """Step over `name:`; None when none stands here."""
        following = self.words[self.at + 1 : self.at + 2]
        if self.here.kind not in ("name", "string") or not following or following[0].text != ":":
            return None
        key = self.here.value if self.here.kind == "string" else self.here.text
        self.at += 2
        self.skip_line_ends()
        return key

    def value(self) -> Any:
        """A literal when one stands here alone, else the code up to where a value ends."""
        start = self.at
        try:
            value = self.literal()
            joined = self.here.kind == "line end" and self.goes_on("")
            if not joined and (self.ended() or self.is_mark(",", "]", ")")):
                return value
        except _NotPlainError:
            pass
        self.at = start
        return Code(self.rest())

    def literal(self) -> Any:
        """A string, number, amount, truth, list, map or closure. _NotPlainError for everything else."""
        word = self.here
        negative = self.is_mark("-")
        if negative:
            self.at += 1
        if self.here.kind == "number":
            return self.number("-" if negative else "")
        self.at += 1
        if negative:
            raise _NotPlainError
        if word.kind in ("string", "filled"):
            return word.value if word.kind == "string" else Filled(word.text)
        if word.kind == "name" and word.text in _LITERALS:
            return _LITERALS[word.text]
        if word.text == "[" and word.kind == "mark":
            return self.collection()
        if word.text == "{" and word.kind == "mark":
            self.at -= 1
            return Closure(self.balanced()[2:-2])
        raise _NotPlainError

    def number(self, sign: str) -> Any:
        """A number, or an amount when a dot and a unit follow."""
        text = self.here.text.replace("_", "").rstrip("lLiIgGdDfF")
        self.at += 1
        if self.is_mark(".") and self.words[self.at + 1].kind == "name":
            self.at += 2
            return Amount(sign + text, self.words[self.at - 1].text)
        if len(text) > 18 or text[:2].lower() == "0x" or (len(text) > 1 and text.isdigit() and text[0] == "0"):
            raise _NotPlainError  # Groovy reads a leading zero as octal
        number = int(sign + text) if text.isdigit() else float(sign + text)
        if math.isinf(number):
            raise _NotPlainError
        return number

    def collection(self) -> list[Any] | dict[str, Any]:
        """What stands between `[` and `]`."""
        items: list[Any] = []
        entries: dict[str, Any] = {}
        self.skip_line_ends()
        if self.is_mark(":") and self.words[self.at + 1].text == "]":
            self.at += 2
            return entries
        while not self.is_mark("]"):
            key = self.key()
            if key in entries or (bool(items) if key is not None else bool(entries)):
                raise _NotPlainError
            if key is None:
                items.append(self.value())
            else:
                entries[key] = self.value()
            self.skip_line_ends()
            if self.is_mark(","):
                self.at += 1
                self.skip_line_ends()
            elif not self.is_mark("]"):
                raise _NotPlainError
        self.at += 1
        return entries or items

    def rest(self) -> str:
        """The words up to where a value ends; a line that cannot end there goes on."""
        taken: list[str] = []
        while not self.is_mark(",", "]", ")", ";", "}"):
            if self.here.kind == "line end":
                if not taken or not self.goes_on(taken[-1]):
                    break
                self.skip_line_ends()
            else:
                taken.append(self.balanced())
        return " ".join(taken)

    def goes_on(self, last: str) -> bool:
        """Whether what ended with `last` at this line end goes on behind it."""
        start = self.at
        self.skip_line_ends()
        after, self.at = self.here, start
        return after.kind != "line end" and (last in _GOES_ON or (after.kind == "mark" and after.text in _LEADS_ON))

    def code(self, scope: tuple[str, ...]) -> None:
        """Take a whole statement as code; `if (…)` and the like take the statement behind them with them."""
        start = self.at
        taken: list[str] = []
        while self.here.kind == "name" and self.here.text in _TAKES_NEXT:
            taken.append(self.balanced())
            if self.is_mark("("):
                taken.append(self.balanced())
            self.skip_line_ends()
        while not self.ended() or (taken and self.here.kind == "line end" and self.goes_on(taken[-1])):
            if self.here.kind == "line end":
                self.skip_line_ends()
            else:
                taken.append(self.balanced())
        last = self.words[max(self.at - 1, start)].line
        self.found.append(Statement(scope, " ".join(taken), self.words[start].line, last))

    def balanced(self) -> str:
        """Take one word, or a bracket with everything in it."""
        depth, taken = 0, []
        while True:
            word = self.here
            opens = word.kind == "mark" and word.text in _OPEN
            closes = word.kind == "mark" and word.text in _CLOSE
            depth += opens - closes
            taken.append(";" if word.kind == "line end" else word.text)
            self.at += 1
            if depth <= 0:
                return " ".join(taken)

    def skip_line_ends(self) -> None:
        """Step over line ends."""
        while self.here.kind == "line end" and self.at < len(self.words) - 1:
            self.at += 1

    def ended(self) -> bool:
        """Whether a statement ends here."""
        return self.here.kind == "line end" or self.is_mark(";", "}")

    def is_mark(self, *texts: str) -> bool:
        """Whether one of these marks stands here."""
        return self.here.kind == "mark" and self.here.text in texts

    @property
    def here(self) -> Word:
        """The word at the cursor."""
        return self.words[self.at]


def _selector_name(text: str) -> str:
    """`withName: x`, quoted as a whole, without the blanks."""
    name, colon, pattern = text.partition(":")
    return f"{name.strip()}:{pattern.strip()}" if colon and name.strip() in SELECTORS else text
