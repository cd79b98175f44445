"""Asking AWS one thing: an answer, or why there is none. Nothing that AWS says here ends the command.

`ACTIONS` names the IAM action of every call the doctor makes, so that who lacks it is told its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from headrace_cli.doctor.facts import Denied, Unanswered
from headrace_cli.target import Target

ACTIONS: Final[Mapping[str, str]] = {
    "get_caller_identity": "sts:GetCallerIdentity",
    "describe_stacks": "cloudformation:DescribeStacks",
    "list_stack_resources": "cloudformation:ListStackResources",
    "head_bucket": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "get_bucket_notification_configuration": "s3:GetBucketNotification",
    "get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "get_bucket_policy": "s3:GetBucketPolicy",
    "describe_table": "dynamodb:DescribeTable",
    "describe_continuous_backups": "dynamodb:DescribeContinuousBackups",
    "get_function_configuration": "lambda:GetFunctionConfiguration",
    "list_event_source_mappings": "lambda:ListEventSourceMappings",
    "describe_state_machine": "states:DescribeStateMachine",
    "describe_rule": "events:DescribeRule",
    "get_role": "iam:GetRole",
    "get_instance_profile": "iam:GetInstanceProfile",
    "describe_log_groups": "logs:DescribeLogGroups",
    "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "describe_alarms": "cloudwatch:DescribeAlarms",
    "describe_job_queues": "batch:DescribeJobQueues",
    "describe_compute_environments": "batch:DescribeComputeEnvironments",
    "describe_launch_template_versions": "ec2:DescribeLaunchTemplateVersions",
    "get_service_quota": "servicequotas:GetServiceQuota",
    "get_aws_default_service_quota": "servicequotas:GetAWSDefaultServiceQuota",
}
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
        "403",
        "Forbidden",
    }
)
_NOT_HERE: Final = "NotImplemented"


@dataclass(frozen=True, slots=True)
class Absent:
    """AWS answered that there is no such thing."""


def ask(
    target: Target, service: str, operation: str, *, absent: Collection[str] = (), **request: Any
) -> dict[str, Any] | Absent | Denied | Unanswered:
    """One call. `absent` are the error codes that mean that the thing is not there."""
    try:
        answer: dict[str, Any] = getattr(target.client(service), operation)(**request)
    except ClientError as error:
        return _why(error, operation, absent)
    except BotoCoreError as error:
        return Unanswered(f"AWS did not answer {operation}: {error}")
    return answer


def ask_all(
    target: Target, service: str, operation: str, member: str, *, absent: Collection[str] = (), **request: Any
) -> list[dict[str, Any]] | Absent | Denied | Unanswered:
    """Every page of a list."""
    try:
        return list(_pages(target, service, operation, member, request))
    except ClientError as error:
        return _why(error, operation, absent)
    except BotoCoreError as error:
        return Unanswered(f"AWS did not answer {operation}: {error}")


def _pages(
    target: Target, service: str, operation: str, member: str, request: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for page in target.client(service).get_paginator(operation).paginate(**request):
        yield from page[member]


def _why(error: ClientError, operation: str, absent: Collection[str]) -> Absent | Denied | Unanswered:
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if code in absent or any(each in message for each in absent if " " in each):
        return Absent()
    if code in _DENIED:
        return Denied(ACTIONS[operation])
    if code == _NOT_HERE:
        return Unanswered("the local cloud has no such call")
    return Unanswered(f"AWS refused {operation}: {code}: {message}")
