"""AwaitInputs: put the task's waiter, then look whether it may go already. The state waits for its token, not for this."""

from functools import partial
from typing import Any

from headrace.aws import gates
from headrace.aws.clients import client
from headrace.aws.observability import serve
from headrace.aws.settings import Settings, read
from headrace.aws.step_functions import send
from headrace.aws.table import Table
from headrace.core.plan_items import waiter
from headrace.core.records import Epoch

SETTINGS = read(Settings)
TABLE = Table(client("dynamodb"), SETTINGS.ledger)
SEND = partial(send, client("stepfunctions"))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """`{run, epoch, task, token, tries}` to `{verdict}`: `ready`, `cancelled`, `waiting` or `stale`."""
    epoch = Epoch(event["run"], event["epoch"])
    waiting = waiter(event["task"], event["token"], event["tries"])
    return {"verdict": gates.await_inputs(TABLE, epoch, waiting, send=SEND)}
