"""What the engine does for tasks, and what that costs.

Transitions and Lambda calls are counted in statemachines/README.md ("What a task costs"). Requests to DynamoDB and S3 are what
bench/overhead.py measured per task, jobs' own transfers of a few files among them. Assumed: how long a call lasts on AWS, and what it logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 0.2
"""Of a call, warm: an assumption."""
LOGGED_KB: Final = 1.0
"""Of a call: an assumption."""
GIB: Final[Mapping[str, float]] = {
    "await-inputs": 0.5,
    "prepare-task": 1.0,
    "settle-task": 1.0,
    "plan-scope": 2.0,
    "conclude-run": 1.0,
    "launch-run": 1.0,
    "watch-jobs": 1.0,
}
"""Memory of the functions, as in template.yaml."""
MEASURED: Final[Mapping[str, float]] = {
    "DynamoDB write units": 13.5,
    "DynamoDB read units": 7.5,
    "S3 writes and lists": 11.2,
    "S3 reads": 12.3,
    "SQS requests": 5.0,
}
"""Per task that runs: bench/overhead.py."""
JOB_EVENT_CALLS: Final = 0.4
"""Calls of watch_jobs per task: Batch's events come in batches (bench/overhead.py)."""
_FREE, _GATED, _AGAIN, _FOUND, _EXPANSION, _RUN = 7, 8, 6, 6, 8, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was to be done: tasks that run, how many of all wait at a gate, tries beyond the first, work found done, expansions, epochs."""

    tasks: int
    gated: int = 0
    retries: int = 0
    found: int = 0
    expansions: int = 0
    epochs: int = 1


def transitions(work: Work) -> int:
    """States entered, as Step Functions bills them."""
    waiting = min(work.gated, work.tasks + work.found)
    return (
        _FREE * work.tasks
        + (_GATED - _FREE) * waiting
        + _FOUND * work.found
        + _AGAIN * work.retries
        + _EXPANSION * work.expansions
        + _RUN * work.epochs
    )


def calls(work: Work) -> dict[str, float]:
    """Lambda calls by function."""
    done = work.tasks + work.found
    return {
        "await-inputs": work.gated + work.expansions,
        "prepare-task": done + work.retries + work.expansions,
        "settle-task": done + work.retries,
        "plan-scope": work.epochs + work.expansions,
        "conclude-run": work.epochs,
        "launch-run": work.epochs,
        "watch-jobs": JOB_EVENT_CALLS * (work.tasks + work.retries),
    }


def units(work: Work) -> dict[str, float]:
    """What AWS bills, by the names of the price table."""
    by_function = calls(work)
    count = sum(by_function.values())
    tries = work.tasks + work.retries
    return {
        "state transitions": transitions(work),
        "Lambda calls": count,
        "Lambda GB-s": sum(n * SECONDS * GIB[name] for name, n in by_function.items()),
        **{name: n * tries for name, n in MEASURED.items()},
        "bus events": 2.0 * work.epochs,
        "log GB": count * LOGGED_KB / 1e6,
    }
