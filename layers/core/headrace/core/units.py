"""Amounts with units, as one normal form: MiB, GiB, seconds, cpus, counts, percentages.

K, M, G and T are powers of 1024 with or without `B` or `iB` (`8 GB`, `8G` and `8 GiB` are the same), because Batch
counts memory in MiB and a pipeline should not run out of memory over a naming dispute. A unit is required: a bare number
means bytes to one tool and megabytes to another. Every function takes the value as it stands in the spec and raises
InvalidValue with what to write instead.

Limits: https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html (memory at least 4 MiB) and
API_JobTimeout.html (at least 60 seconds).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any, Final

from headrace.core.errors import InvalidValue

_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([KMGT])(?:i?B)?", re.IGNORECASE | re.ASCII)
_SPAN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)", re.ASCII)
_SPANS: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?\s*[a-z]+(?:\s*\d{1,9}(?:\.\d{1,9})?\s*[a-z]+)*", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)
_POWER: Final = {"K": 1, "M": 2, "G": 3, "T": 4}
_SECONDS: Final = {
    name: seconds
    for names, seconds in (
        ("s sec second seconds", 1),
        ("m min minute minutes", 60),
        ("h hour hours", 3600),
        ("d day days", 86400),
    )
    for name in names.split()
}
_SIZE_EXPECTED: Final = "a size with its unit, such as '8 GB' (K, M, G or T; powers of 1024)"
_TIME_EXPECTED: Final = "a duration with its unit, such as '90m', '1h 30m' or '2d'"
FRACTIONAL_CPUS: Final = (0.25, 0.5)
MAX_TIME_S: Final = 2**31 - 1


def memory_mib(value: Any) -> int:
    """Memory in whole MiB, rounded up; at least the 4 MiB Batch asks for."""
    mib = math.ceil(_bytes(value) / 1024**2)
    if mib < 4:
        raise InvalidValue("too little memory", expected="at least 4 MB, the least AWS Batch takes")
    return mib


def disk_gib(value: Any) -> int:
    """Disk space in whole GiB, rounded up, at least 1."""
    gib = math.ceil(_bytes(value) / 1024**3)
    if gib < 1:
        raise InvalidValue("no disk space at all", expected="at least '1 GB'")
    return gib


def duration_s(value: Any) -> int:
    """A duration in whole seconds, rounded up."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise InvalidValue(
            "a duration without a unit", expected=_TIME_EXPECTED, hint=f"Write '{value}s', '{value}m' or '{value}h'"
        )
    if not isinstance(value, str) or not _SPANS.fullmatch(value.strip()):
        raise InvalidValue("not a duration", expected=_TIME_EXPECTED)
    spans = _SPAN.findall(value)
    unknown = [unit for _, unit in spans if unit not in _SECONDS]
    if unknown:
        raise InvalidValue(f"no unit of time: '{unknown[0]}'", expected=_TIME_EXPECTED)
    if len({_SECONDS[unit] for _, unit in spans}) < len(spans):
        raise InvalidValue("a unit of time stands twice", expected=_TIME_EXPECTED)
    seconds = math.ceil(sum(Fraction(number) * _SECONDS[unit] for number, unit in spans))
    if seconds > MAX_TIME_S:
        raise InvalidValue("a duration of more than 68 years", expected=_TIME_EXPECTED)
    return seconds


def time_limit_s(value: Any) -> int:
    """A job's time limit in seconds; Batch takes no less than 60."""
    seconds = duration_s(value)
    if seconds < 60:
        raise InvalidValue("a time limit under 60 seconds", expected="at least '60s', the least AWS Batch takes")
    return seconds


def cpus(value: Any) -> int | float:
    """vCPUs: whole ones, or the fractions Fargate lists."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value in FRACTIONAL_CPUS:
            return float(value)
        if 1 <= value <= 10_000 and float(value).is_integer():
            return int(value)
    raise InvalidValue(
        "not a number of cpus", expected="a whole number from 1, or 0.25 or 0.5 (Fargate only)", hint=_lone_hint(value)
    )


def count(value: Any, *, least: int = 0, most: int = 1_000_000_000) -> int:
    """A whole number between two bounds, both allowed."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        bounds = f"from {least} to {most}" if most < 1_000_000_000 else f"from {least}"
        raise InvalidValue("not a number that fits", expected=f"a whole number {bounds}", hint=_lone_hint(value))
    return value


def percent(value: Any) -> float:
    """A share such as `10%`, as the number before the sign."""
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not 0 <= float(found[1]) <= 100:
        raise InvalidValue("not a percentage", expected="a percentage such as '10%'")
    return float(found[1])


def _bytes(value: Any) -> Fraction:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise InvalidValue("a size without a unit", expected=_SIZE_EXPECTED, hint=f"Write '{value} GB' or '{value} MB'")
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        bare = isinstance(value, str) and re.fullmatch(r"[\d.]+\s*[bB]?", value.strip())
        raise InvalidValue("a size without a unit" if bare else "not a size", expected=_SIZE_EXPECTED)
    size: Fraction = Fraction(found[1]) * Fraction(1024) ** _POWER[found[2].upper()]
    if size > 1024**5:
        raise InvalidValue("a size of more than 1024 TB", expected=_SIZE_EXPECTED)
    return size


def _lone_hint(value: Any) -> str:
    if isinstance(value, str):
        return "This is text: leave the quotes out; a template gives a number only when it is one lone ${{ }}"
    return ""
