"""Headrace's own events, put on the default bus; alerts are rules on them."""

from __future__ import annotations

from typing import Any

from headrace.core.errors import HeadraceError

_BATCH = 10  # PutEvents takes ten entries a call


class EventsRefused(HeadraceError):  # noqa: N818
    """EventBridge took the call but not every entry."""


def publish(events: Any, entries: list[dict[str, Any]]) -> None:
    """Put entries (as `alert_events.entry` makes them); EventsRefused names the first that was not taken."""
    for start in range(0, len(entries), _BATCH):
        answer = events.put_events(Entries=entries[start : start + _BATCH])
        if answer["FailedEntryCount"]:
            first = next(entry for entry in answer["Entries"] if "ErrorCode" in entry)
            raise EventsRefused(f"{first['ErrorCode']}: {first.get('ErrorMessage', '')}")
