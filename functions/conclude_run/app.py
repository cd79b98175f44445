"""ConcludeRun: end a run. Called by run_pipeline as its last step, by the event of an execution's end, and by a schedule."""

from typing import Any

from headrace.aws import concluding
from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.settings import ConcludeRunSettings, read
from headrace.aws.table import Table

SETTINGS = read(ConcludeRunSettings)
CONCLUDER = concluding.Concluder(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, str] | None:
    """`{launch, error, execution}` to `{verdict, error, cause, state}`; nothing for an event."""
    remaining = context.get_remaining_time_in_millis
    if event.get("source") == "aws.states":
        return concluding.from_event(CONCLUDER, event, utc_now(), remaining)
    if event.get("source") == "aws.events":
        return concluding.sweep(CONCLUDER, utc_now(), remaining)
    return concluding.from_machine(CONCLUDER, event, utc_now(), remaining)
