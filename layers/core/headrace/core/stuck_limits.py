"""How long a job may wait before somebody hears of it, and before something is done: one policy.

A suspicion ripens when the job has waited long enough, and when enough sweeps in a row, over enough minutes, have found the
same: what Batch says of a queue that scales from zero is often gone five minutes later. How long depends on what is wrong:

    firm      it can never run on this queue: waiting heals nothing, so it is told, and acted on, soon
    broken    it waits for somebody to change something: told soon, acted on when its own limit has passed
    soft      it may pass by itself: told and acted on when its limit has passed
    paused    somebody switched the queue off: nobody is told, unless the process itself says how long its jobs may wait

The defaults are the deployment's; a process's `waitLimit` replaces the limits of its jobs and alone decides what is done.
Never is anything done to a job whose process does not ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

Action = Literal["alert", "next-queue", "terminate"]

FORGOTTEN_AFTER_S: Final = 900
"""A job Batch does not list any more may be on its way to be settled."""
UNSUBMITTED_AFTER_S: Final = 4 * 3600
"""SubmitJob's own retries (100 times, at most 120 s apart) end before."""
OVERDUE_S: Final = 900
"""Past its timeout: Batch ends an attempt some time after it, never this long."""
_FIRM_S, _SOFT_S = 240, 600  # what must persist: nearly one, and two, sweeps of five minutes


class Severity(StrEnum):
    """What is known of a suspicion: whether waiting can heal it, and who could."""

    FIRM = "firm"
    BROKEN = "broken"
    SOFT = "soft"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A process's own `waitLimit`; None: the deployment's. `further`: queues left on its ladder."""

    runnable_s: int | None = None
    starting_s: int | None = None
    action: Action = "alert"
    further: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The deployment's limits. `silent_s` 0: logs are not looked at. `idle_s`: without a line or CPU of its own. `again_s`: a lasting cause is told again after that."""

    runnable_s: int = 3600
    firm_s: int = 600
    starting_s: int = 1800
    silent_s: int = 3600
    idle_s: int = 4 * 3600
    again_s: int = 24 * 3600
    busy_s: int = 660  # a queue that started a job in its last two sweeps works


@dataclass(frozen=True, slots=True)
class Patience:
    """When a suspicion ripens: after `wait_s` in the state, found `times` in a row over at least `persist_s`."""

    wait_s: int
    times: int
    persist_s: int


def before_alert(policy: Policy, limits: Limits, state: str, severity: Severity) -> Patience | None:
    """The patience before somebody is told; None: nobody is."""
    wait_s = _limit(policy, limits, state)
    match severity:
        case Severity.FIRM | Severity.BROKEN:
            return Patience(min(policy.firm_s, wait_s), 2, _FIRM_S)
        case Severity.PAUSED if limits.runnable_s is None:
            return None
    return Patience(wait_s, 2 if state in ("STARTING", "RUNNING") else 3, min(_SOFT_S, wait_s))


def before_action(policy: Policy, limits: Limits, state: str, severity: Severity) -> Patience | None:
    """The patience before a job is ended or moved; None: it is not, whatever happens."""
    if limits.action == "alert" or state == "RUNNING" or (limits.action == "next-queue" and not limits.further):
        return None
    patience = before_alert(policy, limits, state, severity)
    return replace(patience, wait_s=_limit(policy, limits, state)) if patience and severity != "firm" else patience


def _limit(policy: Policy, limits: Limits, state: str) -> int:
    """The limit of a state, in seconds. RUNNING has its own measures: there the suspicion itself says how long is too long."""
    if state == "RUNNING":
        return 0
    own, usual = (
        (limits.starting_s, policy.starting_s) if state == "STARTING" else (limits.runnable_s, policy.runnable_s)
    )
    return usual if own is None else own
