"""Filters of numbers: reading them from text, rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from headrace.core import operators
from headrace.core.errors import InvalidValue, shown
from headrace.core.values import Value, describe


def whole(value: Value) -> int:
    """The whole number a text spells, or a number without its fraction."""
    number = _number("int", value)
    return int(operators.finite(int(number), "int"))


def fraction(value: Value) -> float:
    """The number a text spells, as a fraction."""
    return float(operators.finite(float(_number("float", value)), "float"))


def rounded(value: Value, precision: int = 0, method: str = "common") -> Value:
    """The number to `precision` places, half away from zero (`ceil`, `floor` by name); whole when precision is 0."""
    if not operators.is_number(value):
        raise InvalidValue(f"round cannot take {describe(value)}", expected="a number", hint="`x | float` reads a text")
    if not isinstance(precision, int) or isinstance(precision, bool) or not 0 <= precision <= 15:
        raise InvalidValue(f"round cannot keep {shown(precision)} places", expected="a whole number from 0 to 15")
    if not isinstance(method, str) or method not in _ROUNDINGS:
        raise InvalidValue(f"round knows no method {shown(method)}", expected=", ".join(_ROUNDINGS))
    scale = 10**precision
    scaled = operators.multiply(operators.finite(value, "round"), scale)
    result = _ROUNDINGS[method](scaled)
    return int(result) if precision == 0 else result / scale


_SPELLED: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)


def _half_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


_ROUNDINGS: Final[Mapping[str, Callable[[float], float]]] = {
    "common": _half_away,
    "ceil": math.ceil,
    "floor": math.floor,
}


def _number(name: str, value: Value) -> int | float:
    if operators.is_number(value):
        number: int | float = operators.finite(value, name)
        return number
    if isinstance(value, str) and _SPELLED.fullmatch(value.strip()):
        spelled: int | float = operators.finite(float(value) if set(value) & set(".eE") else int(value), name)
        return spelled
    raise InvalidValue(f"{name} cannot read {describe(value)}", expected="a number, or text that spells one")
