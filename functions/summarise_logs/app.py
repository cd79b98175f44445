"""SummariseLogs: what matters of a failed attempt's log, kept with its run. Called by the event of a job that failed, by conclude_run, and by hand."""

from typing import Any

from headrace.aws import log_summarising
from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.settings import SummariseLogsSettings, read
from headrace.aws.table import Table

SETTINGS = read(SummariseLogsSettings)
SUMMARISER = log_summarising.Summariser(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """`{run, epoch, task, n}` to the summary (docs/contracts.md section 6); nothing for an event."""
    remaining = context.get_remaining_time_in_millis
    if event.get("source") == "aws.batch":
        return log_summarising.from_event(SUMMARISER, event, utc_now(), remaining)
    return log_summarising.of_attempt(SUMMARISER, event, utc_now(), remaining)
