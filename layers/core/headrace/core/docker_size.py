"""Sizes as docker writes them, as whole MiB for Batch.

`64m`, `1.5g`, `64MiB`, `512 kb`: powers of 1024 whatever the spelling; a bare number is bytes. Batch counts in MiB, so a
size is rounded down, and one below 1 MiB is an error: it would become 0.
Source: docker docs, "docker container run" (units of --shm-size and --memory).
"""

from __future__ import annotations

import re
from decimal import Decimal

from headrace.core.batch_values import LARGEST_INT
from headrace.core.errors import InvalidValue, shown

MIB = 1024 * 1024
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?(?:b|([kmgtp])(?:i?b?)?)?", re.IGNORECASE)


def docker_bytes(text: str) -> int:
    """The bytes of a docker size; InvalidValue for anything else."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise InvalidValue(f"{shown(text)} is no size", expected="a number with b, k, m, g or t, such as 64m")
    return int(Decimal(match[1]) * 1024 ** " kmgtp".index((match[2] or " ").lower()))


def bare_number(text: str) -> bool:
    """Whether a size is a number without unit, whose meaning depends on the option."""
    return text.isascii() and text.isdigit()


def whole_mib(text: str, size: int, advice: str) -> int:
    """`size` bytes in MiB, rounded down; InvalidValue under 1 MiB, with advice, and beyond the API's integers."""
    if size < MIB:
        raise InvalidValue(
            f"{shown(text)} is {size} bytes, less than 1 MiB", expected="1 MiB or more", hint=f"{advice}."
        )
    return bounded_mib(text, size // MIB)


def bounded_mib(text: str, mib: int) -> int:
    """The same number of MiB if the API can hold it."""
    if mib > LARGEST_INT:
        raise InvalidValue(f"{shown(text)} is more than the API can hold", expected=f"at most {LARGEST_INT} MiB")
    return mib


def size_note(text: str, size: int, mib: int, meaning: str) -> str:
    """What to say of a size whose meaning may surprise: a bare number, or one that was rounded."""
    if bare_number(text):
        return f"{text} is {mib} MiB ({meaning})"
    return f"{text} is {mib} MiB (rounded down)" if size % MIB else ""
