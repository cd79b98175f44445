"""WatchJobs: find the jobs that are stuck. Batch's events, in batches from a queue, make the live view fresh; a schedule sweeps."""

from typing import Any

from headrace.aws import watching
from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.settings import WatchJobsSettings, read
from headrace.aws.table import Table

SETTINGS = read(WatchJobsSettings)
WATCHER = watching.Watcher(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger), watching.policy_of(SETTINGS))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """SQS messages to `{batchItemFailures}`; nothing for the schedule."""
    if "Records" in event:
        return watching.take(WATCHER, event)
    now = watching.moment(event, utc_now())
    watching.sweep(WATCHER, now, context.get_remaining_time_in_millis, by=context.aws_request_id)
    return None
