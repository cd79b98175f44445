"""Scheduled rules: `rate(5 minutes)` and `cron(0 12 * * ? *)`, fired by one timer.

A rate counts from when the cloud first sees the rule. The timer goes by the real clock, the events' time by the movable one. Cron fields are minutes, hours, day of month, month, day of week and
year, in UTC. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from headrace.core.errors import InvalidValue
from headrace_local import batch_time_limits, clock, event_bus
from headrace_local.place import ACCOUNT, REGION

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS: Final = {
    name: str(n)
    for n, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)
}
_DAYS: Final = {name: str(n) for n, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
_TICK_S: Final = 1.0
_MOST_AT_ONCE: Final = 1000
_LOOK_AHEAD: Final = timedelta(days=366)


def following(expression: str, after: datetime) -> datetime | None:
    """When a schedule fires next, strictly after `after`; None when it never will. `InvalidValue` when it is no schedule."""
    if found := _RATE.fullmatch(expression):
        if int(found[1]) < 1:
            raise InvalidValue(f"'{expression}' has no duration")
        return after + timedelta(**{f"{found[2]}s": int(found[1])})
    if found := _CRON.fullmatch(expression):
        return _next_match(found.groups(), after)
    raise InvalidValue(f"'{expression}' is not a schedule", expected="rate(5 minutes) or cron(0 12 * * ? *)")


def start() -> None:
    """Start the timer."""
    threading.Thread(target=_run, daemon=True, name="schedules").start()


def _run() -> None:
    due: dict[tuple[str, str], datetime] = {}
    pause = threading.Event()
    while not pause.wait(_TICK_S):
        due = fire(due, datetime.now(UTC))
        batch_time_limits.act()


def fire_between(start: datetime, end: datetime) -> int:
    """Fire what the enabled rules have due after `start` until `end`, in the order of time; how many events that were.

    For whoever moves the clock: the timer itself goes by the real one, so that a moved clock alone fires nothing.
    """
    planned = []
    for rule in event_bus.rules_of("default"):
        at = start if rule.scheduled_expression and rule.state == "ENABLED" else None
        while at is not None and (at := following(rule.scheduled_expression, at)) is not None and at <= end:
            planned.append((at, rule))
            if len(planned) > _MOST_AT_ONCE:
                raise InvalidValue(
                    f"more than {_MOST_AT_ONCE} scheduled events are due by {end}", hint="move in smaller steps"
                )
    for at, rule in sorted(planned, key=lambda pair: pair[0]):
        event_bus.send(rule, _event(rule, at))
    return len(planned)


def fire(due: dict[tuple[str, str], datetime], now: datetime) -> dict[tuple[str, str], datetime]:
    """Fire the rules that are due; when each scheduled rule is due next."""
    upcoming: dict[tuple[str, str], datetime] = {}
    for rule in event_bus.rules_of("default"):
        if not rule.scheduled_expression:
            continue
        key = (rule.arn, rule.scheduled_expression)
        at = due.get(key) or following(rule.scheduled_expression, now)
        if at is not None and at <= now:
            if rule.state == "ENABLED":
                event_bus.send(rule, _event(rule, clock.now()))
            at = following(rule.scheduled_expression, now)
        if at is not None:
            upcoming[key] = at
    return upcoming


def _event(rule: Any, at: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": clock.iso(at),
        "region": REGION,
        "resources": [rule.arn],
        "detail": {},
    }


def _next_match(fields: tuple[str, ...], after: datetime) -> datetime | None:
    minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
    months = _values(_named(fields[3], _MONTHS), 1, 12)
    years = _values(fields[5], 1970, 2199)
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    first = after + timedelta(minutes=1)
    for offset in range(_LOOK_AHEAD.days + 1):
        date = day + timedelta(days=offset)
        if date.year not in years or date.month not in months or not _day_matches(fields[2], fields[4], date):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                at = date.replace(hour=hour, minute=minute)
                if at >= first.replace(second=0, microsecond=0):
                    return at
    return None


def _day_matches(of_month: str, of_week: str, date: datetime) -> bool:
    week_day = date.isoweekday() % 7 + 1
    for field in (of_month, of_week):
        if any(sign in field for sign in "LW#"):
            raise InvalidValue(f"'{field}' in a cron schedule: the local cloud has no L, W or #")
    by_month = of_month in ("?", "*") or date.day in _values(of_month, 1, 31)
    by_week = of_week in ("?", "*") or week_day in _values(_named(of_week, _DAYS), 1, 7)
    return by_month and by_week


def _named(field: str, names: dict[str, str]) -> str:
    for name, number in names.items():
        field = field.replace(name, number)
    return field


def _values(field: str, low: int, high: int) -> set[int]:
    chosen: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if first in ("*", "?") else int(first)
        end = high if first in ("*", "?") or (step and not last) else int(last or first)
        chosen |= set(range(start, end + 1, int(step or 1)))
    if not chosen or min(chosen) < low or max(chosen) > high:
        raise InvalidValue(f"'{field}' in a cron schedule", expected=f"{low} to {high}")
    return chosen
