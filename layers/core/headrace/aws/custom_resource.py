"""A function as a resource of the stack: CloudFormation asks, and waits for an answer at the URL it gave.

An answer always comes, also of what failed: without one the deploy hangs for an hour.
Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.request import Request, urlopen

from headrace.aws.observability import logger

_LONGEST: Final = 1_000
_TIMEOUT_S: Final = 30
_GOES: Final = "Delete"


def answer(event: Mapping[str, Any], make: Callable[[], Mapping[str, str]]) -> dict[str, Any]:
    """Make the resource and tell CloudFormation its attributes, or why not; the answer. Deleting it leaves everything."""
    told: dict[str, Any] = {
        "Status": "SUCCESS",
        # The same for ever: a change of it would make CloudFormation delete what came before.
        "PhysicalResourceId": event.get("PhysicalResourceId") or f"{event['LogicalResourceId']}-{event['RequestId']}",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        told["Data"] = {} if event["RequestType"] == _GOES else dict(make())
    except Exception as error:  # noqa: BLE001 - whatever it is, the deploy must hear of it
        logger.exception("the resource was not made")
        told |= {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:_LONGEST]}
    _put(event["ResponseURL"], told)
    return told


def _put(url: str, told: Mapping[str, Any]) -> None:
    # The URL is signed for an empty content type.
    request = Request(url, json.dumps(told).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310 - from CloudFormation
    with urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
        pass
