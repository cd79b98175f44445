"""One item of plan.json, read: what a Map child is given as its task (docs/contracts.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.core.records import Waiter


def waiter(item: Mapping[str, Any], token: str, tries: int) -> Waiter:
    """The waiter of a planned task; its waits are those of the plan."""
    turn = item.get("turn")
    return Waiter(item["id"], token, tries, dict(item.get("waits", {})), (turn[0], turn[1]) if turn else None)


def opens(item: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The latches a planned task counts on, with their shard numbers."""
    return [(latch, shards) for latch, shards in item["opens"]]


def is_expansion(item: Mapping[str, Any]) -> bool:
    """Whether this item expands a dynamic axis instead of running a job."""
    return "x" in item
