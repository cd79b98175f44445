"""Values of a nextflow.config as values of directives: one small reader for each kind of setting.

A reader takes what `groovy_config` read and answers `Said`: the value to write, and a note when the meaning moved. What only
Groovy can know is refused by name with what to write instead; the one closure that is translated is a constant, or an
amount times `task.attempt`. Whether the result is legal is for the directive's own reader to judge.
Units: Nextflow reference, "MemoryUnit" and "Duration" (a bare number is bytes, or milliseconds).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidValue, shown
from headrace.core.groovy_config import Amount, Arguments, Closure, Code, Filled
from headrace.core.reading import kind

NOTHING: Final = object()
_NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_AMOUNT: Final = re.compile(rf"({_NUMBER})\.?\s*([A-Za-z]+)")
_FACTOR: Final = re.compile(rf"({_NUMBER})(?: \. ([A-Za-z]+))?")
_LITERAL: Final = re.compile(r"'[^'\\]*'|\"[^\"\\$]*\"")
_ATTEMPT: Final = "task . attempt"
_BYTES: Final = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SECONDS: Final = {
    name: unit
    for unit, names in {
        "s": "s sec second seconds",
        "m": "m min minute minutes",
        "h": "h hour hours",
        "d": "d day days",
    }.items()
    for name in names.split()
}
_MILLIS: Final = ("ms", "milli", "millis", "millisecond", "milliseconds")


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
        raise _not_plain(value)
    if isinstance(value, str) and "${{" in value:
        raise InvalidValue("`${{` would start an expression in a pipeline file", hint="Write it as `\\${{` by hand")
    return value


def as_is(value: Any) -> Said:
    """The value, nothing changed."""
    return Said(plain(value))


def text(value: Any) -> Said:
    """Text; a number or a truth as text."""
    found = plain(value)
    if isinstance(found, bool):
        return Said("true" if found else "false")
    if isinstance(found, str | int | float):
        return Said(str(found))
    raise InvalidValue(f"{kind(found)} where text is wanted", expected="text")


def texts(value: Any) -> Said:
    """A map of texts."""
    found = plain(value)
    if not isinstance(found, dict):
        raise InvalidValue(f"{kind(found)} where a map is wanted", expected="a map such as [team: 'rna']")
    return Said({key: text(item).value for key, item in found.items()})


def number(value: Any) -> Said:
    """A number, also one written as text; times `task.attempt` as an expression."""
    if isinstance(value, Grown) and not value.unit:
        return Said(f"${{{{ {value.number} * task.attempt }}}}")
    found = plain(value)
    if isinstance(found, str) and re.fullmatch(r"[0-9]{1,9}", found.strip()):
        return Said(int(found))
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InvalidValue(f"{kind(found)} where a number is wanted", expected="a number")
    return Said(found)


def limit(value: Any) -> Said:
    """A number; Nextflow's word for no limit (0 or below) is nothing at all here."""
    said = number(value)
    if isinstance(said.value, int | float) and said.value <= 0:
        return Said(NOTHING, "no limit is what holds when nothing is said")
    return said


def errors(value: Any) -> Said:
    """`maxErrors`: -1 is no limit."""
    said = number(value)
    return Said(NOTHING, "no limit is what holds when nothing is said") if said.value == -1 else said


def size(value: Any) -> Said:
    """An amount of memory or disk: `8.GB`, '8 GB', bytes."""
    if isinstance(value, Grown):
        return Said(f"${{{{ {value.number} * task.attempt }}}} {_size_unit(value.unit)}")
    if isinstance(value, Amount):
        return _size(value.number, value.unit)
    found = plain(value)
    if isinstance(found, str) and not found.strip().isdigit():
        parts = _AMOUNT.fullmatch(found.strip())
        if parts is None:
            raise InvalidValue("not a size", expected="a size such as 8.GB or '8 GB'")
        return _size(parts[1], parts[2])
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise InvalidValue(f"{kind(found)} where a size is wanted", expected="a size such as 8.GB")
    return _size(str(found).strip(), "B")


def span(value: Any) -> Said:
    """A duration: `2.h`, '1d 2h', milliseconds."""
    if isinstance(value, Grown):
        return Said(f"${{{{ {value.number} * task.attempt }}}}{_span_unit(value.unit)}")
    if isinstance(value, Amount):
        return Said(_span(value.number, value.unit))
    found = plain(value)
    if isinstance(found, str) and not found.strip().isdigit():
        parts = _AMOUNT.findall(found)
        if not parts or _AMOUNT.sub("", found).strip():
            raise InvalidValue("not a duration", expected="a duration such as 2.h or '1d 2h'")
        return Said(" ".join(_span(each, unit) for each, unit in parts))
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise InvalidValue(f"{kind(found)} where a duration is wanted", expected="a duration such as 2.h")
    return Said(_span(str(found).strip(), "ms"))


def accelerator(value: Any) -> Said:
    """A count, or `request`, `limit` and `type`."""
    value = value if not isinstance(value, Arguments) else {"request": value.values[0], **value.named}
    if not isinstance(value, dict):
        return number(value)
    found = plain(value)
    count = found.get("request", found.get("limit"))
    _only(found, ("request", "limit", "type"))
    return Said({"count": count, "type": found["type"]} if "type" in found else count)


def disk(value: Any) -> Said:
    """A size; the type of a disk has no place on Batch."""
    value = value if not isinstance(value, Arguments) else {"request": value.values[0], **value.named}
    if not isinstance(value, dict):
        return size(value)
    _only(value, ("request",))
    return size(value.get("request"))


def limits(value: Any) -> Said:
    """`resourceLimits`: a map of amounts."""
    if not isinstance(value, dict):
        raise (
            _not_plain(value)
            if isinstance(value, Closure | Code | Filled)
            else InvalidValue(
                f"{kind(value)} where limits are wanted", expected="a map such as [cpus: 16, memory: 64.GB]"
            )
        )
    readers: dict[str, Read] = {"cpus": number, "memory": size, "disk": size, "time": span}
    _only(value, tuple(readers))
    return Said({key: readers[key](opened(item)).value for key, item in value.items()})


def cache(value: Any) -> Said:
    """True, false, or a way of comparing inputs."""
    found = plain(value)
    if found in ("standard", "deep"):
        return Said(True, "inputs are compared by ETag or version, which follow the content")
    if found == "lenient":
        raise InvalidValue(
            "cache 'lenient' compares paths and sizes", hint="Write cache: true; inputs are compared by ETag"
        )
    return Said(found)


def wait(value: Any) -> Said:
    """`maxSubmitAwait` as `waitLimit`."""
    return Said({"runnable": span(value).value, "action": "terminate"}, "counted by the stack, not by a client")


def volumes(value: Any) -> Said:
    """A list, or text with commas; a slash at the end means nothing."""
    found = plain(value)
    items = found.split(",") if isinstance(found, str) else found
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidValue(
            f"{kind(found)} where volumes are wanted", expected="a list such as ['/tmp', '/host:/path:ro']"
        )
    return Said([item.strip() for item in items])


def resources(value: Any) -> Said:
    """`hints`: the one that means something on Batch is `consumableResources`."""
    found = plain(value)
    if not isinstance(found, dict):
        raise InvalidValue(f"{kind(found)} where hints are wanted", expected="[consumableResources: ['name': 1]]")
    names = [key for key in ("awsbatch/consumableResources", "consumableResources") if key in found]
    _only(found, ("consumableResources", "awsbatch/consumableResources"))
    if not names:
        return Said(NOTHING, "no hint is given")
    return Said(found[names[0]])


def transfer(key: str) -> Read:
    """A setting of `aws.client` as an entry of `transfer`."""

    def read(value: Any) -> Said:
        return Said({key: plain(value)})

    return read


def keyed(key: str) -> Read:
    """A setting of the `env` scope as one entry."""
    return lambda value: Said({key: text(value).value})


def _size(number_text: str, unit: str) -> Said:
    letter = _size_unit(unit, bytes_too=True)
    if letter != "B":
        return Said(f"{number_text} {letter}")
    whole = int(number_text) if number_text.isdigit() and len(number_text) <= 18 else 1
    for best in ("TB", "GB", "MB", "KB"):
        if whole and whole % _BYTES[best[0]] == 0:
            return Said(f"{whole // _BYTES[best[0]]} {best}", f"{number_text} bytes")
    raise InvalidValue(f"{shown(number_text)} bytes are no whole KB", expected="a size such as 8.GB")


def _size_unit(unit: str, *, bytes_too: bool = False) -> str:
    letter = unit.upper().removesuffix("B") or "B"
    if letter not in _BYTES or (letter == "B" and not bytes_too):
        raise InvalidValue(f"{shown(unit)} is no unit of size here", expected="KB, MB, GB or TB")
    return letter if letter == "B" else f"{letter}B"


def _span(number_text: str, unit: str) -> str:
    if unit in _MILLIS:
        millis = int(number_text) if number_text.isdigit() else 1
        if millis % 1000:
            raise InvalidValue(f"{number_text} milliseconds", expected="whole seconds, such as 90.s")
        return f"{millis // 1000}s"
    return f"{number_text}{_span_unit(unit)}"


def _span_unit(unit: str) -> str:
    if unit not in _SECONDS:
        raise InvalidValue(f"{shown(unit)} is no unit of time here", expected="s, m, h or d")
    return _SECONDS[unit]


def _as_number(digits: str) -> int | float:
    return int(digits) if digits.isdigit() else float(digits)


def _only(found: dict[str, Any], names: tuple[str, ...]) -> None:
    for key in found:
        if key not in names:
            raise InvalidValue(f"{shown(key)} means nothing here", expected=", ".join(names), hint="Leave it out")


def _not_plain(value: Any) -> InvalidValue:
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
