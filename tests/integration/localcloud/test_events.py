"""Events on the local cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from headrace.core.errors import InvalidValue
from headrace_local.schedules import following

from .conftest import Stack, until


def _rule(stack: Stack, name: str, pattern: dict[str, Any], **target: Any) -> Callable[[], list[Any]]:
    """A rule into a queue of its own; what fetches the bodies received so far."""
    return stack.listen(name, pattern, **target)


def _put(stack: Stack, source: str, detail: dict[str, Any]) -> None:
    answer = stack.events.put_events(Entries=[{"Source": source, "DetailType": "Told", "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0


def test_an_upload_starts_an_execution(stack: Stack) -> None:
    """S3 to EventBridge to the state machine, with the detail as its input."""
    given = stack.plan("uploaded", [])
    stack.s3.put_object(Bucket=stack.outputs["Bucket"], Key="launch/x.json", Body=json.dumps(given))
    machine = stack.outputs["Pipeline"]

    def started() -> list[dict[str, Any]]:
        found = stack.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
        described = [stack.stepfunctions.describe_execution(executionArn=e["executionArn"]) for e in found]
        return [e for e in described if "launch/x.json" in e["input"]]

    detail = json.loads(until(started)[0]["input"])
    assert detail["bucket"]["name"] == stack.outputs["Bucket"]
    assert detail["reason"] == "PutObject"


def test_each_upload_is_one_event_of_its_own(stack: Stack) -> None:
    """Ids and sequencers differ, versions are named, and a multipart upload is told once, as such."""
    bucket = stack.outputs["Bucket"]
    received = _rule(stack, "uploads", {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "seen/"}]}}})
    versions = {stack.s3.put_object(Bucket=bucket, Key="seen/a", Body=b"x")["VersionId"] for _ in range(2)}
    upload = stack.s3.create_multipart_upload(Bucket=bucket, Key="seen/b")["UploadId"]
    part = stack.s3.upload_part(Bucket=bucket, Key="seen/b", PartNumber=1, UploadId=upload, Body=b"y")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    stack.s3.complete_multipart_upload(Bucket=bucket, Key="seen/b", UploadId=upload, MultipartUpload=parts)
    stack.s3.put_object(Bucket=bucket, Key="seen/last", Body=b"z")
    events = until(lambda: received() if "seen/last" in str(received()) and len(received()) >= 4 else None)
    assert sorted(e["detail"]["reason"] for e in events) == [
        "CompleteMultipartUpload",
        "PutObject",
        "PutObject",
        "PutObject",
    ]
    assert len({e["id"] for e in events}) == len({e["detail"]["object"]["sequencer"] for e in events}) == 4
    assert versions <= {e["detail"]["object"]["version-id"] for e in events}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, None),
        ({"Input": '{"constant": 1}'}, {"constant": 1}),
        ({"InputPath": "$.detail.inner"}, {"x": 'a "b"'}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"x": "$.detail.inner.x", "all": "$.detail.inner"},
                    "InputTemplate": '{"text": "say <x>!", "whole": <all>}',
                }
            },
            {"text": 'say a "b"!', "whole": {"x": 'a "b"'}},
        ),
    ],
)
def test_a_target_gets_its_input_shaped(stack: Stack, target: dict[str, Any], expected: Any) -> None:
    """The event itself, a constant, a part, or a filled template."""
    name = f"shape-{len(json.dumps(target))}"
    received = _rule(stack, name, {"source": [name]}, **target)
    _put(stack, name, {"inner": {"x": 'a "b"'}})
    (body,) = until(received)
    assert body == expected if expected else body["detail"] == {"inner": {"x": 'a "b"'}}


def test_a_disabled_rule_is_silent(stack: Stack) -> None:
    """Only what comes after it is enabled again is delivered."""
    received = _rule(stack, "switched", {"source": ["switched"]})
    stack.events.disable_rule(Name="switched")
    _put(stack, "switched", {"n": 1})
    stack.events.enable_rule(Name="switched")
    _put(stack, "switched", {"n": 2})
    assert [event["detail"] for event in until(received)] == [{"n": 2}]


def test_events_come_twice_or_never_when_planned(stack: Stack) -> None:
    """The first is lost, the second comes twice, the third as it should."""
    received = _rule(stack, "unreliable", {"source": ["unreliable"]})
    stack.fault(kind="event", detailType="Told", fault="lose")
    _put(stack, "unreliable", {"n": 1})
    stack.fault(kind="event", detailType="Told", fault="duplicate")
    _put(stack, "unreliable", {"n": 2})
    _put(stack, "unreliable", {"n": 3})
    events = until(lambda: received() if len(received()) == 3 else None)
    assert sorted(event["detail"]["n"] for event in events) == [2, 2, 3]
    assert len({event["id"] for event in events}) == 2


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(stack: Stack) -> None:
    """A target that does not exist: the event ends in the queue the target names."""
    dead, arn = stack.open_queue("undelivered")
    stack.events.put_rule(Name="nowhere", EventPattern=json.dumps({"source": ["nowhere"]}))
    target = {
        "Id": "x",
        "Arn": "arn:aws:lambda:us-east-1:123456789012:function:missing",
        "DeadLetterConfig": {"Arn": arn},
    }
    stack.events.put_targets(
        Rule="nowhere", Targets=[{**target, "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}}]
    )
    _put(stack, "nowhere", {"n": 1})
    message = until(lambda: stack.sqs.receive_message(QueueUrl=dead).get("Messages"))[0]
    assert json.loads(message["Body"])["detail"] == {"n": 1}


def test_schedules_know_when_they_are_due() -> None:
    """Rates count from now; cron takes lists, steps, ranges and names; nonsense is refused."""
    now = datetime(2026, 11, 22, 11, 7, 30, tzinfo=UTC)
    cases = {
        "rate(5 minutes)": datetime(2026, 11, 22, 11, 12, 30, tzinfo=UTC),
        "cron(0/5 * * * ? *)": datetime(2026, 11, 22, 11, 10, tzinfo=UTC),
        "cron(15 10 ? * MON-FRI *)": datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        "cron(0 8 1 JAN,FEB ? *)": datetime(2027, 1, 1, 8, 0, tzinfo=UTC),
        "cron(0 0 30 2 ? *)": None,
    }
    assert {expression: following(expression, now) for expression in cases} == cases
    for nonsense in ("rate(0 minutes)", "rate(five minutes)", "cron(61 * * * ? *)", "cron(0 0 L * ? *)", "hourly"):
        with pytest.raises(InvalidValue):
            following(nonsense, now)
