"""Which job definitions of a stack nobody needs any more.

A revision is unused when no live job names it and it was neither registered nor used within so many days. When it was
registered says its tag, when it was last used the ledger, to the day. Of what has no date nothing is known, so it stays; so do
definitions of other stacks, which only their own ledgers know. Deregistering one too many costs a run nothing: PrepareTask
registers it anew (`headrace.aws.definitions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

PREFIX: Final = "hr-"
STACK_TAG: Final = "headrace:stack"
CREATED_TAG: Final = "headrace:created"


@dataclass(frozen=True, slots=True)
class Registered:
    """An ACTIVE revision: its stack, the day it was registered and the day it was last used (empty: not known)."""

    name: str
    arn: str
    stack: str = ""
    created: str = ""
    used: str = ""

    @property
    def last(self) -> str:
        """The last day anything is known of it."""
        return max(self.created, self.used)


def registered(described: Mapping[str, Any]) -> Registered | None:
    """One entry of DescribeJobDefinitions; None when it is not one of ours."""
    name, tags = str(described["jobDefinitionName"]), described.get("tags") or {}
    if not name.startswith(PREFIX) or not tags.get(STACK_TAG):
        return None
    return Registered(name, str(described["jobDefinitionArn"]), tags[STACK_TAG], _day(tags.get(CREATED_TAG, "")))


def unused(
    found: Iterable[Registered], live: Collection[str], *, stack: str, today: date, days: int
) -> list[Registered]:
    """The stack's revisions that no live job names (by ARN or `name:revision`) and that have rested for `days` days or more."""
    return sorted(
        (
            each
            for each in found
            if each.stack == stack
            and each.last
            and (today - date.fromisoformat(each.last)).days >= days
            and not {each.arn, each.arn.rsplit("/", 1)[-1]} & set(live)
        ),
        key=lambda each: (each.last, each.arn),
    )


def new_tags(stack: str, now: str) -> dict[str, str]:
    """The tags a definition gets when it is registered; no part of its content, so equal content keeps its name."""
    return {STACK_TAG: stack, CREATED_TAG: _day(now)}


def _day(text: str) -> str:
    """The day of an ISO time, empty when it is none."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""
