"""SettleTask: commit a task or decide what follows its failure, then let go who waited. Also calls itself for the rest of that."""

from typing import Any

from headrace.aws import task_settling
from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.lambdas import this_version
from headrace.aws.observability import serve
from headrace.aws.settings import SettleTaskSettings, read
from headrace.aws.table import Table

SETTINGS = read(SettleTaskSettings)
SETTLER = task_settling.Settler(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger), this_version())


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """A child's state to `{verdict, cause?, delay?, next?}`; nothing for `{release, …}` from itself."""
    remaining = context.get_remaining_time_in_millis
    if "release" in event:
        return task_settling.release(SETTLER, event, remaining)
    return task_settling.settle(SETTLER, event, utc_now(), remaining)
