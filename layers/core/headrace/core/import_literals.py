"""What of a nextflow.config can be taken as a value without running Groovy, and what is refused by name.

Literals are. Of closures, only a constant and an amount times `task.attempt`; a string with `$` in it and any other code are
not, and the message shows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidValue
from headrace.core.groovy_tree import Amount, Arguments, Closure, Code, Filled

NOTHING: Final = object()
NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_FACTOR: Final = re.compile(rf"({NUMBER})(?: \. ([A-Za-z]+))?")
_LITERAL: Final = re.compile(r"'[^'\\]*'|\"[^\"\\$]*\"")
_ATTEMPT: Final = "task . attempt"


@dataclass(frozen=True, slots=True)
class Said:
    """A value to write, NOTHING when there is nothing to; `note` says what is different now."""

    value: Any
    note: str = ""


class OnlyGroovy(InvalidValue):
    """A value that only Groovy can know."""


Read = Callable[[Any], Said]


@dataclass(frozen=True, slots=True)
class Grown:
    """An amount times `task.attempt`."""

    number: str
    unit: str = ""


def opened(value: Any) -> Any:
    """A closure that is a constant as that, one that grows with the attempt as Grown; other values as they are."""
    if not isinstance(value, Closure):
        return value
    left, times, right = (part.strip() for part in value.text.strip(" ;").partition(" * "))
    amount = right if left == _ATTEMPT else left
    found = _FACTOR.fullmatch(amount)
    if times and found and _ATTEMPT in (left, right):
        return Grown(found[1], found[2] or "")
    if not times and found:
        return Amount(found[1], found[2]) if found[2] else _as_number(found[1])
    if not times and _LITERAL.fullmatch(left):
        return left[1:-1]
    return value


def plain(value: Any) -> Any:
    """Text, numbers, truths, lists and maps as they are. InvalidValue names the code, or what cannot be written down."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Closure | Code | Filled | Arguments | Amount | Grown) or value is None:
        raise not_plain(value)
    if isinstance(value, str) and "${{" in value:
        raise InvalidValue("`${{` would start an expression in a pipeline file", hint="Write it as `\\${{` by hand")
    return value


def _as_number(digits: str) -> int | float:
    return int(digits) if digits.isdigit() else float(digits)


def not_plain(value: Any) -> InvalidValue:
    """What is said of a value that is no plain one."""
    if isinstance(value, Closure):
        return OnlyGroovy(f"a closure, Groovy code for every task: {{ {_cut(value.text)} }}")
    if isinstance(value, Code):
        return OnlyGroovy(f"an expression that only Groovy knows: {_cut(value.text)}")
    if isinstance(value, Filled):
        params = re.fullmatch(r"[\"']+\$\{?params\.(\w+)\}?[\"']+", value.text)
        hint = f"Write ${{{{ params.{params[1]} }}}} and declare the param" if params else ""
        return OnlyGroovy(f"a string that Groovy fills in: {_cut(value.text)}", hint=hint)
    if isinstance(value, Amount):
        return InvalidValue(f"{value.number}.{value.unit} is an amount with a unit", expected="no unit here")
    if isinstance(value, Grown):
        return InvalidValue("a closure that grows with task.attempt", expected="a plain value")
    return InvalidValue("null" if value is None else "several values", expected="one value")


def _cut(code: str) -> str:
    return code if len(code) <= 80 else f"{code[:79]}…"
