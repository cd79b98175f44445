"""Misbehaving on request: what tests ask the local cloud to do wrong, and how often.

A plan is one JSON object, set through the control endpoint and used up as it strikes:

    {"kind": "lambda",   "function": "settle_task", "call": 3, "when": "before" | "after", "operation"?: "dynamodb:*", "times"?: 1}
    {"kind": "batch",    "job": "hr-*", "fault": "spot" | "oom" | "pull" | "hang", "afterSeconds"?: 0.2, "times"?: 1}
    {"kind": "throttle", "operation": "batch:SubmitJob", "times"?: 1}
    {"kind": "event",    "detailType": "Batch Job State Change", "fault": "duplicate" | "delay" | "lose", "seconds"?: 1, "times"?: 1}

A lambda plan counts the calls to AWS made by all workers of the function (a name or a pattern) since the plan was set and
kills the worker before its n-th call is served, or after it was served and before the worker hears of it.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest

_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "lambda": {"function": "*", "call": 1, "when": "before", "operation": "*", "times": 1},
    "batch": {"job": "*", "fault": None, "afterSeconds": 0.0, "times": 1},
    "throttle": {"operation": None, "times": 1},
    "event": {"detailType": "*", "fault": None, "seconds": 1.0, "times": 1},
}
_CHOICES: Final = {
    ("lambda", "when"): ("before", "after"),
    ("batch", "fault"): ("spot", "oom", "pull", "hang"),
    ("event", "fault"): ("duplicate", "delay", "lose"),
}
_lock = threading.Lock()


@dataclass(slots=True)
class Plan:
    """One thing to do wrong, and how often it still will."""

    kind: str
    values: dict[str, Any]
    left: int
    seen: int = 0
    struck: int = field(default=0)


_plans: list[Plan] = []


def add(request: Mapping[str, Any]) -> Plan:
    """Set a plan; `InvalidValue` names what is wrong with it."""
    kind = request.get("kind")
    if kind not in _FIELDS:
        raise InvalidValue(f"unknown kind of fault {kind!r}", expected=f"one of {', '.join(_FIELDS)}")
    known = _FIELDS[kind]
    for name in set(request) - {"kind"}:
        if name not in known:
            raise InvalidValue(f"a {kind} fault has no '{name}'", hint=nearest(name, known))
    values = {**known, **{name: value for name, value in request.items() if name != "kind"}}
    for name, value in values.items():
        if value is None:
            raise InvalidValue(f"a {kind} fault needs '{name}'")
        choices = _CHOICES.get((kind, name))
        if choices and value not in choices:
            raise InvalidValue(f"'{name}' of a {kind} fault is {value!r}", expected=f"one of {', '.join(choices)}")
    plan = Plan(kind, values, int(values["times"]))
    with _lock:
        _plans.append(plan)
    return plan


def clear() -> None:
    """Forget every plan."""
    with _lock:
        _plans.clear()


def report() -> list[dict[str, Any]]:
    """Every plan with how often it struck and will still strike."""
    with _lock:
        return [{"kind": p.kind, **p.values, "struck": p.struck, "left": p.left} for p in _plans]


def kill_worker(function: str, operation: str) -> str | None:
    """Whether to kill the worker of this call: `before`, `after`, or not."""
    with _lock:
        for plan in _of("lambda"):
            if _matches(plan, "function", function) and _matches(plan, "operation", operation):
                plan.seen += 1
                if plan.seen % int(plan.values["call"]) == 0:
                    _strike(plan)
                    return str(plan.values["when"])
    return None


def job_fault(job_name: str) -> Plan | None:
    """What goes wrong with the attempt that starts now."""
    with _lock:
        return _first("batch", "job", job_name)


def throttled(operation: str) -> bool:
    """Whether this call is refused with TooManyRequestsException."""
    with _lock:
        return _first("throttle", "operation", operation) is not None


def copies_of_event(detail_type: str) -> list[float]:
    """How often, and after how many seconds each, an event reaches a target: `[0.0]` when nothing is planned."""
    with _lock:
        plan = _first("event", "detailType", detail_type)
    if plan is None:
        return [0.0]
    seconds = float(plan.values["seconds"])
    return {"duplicate": [0.0, 0.0], "delay": [seconds], "lose": []}[plan.values["fault"]]


def _of(kind: str) -> list[Plan]:
    return [plan for plan in _plans if plan.kind == kind and plan.left > 0]


def _matches(plan: Plan, name: str, value: str) -> bool:
    return fnmatch.fnmatchcase(value, str(plan.values[name]))


def _first(kind: str, name: str, value: str) -> Plan | None:
    plan = next((plan for plan in _of(kind) if _matches(plan, name, value)), None)
    if plan is not None:
        _strike(plan)
    return plan


def _strike(plan: Plan) -> None:
    plan.left -= 1
    plan.struck += 1
