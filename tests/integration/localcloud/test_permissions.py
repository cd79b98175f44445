"""The local cloud refuses what the policies do not allow, and says it in AWS's words."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from headrace.core.errors import Refused
from headrace_local import deploy

from .conftest import Stack, until

TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
Client = Callable[[str], Any]


def _allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _role(stack: Stack, *allowed: dict[str, Any], trust: dict[str, Any] = TRUST) -> str:
    """A new role with one policy; its ARN."""
    name, version = f"r{uuid.uuid4().hex[:8]}", {"Version": "2012-10-17"}
    made = stack.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]}))
    if allowed:
        document = json.dumps({**version, "Statement": list(allowed)})
        stack.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    return str(made["Role"]["Arn"])


def _as(stack: Stack, *allowed: dict[str, Any]) -> Client:
    """Clients of somebody with a role of this policy."""
    role = _role(stack, *allowed)
    key = stack.cloud.ask("POST", "/callers", {"name": "me", "role": role})["accessKeyId"]
    session = boto3.session.Session(key, "local", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=stack.cloud.endpoint)


def _refusal(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as refused:
        call()
    return dict(refused.value.response)


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code", "status", "action"),
    [
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"pk": {"S": "x"}}}, "AccessDeniedException", 400, "dynamodb:GetItem"),
        ("stepfunctions", "list_map_runs", {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e"}, "AccessDeniedException", 400, "states:ListMapRuns"),
        ("batch", "describe_jobs", {"jobs": ["x"]}, "AccessDeniedException", 403, "batch:DescribeJobs"),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403, "lambda:InvokeFunction"),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"}, "AuthorizationError", 403, "sns:Publish"),
        ("ec2", "describe_instance_types", {}, "UnauthorizedOperation", 403, "ec2:DescribeInstanceTypes"),
        ("autoscaling", "describe_scaling_activities", {}, "AccessDenied", 403, "autoscaling:DescribeScalingActivities"),
        ("secretsmanager", "describe_secret", {"SecretId": "s"}, "AccessDeniedException", 400, "secretsmanager:DescribeSecret"),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b""}, "AccessDenied", 403, "s3:PutObject"),
        ("s3", "head_object", {"Bucket": "b", "Key": "k"}, "403", 403, ""),
    ],
)  # fmt: skip
def test_every_service_refuses_in_its_own_words(
    stack: Stack, service: str, operation: str, request_: dict[str, Any], code: str, status: int, action: str
) -> None:
    """Code and status as clients of the service know them; who, what and on what in the message. A HEAD has no words."""
    told = _refusal(lambda: getattr(_as(stack)(service), operation)(**request_))
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    if action:
        said = told["Error"]["Message"]
        assert said.startswith("User: arn:aws:sts::123456789012:assumed-role/r")
        assert f"/me is not authorized to perform: {action} on resource: " in said
        assert said.endswith(f"because no identity-based policy allows the {action} action")


def test_what_is_not_there_is_forbidden_to_who_may_not_list(stack: Stack) -> None:
    """S3 tells the two apart only for who may list the bucket."""
    bucket = stack.outputs["Bucket"]
    get = _allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind, seeing = _as(stack, get)("s3"), _as(stack, get, _allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))("s3")
    assert _refusal(lambda: blind.get_object(Bucket=bucket, Key="none"))["Error"]["Code"] == "AccessDenied"
    assert _refusal(lambda: blind.head_object(Bucket=bucket, Key="none"))["Error"]["Code"] == "403"
    assert _refusal(lambda: seeing.get_object(Bucket=bucket, Key="none"))["Error"]["Code"] == "NoSuchKey"
    assert _refusal(lambda: seeing.head_object(Bucket=bucket, Key="none"))["Error"]["Code"] == "404"


def test_a_buckets_policy_refuses_and_allows(stack: Stack) -> None:
    """Its deny wins over a role's policy; what it allows a role, the role need not be allowed itself."""
    bucket = f"b{uuid.uuid4().hex[:8]}"
    stack.s3.create_bucket(Bucket=bucket)
    stack.s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    mine, other = _as(stack, _allow("s3:*"))("s3"), _role(stack)
    key = stack.cloud.ask("POST", "/callers", {"name": "other", "role": other})["accessKeyId"]
    theirs = boto3.client("s3", "us-east-1", endpoint_url=stack.cloud.endpoint, aws_access_key_id=key, aws_secret_access_key="x")  # fmt: skip
    everything = f"arn:aws:s3:::{bucket}/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": everything}
    allow = {"Effect": "Allow", "Principal": {"AWS": other}, "Action": "s3:GetObject", "Resource": everything}
    plain = {**deny, "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    document = {"Version": "2012-10-17", "Statement": [deny, allow, plain]}
    stack.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    said = _refusal(lambda: mine.put_object(Bucket=bucket, Key="k", Body=b"y"))["Error"]["Message"]
    assert said.endswith("with an explicit deny in a resource-based policy")
    assert theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_an_operation_nobody_wrote_down_is_refused_by_name(stack: Stack) -> None:
    """Not allowed, not passed over: whoever calls it first is told where it belongs."""
    told = _refusal(lambda: _as(stack, _allow("*"))("sqs").list_queues())["Error"]["Message"]
    assert "sqs:ListQueues" in told
    assert "iam_calls.py" in told


def test_nobody_may_do_nothing(stack: Stack) -> None:
    """A request without a signature, and one with the key of a job that has ended."""
    place = f"{stack.cloud.endpoint}/{stack.outputs['Bucket']}/x"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(place)
    assert refused.value.code == 403
    job = stack.job_ended(stack.submit("keyed", ["sh", "-c", "echo $AWS_ACCESS_KEY_ID"]))
    events = stack.logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"])
    key = events["events"][0]["message"].strip()
    gone = boto3.client("s3", "us-east-1", endpoint_url=stack.cloud.endpoint, aws_access_key_id=key, aws_secret_access_key="x")  # fmt: skip
    assert "expired" in _refusal(gone.list_buckets)["Error"]["Message"]


def test_a_job_without_a_role_has_no_credentials(stack: Stack) -> None:
    """Its container finds none, where its instance has none to give."""
    queue, _ = stack.queue(f"q{uuid.uuid4().hex[:8]}")
    definition = _definition(stack)
    line = 'test -z "$AWS_ACCESS_KEY_ID"'
    job = stack.batch.submit_job(
        jobName="bare", jobQueue=queue, jobDefinition=definition, containerOverrides={"command": ["sh", "-c", line]}
    )
    assert stack.job_ended(job["jobId"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/none", "untrusting"])
def test_a_role_that_containers_cannot_assume_fails_the_job(stack: Stack, role: str) -> None:
    """It is not there, or trusts another service."""
    if role == "untrusting":
        role = _role(stack, trust={**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}})
    definition = _definition(stack, jobRoleArn=role)
    job = stack.batch.submit_job(jobName="denied", jobQueue=stack.outputs["Queue"], jobDefinition=definition)
    ended = stack.job_ended(job["jobId"])
    assert ended["status"] == "FAILED"
    assert f"ECS was unable to assume the role '{role}'" in ended["attempts"][0]["statusReason"]


def test_secrets_are_fetched_by_the_execution_role(stack: Stack) -> None:
    """Not by the job's: what its policy does not name is not had, and the container does not start."""
    name = f"s{uuid.uuid4().hex[:8]}"
    secret = stack.secretsmanager.create_secret(Name=name, SecretString="v")["ARN"]
    logs = [_allow("logs:CreateLogStream"), _allow("logs:PutLogEvents")]
    for allowed, status in (([], "FAILED"), ([_allow("secretsmanager:GetSecretValue", secret)], "SUCCEEDED")):
        definition = _definition(
            stack,
            jobRoleArn=_role(stack),
            executionRoleArn=_role(stack, *logs, *allowed),
            secrets=[{"name": "S", "valueFrom": secret}],
            command=["sh", "-c", 'test "$S" = v'],
        )
        job = stack.batch.submit_job(jobName="secret", jobQueue=stack.outputs["Queue"], jobDefinition=definition)
        ended = stack.job_ended(job["jobId"])
        assert ended["status"] == status
        if status == "FAILED":
            reason = ended["attempts"][0]["container"]["reason"]
            assert reason.startswith("ResourceInitializationError: unable to pull secrets")
            assert "is not authorized to perform: secretsmanager:GetSecretValue" in reason


def test_a_machine_may_do_what_its_role_may(stack: Stack) -> None:
    """A job it may not submit is `Batch.AWSBatchException`, as every error is that Batch's API model does not have."""
    states = {
        "S": {
            "Type": "Task",
            "Resource": "arn:aws:states:::batch:submitJob",
            "Arguments": {
                "JobName": "j",
                "JobQueue": stack.outputs["Queue"],
                "JobDefinition": stack.outputs["JobDefinition"],
            },
            "End": True,
        }
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "S", "States": states}
    role = _role(stack, _allow("batch:SubmitJob", "arn:aws:batch:*:*:job-definition/*"))
    machine = stack.stepfunctions.create_state_machine(
        name=f"m{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    ended = stack.run(machine, {})
    assert ended["error"] == "Batch.AWSBatchException"
    assert f"is not authorized to perform: batch:SubmitJob on resource: {stack.outputs['Queue']}" in ended["cause"]
    states["S"]["Resource"] = "arn:aws:states:::batch:submitJob.sync"
    refused = _refusal(
        lambda: stack.stepfunctions.create_state_machine(name="never", definition=json.dumps(definition), roleArn=role)
    )["Error"]
    assert refused["Code"] == "AccessDeniedException"
    assert "is not authorized to create managed-rule" in refused["Message"]


def test_a_rule_reaches_what_lets_it_in(stack: Stack) -> None:
    """A queue without a policy for it gets nothing, at once, and the event is in the dead letter queue."""
    name = f"n{uuid.uuid4().hex[:8]}"
    dead, dead_arn = stack.open_queue(f"{name}-dead")
    stack.sqs.create_queue(QueueName=name)
    stack.events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    target = {"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}", "DeadLetterConfig": {"Arn": dead_arn}}
    stack.events.put_targets(Rule=name, Targets=[target])
    stack.events.put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": "{}"}])
    asked = {"QueueUrl": dead, "MessageAttributeNames": ["All"]}
    message = until(lambda: stack.sqs.receive_message(**asked).get("Messages"))[0]
    assert "does not let events.amazonaws.com in" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (_allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "IpAddress"),
        (_allow("s3:GetObject", Condition={"StringEquals": {"aws:username": "me"}}), "aws:username"),
    ],
)
def test_a_policy_that_cannot_be_judged_is_refused_at_deploy(
    stack: Stack, tmp_path: Path, statement: dict[str, Any], named: str
) -> None:
    """By the name of the operator or key: it would be passed over, and everything allowed or nothing."""
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"Policy": policy}}))
    with pytest.raises(Refused, match=named):
        deploy(stack.cloud.endpoint, path, f"refused-{named.rpartition(':')[2].lower()}")


def test_a_policy_of_aws_that_is_not_known_is_refused(stack: Stack, tmp_path: Path) -> None:
    """By its name, with where to add it."""
    trust = {"Version": "2012-10-17", "Statement": [TRUST]}
    role = {"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}}))
    with pytest.raises(Refused, match=r"AdministratorAccess.*iam_managed\.py"):
        deploy(stack.cloud.endpoint, path, "refused-managed")


def test_what_a_role_needed_is_counted(stack: Stack) -> None:
    """A grant is needed when it alone allowed a call: what a wider one beside it covers is not."""
    bucket = stack.outputs["Bucket"]
    wide, narrow = f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}/a/*"
    role = _role(stack, _allow("s3:PutObject", wide), _allow("s3:PutObject", narrow), _allow("s3:GetObject", narrow))
    key = stack.cloud.ask("POST", "/callers", {"name": "me", "role": role})["accessKeyId"]
    s3 = boto3.client("s3", "us-east-1", endpoint_url=stack.cloud.endpoint, aws_access_key_id=key, aws_secret_access_key="x")  # fmt: skip

    def needed() -> list[tuple[str, str]]:
        grants = stack.cloud.ask("GET", "/permissions")["roles"][role]
        return [(grant["action"], grant["resource"]) for grant in grants if grant["needed"]]

    s3.put_object(Bucket=bucket, Key="a/x", Body=b"")
    assert needed() == []
    s3.put_object(Bucket=bucket, Key="b/x", Body=b"")
    s3.get_object(Bucket=bucket, Key="a/x")
    assert needed() == [("s3:PutObject", wide), ("s3:GetObject", narrow)]
    _refusal(lambda: s3.get_object(Bucket=bucket, Key="b/x"))
    refused = [each for each in stack.cloud.ask("GET", "/permissions")["refused"] if each["who"] == role]
    assert [(each["action"], each["times"]) for each in refused] == [("s3:GetObject", 1)]


def test_a_caller_has_a_policy_or_a_role(stack: Stack) -> None:
    """Whatever else is asked for is refused."""
    with pytest.raises(Exception, match="policy or role"):
        stack.cloud.ask("POST", "/callers", {"name": "x", "user": "y"})


def _definition(stack: Stack, **more: Any) -> str:
    needs = [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "64"}]
    properties = {"image": "any", "command": ["true"], "resourceRequirements": needs, **more}
    made = stack.batch.register_job_definition(
        jobDefinitionName=f"d{uuid.uuid4().hex[:8]}", type="container", containerProperties=properties
    )
    return str(made["jobDefinitionArn"])
