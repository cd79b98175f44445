"""Which old versions of a stack's functions, layers and state machines nobody needs any more.

A version stays when something that stays names it (an alias, the stack itself, an execution that runs, a version that stays), when
it is one of the newest, or when a run in flight may have begun with it: of each kind the last one published before that time, and
all that came after. A deploy publishes one after the other, and one that was rolled back leaves versions nobody ever called, so the
time alone would not be enough and neither would the names: they are asked both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

IN_FLIGHT: Final = "a run in flight may need it"
_ARN: Final = re.compile(
    r"arn:[a-z-]+:(?:lambda|states):[a-z0-9-]+:\d{12}:(?:function|layer|stateMachine):[A-Za-z0-9_-]+:\d+\b"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A published version: `of` what it is one, when it was published (ISO 8601 in UTC), and the ARNs of versions it names."""

    arn: str
    of: str
    number: int
    at: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A version and why it stays; empty: nobody needs it."""

    version: Version
    stays: str


def named_in(text: str) -> frozenset[str]:
    """The ARNs of versions in a text: a definition, a variable."""
    return frozenset(_ARN.findall(text))


def judge(versions: Iterable[Version], named: Mapping[str, str], *, newest: int, since: str) -> tuple[Verdict, ...]:
    """A verdict on each version, by what it is of and its number.

    `named`: ARN to why it stays. `newest`: how many of each stay anyway. `since`: when the oldest run that may still call
    something began; empty when there is none.
    """
    found = sorted(versions, key=lambda each: (each.of, each.number))
    why = {each.arn: named[each.arn] for each in found if each.arn in named}
    for _, group in groupby(found, key=lambda each: each.of):
        alike = list(group)
        for each in alike[-newest:]:
            why.setdefault(each.arn, f"one of the newest {newest}")
        for each in _from(alike, since) if since else ():
            why.setdefault(each.arn, IN_FLIGHT)
    by_arn = {each.arn: each for each in found}
    todo = list(why)
    while todo:
        staying = by_arn.get(todo.pop())
        for arn in staying.names if staying else ():
            if arn in by_arn and arn not in why and staying:
                why[arn] = f"{staying.of} {staying.number} names it"
                todo.append(arn)
    return tuple(Verdict(each, why.get(each.arn, "")) for each in found)


def _from(alike: list[Version], since: str) -> list[Version]:
    """The last version that was published before a time, and all after it."""
    before = [number for number, each in enumerate(alike) if each.at < since]
    return alike[before[-1] if before else 0 :]
