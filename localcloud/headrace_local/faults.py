"""Misbehaving on request: what tests ask the local cloud to do wrong, and how often.

A plan is one JSON object, set through the control endpoint and used up as it strikes. `KINDS` has every field with its
default; a field that is not there, or a value that means nothing, is refused by name.

    {"kind": "lambda",    "function": "settle_task", "call": 3, "when": "before", "fault": "timeout"}
    {"kind": "batch",     "job": "hr-*", "fault": "spot", "afterSeconds": 0.2}  or  "call": 2, "operation": "s3:PutObject"
    {"kind": "api",       "operation": "s3:*", "caller": "batch:*", "fault": "throttle", "times": 3}
    {"kind": "event",     "detailType": "Batch Job State Change", "fault": "reorder"}
    {"kind": "execution", "machine": "*run-pipeline", "transition": 40}

`function`, `job`, `operation` (`service:Operation`, any case), `caller`, `detailType` and `machine` are names or patterns. Who
calls is `lambda:<function>`, `batch:<job id>`, `cloud` (the state machines, the event bus) or `other` (the user, a test).
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest
from headrace_local.api_errors import CONFLICTS, PARTIAL

KINDS: Final[dict[str, dict[str, Any]]] = {
    "lambda": {"function": "*", "call": 1, "when": "before", "operation": "*", "fault": "exit", "times": 1},
    "batch": {
        "job": "*",
        "fault": None,
        "afterSeconds": 0.0,
        "call": 0,
        "when": "before",
        "operation": "*",
        "times": 1,
    },
    "api": {"operation": None, "caller": "*", "fault": None, "call": 1, "seconds": 0.5, "times": 1},
    "event": {"detailType": "*", "fault": None, "seconds": -1.0, "times": 1},
    "execution": {"machine": "*", "fault": "abort", "transition": 1, "times": 1},
}
"""Fields of each kind with their defaults; None has to be given."""
CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("lambda", "when"): ("before", "after"),
    ("lambda", "fault"): ("exit", "timeout"),
    ("batch", "when"): ("before", "after"),
    ("batch", "fault"): ("spot", "oom", "pull", "hang", "lost", "race"),
    ("api", "fault"): ("throttle", "server", "unanswered", "slow", "partial", "conflict"),
    ("event", "fault"): ("duplicate", "delay", "lose", "reorder"),
    ("execution", "fault"): ("abort", "abandon"),
}
"""What a field may say.

lambda     the worker is killed and Lambda says the process exited (exit) or its time was up (timeout)
batch      spot, oom: killed; pull, hang: never started; lost: the host is lost as soon as the job has ended well; race: the host is
           said to be lost while the job goes on
api        throttle, server: refused as the service words it; unanswered: done, and nobody hears of it; slow: late; partial, conflict:
           what DynamoDB (and PutEvents) answer when a part was not done, or another transaction was at the item
event      duplicate: again after `seconds`; delay: only then; reorder: after the next one of its kind, or after `seconds`; lose: never
execution  stopped once so many state transitions have happened; abandon: without ending the jobs and executions it waits for
"""
_ONLY: Final = {"partial": PARTIAL, "conflict": CONFLICTS}
_LEAST: Final = {"call": 0, "times": 1, "transition": 1}
_EVENT_SECONDS: Final = {"duplicate": 0.0, "delay": 1.0, "reorder": 1.0, "lose": 0.0}
_lock = threading.Lock()


@dataclass(slots=True)
class Plan:
    """One thing to do wrong, and how often it still will. `seen` counts what could have been struck."""

    kind: str
    values: dict[str, Any]
    left: int
    seen: int = 0
    struck: int = field(default=0)

    @property
    def fault(self) -> str:
        """What goes wrong."""
        return str(self.values["fault"])

    @property
    def seconds(self) -> float:
        """How late."""
        return float(self.values["seconds"])


@dataclass(slots=True)
class Attempt:
    """What goes wrong with one attempt of a job; `hit` is set by the call that the plan names."""

    plan: Plan
    calls: int = 0
    hit: threading.Event = field(default_factory=threading.Event)

    @property
    def fault(self) -> str:
        """What goes wrong."""
        return self.plan.fault

    @property
    def after_s(self) -> float | None:
        """Seconds after its start; None when a call decides, or its end."""
        by_time = not self.plan.values["call"] and self.fault != "lost"
        return float(self.plan.values["afterSeconds"]) if by_time else None


_plans: list[Plan] = []
_attempts: dict[str, Attempt] = {}


def add(request: Mapping[str, Any]) -> Plan:
    """Set a plan; `InvalidValue` names what is wrong with it."""
    kind = str(request.get("kind"))
    if kind not in KINDS:
        raise InvalidValue(f"unknown kind of fault {kind!r}", expected=f"one of {', '.join(KINDS)}")
    known = KINDS[kind]
    for name in set(request) - {"kind"}:
        if name not in known:
            raise InvalidValue(f"a {kind} fault has no '{name}'", hint=nearest(name, known))
    values = {**known, **{name: value for name, value in request.items() if name != "kind"}}
    for name, value in values.items():
        if value is None:
            raise InvalidValue(f"a {kind} fault needs '{name}'")
        _check(kind, name, value, given=name in request)
    only = _ONLY.get(values["fault"], ()) if kind == "api" else ()
    if only and values["operation"] not in only:
        raise InvalidValue(
            f"'{values['operation']}' has no {values['fault']} answer",
            expected=f"one of {', '.join(only)}",
            hint=nearest(str(values["operation"]), only),
        )
    if kind == "event" and "seconds" not in request:
        values["seconds"] = _EVENT_SECONDS[values["fault"]]
    plan = Plan(kind, values, int(values["times"]))
    with _lock:
        _plans.append(plan)
    return plan


def clear() -> None:
    """Forget every plan."""
    with _lock:
        _plans.clear()
        _attempts.clear()


def report() -> list[dict[str, Any]]:
    """Every plan with how often it struck and will still strike."""
    with _lock:
        return [{"kind": p.kind, **p.values, "struck": p.struck, "left": p.left} for p in _plans]


def kill_worker(function: str, operation: str) -> Plan | None:
    """The plan that kills the worker of this call, before or after it is served."""
    with _lock:
        return _nth("lambda", function=function, operation=operation)


def kill_job(job: str, operation: str) -> str:
    """Whether this call ends the attempt of a job: `before` or `after`, else empty. One that races only loses its host."""
    with _lock:
        attempt = _attempts.get(job)
        if attempt is None or attempt.hit.is_set() or not _like(operation, attempt.plan.values["operation"]):
            return ""
        attempt.calls += 1
        if attempt.calls != int(attempt.plan.values["call"]):
            return ""
        attempt.hit.set()
        return "" if attempt.fault == "race" else str(attempt.plan.values["when"])


def begin_attempt(job: str, name: str) -> Attempt | None:
    """What goes wrong with the attempt of this job that starts now."""
    with _lock:
        _attempts.pop(job, None)
        plan = _first("batch", job=name)
        if plan is None:
            return None
        attempt = Attempt(plan)
        if plan.values["call"]:
            _attempts[job] = attempt
        return attempt


def planned(kind: str) -> bool:
    """Whether there is any plan of this kind."""
    return any(plan.kind == kind for plan in list(_plans))


def answer_to(caller: str, operation: str) -> Plan | None:
    """The plan for the answer to this call, if it is not the usual one."""
    if not _plans:
        return None
    with _lock:
        return _nth("api", caller=caller, operation=operation)


def delivery(detail_type: str) -> Plan | None:
    """The plan for this delivery of an event to a target."""
    with _lock:
        return _first("event", detailType=detail_type)


def executions_to_stop() -> list[Plan]:
    """A state transition: the plans whose turn it is. Whoever finds nothing to stop gives the plan back."""
    if not _plans:
        return []
    with _lock:
        due = []
        for plan in _of("execution"):
            plan.seen += 1
            if plan.seen >= int(plan.values["transition"]):
                _strike(plan)
                due.append(plan)
        return due


def give_back(plan: Plan) -> None:
    """It struck nothing."""
    with _lock:
        plan.left += 1
        plan.struck -= 1


def _check(kind: str, name: str, value: Any, *, given: bool) -> None:
    said = f"'{name}' of a {kind} fault is {value!r}"
    choices = CHOICES.get((kind, name))
    if choices and value not in choices:
        raise InvalidValue(said, expected=f"one of {', '.join(choices)}", hint=nearest(str(value), choices))
    if name in _LEAST and (not isinstance(value, int) or isinstance(value, bool) or value < _LEAST[name]):
        raise InvalidValue(said, expected=f"a whole number from {_LEAST[name]}")
    if name in ("seconds", "afterSeconds") and given and (not isinstance(value, int | float) or not value >= 0):
        raise InvalidValue(said, expected="seconds, from 0")


def _of(kind: str) -> list[Plan]:
    return [plan for plan in _plans if plan.kind == kind and plan.left > 0]


def _like(value: str, pattern: object) -> bool:
    return fnmatch.fnmatchcase(value.lower(), str(pattern).lower())


def _matching(kind: str, seen: Mapping[str, str]) -> list[Plan]:
    return [plan for plan in _of(kind) if all(_like(value, plan.values[name]) for name, value in seen.items())]


def _nth(kind: str, **seen: str) -> Plan | None:
    """The first plan of which this is the n-th match, and each n-th after it; every plan counts by itself."""
    struck = None
    for plan in _matching(kind, seen):
        plan.seen += 1
        if struck is None and plan.seen % max(1, int(plan.values["call"])) == 0:
            _strike(plan)
            struck = plan
    return struck


def _first(kind: str, **seen: str) -> Plan | None:
    plan = next(iter(_matching(kind, seen)), None)
    if plan is not None:
        _strike(plan)
    return plan


def _strike(plan: Plan) -> None:
    plan.left -= 1
    plan.struck += 1
