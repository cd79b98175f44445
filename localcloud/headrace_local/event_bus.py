"""The event bus: which rules an event matches, and getting it to their targets.

Delivery is asynchronous, as on AWS, and at least once: a target that fails is tried again and then goes to the rule's dead
letter queue. Tests can make it misbehave by name (faults.py): an event may come twice, late, after a later one, or not at all.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from headrace_local import clock, event_targets, faults
from headrace_local.place import ACCOUNT, REGION

_log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(16, thread_name_prefix="event")
_held: dict[tuple[str, str], list[dict[str, Any]]] = {}
_holding = threading.Lock()
_ATTEMPTS = 4
_PAUSE_S = 0.2
"""AWS retries for 24 hours, up to 185 times; here four attempts in about a second and a half."""


def announce(
    source: str, detail_type: str, resources: list[str], detail: Callable[[], dict[str, Any]], bus: str = "default"
) -> str:
    """Put an event of an AWS service on the bus; its detail is only made when a rule of the source exists. The id."""
    rules = [rule for rule in rules_of(bus) if _could_match(rule, source, detail_type)]
    return publish(source, detail_type, resources, detail(), bus=bus) if rules else ""


def publish(
    source: str,
    detail_type: str,
    resources: list[str],
    detail: Any,
    *,
    bus: str = "default",
    at: str | None = None,
    event_id: str | None = None,
) -> str:
    """Put an event on the bus and return its id."""
    event = {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": at or clock.iso(),
        "region": REGION,
        "resources": resources,
        "detail": json.loads(json.dumps(detail, default=str)),
    }
    for rule in rules_of(bus):
        # Upstream copies and flattens the event for each rule it is asked about: first what costs nothing.
        if _could_match(rule, source, detail_type) and rule.event_pattern.matches_event(event):
            send(rule, event)
    return str(event["id"])


def send(rule: Any, event: dict[str, Any]) -> None:
    """Deliver `event` to every target of `rule`, in the background."""
    for target in list(rule.targets):
        plan = faults.delivery(str(event["detail-type"]))
        earlier = _let_go(target, event)
        if plan is None:
            _pool.submit(_deliver_all, rule.arn, target, [event, *earlier])
            continue
        if plan.fault == "reorder":
            _hold(rule.arn, target, event, plan.seconds)
        elif plan.fault == "duplicate":
            _pool.submit(_deliver, rule.arn, target, event)
        if plan.fault in ("duplicate", "delay"):
            _later(plan.seconds, _deliver, rule.arn, target, event)
        if earlier:
            _pool.submit(_deliver_all, rule.arn, target, earlier)


def _hold(rule: str, target: dict[str, Any], event: dict[str, Any], longest_s: float) -> None:
    """Keep an event until the next one of its kind to this target is delivered, or for so long."""
    place = (str(target["Arn"]), str(event["detail-type"]))
    with _holding:
        _held.setdefault(place, []).append(event)

    def give_up() -> None:
        with _holding:
            mine = [each for each in _held.get(place, []) if each is event]
            _held[place] = [each for each in _held.get(place, []) if each is not event]
        _deliver_all(rule, target, mine)

    _later(longest_s, give_up)


def _let_go(target: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    """What was held until this one came."""
    with _holding:
        return _held.pop((str(target["Arn"]), str(event["detail-type"])), [])


def _later(seconds: float, act: Callable[..., None], *args: Any) -> None:
    timer = threading.Timer(seconds, _pool.submit, args=(act, *args))
    timer.daemon = True
    timer.start()


def _deliver_all(rule: str, target: dict[str, Any], events: list[dict[str, Any]]) -> None:
    for event in events:
        _deliver(rule, target, event)


def rules_of(bus: str) -> list[Any]:
    """The rules of a bus."""
    from moto.events.models import events_backends

    found = events_backends[ACCOUNT][REGION].event_buses.get(bus)
    return list(found.rules.values()) if found else []


def pattern_of(rule: Any) -> dict[str, Any]:
    """The rule's event pattern; empty for a scheduled rule."""
    pattern: dict[str, Any] = rule.event_pattern.get_pattern() or {}
    return pattern


def _could_match(rule: Any, source: str, detail_type: str) -> bool:
    pattern = pattern_of(rule)
    literal = {"source": source, "detail-type": detail_type}
    return (
        rule.state == "ENABLED"
        and bool(pattern)
        and all(
            any(not isinstance(wanted, str) or wanted == value for wanted in pattern.get(name, [value]))
            for name, value in literal.items()
        )
    )


def _deliver(rule: str, target: dict[str, Any], event: dict[str, Any]) -> None:
    attempts = min(_ATTEMPTS, 1 + int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", _ATTEMPTS)))
    for attempt in range(1, attempts + 1):
        try:
            event_targets.deliver(target, event_targets.payload(target, event), event, rule)
        except Exception as error:  # noqa: BLE001 - whatever a target raises, the event is tried again
            _log.warning("event %s to %s, attempt %d: %s", event["detail-type"], target["Arn"], attempt, error)
            if attempt == attempts or isinstance(error, event_targets.NotAdmitted):
                _give_up(rule, target, event, error)
                return
            time.sleep(_PAUSE_S * attempt)
        else:
            return


def _give_up(rule: str, target: dict[str, Any], event: dict[str, Any], error: Exception) -> None:
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    attributes = {"TARGET_ARN": target["Arn"], "ERROR_MESSAGE": str(error)}
    try:
        if queue:
            event_targets.dead_letter_of_rule(queue, json.dumps(event), attributes, rule)
            return
    except event_targets.NotAdmitted as refused:
        _log.error("%s", refused)
    _log.error("event %s to %s is lost: %s", event["detail-type"], target["Arn"], error)
