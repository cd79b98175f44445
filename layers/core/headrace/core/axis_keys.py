"""The key of an item: stable, readable text that names it (spec rule 1), never its position.

    a scalar                     its text                     a record        its `id`
    a file a process made        its name                     a chunk         its zero-padded number
    a file that a glob found     its path below the glob's fixed part

Keys are unique among the items of one axis below one outer key, and 1-128 characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from headrace.core.errors import InvalidValue, shown
from headrace.core.names import check_key
from headrace.core.values import File, Value, describe, text_of

CHUNK_DIGITS: Final = 4
"""Digits of a chunk's number, at least: the same for 1 and for 9,999 chunks, so that a longer list keeps its keys."""

_WILDCARD = re.compile(r"[*?\[]")


def keyed(values: Sequence[Value], key_of: Callable[[Value], str]) -> dict[str, Value]:
    """Items by key, in order; InvalidValue naming both items when two have one key."""
    items: dict[str, Value] = {}
    positions: dict[str, int] = {}
    for position, value in enumerate(values, 1):
        key = _checked(value, position, key_of)
        if key in items:
            raise InvalidValue(
                f"items {positions[key]} ({describe(items[key])}) and {position} ({describe(value)}) have the same key {shown(key)}",
                expected="a key of its own for each item",
                hint="drop one of them, or make records with an `id`",
            )
        items[key], positions[key] = value, position
    return items


def item_key(value: Value) -> str:
    """The key of an item of a list."""
    if isinstance(value, File):
        return value.name
    if isinstance(value, dict):
        if "id" not in value:
            raise InvalidValue(
                f"{describe(value)} has no `id`", expected="a record with an `id`, which becomes its key"
            )
        return _scalar_key(value["id"], "the `id` of a record")
    return _scalar_key(value, "an item")


def below(fixed: str) -> Callable[[Value], str]:
    """Keys of files that a glob found: the path below the glob's fixed part."""
    return lambda file: str(file.uri).removeprefix(fixed)


def fixed_part(pattern: str) -> str:
    """The folder of a glob that all matches share: all before the first path component with a wildcard."""
    first = _WILDCARD.search(pattern)
    return pattern[: pattern.rfind("/", 0, first.start() if first else len(pattern)) + 1]


def chunked(values: Sequence[Value], size: int) -> dict[str, Value]:
    """Pieces of `size` items, by zero-padded number from 1."""
    pieces = [list(values[start : start + size]) for start in range(0, len(values), size)]
    digits = max(CHUNK_DIGITS, len(str(len(pieces))))
    return {f"{number:0{digits}d}": piece for number, piece in enumerate(pieces, 1)}


def _checked(value: Value, position: int, key_of: Callable[[Value], str]) -> str:
    try:
        return check_key(key_of(value))
    except InvalidValue as error:
        raise InvalidValue(f"item {position}: {error.message}", expected=error.expected, hint=error.hint) from None


def _scalar_key(value: Value, what: str) -> str:
    if isinstance(value, bool | int | float | str):
        return text_of(value)
    raise InvalidValue(
        f"{what} is {describe(value)}", expected="text, a number or a boolean", hint="such an item has no key"
    )
