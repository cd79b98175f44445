"""From AWS's answers to facts: every call is understood, every refusal is named, and nothing that AWS says ends the command."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, TokenRetrievalError
from tests.support import user_data
from tests.support.canned_aws import Answer, CannedAws, refused

from headrace_cli.doctor import looking, quotas
from headrace_cli.doctor.checks import findings
from headrace_cli.doctor.facts import Denied, Environment, Nobody, Queue, Unanswered
from headrace_cli.doctor.findings import Status
from headrace_cli.doctor.gather import facts

ACCOUNT = "123456789012"
LAMBDA_ROLE = f"arn:aws:iam::{ACCOUNT}:role/f-role"
MACHINE = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:headrace-run-scope"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"
LETTERS = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/dead"
EVENTS = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/batch-events"
SPOT = f"arn:aws:batch:eu-west-1:{ACCOUNT}:compute-environment/spot"
TRUST = {
    "f-role": "lambda.amazonaws.com",
    "m-role": "states.amazonaws.com",
    "job": "ecs-tasks.amazonaws.com",
    "team-job": "ecs-tasks.amazonaws.com",
    "machines": "ec2.amazonaws.com.cn",
}
OUTPUTS = {
    "Bucket": "b",
    "Ledger": "t",
    "Queue": f"arn:aws:batch:eu-west-1:{ACCOUNT}:job-queue/default",
    "JobLogs": "/l",
    "AlertTopic": TOPIC,
    "DeadLetters": LETTERS,
    "Version": "0.1.0",
}
RESOURCES = {
    "headrace": [
        ("AWS::Lambda::Function", "F", "headrace-f"),
        ("AWS::StepFunctions::StateMachine", "M", MACHINE),
        ("AWS::Events::Rule", "R", "headrace-sweep"),
        ("AWS::Logs::LogGroup", "L", "/l"),
        ("AWS::SQS::Queue", "D", LETTERS),
        ("AWS::SQS::Queue", "E", EVENTS),
        ("AWS::CloudFormation::Stack", "Batch", "arn:nested"),
    ],
    "arn:nested": [("AWS::CloudWatch::Alarm", "A", "headrace-dead-letters"), ("AWS::Batch::JobQueue", "Q", "default")],
}
SCRIPT = user_data.text(
    {
        "AWS::Region": "eu-west-1",
        "Bucket": "b",
        "ToolPrefix": "tools/0123456789abcdef/",
        "ToolSums": f"aarch64={'a' * 64} x86_64={'b' * 64}",
    }
)
USER_DATA = base64.b64encode(SCRIPT.encode()).decode()
TOOLS = "s3://b/tools/0123456789abcdef"


def date(ahead: float = 0.0) -> dict[str, Any]:
    """Metadata of an answer that was given so many seconds ago."""
    said = format_datetime(datetime.now(UTC) - timedelta(seconds=ahead), usegmt=True)
    return {"HTTPHeaders": {"date": said}}


def trust(service: str) -> str:
    """A trust policy, as text."""
    return json.dumps({"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}})


def role(request: Mapping[str, Any]) -> dict[str, Any]:
    """GetRole."""
    name = request["RoleName"]
    base = {
        "Path": "/",
        "RoleName": name,
        "RoleId": "A" * 16,
        "Arn": f"arn:{name}" * 5,
        "CreateDate": datetime.now(UTC),
    }
    return {"Role": base | {"AssumeRolePolicyDocument": trust(TRUST[name])}}


def profile(request: Mapping[str, Any]) -> dict[str, Any]:
    """GetInstanceProfile."""
    inner = role({"RoleName": "machines"})["Role"]
    base = {key: inner[key] for key in ("Path", "Arn", "CreateDate")} | {"InstanceProfileId": "A" * 16}
    return {"InstanceProfile": base | {"InstanceProfileName": request["InstanceProfileName"], "Roles": [inner]}}


def resources(request: Mapping[str, Any]) -> dict[str, Any]:
    """ListStackResources, nested stacks by their ARN."""
    summaries = [
        {
            "ResourceType": kind,
            "LogicalResourceId": logical,
            "PhysicalResourceId": name,
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": datetime.now(UTC),
        }
        for kind, logical, name in RESOURCES[request["StackName"]]
    ]
    left_out = {"ResourceType": "AWS::SNS::Subscription", "LogicalResourceId": "S", "ResourceStatus": "CREATE_COMPLETE"}
    return {"StackResourceSummaries": [*summaries, left_out | {"LastUpdatedTimestamp": datetime.now(UTC)}]}


def queue_attributes(request: Mapping[str, Any]) -> dict[str, Any]:
    """GetQueueAttributes: the second queue sends to the first what it cannot take."""
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:" + request["QueueUrl"].rpartition("/")[2]
    more = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn.replace("batch-events", "dead")})}
    return {
        "Attributes": {"QueueArn": arn, "ApproximateNumberOfMessages": "0"}
        | (more if request["QueueUrl"] == EVENTS else {"ApproximateNumberOfMessages": "2"})
    }


def quota(request: Mapping[str, Any]) -> dict[str, Any]:
    """GetServiceQuota: the Step Functions ones have no value of this account."""
    if request["ServiceCode"] == "states":
        raise refused("NoSuchResourceException")
    return {"Quota": {"Value": 1000.0}}


AWS: dict[str, Answer] = {
    # Dated when it is given: in a long test run this module is read minutes before.
    "get_caller_identity": lambda _request: {
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/me",
        "ResponseMetadata": date(),
    },
    "describe_stacks": {
        "Stacks": [
            {
                "StackName": "headrace",
                "CreationTime": datetime.now(UTC),
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()],
                "Parameters": [
                    {
                        "ParameterKey": "AllowedQueues",
                        "ParameterValue": "arn:aws:batch:r:1:job-queue/big, arn:aws:batch:r:1:job-queue/team-*",
                    }
                ],
            }
        ]
    },
    "list_stack_resources": resources,
    "head_bucket": {},
    "list_objects_v2": {"Contents": [{"Key": "tools/0123456789abcdef/aarch64/s5cmd"}]},
    "get_bucket_versioning": {"Status": "Enabled"},
    "get_bucket_notification_configuration": {"EventBridgeConfiguration": {}},
    "get_public_access_block": {
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": False}
    },
    "get_bucket_policy": {"Policy": '{"Statement": []}'},
    "describe_table": {
        "Table": {
            "TableStatus": "ACTIVE",
            "KeySchema": [
                {"AttributeName": "sk", "KeyType": "RANGE"},
                {"AttributeName": "pk", "KeyType": "HASH"},
            ],
        }
    },
    "describe_continuous_backups": {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
        }
    },
    "get_function_configuration": {
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Role": LAMBDA_ROLE,
        "DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"},
        "Environment": {
            "Variables": {
                "HEADRACE_JOB_ROLE": f"arn:aws:iam::{ACCOUNT}:role/path/job",
                "HEADRACE_TENANT_ROLES": f"arn:aws:iam::{ACCOUNT}:role/genomics/team-job",
            }
        },
    },
    "list_event_source_mappings": {
        "EventSourceMappings": [{"EventSourceArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:batch-events", "State": "Enabled"}]
    },
    "describe_state_machine": {
        "stateMachineArn": MACHINE,
        "name": "headrace-run-scope",
        "status": "ACTIVE",
        "definition": "{}",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/m-role",
        "type": "STANDARD",
        "creationDate": datetime.now(UTC),
    },
    "describe_rule": {"State": "ENABLED"},
    "get_role": role,
    "get_instance_profile": profile,
    "describe_log_groups": {"logGroups": [{"logGroupName": "/l", "retentionInDays": 90}, {"logGroupName": "/l2"}]},
    "list_subscriptions_by_topic": {
        "Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}, {"SubscriptionArn": f"{TOPIC}:1"}]
    },
    "get_queue_attributes": queue_attributes,
    "describe_alarms": {"MetricAlarms": [{"AlarmName": "headrace-dead-letters", "StateValue": "ALARM"}]},
    "describe_job_queues": {
        "jobQueues": [
            {
                "jobQueueName": "default",
                "jobQueueArn": OUTPUTS["Queue"],
                "state": "ENABLED",
                "status": "VALID",
                "priority": 1,
                "computeEnvironmentOrder": [
                    {"order": 2, "computeEnvironment": f"{SPOT}-gone"},
                    {"order": 1, "computeEnvironment": SPOT},
                ],
            }
        ]
    },
    "describe_compute_environments": {
        "computeEnvironments": [
            {
                "computeEnvironmentName": "spot",
                "computeEnvironmentArn": SPOT,
                "ecsClusterArn": "arn:aws:ecs:cluster",
                "state": "ENABLED",
                "status": "VALID",
                "computeResources": {
                    "type": "SPOT",
                    "maxvCpus": 2000,
                    "instanceTypes": ["default_arm64"],
                    "subnets": [],
                    "instanceRole": f"arn:aws:iam::{ACCOUNT}:instance-profile/machines-profile",
                    "launchTemplate": {"launchTemplateId": "lt-1", "version": "3"},
                    "ec2Configuration": [{"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}],
                },
            }
        ]
    },
    "describe_launch_template_versions": {"LaunchTemplateVersions": [{"LaunchTemplateData": {"UserData": USER_DATA}}]},
    "get_service_quota": quota,
    "get_aws_default_service_quota": {"Quota": {"Value": 5000.0}},
}


def aws(**changed: Answer) -> CannedAws:
    """AWS with other answers to some operations."""
    return CannedAws(AWS | changed)


def test_facts_are_what_aws_says():
    """Names, states and numbers, from nested stacks, pages, ARNs and documents."""
    found = facts(aws(), queue="arn:aws:batch:eu-west-1:1:job-queue/mine")
    assert isinstance(found.clock, float)
    assert set(found.parts) == {"F", "M", "R", "L", "D", "E", "Batch", "Batch/A", "Batch/Q"}
    assert (found.bucket.events, found.bucket.blocks, found.bucket.versioning) == (
        True,
        frozenset({"BlockPublicAcls"}),
        "Enabled",
    )
    assert (found.table.keys, found.table.recovery) == (("pk", "sk"), True)
    assert found.functions["headrace-f"].sources == {"batch-events": "Enabled"}
    assert {each.name: each.trusted for each in found.roles} == {
        name: frozenset({service}) for name, service in TRUST.items()
    }
    assert {each.used_by for each in found.roles} >= {"jobs", "jobs of genomics", "machines of spot"}
    assert (found.log_groups["/l"].days, found.topic.confirmed, found.topic.pending) == (90, 1, 1)
    assert (found.dead_letters, found.alarms) == ({"dead": 2}, {"headrace-dead-letters": "ALARM"})
    assert {name: each is not None for name, each in found.queues.items()} == {
        "default": True,
        "big": False,
        "mine": False,
    }
    queue = found.queues["default"]
    assert isinstance(queue, Queue)
    assert [each.name for each in queue.environments] == ["spot", "spot-gone"]
    first, gone = queue.environments
    assert (first.arch, first.tool, first.image, first.max_vcpus) == ("arm64", True, "ami-1", 2000)
    assert first.binaries == {f"{TOOLS}/aarch64/s5cmd": True}
    assert gone == Environment(name="spot-gone", order=2)
    assert found.quotas == {each.code: 1000.0 if each.service == "lambda" else 5000.0 for each in quotas.ENGINE} | {
        "L-34B43A08": 1000.0
    }


def test_every_call_has_its_action():
    """The actions are those of the calls that are made, no more and no fewer."""
    there = aws()
    facts(there)
    assert set(there.asked) == set(looking.ACTIONS)


@pytest.mark.parametrize("operation", sorted(set(looking.ACTIONS) - {"get_caller_identity"}))
@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"])
def test_a_missing_permission_is_named(operation, code):
    """Whatever one call is refused: it is said, with its action, and nothing is a problem because of it."""
    before = {each.subject for each in findings(facts(aws())) if each.status is Status.PROBLEM}
    found = findings(facts(aws(**{operation: refused(code)})))
    unknown = {each.says for each in found if each.status is Status.UNKNOWN}
    assert f"needs {looking.ACTIONS[operation]}" in unknown
    assert {each.subject for each in found if each.status is Status.PROBLEM} <= before


@pytest.mark.parametrize("operation", sorted(set(looking.ACTIONS) - {"get_caller_identity"}))
def test_silence_is_no_fault(operation):
    """A connection that fails, and an error nobody knows, leave the other questions answered."""
    for error in (EndpointConnectionError(endpoint_url="https://x"), refused("InternalError", "boom")):
        found = findings(facts(aws(**{operation: error})))
        assert any(each.status is Status.UNKNOWN and operation in each.says for each in found)
        assert [each for each in found if each.status is Status.OK]


ABSENT = [
    ("describe_stacks", refused("ValidationError", "Stack with id headrace does not exist"), "stack"),
    ("head_bucket", refused("404"), "bucket"),
    ("get_public_access_block", refused("NoSuchPublicAccessBlockConfiguration"), "bucket public access"),
    ("get_bucket_policy", refused("NoSuchBucketPolicy"), "bucket policy"),
    ("describe_table", refused("ResourceNotFoundException"), "ledger"),
    ("get_function_configuration", refused("ResourceNotFoundException"), "function headrace-f"),
    ("describe_state_machine", refused("StateMachineDoesNotExist"), "state machine headrace-run-scope"),
    ("describe_rule", refused("ResourceNotFoundException"), "rule headrace-sweep"),
    ("get_role", refused("NoSuchEntity"), "role of jobs"),
    ("get_instance_profile", refused("NoSuchEntity"), "role of machines of spot"),
    ("list_subscriptions_by_topic", refused("NotFound"), "alerts"),
    ("describe_log_groups", {"logGroups": [{"logGroupName": "/l2"}]}, "log group /l"),
    ("describe_job_queues", {"jobQueues": []}, "queue default"),
]


@pytest.mark.parametrize(("operation", "answer", "subject"), ABSENT)
def test_what_is_gone_is_a_problem(operation, answer, subject):
    """AWS's way to say that something is not there, for each thing."""
    found = findings(facts(aws(**{operation: answer})))
    assert subject in {each.subject for each in found if each.status is Status.PROBLEM}


@pytest.mark.parametrize(
    "error",
    [NoCredentialsError(), TokenRetrievalError(provider="sso", error_msg="over"), refused("ExpiredToken", "old")],
)
def test_without_credentials_nobody_else_is_asked(error):
    """One problem that says which way they are missing, and no line of failures."""
    there = aws(get_caller_identity=error)
    found = facts(there)
    assert isinstance(found.caller, Nobody)
    assert there.asked == ["get_caller_identity"]
    assert [each.subject for each in findings(found) if each.status is Status.PROBLEM] == ["credentials"]


def test_without_a_region_nobody_is_asked():
    """The region is the problem."""
    there = CannedAws(AWS, region="")
    assert [each.subject for each in findings(facts(there)) if each.status is Status.PROBLEM] == ["region"]
    assert there.asked == []


def test_a_clock_that_is_off_is_seen_in_the_refusal():
    """AWS refuses a skewed request; the refusal says what time it was."""
    skewed = refused("SignatureDoesNotMatch", "Signature not yet current", **date(ahead=1000)["HTTPHeaders"])
    found = findings(facts(aws(get_caller_identity=skewed)))
    assert {each.subject for each in found if each.status is Status.PROBLEM} == {"credentials", "clock"}


def test_a_stack_of_somebody_else_is_not_taken_apart():
    """Without our outputs nothing is looked for in it; the queue that was named is."""
    other = {"StackName": "x", "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}
    found = facts(aws(describe_stacks={"Stacks": [other]}), queue="default")
    assert (found.bucket, found.functions, list(found.queues)) == (None, {}, ["default"])
    assert found.stack.lacks == ("Bucket", "Ledger", "Queue", "JobLogs")


def test_fargate_has_no_tool_to_look_for():
    """Nothing of a host can be mounted there, so no launch template is asked for."""
    said = AWS["describe_compute_environments"]["computeEnvironments"][0]  # type: ignore[index]
    fargate = said | {"computeResources": {"type": "FARGATE", "maxvCpus": 4, "subnets": []}}
    there = aws(describe_compute_environments={"computeEnvironments": [fargate]})
    found = findings(facts(there))
    assert "describe_launch_template_versions" not in there.asked
    assert "the image brings it: s5cmd or aws" in {each.says for each in found}


def test_the_tool_is_looked_for_where_machines_get_it():
    """Of the machines' architecture, or of every one the script knows; a script of somebody else names no place of ours."""
    said = AWS["describe_compute_environments"]["computeEnvironments"][0]  # type: ignore[index]
    any_machine = said | {"computeResources": said["computeResources"] | {"instanceTypes": ["m99z"]}}
    environments = {"computeEnvironments": [any_machine]}

    def first(**changed: Answer) -> Environment:
        found = facts(aws(describe_instance_types={"InstanceTypes": []}, **changed)).queues["default"]
        assert isinstance(found, Queue)
        return found.environments[0]

    assert first(describe_compute_environments=environments).binaries == {
        f"{TOOLS}/aarch64/s5cmd": True,
        f"{TOOLS}/x86_64/s5cmd": False,
    }
    assert first(list_objects_v2={}).binaries == {f"{TOOLS}/aarch64/s5cmd": False}
    other = base64.b64encode(b"curl -o /opt/headrace/bin/s5cmd https://example.org/s5cmd").decode()
    versions = {"LaunchTemplateVersions": [{"LaunchTemplateData": {"UserData": other}}]}
    theirs = first(describe_launch_template_versions=versions)
    assert (theirs.tool, theirs.binaries) == (True, {})


def test_the_local_cloud_says_what_it_lacks():
    """What it has no answer for is not asked for there, and said."""
    there = CannedAws(AWS, is_local=True)
    found = facts(there)
    assert isinstance(found.bucket.policy, Unanswered)
    assert {"get_bucket_policy", "get_service_quota", "describe_alarms"} & set(there.asked) == set()
    assert not [each for each in findings(found) if "needs" in each.says]


def test_a_denied_list_of_resources_leaves_what_the_outputs_name():
    """Bucket, ledger, queue, topic and dead letters are found without it."""
    found = facts(aws(list_stack_resources=refused("AccessDenied")))
    assert found.parts == Denied("cloudformation:ListStackResources")
    assert (found.bucket.name, found.table.name, list(found.queues), found.dead_letters) == (
        "b",
        "t",
        ["default", "big"],
        {"dead": 2},
    )
