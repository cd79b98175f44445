"""LaunchRun: start the run of a file dropped into launch/. An event that is not of its model goes to the dead letters."""

from typing import Any

from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent

from headrace.aws.clients import client
from headrace.aws.clock import utc_now
from headrace.aws.observability import serve
from headrace.aws.run_launching import Launcher, dropped_of, launch
from headrace.aws.settings import LaunchRunSettings, read
from headrace.aws.table import Table

SETTINGS = read(LaunchRunSettings)
LAUNCHER = Launcher(SETTINGS, Table(client("dynamodb"), SETTINGS.ledger))


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """An `Object Created` event to `{outcome}`: `started`, `duplicate`, `gone` or `refused`."""
    return {
        "outcome": launch(
            LAUNCHER, dropped_of(S3EventBridgeNotificationEvent(event)), utc_now(), by=context.aws_request_id
        )
    }
