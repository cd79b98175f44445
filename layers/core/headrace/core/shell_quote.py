r"""A value quoted for the place where it stands in a shell script (spec rule 7).

Everything but a plain number is put in single quotes, where no character is special; only `'` itself has to step outside
(`'\''`). In double quotes the four characters that are special there get a backslash. Source: POSIX.1-2024, Shell Command
Language 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from headrace.core.errors import InvalidValue, shown
from headrace.core.filter_values import ListFile
from headrace.core.shell_reader import Kind, Place
from headrace.core.values import File, Staged, Value, describe, text_of

NameList = Callable[[ListFile], str]

_DOUBLE_SPECIAL: Final = re.compile(r'[\\$"`]')
_NUMBER_BEHIND: Final = re.compile(r"[A-Za-z0-9_.,:=/{-]*")
_MARKS: Final = frozenset("\x01\x7f")  # bash's own marks inside words: `a=("…")` doubles them, single quotes keep them
_JOINS_NUMBER: Final = frozenset("<>&\\\0#[(")
_STARTS_PATH: Final = frozenset("\"'=:,@ \t\n")
_LIST_HINT: Final = "let it stand alone, or say how it joins: `| flag('--x=')`, `| join(',')`"


def quote(value: Value, place: Place, name_list: NameList) -> str:
    """The value as shell source for `place`; InvalidValue for a value that no word can be made of there.

    `name_list` says which path a list file gets.
    """
    if place.kind is Kind.DOUBLE:
        items = _items(value) if isinstance(value, list) else [value]
        text = " ".join(_text(item, name_list, path=_begins_path(place)) for item in items if item is not None)
        if _MARKS & set(text):
            return f'"{_single(text)}"'
        return ('""' if place.joins_name else "") + _DOUBLE_SPECIAL.sub(r"\\\g<0>", text)
    if isinstance(value, list):
        if place.kind is not Kind.BARE:
            raise InvalidValue(
                f"{describe(value)} in {place.kind}",
                expected="one value",
                hint="make one of it: `| first`, `| join(',')`",
            )
        if not place.alone:
            raise InvalidValue(f"{describe(value)} as a part of a word", expected="one value", hint=_LIST_HINT)
        return " ".join(_single(_text(item, name_list, path=True)) for item in _items(value))
    if value is None:
        return _nothing(place)
    if _plain_number(value, place):
        return text_of(value)
    return _single(_text(value, name_list, path=_begins_path(place)))


def unquoted(value: Value, name_list: NameList) -> str:
    """The value as it stands, for `| raw`; a list joined by blanks, nothing for none."""
    items = _items(value) if isinstance(value, list) else [value]
    return " ".join(_text(item, name_list, path=False) for item in items if item is not None)


def _items(value: list[Value]) -> list[Value]:
    for item in value:
        if isinstance(item, list):
            raise InvalidValue(
                "a list within a list", expected="a list of single values", hint="choose with `map`, or use `| json`"
            )
    return [item for item in value if item is not None]


def _nothing(place: Place) -> str:
    if place.kind is Kind.REDIRECT:
        raise InvalidValue("none behind a redirection", expected="the name of a file")
    return "''" if place.kind is Kind.WORD else ""


def _text(value: Value, name_list: NameList, *, path: bool) -> str:
    """The text of one word; `path` says that it is read as a path's beginning."""
    if isinstance(value, ListFile):
        return name_list(value)
    if isinstance(value, Staged):
        text = f"./{value.path}" if path and value.path.startswith("-") else value.path
    elif isinstance(value, File):
        raise InvalidValue(
            f"{describe(value)} is no input of this task",
            expected="a file listed under `inputs`",
            hint="list it there, or use its `.uri` or `.name`",
        )
    elif isinstance(value, dict):
        raise InvalidValue(
            f"{describe(value)} in a script",
            expected="a single value",
            hint="name one of its fields with a dot, or use `| json`",
        )
    else:
        text = text_of(value)
    if "\0" in text:
        raise InvalidValue(f"a NUL character in {shown(text)}", expected="text that can be an argument of a program")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"half a character in {shown(text)}", expected="text that UTF-8 can write") from None
    return text


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _plain_number(value: Value, place: Place) -> bool:
    """A number needs no quotes, unless it would name a file descriptor (`2>x`) or lengthen a name (`$a2`)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or place.kind is not Kind.BARE:
        return False
    return not place.joins_name and bool(_NUMBER_BEHIND.fullmatch(place.before)) and place.after not in _JOINS_NUMBER


def _begins_path(place: Place) -> bool:
    return not place.before or place.before[-1] in _STARTS_PATH
