"""Readers that the values of directives are made of: one value, a word, a list, a map, a map with known keys.

A reader takes a cursor and answers the normalised value, or None with problems in the book. A Template is a value not known
yet: readers let it through at check time and meet its value at evaluation, so both times judge alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import units
from headrace.core.errors import InvalidValue
from headrace.core.expressions import Template
from headrace.core.reading import At, holds_template, kind

Reader = Callable[[At], Any]


def leaf(convert: Callable[[Any], Any], *, show: bool = True) -> Reader:
    """A reader of one value; a Template passes. `show=False` keeps the value out of messages."""
    return lambda at: at.value if isinstance(at.value, Template) else at.attempt(convert, show=show)


def matching(pattern: re.Pattern[str], expected: str, *, show: bool = True) -> Reader:
    """A reader of text of one form."""

    def convert(value: Any) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise InvalidValue(
            f"{kind(value)} of another form" if isinstance(value, str) else kind(value), expected=expected
        )

    return leaf(convert, show=show)


def choice(*names: str) -> Reader:
    """A reader of one of a few words."""
    return lambda at: at.value if isinstance(at.value, Template) else at.choice(names)


def several(read: Reader, *, least: int = 0, most: int = 64) -> Reader:
    """A reader of one value or a list of them, to a tuple; an empty list takes back what a weaker layer said."""

    def read_all(at: At) -> Any:
        if isinstance(at.value, Template):
            return at.value
        if isinstance(at.value, list) and not least <= len(at.value) <= most:
            at.refuse("a list of the wrong length", expected=f"{least} to {most} values")
            return None
        values = [read(item) for item in at.each()]
        return None if None in values else tuple(values)

    return read_all


def mapping(read: Reader, name: re.Pattern[str], naming: str, *, most: int, show: bool = True) -> Reader:
    """A reader of a map with keys of one form."""

    def read_map(at: At) -> Any:
        if isinstance(at.value, Template):
            return at.value
        if not isinstance(at.value, dict):
            at.refuse(f"{kind(at.value)} stands where a map is wanted", expected="a map", show=show)
            return None
        values: dict[str, Any] = {}
        for key, child in at.entries():
            if not name.fullmatch(key):
                child.refuse(f"'{key[:80]}' is no name here", expected=naming, show=show)
            values[key] = read(child)
        if len(values) > most:
            at.refuse("too many entries", expected=f"at most {most}")
        return None if None in values.values() else values

    return read_map


def whole(least: int, most: int = 1_000_000) -> Reader:
    """A reader of a whole number between bounds."""
    return leaf(lambda value: units.count(value, least=least, most=most))


def boolean(at: At) -> Any:
    """True or false."""
    return at.value if isinstance(at.value, Template) else at.boolean()


def fields(at: At, readers: Mapping[str, Reader]) -> dict[str, Any] | None:
    """The values of a map with known keys; None when one is wrong or still a Template."""
    at.known(tuple(readers))
    values = {name: read(at.key(name)) for name, read in readers.items() if at.has(name)}
    return None if any(value is None or holds_template(value) for value in values.values()) else values
