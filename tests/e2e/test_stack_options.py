"""The stack with everything that parameters can ask for, and two stacks in one account."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.live_stack import ROOT, LiveStack, until

from headrace.core.errors import HeadraceError
from headrace_local import deploy

HELLO = """\
name: NAME
processes:
  hello:
    container: any
    outputs: {o: o.txt}
    script: echo hello > o.txt
outputs: {o: "${{ hello.o }}"}
"""
ROLE = "arn:aws:iam::123456789012:role"
EVERYTHING = {
    "AccessLogBucket": "access-logs",
    "AlertEmail": "team@example.org",
    "AllowPrivileged": "yes",
    "AllowedBuckets": "arn:aws:s3:::reads,arn:aws:s3:::reads/*",
    "AllowedDefinitions": "arn:aws:batch:us-east-1:123456789012:job-definition/*",
    "AllowedQueues": "arn:aws:batch:us-east-1:123456789012:job-queue/lab",
    "AllowedRoles": f"{ROLE}/lab",
    "AllowedSecrets": "arn:aws:secretsmanager:us-east-1:123456789012:secret:lab-*",
    "AllowedWriteBuckets": "arn:aws:s3:::results,arn:aws:s3:::results/*",
    "BuildAmi": "x86_64",
    "CancelBlockedAfter": "3600",
    "FairShare": "yes",
    "Fargate": "yes",
    "GpuInstanceTypes": "g5,g6",
    "InstanceTypes": "c6i,m6i",
    "JobRoleArn": f"{ROLE}/mine",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
    "NetworkKind": "private-nat",
    "SessionManager": "yes",
}


def hello() -> tuple[str, str]:
    """A pipeline with work of its own, and its name."""
    name = f"hello-{uuid.uuid4().hex[:8]}"
    return HELLO.replace("NAME", name).replace("echo hello", f"echo {name}"), name


@pytest.fixture(scope="module")
def full(live: LiveStack) -> Iterator[LiveStack]:
    """A stack with all options, in a bucket that was there before."""
    s3 = live.client("s3")
    s3.create_bucket(Bucket="there-before")
    s3.put_bucket_versioning(Bucket="there-before", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="there-before", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    _bring_job_role(live.client("iam"))
    given = {**EVERYTHING, "BucketName": "there-before"}
    stack = LiveStack(live.cloud, "full", deploy(live.cloud.endpoint, ROOT / "template.yaml", "full", given))
    yield stack
    stack.delete()


def _bring_job_role(iam: Any) -> None:
    """The role that JobRoleArn names: what the stack's own would have."""
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    work = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::there-before/work/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::there-before"},
    ]
    version = {"Version": "2012-10-17"}
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]}))
    document = json.dumps({**version, "Statement": work})
    iam.put_role_policy(RoleName="mine", PolicyName="work", PolicyDocument=document)


def test_a_stack_of_every_option_runs(full: LiveStack):
    """Its queues are there; a job has the share and the role of the deployment, and lies in the bucket that was there."""
    assert full.bucket == "there-before"
    batch = full.client("batch")
    own = [
        each["jobQueueName"]
        for each in batch.describe_job_queues()["jobQueues"]
        if each["jobQueueName"].startswith("full-")
    ]
    assert sorted(own) == [f"full-{name}" for name in ("default", "fargate", "fargate-spot", "gpu", "ondemand")]
    ended = full.ended(full.drop("hello.yaml", *hello()))
    assert ended.status == "SUCCEEDED", ended.cause
    (job,) = batch.describe_jobs(jobs=[ended.jobs()[0]["jobId"]])["jobs"]
    (definition,) = batch.describe_job_definitions(jobDefinitions=[job["jobDefinition"]])["jobDefinitions"]
    assert definition["containerProperties"]["jobRoleArn"] == f"{ROLE}/mine"


def test_nothing_crosses_between_stacks(live: LiveStack, full: LiveStack):
    """A launch starts one run in one stack; jobs, alerts, dead letters, logs and metrics are each its own."""
    before = {stack.name: stack.executions() for stack in (live, full)}
    ended = live.ended(live.drop("only-here.yaml", *hello()))
    assert ended.status == "SUCCEEDED", ended.cause
    assert full.executions() == before["full"]
    assert {job["jobQueue"].rpartition("/")[2] for job in described(live, ended.jobs())} == {"headrace-default"}
    for name in ("Bucket", "Ledger", "RunPipeline", "Queue", "JobLogs", "AlertTopic", "DeadLetters"):
        assert live.outputs[name] != full.outputs[name]
    service = {
        stack.name: stack.client("lambda").get_function_configuration(FunctionName=f"{stack.name}-settle-task")[
            "Environment"
        ]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for stack in (live, full)
    }
    assert service == {"headrace": "headrace", "full": "full"}
    full.put("launch/broken.yaml", "processes: 3")
    until(lambda: full.keys("errors/launch/broken.yaml") or None, what="the errors file")
    assert live.keys("errors/launch/broken.yaml") == []


def described(stack: LiveStack, jobs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Jobs as Batch describes them."""
    return list(stack.client("batch").describe_jobs(jobs=[job["jobId"] for job in jobs])["jobs"])


def test_rules_of_the_template_hold_here_too(live: LiveStack):
    """Parameters that do not fit together are refused before anything is made, with the template's own words."""
    with pytest.raises(HeadraceError, match="SubnetIds needs SecurityGroupIds, or VpcId"):
        deploy(live.cloud.endpoint, ROOT / "template.yaml", "unruly", {"SubnetIds": "subnet-0a1b2c3d"})
    stacks = live.client("cloudformation").describe_stacks()["Stacks"]
    assert "unruly" not in [each["StackName"] for each in stacks]
