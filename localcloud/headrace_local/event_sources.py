"""SQS event sources of Lambda: batches out of a queue, answered as a whole or message by message.

One thread per concurrent batch waits for messages, gathers up to the batch size within the batching window, invokes the
function and deletes what succeeded. Failed messages come back after a moment, not after the queue's whole visibility
timeout; how often a message came counts for the queue's redrive policy, as on AWS.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from typing import Any, Final

from headrace_local import lambda_workers
from headrace_local.place import ACCOUNT, REGION

_log = logging.getLogger(__name__)
_LONGEST_WINDOW_S: Final = 1.0
_PAUSE_S: Final = 0.2
"""AWS waits for the visibility timeout before it tries a message again."""
_IDLE_S: Final = 0.5
_IN_FLIGHT_S: Final = 3600
_closing = threading.Event()


def start(mapping: Any, queue: Any) -> None:
    """Serve a mapping until it is deleted, by as many threads as it may have invocations at once."""
    for number in range(concurrency(mapping)):
        threading.Thread(
            target=_serve, args=(mapping, queue), daemon=True, name=f"source {queue.name} {number}"
        ).start()


def concurrency(mapping: Any) -> int:
    """How many batches a mapping has in work at once: what it asks for, at most what a function has workers."""
    asked = (mapping.scaling_config or {}).get("MaximumConcurrency")
    return min(int(asked or lambda_workers.FLEET_SIZE), lambda_workers.FLEET_SIZE)


def stop_all() -> None:
    """Take no messages any more; the cloud is going down."""
    _closing.set()


def _serve(mapping: Any, queue: Any) -> None:
    from moto.sqs.exceptions import QueueDoesNotExist

    while not _closing.is_set() and _exists(mapping):
        try:
            messages = _gather(mapping, queue) if mapping.enabled else []
            if messages:
                _invoke(mapping, queue, messages)
            elif not mapping.enabled:
                _closing.wait(_IDLE_S)
        except QueueDoesNotExist:
            _closing.wait(_IDLE_S)  # a stack that goes may delete the queue before the mapping
        except Exception:  # noqa: BLE001 - nobody waits for this thread, and the next batch is another one
            _log.exception("event source %s", queue.name)
            _closing.wait(_IDLE_S)


def _exists(mapping: Any) -> bool:
    from headrace_local.patch_lambda import backend

    return backend().get_event_source_mapping(mapping.uuid) is not None


def _gather(mapping: Any, queue: Any) -> list[Any]:
    """What a batch holds: all there is at its end, or as many messages as it may have."""
    queue.wait_for_messages(_IDLE_S)
    window_s = min(float(mapping.max_batch_window or 0), _LONGEST_WINDOW_S)
    end = time.monotonic() + window_s
    messages: list[Any] = []
    while not _closing.is_set():
        messages += _receive(queue, int(mapping.batch_size) - len(messages))
        if not messages or len(messages) >= int(mapping.batch_size) or time.monotonic() >= end:
            return messages
        _closing.wait(min(0.05, max(0.0, end - time.monotonic())))
    return messages


def _receive(queue: Any, count: int) -> list[Any]:
    with queue._messages_lock:  # moto takes messages without it, so that two readers would get the same
        return list(_sqs().receive_message(queue.name, count, 0, _IN_FLIGHT_S))


def _invoke(mapping: Any, queue: Any, messages: list[Any]) -> None:
    from headrace_local.patch_lambda import backend

    function = backend().get_function(mapping.function_name)
    event = json.dumps({"Records": [_record(message, queue) for message in messages]}).encode()
    result = lambda_workers.invoke(function, event, str(uuid.uuid4()))
    failed = {message.id for message in messages} if result.failed else _refused(mapping, messages, result.body)
    if failed:
        _log.warning("%d of %d messages of %s failed in %s", len(failed), len(messages), queue.name, function.function_name)  # fmt: skip
    for message in messages:
        if message.id not in failed:
            _sqs().delete_message(queue.name, message.receipt_handle)
    if failed and not _closing.wait(_PAUSE_S):
        for message in messages:
            if message.id in failed:
                _sqs().change_message_visibility(queue.name, message.receipt_handle, visibility_timeout=0)


def _refused(mapping: Any, messages: list[Any], body: bytes) -> set[str]:
    """The messages an answer names as failed; an answer that is not in the documented shape fails all of them."""
    everything = {str(message.id) for message in messages}
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return set()
    answer = json.loads(body or b"null") or {}
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else [None]
    named = {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in failures or []}
    return min(named, everything)


def _record(message: Any, queue: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(int(message.sent_timestamp)),
        "SenderId": "AIDALOCAL",
        "ApproximateFirstReceiveTimestamp": str(int(message.approximate_first_receive_timestamp or 0)),
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": REGION,
    }


def _sqs() -> Any:
    from moto.sqs.models import sqs_backends

    return sqs_backends[ACCOUNT][REGION]
