"""How each service says that it will not, or cannot now: status, headers and body as its own clients read them.

Codes: botocore's service models and retry rules (`botocore.retries.standard`), and the services' pages of common errors.
DynamoDB, S3, Batch, Lambda and EventBridge have words of their own, the rest share those of their protocol.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

Answer = tuple[int, dict[str, str], bytes]

_THROTTLED: Final[dict[str, tuple[int, str, str]]] = {
    "dynamodb": (400, "ProvisionedThroughputExceededException", "The level of configured throughput was exceeded"),
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "batch": (429, "TooManyRequestsException", "Too Many Requests"),
    "lambda": (429, "TooManyRequestsException", "Rate Exceeded."),
    "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
    "sqs": (403, "RequestThrottled", "The request was denied due to request throttling."),
}
_BROKEN: Final[dict[str, tuple[int, str, str]]] = {
    "dynamodb": (500, "InternalServerError", "Internal server error"),
    "s3": (500, "InternalError", "We encountered an internal error. Please try again."),
    "batch": (500, "ServerException", "Internal server error"),
    "lambda": (500, "ServiceException", "The service encountered an internal error"),
    "logs": (503, "ServiceUnavailableException", "The service cannot complete the request"),
}
_QUERY: Final = frozenset({"sns", "cloudformation", "iam", "sts", "autoscaling"})
PARTIAL: Final = ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "events:PutEvents")
"""Operations that may answer that they did only a part."""
CONFLICTS: Final = tuple(f"dynamodb:{name}" for name in ("TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"))
"""Operations that may find another transaction at their item."""


def answer(fault: str, operation: str, body: bytes) -> Answer:
    """What the caller of `service:Operation` gets instead of an answer; `body` is the request's, for `partial` and `conflict`."""
    service, _, name = operation.partition(":")
    if fault == "conflict":
        return _conflict(name, json.loads(body))
    if fault == "partial":
        return _partial(name, json.loads(body))
    throttled = fault == "throttle"
    code = "Throttling" if service in _QUERY else "ThrottlingException"
    usual = (400, code, "Rate exceeded") if throttled else (500, "InternalFailure", "Internal failure")
    return _worded(service, *(_THROTTLED if throttled else _BROKEN).get(service, usual))


_DENIED: Final[dict[str, tuple[int, str]]] = {
    "dynamodb": (400, "AccessDeniedException"),
    "s3": (403, "AccessDenied"),
    "batch": (403, "AccessDeniedException"),
    "lambda": (403, "AccessDeniedException"),
    "sns": (403, "AuthorizationError"),
    "sqs": (403, "AccessDenied"),
    "ec2": (403, "UnauthorizedOperation"),
    **dict.fromkeys(("autoscaling", "cloudformation", "iam", "sts"), (403, "AccessDenied")),
}


def denied_as(service: str) -> tuple[int, str]:
    """Status and code by which a service refuses who may not."""
    return _DENIED.get(service, (400, "AccessDeniedException"))


def denied(service: str, message: str, *, head: bool = False) -> Answer:
    """What who may not gets; the answer to a HEAD has no body."""
    status, code = denied_as(service)
    if head:
        return status, _headers("application/xml"), b""
    if service == "dynamodb":
        body = {"__type": f"com.amazon.coral.service#{code}", "Message": message}
        return status, _headers("application/x-amz-json-1.0"), json.dumps(body).encode()
    return _worded(service, status, code, message)


def _conflict(name: str, request: Mapping[str, Any]) -> Answer:
    """Another transaction is at an item: of the last action, when there are several."""
    told = "Transaction is ongoing for the item"
    if name != "TransactWriteItems":
        return _dynamodb("TransactionConflictException", told)
    reasons: list[dict[str, Any]] = [{"Code": "None"} for _ in request["TransactItems"][1:]]
    reasons.append({"Code": "TransactionConflict", "Message": told})
    codes = ", ".join(reason["Code"] for reason in reasons)
    return _dynamodb(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        {"CancellationReasons": reasons},
    )


def _partial(name: str, request: Mapping[str, Any]) -> Answer:
    """Taken, and not done: every part is handed back."""
    if name == "PutEvents":
        entry = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        return _json(
            {"FailedEntryCount": len(request["Entries"]), "Entries": [entry for _ in request["Entries"]]}, "1.1"
        )
    if name == "BatchGetItem":
        return _json({"Responses": {}, "UnprocessedKeys": request["RequestItems"]})
    return _json({"UnprocessedItems": request["RequestItems"]})


def _worded(service: str, status: int, code: str, message: str) -> Answer:
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>local</RequestId></Error>"
        return status, _headers("application/xml"), f"<?xml version='1.0'?>{body}".encode()
    if service in _QUERY or service == "ec2":
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = (
            f"<Response><Errors>{error}</Errors><RequestID>local</RequestID></Response>"
            if service == "ec2"
            else f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
        )
        return status, _headers("text/xml"), body.encode()
    headers = _headers("application/json") | {"x-amzn-ErrorType": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()


def _dynamodb(code: str, message: str, more: Mapping[str, Any] | None = None) -> Answer:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": message, **(more or {})}
    return 400, _headers("application/x-amz-json-1.0"), json.dumps(body).encode()


def _json(body: Mapping[str, Any], version: str = "1.0") -> Answer:
    return 200, _headers(f"application/x-amz-json-{version}"), json.dumps(body).encode()


def _headers(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-RequestId": str(uuid.uuid4())}
