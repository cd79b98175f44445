"""What the ledger remembers, as values.

One class per kind of item (docs/contracts.md section 7). Times are ISO 8601 in UTC as `utc` writes them, so that text
order is time order. An empty text means "not known"; items leave it out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.core import run_format
from headrace.core.errors import InvalidValue, shown
from headrace.core.run_state import RUNNING


@dataclass(frozen=True, slots=True, order=True)
class Epoch:
    """One epoch of one run: the scope of every record, latch and waiter."""

    run: str
    number: int

    def __str__(self) -> str:
        return f"{self.run}#{self.number}"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run's epoch: where it stands, and what it came to. `closing` says why it drains; `sweeps` counts clean ones.

    `tenant` is whose it is where teams part the deployment, else empty.
    """

    epoch: Epoch
    execution: str
    started: str
    name: str = ""
    state: str = RUNNING
    closing: str = ""
    ended: str = ""
    cause: str = ""
    concluder: str = ""
    sweeps: int = 0
    tasks: Mapping[str, int] = field(default_factory=dict)
    format: int = run_format.FORMAT
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A line in a list of runs: enough to find the run's record."""

    epoch: Epoch
    started: str = ""
    execution: str = ""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """How a task ended in this epoch. `outputs` is the URI of its outputs.json, `inline` its content when small.

    `moved`: some of it was published by moving.
    """

    task: str
    status: str
    at: str
    hash: str = ""
    outputs: str = ""
    inline: Mapping[str, Any] | None = None
    failure: str = ""
    cause: str = ""
    attempts: int = 0
    job: str = ""
    moved: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One submission of a task to Batch; `at` is when it was asked for, `failure` the outcome class when it failed.

    `log` is its log stream, in `log_group` or, where that is not said, in the stack's own.
    """

    task: str
    n: int
    at: str
    job_name: str = ""
    queue: str = ""
    job: str = ""
    started: str = ""
    ended: str = ""
    exit_code: int | None = None
    failure: str = ""
    cause: str = ""
    log: str = ""
    log_group: str = ""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A task that waits at its gate: for latches to be full, and (maxForks) for its turn on one of them.

    `token` resumes it, once. `tries` counts the times AwaitInputs has been entered for it: a higher one has the fresher token.
    """

    task: str
    token: str
    tries: int = 0
    waits: Mapping[str, int] = field(default_factory=dict)
    turn: tuple[str, int] | None = None


def utc(time: str) -> str:
    """An ISO 8601 time, in UTC, to the millisecond: `2026-01-31T09:05:00.000Z`."""
    try:
        moment = dt.datetime.fromisoformat(time)
    except ValueError:
        raise InvalidValue(f"{shown(time)} is no time", expected="ISO 8601, as 2026-01-31T09:05:00Z") from None
    if moment.tzinfo is None:
        raise InvalidValue(f"{shown(time)} names no time zone", expected="a time that ends in Z or +hh:mm")
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
