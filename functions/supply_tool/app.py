"""SupplyTool: put the transfer tool into the bucket when the stack is made or changed, for instances to get."""

from typing import Any

from headrace.aws import custom_resource, tool_supply
from headrace.aws.clients import client
from headrace.aws.observability import serve
from headrace.aws.settings import Settings, read

SETTINGS = read(Settings)


@serve
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """CloudFormation's request to the answer that was given to it: where the tool lies, and its checksums."""
    return custom_resource.answer(event, lambda: tool_supply.supply(client("s3"), SETTINGS.bucket))
