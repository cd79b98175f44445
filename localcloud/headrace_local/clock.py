"""The clock of Batch, of what is behind it, of events and of logs; tests move it, so that hours pass at once.

It runs with the real one until it is moved. `stop` holds it where it is put, so that a test can say which second it is. What is
waited for inside this cloud (Step Functions, Lambda, time limits of running processes) stays on the real clock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest

_FIELDS: Final = ("advanceSeconds", "at", "stop", "schedules", "reset")
_lock = threading.Lock()


class _Clock:
    ahead = timedelta()
    held: datetime | None = None


def now() -> datetime:
    """The time here, in UTC."""
    with _lock:
        return _now()


def now_ms() -> int:
    """Milliseconds since 1970, as Batch and Logs give times."""
    return to_ms(now())


def to_ms(at: datetime) -> int:
    """A time in milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def from_ms(at_ms: float) -> datetime:
    """A time of milliseconds since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def iso(at: datetime | None = None) -> str:
    """The time as events have it: 2026-01-31T12:00:00Z."""
    return (at or now()).strftime("%Y-%m-%dT%H:%M:%SZ")


def move(request: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Move as asked; the times before and after. `InvalidValue` names what is wrong with the request.

    `advanceSeconds` or `at` (ISO time with its zone) say where to; `stop` true holds the clock there, false lets it run;
    `reset` puts it back on the real one. `schedules` is read by whoever asks.
    """
    for name in request:
        if name not in _FIELDS:
            raise InvalidValue(f"a move of the clock has no '{name}'", hint=nearest(name, _FIELDS))
    if len({"advanceSeconds", "at", "reset"} & set(request)) > 1:
        raise InvalidValue("a move of the clock has one goal", expected="advanceSeconds, at or reset")
    with _lock:
        before = _now()
        if request.get("reset"):
            _Clock.ahead, _Clock.held = timedelta(), None
            return before, _now()
        goal = _goal(request, before)
        stopped = bool(request.get("stop", _Clock.held is not None))
        _Clock.ahead, _Clock.held = goal - datetime.now(UTC), goal if stopped else None
        return before, goal


def report() -> dict[str, Any]:
    """Where it stands."""
    with _lock:
        return {"now": _now().isoformat(), "stopped": _Clock.held is not None, "aheadSeconds": _ahead_s()}


def _now() -> datetime:
    return _Clock.held or datetime.now(UTC) + _Clock.ahead


def _ahead_s() -> float:
    return round((_now() - datetime.now(UTC)).total_seconds(), 3)


def _goal(request: Mapping[str, Any], before: datetime) -> datetime:
    if "at" not in request:
        return before + timedelta(seconds=float(request.get("advanceSeconds", 0)))
    try:
        goal = datetime.fromisoformat(str(request["at"]))
    except ValueError:
        goal = None
    if goal is None or goal.tzinfo is None:
        raise InvalidValue(f"'at' is {request['at']!r}", expected="an ISO time with its zone, 2026-01-31T12:00:00Z")
    return goal.astimezone(UTC)
