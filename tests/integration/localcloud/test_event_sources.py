"""Queues as event sources of functions."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Stack, until


def send(stack: Stack, bodies: list[dict[str, Any]]) -> None:
    """Put messages into the queue, ten at a time."""
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": json.dumps(body)} for n, body in enumerate(bodies[start : start + 10])]
        assert not stack.sqs.send_message_batch(QueueUrl=stack.outputs["Inbox"], Entries=entries).get("Failed")


def written(stack: Stack) -> list[dict[str, Any]]:
    """What the function wrote of every batch so far."""
    return list(
        stack.dynamodb.query(
            TableName=stack.outputs["Table"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "batch"}},
        )["Items"]
    )


def batches(stack: Stack, prefix: str) -> list[list[str]]:
    """The batches that came with messages so named."""
    named = [[name["S"] for name in item["names"]["L"]] for item in written(stack)]
    return [names for names in named if any(name.startswith(prefix) for name in names)]


def empty(stack: Stack) -> bool:
    """Whether the queue holds nothing, visible or in work."""
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    seen = stack.sqs.get_queue_attributes(QueueUrl=stack.outputs["Inbox"], AttributeNames=wanted)["Attributes"]
    return all(int(count) == 0 for count in seen.values())


def workers(stack: Stack) -> int:
    """How many workers took batches so far."""
    return len({item["worker"]["S"] for item in written(stack)})


def test_messages_come_in_batches_and_each_once(stack: Stack) -> None:
    """250 messages: none is lost, none comes twice, no batch has more than a hundred, and they are far fewer than messages."""
    send(stack, [{"name": f"many-{n}"} for n in range(250)])
    until(lambda: empty(stack))
    seen = batches(stack, "many-")
    assert Counter(name for names in seen for name in names) == Counter(f"many-{n}" for n in range(250))
    assert max(map(len, seen)) <= 100
    assert len(seen) <= 20
    assert workers(stack) <= 2


def test_only_the_messages_named_as_failed_come_again(stack: Stack) -> None:
    """The good ones of the batch are done; the bad one comes three times and ends in the dead letter queue."""
    send(stack, [{"name": "part-good"}, {"name": "part-bad", "fail": True}, {"name": "part-fine"}])
    letters = until(lambda: stack.sqs.receive_message(QueueUrl=stack.outputs["Undigested"]).get("Messages"))
    assert [json.loads(letter["Body"])["name"] for letter in letters] == ["part-bad"]
    stack.sqs.delete_message(QueueUrl=stack.outputs["Undigested"], ReceiptHandle=letters[0]["ReceiptHandle"])
    counted = Counter(name for names in batches(stack, "part-") for name in names)
    assert counted == {"part-good": 1, "part-bad": 3, "part-fine": 1}


def test_a_batch_that_raises_comes_again_as_a_whole(stack: Stack) -> None:
    """And ends in the dead letter queue as a whole."""
    send(stack, [{"name": "whole-1", "raise": "no"}])
    letters = until(lambda: stack.sqs.receive_message(QueueUrl=stack.outputs["Undigested"]).get("Messages"))
    assert json.loads(letters[0]["Body"])["name"] == "whole-1"
    assert batches(stack, "whole-") == []


def test_what_an_event_source_cannot_do_here_is_refused(stack: Stack) -> None:
    """Streams and filters, by name."""
    functions = stack.__getattr__("lambda")
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
    queue = stack.sqs.get_queue_attributes(QueueUrl=stack.outputs["Inbox"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]  # fmt: skip
    for more, told in (({"EventSourceArn": stream}, "kinesis"), ({"EventSourceArn": queue, "FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "FilterCriteria")):  # fmt: skip
        with pytest.raises(ClientError, match=told):
            functions.create_event_source_mapping(FunctionName=stack.outputs["EchoAlias"], **more)


def test_a_queue_that_goes_before_its_mapping_is_no_trouble(stack: Stack) -> None:
    """As when a stack is deleted: nothing is logged of it."""
    functions, sqs = stack.__getattr__("lambda"), stack.sqs
    queue = sqs.create_queue(QueueName="short-lived")["QueueUrl"]
    mapping = functions.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:123456789012:short-lived", FunctionName=stack.outputs["EchoAlias"]
    )["UUID"]
    sqs.delete_queue(QueueUrl=queue)
    time.sleep(1.5)
    functions.delete_event_source_mapping(UUID=mapping)
    assert "event source short-lived" not in (stack.cloud.home / "cloud.log").read_text()
