"""The plain types of values: string, number, boolean, file (rules 6 and 11).

Values are never converted by guess: text that looks like a number is text. Only where there is nothing but text, on a
command line and in a CSV cell, `from_text` reads it by the declared type.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, Literal, get_args

from headrace.core.errors import InvalidValue
from headrace.core.locations import resolve
from headrace.core.reading import kind
from headrace.core.values import File

PlainType = Literal["string", "number", "boolean", "file"]
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,40}")
_DECIMAL: Final = re.compile(r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,4})?")
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
        return _number(text.strip())
    if wanted == "boolean":
        if text.strip().lower() in ("true", "false"):
            return text.strip().lower() == "true"
        raise InvalidValue("neither true nor false", expected=_EXPECTED["boolean"])
    return text


def _number(text: str) -> int | float:
    whole = _WHOLE.fullmatch(text)
    if whole and -(2**63) <= (number := int(text)) < 2**63:
        return number
    if not whole and _DECIMAL.fullmatch(text) and math.isfinite(decimal := float(text)):
        return decimal
    raise InvalidValue("not a number", expected="a number such as 3, 0.5 or 1e-3, of at most 64 bits")


def _hint(wanted: str, value: Any) -> str:
    if wanted == "string" and isinstance(value, bool | int | float):
        return "Put it in quotes"
    if wanted in ("number", "boolean") and isinstance(value, str):
        return "Text is never read as another type: leave the quotes out"
    return ""
