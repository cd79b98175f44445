"""Lambda: invocations run in real worker processes; asynchronous ones are retried and end in a destination.

Gaps of moto 5.2.5 closed here: `invoke` wants Docker, runs asynchronous events inline and never retries them;
CloudFormation drops Layers, DeadLetterConfig and most other properties of a function; an SQS event source invokes inside
SendMessage, message by message, and looks at neither window, concurrency nor the answer; deleting a message can lose another one.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from headrace_local import event_sources, event_targets, lambda_workers, permissions
from headrace_local.clients import client
from headrace_local.iam_policies import Call
from headrace_local.lambda_runtime import Result
from headrace_local.place import ACCOUNT, REGION
from headrace_local.seam import replace

_log = logging.getLogger(__name__)
_RETRY_PAUSES_S: Final = (0.2, 0.5)
"""AWS waits one and two minutes."""
event_configs: dict[tuple[str, str], dict[str, Any]] = {}
"""By function and qualifier, as an AWS::Lambda::EventInvokeConfig has it."""
_asynchronous = ThreadPoolExecutor(32, thread_name_prefix="lambda event")


def apply() -> None:
    """Patch the one method every invocation passes through, and the making of event sources."""
    from moto.awslambda.exceptions import InvalidParameterValueException
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.sqs.models import Queue, sqs_backends

    replace(LambdaFunction, "invoke", _invoke)
    upstream, delete = LambdaBackend.create_event_source_mapping, Queue.delete_message

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        arn = str(spec.get("EventSourceArn"))
        if not arn.startswith(f"arn:aws:sqs:{REGION}:{ACCOUNT}:") or arn.endswith(".fifo"):
            raise InvalidParameterValueException(f"The local cloud has standard SQS queues as event sources, not {arn}")
        if spec.get("FilterCriteria"):
            raise InvalidParameterValueException("The local cloud has no FilterCriteria of an event source")
        role = self.get_function(spec["FunctionName"]).role
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            if not permissions.allows(role, Call(f"sqs:{action}", arn)):
                raise InvalidParameterValueException(
                    f"The provided execution role does not have permissions to call {action} on SQS"
                )
        mapping = upstream(self, spec)
        queue = sqs_backends[ACCOUNT][REGION].get_queue(arn.rsplit(":", 1)[-1])
        queue.lambda_event_source_mappings.clear()  # moto's own way of invoking
        event_sources.start(mapping, queue)
        return mapping

    def delete_message(self: Any, receipt_handle: str) -> None:
        with self._messages_lock:
            delete(self, receipt_handle)

    replace(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)
    replace(Queue, "delete_message", delete_message)


def backend() -> Any:
    """The Lambda backend."""
    from moto.awslambda.models import lambda_backends

    return lambda_backends[ACCOUNT][REGION]


def layer_version(arn: str) -> Any:
    """The layer version of this ARN."""
    return backend().layers_versions_by_arn(arn)


def _invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    headers = {name.lower(): value for name, value in dict(request_headers or {}).items()}
    # S3, SNS and other services of moto call with no headers at all: on AWS they invoke asynchronously.
    kind = headers.get("x-amz-invocation-type", "RequestResponse" if headers else "Event")
    event = body.encode() if isinstance(body, str) else body or b"{}"
    request_id = str(uuid.uuid4())
    response_headers["x-amzn-RequestId"] = request_id
    response_headers["x-amz-executed-version"] = str(self.version)
    if kind == "DryRun":
        return b""
    if kind == "Event":
        _asynchronous.submit(_run_event, self, event, request_id)
        return b""
    result = lambda_workers.invoke(self, event, request_id)
    if result.failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    return result.body


def _run_event(function: Any, event: bytes, request_id: str) -> None:
    try:
        config = _event_config(function)
        attempts = 1 + int(config.get("MaximumRetryAttempts", 2))
        result = Result(b"")
        for attempt in range(attempts):
            if attempt:
                time.sleep(_RETRY_PAUSES_S[min(attempt, len(_RETRY_PAUSES_S)) - 1])
            result = lambda_workers.invoke(function, event, request_id)
            if not result.failed:
                _succeeded(function, config, event, request_id, result)
                return
        _failed(function, config, event, request_id, result, attempts)
    except Exception:  # noqa: BLE001 - nobody waits for this thread
        _log.exception("asynchronous invocation of %s", function.function_name)


def _event_config(function: Any) -> dict[str, Any]:
    storage = backend()._lambdas
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.function_name}"
    aliases = [a.name for a in storage._aliases.get(arn, {}).values() if a.function_version == str(function.version)]
    for qualifier in (*aliases, str(function.version)):
        if (function.function_name, qualifier) in event_configs:
            return event_configs[function.function_name, qualifier]
    return dict(function.event_invoke_config[-1].config) if function.event_invoke_config else {}


def _succeeded(function: Any, config: dict[str, Any], event: bytes, request_id: str, result: Result) -> None:
    target = config.get("DestinationConfig", {}).get("OnSuccess", {}).get("Destination")
    if target:
        _to_destination(function, target, _record(function, event, request_id, result, "Success", 1))


def _failed(
    function: Any, config: dict[str, Any], event: bytes, request_id: str, result: Result, attempts: int
) -> None:
    _log.warning(
        "asynchronous invocation of %s failed %d times: %s",
        function.function_name,
        attempts,
        result.body[:500].decode(errors="replace"),
    )
    target = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if target:
        _to_destination(function, target, _record(function, event, request_id, result, "RetriesExhausted", attempts))
    dead = getattr(function, "dead_letter_arn", None)
    if dead and not _may_send(function, dead):
        return
    if dead and ":sqs:" in dead:
        event_targets.dead_letter(
            dead,
            event.decode(),
            {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": result.body[:1000].decode(errors="replace")},
        )
    elif dead:
        client("sns").publish(TopicArn=dead, Message=event.decode())


def _record(function: Any, event: bytes, request_id: str, result: Result, condition: str, attempts: int) -> str:
    context = {
        "requestId": request_id,
        "functionArn": f"{function.function_arn}:$LATEST" if function.version == "$LATEST" else function.function_arn,
        "condition": condition,
        "approximateInvokeCount": attempts,
    }
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": str(function.version)}
    if result.failed:
        response["functionError"] = "Unhandled"
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": context,
            "requestPayload": json.loads(event),
            "responseContext": response,
            "responsePayload": json.loads(result.body or b"null"),
        }
    )


_SENDING: Final = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
}


def _may_send(function: Any, arn: str) -> bool:
    """Destinations and dead letter queues get what the function's role may send them; what it may not is lost, as on AWS."""
    allowed = permissions.allows(str(function.role), Call(_SENDING[arn.split(":")[2]], arn))
    if not allowed:
        _log.error("%s may not send to %s: what failed is lost", function.function_name, arn)
    return allowed


def _to_destination(function: Any, arn: str, record: str) -> None:
    if not _may_send(function, arn):
        return
    if ":events:" in arn:
        from headrace_local.event_bus import publish

        publish("lambda", "Lambda Function Invocation Result", [], json.loads(record), bus=arn.rsplit("/", 1)[-1])
        return
    event_targets.hand_over({"Arn": arn}, record, {})
