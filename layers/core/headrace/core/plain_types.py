"""The plain types of values: string, number, boolean, file (rules 6 and 11).

Values are never converted by guess: text that looks like a number is text. Only where there is nothing but text, on a
command line and in a CSV cell, `from_text` reads it by the declared type.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal, get_args

from headrace.core.errors import InvalidValue
from headrace.core.locations import resolve
from headrace.core.reading import kind
from headrace.core.values import File

PlainType = Literal["string", "number", "boolean", "file"]
PLAIN_TYPES: Final = get_args(PlainType)
_EXPECTED: Final[dict[PlainType, str]] = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "file": "the location of a file: an s3:// URI or a relative path",
}


def convert(wanted: PlainType, value: Any, said_in: str) -> Any:
    """`value` as a value of type `wanted`; InvalidValue when it is of another."""
    if wanted == "file" and isinstance(value, File):
        return value
    if wanted == "file" and isinstance(value, str):
        return File(uri=resolve(value, said_in))
    if wanted == "boolean" and isinstance(value, bool):
        return value
    if wanted == "number" and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    if wanted == "string" and isinstance(value, str):
        return value
    raise InvalidValue(
        f"{kind(value)} stands where a {wanted} is wanted", expected=_EXPECTED[wanted], hint=_hint(wanted, value)
    )


def from_text(wanted: PlainType, text: str) -> Any:
    """A plain value from text: a number, a boolean, or the text itself. Also what a CSV cell means."""
    if wanted == "number":
        try:
            number: int | float = int(text) if len(text) <= 19 else float(text)
        except ValueError:
            number = _float(text)
        if math.isfinite(number):
            return number
        raise InvalidValue("not a number", expected=_EXPECTED["number"])
    if wanted == "boolean":
        if text.strip().lower() in ("true", "false"):
            return text.strip().lower() == "true"
        raise InvalidValue("neither true nor false", expected=_EXPECTED["boolean"])
    return text


def _float(text: str) -> float:
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _hint(wanted: str, value: Any) -> str:
    if wanted == "string" and isinstance(value, bool | int | float):
        return "Put it in quotes"
    if wanted in ("number", "boolean") and isinstance(value, str):
        return "Text is never read as another type: leave the quotes out"
    return ""
