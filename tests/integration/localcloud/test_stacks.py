"""What CloudFormation does with whole stacks: change sets, changes in place, what stays, and going back when it fails."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Stack, until

ROLE = "arn:aws:iam::123456789012:role/any"
IAM = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {}}
WRONG: dict[str, Any] = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(nonsense)"}}


def _name() -> str:
    return f"s-{uuid.uuid4().hex[:10]}"


def _body(resources: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Resources": resources, **more})


def _apply(stack: Stack, name: str, body: str, verb: str = "create", **more: Any) -> dict[str, Any]:
    """Create or update, and wait; the stack's description."""
    ask = stack.cloudformation.create_stack if verb == "create" else stack.cloudformation.update_stack
    ask(StackName=name, TemplateBody=body, Capabilities=IAM, **more)
    return until(lambda: _settled(stack, name))


def _settled(stack: Stack, name: str) -> dict[str, Any] | None:
    told = dict(stack.cloudformation.describe_stacks(StackName=name)["Stacks"][0])
    return None if told["StackStatus"].endswith("_IN_PROGRESS") else told


def _resources(stack: Stack, name: str) -> dict[str, str]:
    """Logical to physical id."""
    found = stack.cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def _events(stack: Stack, name: str) -> list[tuple[str, str, str]]:
    """What happened, oldest first: the resource, its status, the reason."""
    told = stack.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", "")) for e in reversed(told)]


def test_what_cannot_be_created_is_taken_back(stack: Stack) -> None:
    """The stack ends in ROLLBACK_COMPLETE with the reason by name, nothing of it stays, and only deleting it is left."""
    name = _name()
    resources = {"Queue": QUEUE, "Rule": {**WRONG, "DependsOn": "Queue"}}
    assert _apply(stack, name, _body(resources))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert _resources(stack, name) == {}
    assert "QueueUrls" not in stack.sqs.list_queues(QueueNamePrefix=name)
    events = _events(stack, name)
    assert [status for logical, status, _ in events if logical == "Queue"] == [
        "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE",
    ]  # fmt: skip
    assert any(logical == "Rule" and status == "CREATE_FAILED" and "nonsense" in why for logical, status, why in events)
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        _apply(stack, name, _body({"Queue": QUEUE}), "update")
    stack.cloudformation.delete_stack(StackName=name)
    assert _apply(stack, name, _body({"Queue": QUEUE}))["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_update_goes_back(stack: Stack) -> None:
    """What was changed is as it was, what was added is gone, what was dropped never went."""
    name = _name()
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}, "Policies": []}}
    policy = {"PolicyName": "one", "PolicyDocument": {"Statement": []}}
    changed = {**role, "Properties": {**role["Properties"], "Policies": [policy]}}
    _apply(stack, name, _body({"Role": role, "Dropped": QUEUE}))
    before = _resources(stack, name)
    after = {"Role": changed, "Added": QUEUE, "Rule": {**WRONG, "DependsOn": ["Role", "Added"]}}
    assert _apply(stack, name, _body(after), "update")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert _resources(stack, name) == before
    assert stack.iam.list_role_policies(RoleName=before["Role"])["PolicyNames"] == []
    assert _apply(stack, name, _body({"Role": changed}), "update")["StackStatus"] == "UPDATE_COMPLETE"
    assert stack.iam.list_role_policies(RoleName=before["Role"])["PolicyNames"] == ["one"]


def test_a_change_in_place_loses_nothing(stack: Stack) -> None:
    """A queue keeps its messages, a topic its subscriptions, a rule its name and its other targets."""
    name = _name()

    def resources(seconds: int, shown: str, targets: list[str]) -> dict[str, Any]:
        arn = {"Fn::GetAtt": ["Queue", "Arn"]}
        rule = {"EventPattern": {"source": ["x"]}, "Targets": [{"Id": target, "Arn": arn} for target in targets]}
        return {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": shown}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": rule},
        }

    _apply(stack, name, _body(resources(30, "one", ["a", "b"])))
    before = _resources(stack, name)
    stack.sqs.send_message(QueueUrl=before["Queue"], MessageBody="kept")
    stack.sns.subscribe(TopicArn=before["Topic"], Protocol="email", Endpoint="kept@example.org")
    assert _apply(stack, name, _body(resources(0, "two", ["b"])), "update")["StackStatus"] == "UPDATE_COMPLETE"
    assert _resources(stack, name) == before
    assert stack.sqs.receive_message(QueueUrl=before["Queue"])["Messages"][0]["Body"] == "kept"
    assert len(stack.sns.list_subscriptions_by_topic(TopicArn=before["Topic"])["Subscriptions"]) == 1
    assert stack.sns.get_topic_attributes(TopicArn=before["Topic"])["Attributes"]["DisplayName"] == "two"
    assert [t["Id"] for t in stack.events.list_targets_by_rule(Rule=before["Rule"])["Targets"]] == ["b"]


def test_a_nested_stack_is_changed_in_place(stack: Stack) -> None:
    """Its queue keeps its messages; a failure within names the resource and leaves both stacks as they were."""
    name = _name()

    def nested(seconds: int, **more: Any) -> dict[str, Any]:
        inner = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": seconds}}, **more}
        body = _body(inner, Outputs={"Url": {"Value": {"Ref": "Queue"}}})
        key = f"{name}/{seconds}.template"
        stack.s3.put_object(Bucket=stack.outputs["Bucket"], Key=key, Body=body)
        url = f"https://s3.us-east-1.amazonaws.com/{stack.outputs['Bucket']}/{key}"
        return {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}

    shown = {"Url": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Url"]}}}
    url = _apply(stack, name, _body(nested(30), Outputs=shown))["Outputs"][0]["OutputValue"]
    inner = _resources(stack, name)["Inner"]
    stack.sqs.send_message(QueueUrl=url, MessageBody="kept")
    told = _apply(stack, name, _body(nested(0), Outputs=shown), "update")
    assert (told["StackStatus"], told["Outputs"][0]["OutputValue"]) == ("UPDATE_COMPLETE", url)
    assert _resources(stack, name)["Inner"] == inner
    assert stack.sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"
    failed = _apply(stack, name, _body(nested(60, Rule={**WRONG, "DependsOn": "Queue"}), Outputs=shown), "update")
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        stack.cloudformation.describe_stacks(StackName=inner)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert (
        stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "0"
    )
    assert any(logical == "Inner" and "Rule:" in why for logical, status, why in _events(stack, name))
    stack.cloudformation.delete_stack(StackName=name)
    assert "QueueUrls" not in stack.sqs.list_queues(QueueNamePrefix=f"{name}-Inner")


def test_what_the_policy_retains_stays(stack: Stack) -> None:
    """Dropped from the template or with the whole stack; a bucket with something in it stops the deletion by name."""
    name = _name()
    kept = {**QUEUE, "DeletionPolicy": "Retain"}
    _apply(stack, name, _body({"Kept": kept, "Other": kept, "Bucket": {"Type": "AWS::S3::Bucket"}}))
    made = _resources(stack, name)
    _apply(stack, name, _body({"Other": kept, "Bucket": {"Type": "AWS::S3::Bucket"}}), "update")
    stack.s3.put_object(Bucket=made["Bucket"], Key="x", Body=b"x")
    stack.cloudformation.delete_stack(StackName=name)
    told = until(lambda: _settled(stack, name))
    assert told["StackStatus"] == "DELETE_FAILED"
    assert "Bucket: The bucket you tried to delete is not empty" in told["StackStatusReason"]
    stack.s3.delete_object(Bucket=made["Bucket"], Key="x")
    stack.cloudformation.delete_stack(StackName=name)
    with pytest.raises(ClientError, match="does not exist"):
        stack.cloudformation.describe_stacks(StackName=name)
    urls = stack.sqs.list_queues(QueueNamePrefix=name)["QueueUrls"]
    assert {url.rsplit("/", 1)[1] for url in urls} == {made[one].rsplit("/", 1)[1] for one in ("Kept", "Other")}


def test_a_name_that_changes_is_another_resource(stack: Stack) -> None:
    """The new one is made, the old one removed after it."""
    name = _name()

    def named(text: str) -> str:
        return _body({"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-{text}"}}})

    _apply(stack, name, named("one"))
    assert _apply(stack, name, named("two"), "update")["StackStatus"] == "UPDATE_COMPLETE"
    urls = stack.sqs.list_queues(QueueNamePrefix=name)["QueueUrls"]
    assert [url.rsplit("-", 1)[1] for url in urls] == ["two"]


def test_a_change_that_cannot_be_made_is_refused_by_name(stack: Stack) -> None:
    """Nothing is passed over in silence: the type and the property are named."""
    name = _name()

    def table(key: str) -> str:
        attributes = [{"AttributeName": key, "AttributeType": "S"}]
        schema = [{"AttributeName": key, "KeyType": "HASH"}]
        given = {"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes, "KeySchema": schema}
        return _body({"Table": {"Type": "AWS::DynamoDB::Table", "Properties": given}})

    _apply(stack, name, table("pk"))
    told = _apply(stack, name, table("other"), "update")
    assert told["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any(
        "cannot change AttributeDefinitions, KeySchema of AWS::DynamoDB::Table" in e[2] for e in _events(stack, name)
    )


def test_a_change_set_says_what_it_would_do(stack: Stack) -> None:
    """Added, changed with who takes a value from it, removed; without a change it fails with AWS's words."""
    name = _name()
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": ROLE, "Definition": {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}},
    }
    version = {
        "Type": "AWS::StepFunctions::StateMachineVersion",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "StateMachineArn": {"Ref": "Machine"},
            "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
        },
    }
    parameters = {"Seconds": {"Type": "Number", "Default": 30}}
    timed = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}

    def change_set(body: str, **more: Any) -> dict[str, Any]:
        ask = {"StackName": name, "ChangeSetName": f"c{uuid.uuid4().hex}", "Capabilities": IAM}
        made = stack.cloudformation.create_change_set(**ask, TemplateBody=body, **more)
        return dict(stack.cloudformation.describe_change_set(ChangeSetName=made["Id"], StackName=name))

    def said(told: dict[str, Any]) -> set[tuple[str, str]]:
        return {(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in told["Changes"]}

    body = _body({"Machine": machine, "Version": version, "Timed": timed, "Old": QUEUE}, Parameters=parameters)
    first = change_set(body, ChangeSetType="CREATE")
    assert said(first) == {("Add", one) for one in ("Machine", "Version", "Timed", "Old")}
    stack.cloudformation.execute_change_set(ChangeSetName=first["ChangeSetId"])
    assert until(lambda: _settled(stack, name))["StackStatus"] == "CREATE_COMPLETE"

    nothing = change_set(body)
    assert (nothing["Status"], nothing["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert nothing["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError, match="cannot be executed in its current status of"):
        stack.cloudformation.execute_change_set(ChangeSetName=nothing["ChangeSetId"])

    longer = change_set(body, Parameters=[{"ParameterKey": "Seconds", "ParameterValue": "60"}])
    assert said(longer) == {("Modify", "Timed")}
    other = json.loads(json.dumps(machine).replace("Succeed", "Fail"))
    changed = change_set(
        _body({"Machine": other, "Version": version, "Timed": timed, "New": QUEUE}, Parameters=parameters)
    )
    assert said(changed) == {("Modify", "Machine"), ("Modify", "Version"), ("Add", "New"), ("Remove", "Old")}
    stack.cloudformation.execute_change_set(ChangeSetName=changed["ChangeSetName"], StackName=name)
    assert until(lambda: _settled(stack, name))["StackStatus"] == "UPDATE_COMPLETE"
    arn = _resources(stack, name)["Machine"]
    assert [stack.run(f"{arn}:{number}", {})["status"] for number in (1, 2)] == ["SUCCEEDED", "FAILED"]


@pytest.mark.parametrize(
    ("body", "more", "told"),
    [
        (_body({"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": "A"}}), {}, r"Circular dependency between resources: \[A, B\]"),
        (_body({"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}}), {}, r"Unresolved resource dependencies \[Nobody\]"),
        (_body({"A": QUEUE}, Outputs={"X": {"Value": {"Ref": "Nobody"}}}), {}, "Outputs: KeyError: 'Nobody'"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_hold_together_makes_nothing(
    stack: Stack, body: str, more: dict[str, Any], told: str
) -> None:
    """The reason stands in the stack's events."""
    import re

    name = _name()
    assert _apply(stack, name, body, **more)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(re.search(told, why) for _, _, why in _events(stack, name))


@pytest.mark.parametrize(
    ("body", "more", "code", "told"),
    [
        (_body({"A": QUEUE}, Parameters={"P": {"Type": "String"}}), {}, "ValidationError", r"\[P\] must have values"),
        (_body({"A": QUEUE}), {"Parameters": [{"ParameterKey": "Q", "ParameterValue": "1"}]}, "ValidationError", r"\[Q\] do not exist"),
        (_body({"A": QUEUE}, Transform="AWS::Include"), {}, "ValidationError", "no transform 'AWS::Include'"),
        ("{}", {}, "ValidationError", "At least one Resources member"),
        ("Resources: [", {}, "ValidationError", "Template format error"),
        (
            _body({"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}}}, Transform="AWS::Serverless-2016-10-31"),
            {}, "ValidationError", r"Transform AWS::Serverless-2016-10-31 failed with.*\[F\]",
        ),
        (
            _body({"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "mine", "AssumeRolePolicyDocument": {}}}}),
            {}, "InsufficientCapabilitiesException", "CAPABILITY_NAMED_IAM",
        ),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_right_is_refused_at_once(
    stack: Stack, body: str, more: dict[str, Any], code: str, told: str
) -> None:
    """Before there is a stack."""
    name = _name()
    with pytest.raises(ClientError, match=told) as refused:
        _apply(stack, name, body, **more)
    assert refused.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="does not exist"):
        stack.cloudformation.describe_stacks(StackName=name)


def test_secrets_among_the_parameters_are_not_shown(stack: Stack) -> None:
    """NoEcho."""
    name = _name()
    parameters = {"Secret": {"Type": "String", "NoEcho": True}, "Plain": {"Type": "String", "Default": "seen"}}
    given = [{"ParameterKey": "Secret", "ParameterValue": "never-seen"}]
    told = _apply(stack, name, _body({"A": QUEUE}, Parameters=parameters), Parameters=given)
    shown = {one["ParameterKey"]: one["ParameterValue"] for one in told["Parameters"]}
    assert shown == {"Secret": "****", "Plain": "seen"}


def test_a_layer_built_for_another_python_is_refused(stack: Stack) -> None:
    """Its compiled modules would not load; the message says what to do instead."""
    name, content = _name(), io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("python/fast.cpython-27-x86_64-linux-gnu.so", b"")
    stack.s3.put_object(Bucket=stack.outputs["Bucket"], Key=f"{name}.zip", Body=content.getvalue())
    place = {"S3Bucket": stack.outputs["Bucket"], "S3Key": f"{name}.zip"}
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"LayerName": name, "Content": place}}
    assert _apply(stack, name, _body({"Layer": layer}))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(f"layer {name} was built for cpython-27" in why for _, _, why in _events(stack, name))
