"""EventBridge: rules deliver to every kind of target, and only what they should.

Gaps of moto 5.2.5 closed here: targets other than queues, logs and buses raise NotImplementedError; `Input` and
`InputPath` are ignored; disabled rules deliver; a scheduled rule receives every event; times are numbers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from headrace.core.errors import InvalidValue
from headrace_local import event_bus, schedules
from headrace_local.event_targets import deliverable
from headrace_local.seam import replace


def apply() -> None:
    """Route every event through event_bus."""
    from moto.events.exceptions import ValidationException
    from moto.events.models import EventsBackend, Rule

    replace(Rule, "send_to_targets", _send_to_targets)
    upstream = EventsBackend.put_targets

    def put_targets(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            if not deliverable(target["Arn"]):
                raise ValidationException(f"The local cloud does not deliver to {target['Arn']} (rule {name})")
        upstream(self, name, event_bus_arn, targets)

    replace(EventsBackend, "put_targets", put_targets)
    put_rule = EventsBackend.put_rule

    def checked_rule(self: Any, name: str, **given: Any) -> Any:
        if given.get("scheduled_expression"):
            try:
                schedules.following(given["scheduled_expression"], datetime.now(UTC))
            except InvalidValue as error:
                raise ValidationException(f"rule {name}: {error}") from error
        return put_rule(self, name, **given)

    replace(EventsBackend, "put_rule", checked_rule)


def _send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    if self.state != "ENABLED" or not event_bus.pattern_of(self):
        return
    event = {name: value for name, value in original_event.items() if name != "ingestion-time"}
    if isinstance(event["time"], (int, float)):
        event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if self.event_pattern.matches_event(event):
        event_bus.send(self, event)
