"""PrepareTask: what becomes of a task: a Batch request, a result that is there already, or nothing to do."""

from typing import Any

from headrace.aws.clients import client, hasty
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.queues import Queues
from headrace.aws.settings import PrepareTaskSettings, read
from headrace.aws.table import Table
from headrace.aws.task_preparing import Preparer, prepare

SETTINGS = read(PrepareTaskSettings)
DYNAMODB = client("dynamodb")
REGION = DYNAMODB.meta.region_name
QUEUES = Queues(hasty, REGION, patient=client)
PREPARER = Preparer(SETTINGS, Table(DYNAMODB, SETTINGS.ledger), REGION, QUEUES)


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A child's state to `{verdict, prepared, request?}`."""
    return prepare(PREPARER, event, utc_now())
