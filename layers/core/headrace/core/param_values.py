"""One param's value: checked against its declared type, or made from a command line's text (rule 11).

Values are never converted by guess: text that looks like a number is text. Only `from_text`, for `--param name=value`,
reads text by the declared type, because a command line has nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import plain_types
from headrace.core.errors import InvalidValue
from headrace.core.plain_types import PlainType, convert
from headrace.core.reading import At, kind
from headrace.core.secret_reference import secret_reference
from headrace.core.tables import read_table
from headrace.core.values import FILE_KEY, user_value

if TYPE_CHECKING:
    from headrace.core.params import Param


def check(param: Param, at: At, fetched: Mapping[str, str], said_in: str) -> Any:
    """The value at the cursor as a value of the param's type; problems go to its book."""
    if param.secret:
        return at.attempt(secret_reference, show=False)
    if param.type == "table":
        return read_table(param.table, at, fetched, said_in)
    if param.type == "list":
        value: Any = [checked_item(param.of, item, said_in) for item in at.items(f"a list of {param.of}s")]
        for item in at.each() if param.enum and isinstance(at.value, list) else ():
            _check_enum(param, item)
        return value
    if param.type == "map":
        return _map(at)
    value = checked_item(param.type, at, said_in)
    if param.enum:
        _check_enum(param, at)
    return value


def checked_item(wanted: PlainType, at: At, said_in: str) -> Any:
    """One plain value of a type; a file's location becomes a File."""
    return at.attempt(lambda value: convert(wanted, value, said_in))


def from_text(param: Param, text: str) -> Any:
    """What a command line's text means for a param: by its declared type. InvalidValue when it means nothing.

    A list is JSON or texts joined by commas, a map and a table's rows are JSON, a table is its location.
    """
    if param.secret or param.type in ("string", "file"):
        return text
    if param.type == "list":
        if text.lstrip().startswith("["):
            return _json(text, list, "a list")
        return [plain_types.from_text(param.of, part.strip()) for part in text.split(",")] if text.strip() else []
    if param.type == "map":
        return _json(text, dict, "a map")
    if param.type == "table":
        return _json(text, list, "a list of rows") if text.lstrip().startswith("[") else text
    return plain_types.from_text(param.type, text)


def _check_enum(param: Param, at: At) -> None:
    if not any(
        at.value == allowed and isinstance(at.value, bool) == isinstance(allowed, bool) for allowed in param.enum
    ):
        from_list = [str(allowed) for allowed in param.enum]
        at.refuse("not one of the values allowed", expected="one of " + ", ".join(from_list))


def _map(at: At) -> Any:
    if isinstance(at.value, dict) and FILE_KEY in at.value:
        at.refuse(f"the key '{FILE_KEY}' is Headrace's own", expected="another key")
        return None
    if not isinstance(at.value, dict):
        return list(at.entries("a map")) and None
    return at.attempt(lambda value: dict(user_value(value)))


def _json(text: str, wanted: type, what: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidValue(f"not JSON, which {what} is written in", expected=f"{what} as JSON") from None
    if not isinstance(value, wanted):
        raise InvalidValue(f"{kind(value)} stands where {what} is wanted", expected=f"{what} as JSON")
    return user_value(value)
