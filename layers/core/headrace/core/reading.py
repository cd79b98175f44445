"""A value together with its place, so that whoever reads it can say exactly what is wrong and go on.

`At` is a cursor on a document: a value, its path, and the `Book` that collects problems. Reading never stops at the
first problem: a reader notes it, answers None (or an empty collection) and its caller carries on, so a file's problems
are reported all at once (`Book.close`). The same cursors read what has no file: directives at evaluation, params bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from headrace.core.document import Document, item_path, key_path
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest
from headrace.core.expressions import Template, parse

MAX_PROBLEMS: Final = 100
_SHOWN_ITEMS: Final = 6

Found = TypeVar("Found")


@dataclass(slots=True)
class Book:
    """Problems of one reading, and what is needed to place them."""

    document: Document | None = None
    processes: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem, *, within: int = 0) -> None:
        """Add a problem, placed in the document. The hundredth ends the reading: nobody reads on, and it costs."""
        placed = self.placed(problem, within)
        if placed not in self.problems:
            self.problems.append(placed)
        if len(self.problems) >= MAX_PROBLEMS:
            self.close()

    def placed(self, problem: Problem, within: int = 0) -> Problem:
        """The problem with file and line of its path."""
        if self.document is None:
            return problem
        return problem.at(file=self.document.file, line=self.document.line(problem.path, within))

    def close(self) -> None:
        """Raise InvalidSpec with the problems, in document order, when there are any."""
        if self.problems:
            raise InvalidSpec(sorted(self.problems, key=lambda problem: problem.line))


@dataclass(frozen=True, slots=True)
class At:
    """One value, where it stands, and the book its problems go to."""

    value: Any
    path: str
    book: Book

    def key(self, name: str) -> At:
        """The value of a key; None when the map has no such key."""
        return At(self.value.get(name) if isinstance(self.value, dict) else None, key_path(self.path, name), self.book)

    def has(self, name: str) -> bool:
        """Whether the map holds the key."""
        return isinstance(self.value, dict) and name in self.value

    def refuse(self, message: str, *, expected: str = "", hint: str = "", within: int = 0, show: bool = True) -> None:
        """Note that this value is wrong; `show=False` keeps a value that may be a secret out of the message."""
        facts: dict[str, Any] = {"value": self.value} if show and _is_short(self.value) else {}
        self.book.note(Problem(self.path, message, expected=expected, hint=hint, **facts), within=within)

    def attempt(self, convert: Callable[[Any], Found], *, show: bool = True) -> Found | None:
        """`convert(value)`; an InvalidValue becomes a problem here, an InvalidSpec's problems hang below this path."""
        try:
            return convert(self.value)
        except InvalidValue as error:
            self.refuse(error.message, expected=error.expected, hint=error.hint, show=show)
        except InvalidSpec as error:
            for problem in error.problems:
                self.book.note(problem.at(path=self.path))
        return None

    def entries(self, expected: str = "a map") -> Iterator[tuple[str, At]]:
        """Keys and values of a map; nothing, and a problem, when it is no map."""
        if not isinstance(self.value, dict):
            self.refuse(f"{kind(self.value)} stands where a map is wanted", expected=expected)
            return
        for name, value in self.value.items():
            yield name, At(value, key_path(self.path, name), self.book)

    def items(self, expected: str = "a list") -> Iterator[At]:
        """Items of a list; nothing, and a problem, when it is no list."""
        if not isinstance(self.value, list):
            self.refuse(f"{kind(self.value)} stands where a list is wanted", expected=expected)
            return
        yield from self.each()

    def each(self) -> Iterator[At]:
        """Items of a list, or the one value itself."""
        if not isinstance(self.value, list):
            yield self
            return
        for index, value in enumerate(self.value):
            yield At(value, item_path(self.path, index), self.book)

    def known(self, names: Collection[str], *, hints: dict[str, str] | None = None) -> None:
        """Note every key that is none of `names`, with the nearest one; `hints` names near relations by hand."""
        if not isinstance(self.value, dict):
            return
        for name in self.value:
            if name not in names:
                child = At(self.value[name], key_path(self.path, name), self.book)
                hint = (hints or {}).get(name) or nearest(name, names)
                child.refuse(f"unknown key '{name[:80]}'", expected="one of " + listed(names), hint=hint)

    def text(self, expected: str = "text") -> str | None:
        """Plain, non-empty text."""
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        what = "empty text" if isinstance(self.value, str) else kind(self.value)
        self.refuse(f"{what} stands where text is wanted", expected=expected, hint=_quote_hint(self.value))
        return None

    def choice(self, names: Iterable[str]) -> str | None:
        """One of a few words."""
        choices = list(names)
        if isinstance(self.value, str) and self.value in choices:
            return self.value
        hint = nearest(self.value, choices) if isinstance(self.value, str) else ""
        self.refuse("not one of the words known here", expected="one of " + listed(choices), hint=hint)
        return None

    def boolean(self) -> bool | None:
        """True or false."""
        if isinstance(self.value, bool):
            return self.value
        self.refuse("neither true nor false", expected="true or false", hint=_boolean_hint(self.value))
        return None

    def template(self, expected: str = "text, which may hold ${{ }}") -> Template | None:
        """Text as a template."""
        text = self.text(expected)
        return None if text is None else At(text, self.path, self.book).attempt(self.parsed)

    def lone(self, expected: str = "one ${{ … }} and nothing around it") -> Template | None:
        """Text that is one lone `${{ }}`."""
        if not isinstance(self.value, str):
            self.refuse(f"{kind(self.value)} stands where an expression is wanted", expected=expected)
            return None
        template = self.template(expected)
        if template is not None and not template.lone:
            self.refuse("not one lone expression", expected=expected)
            return None
        return template

    def parsed(self, text: str) -> Template:
        """`text` as a template that knows the document's processes."""
        return parse(text, processes=self.book.processes)

    def templated(self) -> Any:
        """The value with every text that holds an expression as a Template; all other values stay as they are."""
        if isinstance(self.value, str):
            if "${{" not in self.value:
                return self.value
            template = self.attempt(self.parsed)
            return template if template is None or template.literal is None else template.literal
        if isinstance(self.value, list):
            return [item.templated() for item in self.each()]
        if isinstance(self.value, dict):
            return {name: child.templated() for name, child in self.entries()}
        return self.value


def kind(value: Any) -> str:
    """What a value is, in the words of the file: `nothing`, `a number`, `a list`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", tuple: "a list", dict: "a map"}
    return names.get(type(value), "an expression" if isinstance(value, Template) else "something else")


def listed(names: Iterable[str]) -> str:
    """Names as a reader wants them: in the order given, separated by commas."""
    return ", ".join(names)


def holds_template(value: Any) -> bool:
    """Whether an expression stands anywhere in the value."""
    if isinstance(value, dict):
        return any(holds_template(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(holds_template(item) for item in value)
    return isinstance(value, Template)


def _is_short(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) <= _SHOWN_ITEMS and all(_is_plain(item) for item in value.values())
    if isinstance(value, list):
        return len(value) <= _SHOWN_ITEMS and all(_is_plain(item) for item in value)
    return _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 4096
    return isinstance(value, bool | int | float)


def _quote_hint(value: Any) -> str:
    return "Put it in quotes if it is text" if isinstance(value, bool | int | float) else ""


def _boolean_hint(value: Any) -> str:
    if isinstance(value, str) and value.lower() in ("yes", "on", "no", "off"):
        return "yes, no, on and off are text here"
    return ""
