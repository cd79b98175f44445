"""SendAlert: an event that a person should hear of, as a readable message to the alert topic."""

from typing import Any

from headrace.aws.clients import client
from headrace.aws.notifications import notify
from headrace.aws.observability import serve
from headrace.aws.settings import SendAlertSettings, read
from headrace.core.alert_events import from_event, subject, tenant, text

SETTINGS = read(SendAlertSettings)


@serve
def handler(event: dict[str, Any], context: Any) -> None:
    """One of our own events (`alert: true`) to a message: an EventBridge target would send its text as quoted JSON."""
    told = from_event(event)
    notify(client("sns"), SETTINGS.topic, subject(told), text(told), tenant(told))
