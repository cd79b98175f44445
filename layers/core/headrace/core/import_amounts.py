"""Sizes and durations of a nextflow.config in the units of a pipeline file.

`8.GB`, '8 GB' and '8.GB' are the same; a bare number is bytes, or milliseconds.
Source: Nextflow reference, "MemoryUnit" and "Duration".
"""

from __future__ import annotations

import re
from typing import Any, Final

from headrace.core.errors import InvalidValue, shown
from headrace.core.groovy_tree import Amount
from headrace.core.import_literals import NUMBER, Grown, Said, plain
from headrace.core.reading import kind

_AMOUNT: Final = re.compile(rf"({NUMBER})\.?\s*([A-Za-z]+)")
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
