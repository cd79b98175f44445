"""What the operators of an expression do: strict about types, bounded in size, never a Python attribute.

Two rules differ from Python's. *Absent* is `none` and the empty list (spec rule 5): `a or b` takes the first that is
present, so `0` and `''` are values; a boolean is itself. And a boolean is no number: `true == 1` is false, `true + 1` an error.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.values import MAX_ITEMS, MAX_TEXT, File, Staged, Value, describe, text_of

_WHOLE: Final = 2**63


def present(value: Value) -> bool:
    """A boolean is itself; everything else is present unless it is none or an empty list."""
    if isinstance(value, bool):
        return value
    return value is not None and value != []


def add(left: Value, right: Value) -> Value:
    """Numbers, two texts, or two lists."""
    if isinstance(left, str) and isinstance(right, str):
        return concat([left, right])
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MAX_ITEMS:
            raise InvalidValue(f"a list of {len(left) + len(right):,} items", expected=f"at most {MAX_ITEMS:,}")
        return left + right
    hint = "`~` puts values together as text" if isinstance(left, str) or isinstance(right, str) else ""
    return _arithmetic("+", operator.add, left, right, hint)


def subtract(left: Value, right: Value) -> Value:
    """Numbers only."""
    return _arithmetic("-", operator.sub, left, right)


def multiply(left: Value, right: Value) -> Value:
    """Numbers only; a text or list is not repeated."""
    return _arithmetic("*", operator.mul, left, right)


def divide(left: Value, right: Value) -> Value:
    """Numbers only; the result is a fraction."""
    return _arithmetic("/", operator.truediv, left, right)


def divide_whole(left: Value, right: Value) -> Value:
    """Numbers only, rounded down."""
    return _arithmetic("//", operator.floordiv, left, right)


def remainder(left: Value, right: Value) -> Value:
    """Numbers only; `%` formats no text."""
    return _arithmetic("%", operator.mod, left, right)


def power(left: Value, right: Value) -> Value:
    """Numbers only; refused before it is computed when the result passes 64 bits or is not real."""
    _numbers("**", left, right)
    if (
        isinstance(left, int)
        and isinstance(right, int)
        and right >= 0
        and abs(left) > 1
        and right * (abs(left).bit_length() - 1) > 64
    ):
        raise _too_big("**")
    if left < 0 and not float(right).is_integer():
        raise InvalidValue(f"{shown(left)} ** {shown(right)} is no real number")
    return _arithmetic("**", operator.pow, left, right)


def negative(value: Value) -> Value:
    """The number with the other sign."""
    return subtract(0, value)


def positive(value: Value) -> Value:
    """The number itself."""
    return add(0, value)


def concat(values: list[Value]) -> str:
    """The values' text forms put together."""
    texts = [text_of(value) for value in values]
    if sum(map(len, texts)) > MAX_TEXT:
        raise InvalidValue(f"a text of {sum(map(len, texts)):,} characters", expected=f"at most {MAX_TEXT:,}")
    return "".join(texts)


def same(left: Value, right: Value) -> bool:
    """Equal, with booleans and numbers kept apart."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def contains(item: Value, container: Value) -> bool:
    """An item of a list, a part of a text, a key of a record."""
    if isinstance(container, list):
        return any(same(item, other) for other in container)
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    raise InvalidValue(
        f"`in` cannot look for {describe(item)} in {describe(container)}", expected="a list, a record, or text in text"
    )


def ordered(symbol: str, compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    """`<` and its like, for two numbers or two texts (by code point, which is bytewise in UTF-8)."""

    def test(left: Value, right: Value) -> bool:
        if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise InvalidValue(
            f"`{symbol}` cannot compare {describe(left)} with {describe(right)}", expected="two numbers or two texts"
        )

    return test


COMPARISONS: Final[Mapping[str, Callable[[Value, Value], bool]]] = {
    "eq": same,
    "ne": lambda left, right: not same(left, right),
    "lt": ordered("<", operator.lt),
    "lteq": ordered("<=", operator.le),
    "gt": ordered(">", operator.gt),
    "gteq": ordered(">=", operator.ge),
    "in": contains,
    "notin": lambda item, container: not contains(item, container),
}


def lookup(value: Value, name: Value, what: str = "") -> Value:
    """`value.name` or `value[name]`: an item of a record, a file or a list; InvalidValue with near names."""
    if isinstance(value, dict | File | Staged):
        record = value if isinstance(value, dict) else value.items()
        if isinstance(name, str):
            if name in record:
                return record[name]
            raise InvalidValue(
                f"{what or describe(value)} has no '{name[:80]}'",
                expected=_names(record),
                hint=nearest(name[:80], record),
            )
        raise InvalidValue(f"{describe(name)} is no name in {what or describe(value)}", expected="text")
    if isinstance(value, list):
        return _item(value, name, what)
    if value is None:
        raise InvalidValue(
            f"{what or 'the value'} is none and has no {shown(name)}",
            hint="test it first: `x.y if x is not none else …`",
        )
    raise InvalidValue(
        f"{what or 'the value'} is {describe(value)} and has no {shown(name)}", expected="a record, a file or a list"
    )


def is_number(value: Value) -> bool:
    """An int or a float, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: Value, symbol: str) -> Value:
    """The number; InvalidValue when it passes 64 bits or is infinite."""
    if (isinstance(value, int) and abs(value) >= _WHOLE) or (isinstance(value, float) and not math.isfinite(value)):
        raise _too_big(symbol)
    return value


def _arithmetic(
    symbol: str, compute: Callable[[Value, Value], Value], left: Value, right: Value, hint: str = ""
) -> Value:
    _numbers(symbol, left, right, hint)
    finite(left, symbol)
    finite(right, symbol)
    try:
        return finite(compute(left, right), symbol)
    except ZeroDivisionError:
        raise InvalidValue(f"`{symbol}` divides {shown(left)} by zero") from None
    except OverflowError:
        raise _too_big(symbol) from None


def _numbers(symbol: str, left: Value, right: Value, hint: str = "") -> None:
    if not (is_number(left) and is_number(right)):
        raise InvalidValue(
            f"`{symbol}` cannot take {describe(left)} and {describe(right)}", expected="two numbers", hint=hint
        )


def _item(value: list[Value], index: Value, what: str) -> Value:
    if isinstance(index, int) and not isinstance(index, bool):
        if -len(value) <= index < len(value):
            return value[index]
        raise InvalidValue(
            f"{what or 'the list'} has no item {index}", expected=f"an index below {len(value)}, counted from 0"
        )
    hint = f"`x | map(attribute='{index[:80]}')` takes it of each" if isinstance(index, str) else ""
    raise InvalidValue(
        f"{what or 'the value'} is {describe(value)} and has no {shown(index)}", expected="a whole number", hint=hint
    )


def _names(record: Mapping[str, Value]) -> str:
    names = sorted(record)
    return (
        "one of " + ", ".join(name[:40] for name in names[:12]) + (", …" if len(names) > 12 else "")
        if names
        else "nothing: it is empty"
    )


def _too_big(symbol: str) -> InvalidValue:
    return InvalidValue(f"the result of `{symbol}` is too big", expected="a number within 64 bits")
