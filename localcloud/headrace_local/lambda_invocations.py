"""What state machines and rules ask of Lambda, without the way through a request: most of what a cloud at work does is this.

boto3 asks whoever listens before it makes a request; an answer then is the answer. When a fault plan may be about it, or the
function is not there, it goes the long way, through moto.
"""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from headrace_local import faults
from headrace_local.place import ACCOUNT, REGION

_LONGEST: Final = 6_291_556
"""Bytes of an answer: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_TOO_LONG: Final = {
    "errorMessage": f"Response payload size exceeded maximum allowed payload size ({_LONGEST} bytes).",
    "errorType": "Function.ResponseSizeTooLarge",
}


@dataclass(frozen=True, slots=True)
class _Http:
    status_code: int


def answer(params: dict[str, Any], **_rest: Any) -> tuple[_Http, dict[str, Any]] | None:
    """An Invoke of boto3 (`before-call.lambda.Invoke`), answered; None when it has to be asked as a request."""
    from moto.awslambda.models import lambda_backends

    if faults.planned("api"):
        return None
    backend = lambda_backends[ACCOUNT][REGION]
    name = unquote(str(params["url_path"]).rsplit("/", 2)[-2])
    qualifier = params["query_string"].get("Qualifier")
    try:
        backend.get_function(name, qualifier)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the long way tells
        return None
    headers: dict[str, str] = {}
    payload = backend.invoke(name, qualifier, params["body"], params["headers"], headers) or b""
    if len(payload) > _LONGEST:
        headers["x-amz-function-error"] = "Unhandled"
        payload = json.dumps(_TOO_LONG).encode()
    status = {"Event": 202, "DryRun": 204}.get(str(params["headers"].get("X-Amz-Invocation-Type")), 200)
    said: dict[str, Any] = {
        "StatusCode": status,
        "ExecutedVersion": headers.get("x-amz-executed-version", ""),
        "Payload": io.BytesIO(payload),
        "ResponseMetadata": {
            "RequestId": headers.get("x-amzn-RequestId", str(uuid.uuid4())),
            "HTTPStatusCode": status,
            "HTTPHeaders": headers,
            "RetryAttempts": 0,
        },
    }
    if "x-amz-function-error" in headers:
        said["FunctionError"] = headers["x-amz-function-error"]
    return _Http(status), said
