"""What fault plans do on the local cloud, seen by AWS's own clients."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from .conftest import Stack, until

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("list_tables", {}),
    "s3": ("list_buckets", {}),
    "batch": ("describe_job_queues", {}),
    "lambda": ("list_functions", {}),
    "stepfunctions": ("list_state_machines", {}),
    "events": ("list_rules", {}),
    "logs": ("describe_log_groups", {}),
    "sns": ("list_topics", {}),
    "sqs": ("list_queues", {}),
    "ec2": ("describe_instances", {}),
    "cloudformation": ("list_stacks", {}),
    "ssm": ("describe_parameters", {}),
    "secretsmanager": ("list_secrets", {}),
}


def _refused(stack: Stack, service: str, fault: str) -> dict[str, Any]:
    operation, given = CALLS[service]
    client = stack.__getattr__(service)
    stack.fault(kind="api", operation=f"{client.meta.service_model.signing_name}:*", caller="other", fault=fault)
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**given)
    getattr(client, operation)(**given)  # the plan is used up
    return dict(refused.value.response)


def _item(stack: Stack, pk: str) -> dict[str, Any]:
    return {"TableName": stack.outputs["Table"], "Item": {"pk": {"S": pk}, "sk": {"S": "0"}}}


@pytest.mark.parametrize("service", CALLS)
def test_throttling_is_worded_so_that_clients_know_it(stack: Stack, service: str) -> None:
    """Every service's own code for too many calls is among those that botocore backs off from."""
    code = _refused(stack, service, "throttle")["Error"]["Code"]
    assert code in ThrottledRetryableChecker._THROTTLED_ERROR_CODES


@pytest.mark.parametrize("service", CALLS)
def test_a_server_error_is_one_that_clients_try_again(stack: Stack, service: str) -> None:
    """Every service's server error has a status that botocore retries."""
    status = _refused(stack, service, "server")["ResponseMetadata"]["HTTPStatusCode"]
    assert status in TransientRetryableChecker._TRANSIENT_STATUS_CODES


def test_an_unanswered_call_is_done(stack: Stack) -> None:
    """The connection closes without a word, and the item is there."""
    stack.fault(kind="api", operation="dynamodb:PutItem", fault="unanswered")
    with pytest.raises(ConnectionClosedError):
        stack.dynamodb.put_item(**_item(stack, "unanswered"))
    assert stack.item("unanswered")


def test_a_slow_call_is_done_late(stack: Stack) -> None:
    """Not before its seconds are over, and then as usual."""
    stack.fault(kind="api", operation="dynamodb:PutItem", fault="slow", seconds=0.3)
    begun = time.monotonic()
    stack.dynamodb.put_item(**_item(stack, "slow"))
    assert time.monotonic() - begun >= 0.3
    assert stack.item("slow")


def test_what_was_not_done_is_handed_back(stack: Stack) -> None:
    """Unprocessed keys and items, and failed entries of PutEvents, in their services' words."""
    table = stack.outputs["Table"]
    for operation in ("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "events:PutEvents"):
        stack.fault(kind="api", operation=operation, fault="partial")
    keys = {table: {"Keys": [{"pk": {"S": "x"}, "sk": {"S": "0"}}]}}
    assert stack.dynamodb.batch_get_item(RequestItems=keys)["UnprocessedKeys"] == keys
    items = {table: [{"PutRequest": {"Item": _item(stack, "partial")["Item"]}}]}
    assert stack.dynamodb.batch_write_item(RequestItems=items)["UnprocessedItems"] == items
    assert stack.item("partial") is None
    told = stack.events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])
    assert (told["FailedEntryCount"], told["Entries"][0]["ErrorCode"]) == (1, "ThrottlingException")


def test_a_conflict_is_told_as_a_transaction_and_as_a_write_know_it(stack: Stack) -> None:
    """TransactWriteItems is cancelled with reasons in order, a single write has an error of its own."""
    for operation in ("dynamodb:TransactWriteItems", "dynamodb:PutItem"):
        stack.fault(kind="api", operation=operation, fault="conflict")
    actions = [{"Put": _item(stack, pk)} for pk in ("conflict-1", "conflict-2")]
    with pytest.raises(stack.dynamodb.exceptions.TransactionCanceledException) as cancelled:
        stack.dynamodb.transact_write_items(TransactItems=actions)
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "TransactionConflict"]
    with pytest.raises(stack.dynamodb.exceptions.TransactionConflictException):
        stack.dynamodb.put_item(**_item(stack, "conflict-1"))
    assert stack.item("conflict-1") is None


def test_jobs_meet_what_their_calls_meet(stack: Stack) -> None:
    """S3 asks a job's transfer tool to slow down: it tries again, and nobody else is asked."""
    bucket = stack.outputs["Bucket"]
    stack.fault(kind="api", operation="s3:PutObject", caller="batch:*", fault="throttle", times=2)
    stack.s3.put_object(Bucket=bucket, Key="mine", Body=b"x")
    job = stack.job_ended(stack.submit("slowed", ["sh", "-c", f"echo y > y; s5cmd cp y s3://{bucket}/theirs"]))
    assert job["status"] == "SUCCEEDED"
    assert stack.s3.get_object(Bucket=bucket, Key="theirs")["Body"].read() == b"y\n"
    assert [plan["struck"] for plan in stack.cloud.ask("GET", "/faults")] == [2]


@pytest.mark.parametrize("fault", ["throttle", "unanswered", "server"])
def test_state_machines_meet_what_their_calls_meet(stack: Stack, fault: str) -> None:
    """A Lambda that is refused, or whose answer is lost, is what the machine's Retry knows it by."""
    name = {"throttle": "Lambda.TooManyRequestsException"}.get(fault, "Lambda.ServiceException")
    retry = {"ErrorEquals": [name], "IntervalSeconds": 1, "MaxDelaySeconds": 1, "MaxAttempts": 3}
    call = {"FunctionName": stack.outputs["EchoAlias"], "Payload": {"put": f"called-{fault}"}}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": call, "End": True}
    once, again = (
        stack.machine(
            f"calls-{fault}-{kind}",
            {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": {**state, **more}}},
        )
        for kind, more in (("once", {}), ("again", {"Retry": [retry]}))
    )
    stack.fault(kind="api", operation="lambda:Invoke", caller="cloud", fault=fault, times=2)
    assert stack.run(once, {})["error"] == name
    assert bool(stack.item(f"called-{fault}")) is (fault == "unanswered")
    assert stack.run(again, {})["status"] == "SUCCEEDED"


def test_a_throttled_start_has_the_name_of_its_service(stack: Stack) -> None:
    """StartExecution's API does not know throttling, so Step Functions calls it by the service: AWSStepFunctionsException."""
    child = stack.machine("started", {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    start["Arguments"] = {"StateMachineArn": child, "Input": {}}
    parent = stack.machine("starts", {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": start}})
    stack.fault(kind="api", operation="states:StartExecution", caller="cloud", fault="throttle")
    assert stack.run(parent, {})["error"] == "StepFunctions.AWSStepFunctionsException"
    assert stack.run(parent, {})["status"] == "SUCCEEDED"


def test_a_reader_that_is_refused_fails_by_name(stack: Stack) -> None:
    """What S3 says to a Distributed Map's reader is `States.ItemReaderFailed`."""
    stack.fault(kind="api", operation="s3:GetObject", caller="cloud", fault="throttle")
    ended = stack.run(stack.outputs["Pipeline"], stack.plan("unread", []))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert "SlowDown" in ended["cause"]


def test_a_worker_whose_time_is_up_says_so(stack: Stack) -> None:
    """It is killed at the call a plan names, and Lambda tells of its time-out."""
    stack.fault(kind="lambda", function="*Echo*", operation="dynamodb:*", call=2, when="after", fault="timeout")
    answer = stack.__getattr__("lambda").invoke(
        FunctionName=stack.outputs["EchoAlias"], Payload=json.dumps({"put": "late", "times": 3})
    )
    told = json.loads(answer["Payload"].read())
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith("Error: Task timed out after 10.00 seconds")
    assert [bool(stack.item("late", str(n))) for n in range(3)] == [True, True, False]


def _events(stack: Stack, name: str, faults: list[dict[str, Any]]) -> Any:
    """A queue behind a rule, these faults, and what fetches the numbers received so far, in order of their coming."""
    queue, arn = stack.open_queue(name)
    stack.events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    stack.events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    for fault in faults:
        stack.fault(kind="event", detailType=name, **fault)
    for number in (1, 2):
        detail = json.dumps({"n": number})
        stack.events.put_events(Entries=[{"Source": name, "DetailType": name, "Detail": detail}])
    seen: list[int] = []

    def received() -> list[int]:
        messages = stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"])["detail"]["n"] for message in messages)
        return seen

    return received


def test_events_come_in_another_order(stack: Stack) -> None:
    """The first is held until the second is delivered, and then comes at once."""
    received = _events(stack, "reordered", [{"fault": "reorder", "seconds": 3600}])
    assert until(lambda: received() if len(received()) == 2 else None) == [2, 1]


def test_an_event_that_nothing_follows_comes_late(stack: Stack) -> None:
    """Held, but not for ever: both are held, and both come."""
    received = _events(stack, "followed", [{"fault": "reorder", "seconds": 0.2, "times": 2}])
    assert sorted(until(lambda: received() if len(received()) == 2 else None)) == [1, 2]


def test_an_event_comes_again_later(stack: Stack) -> None:
    """The second copy of the first comes after the second."""
    received = _events(stack, "repeated", [{"fault": "duplicate", "seconds": 1}])
    seen = until(lambda: received() if len(received()) == 3 else None)
    assert (sorted(seen), seen[-1]) == ([1, 1, 2], 1)


def test_an_execution_is_stopped_at_a_transition(stack: Stack) -> None:
    """Aborted once so many transitions have happened, its jobs with it."""
    machine = stack.outputs["Pipeline"]
    stack.fault(kind="execution", machine=machine.rsplit(":", 1)[-1], transition=4)
    ended = stack.run(machine, stack.plan("cut", [{"id": "cut", "command": ["sleep", "300"]}]))
    assert ended["status"] == "ABORTED"
    assert [plan["struck"] for plan in stack.cloud.ask("GET", "/faults")] == [1]


def test_a_stopped_execution_may_leave_behind_what_it_started(stack: Stack) -> None:
    """Abandoned: the execution is over, and the one it had started runs to its own end."""
    wait = {"StartAt": "S", "States": {"S": {"Type": "Wait", "Seconds": 2, "End": True}}}
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    start["Arguments"] = {"StateMachineArn": stack.machine("left", wait), "Name": "left-1", "Input": {}}
    parent = stack.machine("leaves", {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": start}})
    stack.fault(kind="execution", machine="leaves", transition=2, fault="abandon")
    assert stack.run(parent, {})["status"] == "ABORTED"
    left = "arn:aws:states:us-east-1:123456789012:execution:left:left-1"
    assert stack.ended(left)["status"] == "SUCCEEDED"


def test_a_job_dies_at_the_call_a_plan_names(stack: Stack) -> None:
    """Killed after its second upload: two objects are there, the third is not; Batch tells of its host and tries again."""
    bucket = stack.outputs["Bucket"]
    line = f"for n in 1 2 3; do echo $n | s5cmd pipe s3://{bucket}/torn/$AWS_BATCH_JOB_ATTEMPT/$n; done"
    stack.fault(kind="batch", job="torn", fault="spot", operation="s3:PutObject", call=2, when="after")
    job = stack.job_ended(stack.submit("torn", ["sh", "-c", line]))
    assert [attempt["statusReason"][:9] for attempt in job["attempts"]] == ["Host EC2 ", "Essential"]
    keys = [item["Key"] for item in stack.s3.list_objects_v2(Bucket=bucket, Prefix="torn/")["Contents"]]
    assert keys == ["torn/1/1", "torn/1/2", "torn/2/1", "torn/2/2", "torn/2/3"]


def test_a_host_is_lost_after_its_job_has_ended_well(stack: Stack) -> None:
    """The job does all its work, and Batch knows only that the host is gone."""
    stack.fault(kind="batch", job="done-and-lost", fault="lost")
    line = f"echo done | s5cmd pipe s3://{stack.outputs['Bucket']}/lost/done"
    job_id = stack.submit("done-and-lost", ["sh", "-c", line], retryStrategy={"attempts": 1})
    job = stack.job_ended(job_id)
    assert (job["status"], job["statusReason"][:9]) == ("FAILED", "Host EC2 ")
    assert "exitCode" not in job["attempts"][0]["container"]
    assert stack.s3.get_object(Bucket=stack.outputs["Bucket"], Key="lost/done")["Body"].read() == b"done\n"


def test_two_attempts_race(stack: Stack) -> None:
    """The first one's host is lost to Batch while it writes; it goes on beside the second until that has ended."""
    bucket = stack.outputs["Bucket"]
    line = (
        f'at=s3://{bucket}/race/$AWS_BATCH_JOB_ATTEMPT; echo begun | s5cmd pipe "$at/begun"; '
        f"if [ $AWS_BATCH_JOB_ATTEMPT = 1 ]; then until s5cmd ls s3://{bucket}/race/2/ended; do sleep 0.1; done; fi; "
        'echo ended | s5cmd pipe "$at/ended"'
    )
    stack.fault(kind="batch", job="race", fault="race", operation="s3:PutObject", call=1)
    job = stack.job_ended(stack.submit("race", ["sh", "-c", line]))
    assert [attempt["statusReason"][:9] for attempt in job["attempts"]] == ["Host EC2 ", "Essential"]

    until(lambda: len(stack.s3.list_objects_v2(Bucket=bucket, Prefix="race/")["Contents"]) == 4)


def test_a_stopped_map_may_leave_behind_the_jobs_of_its_children(stack: Stack) -> None:
    """Abandoned: what its children wait for goes on too."""
    machine, queue = stack.outputs["Pipeline"], stack.outputs["Queue"]
    execution = stack.start(machine, stack.plan("adrift", [{"id": "adrift", "command": ["sleep", "3"]}]))
    filters = [{"name": "JOB_NAME", "values": ["job-adrift"]}]
    (job,) = until(lambda: stack.batch.list_jobs(jobQueue=queue, filters=filters)["jobSummaryList"])
    stack.fault(kind="execution", machine=machine.rsplit(":", 1)[-1], fault="abandon")
    stack.run(stack.machine("moves-on", {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}), {})
    assert stack.ended(execution)["status"] == "ABORTED"
    assert stack.job_ended(job["jobId"])["status"] == "SUCCEEDED"
