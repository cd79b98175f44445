"""The roles of a job: which one its code has, and what it takes to start with the ones it names.

A job without a job role on EC2 has the role of its instance, through the metadata service; on Fargate it has none.
https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html
"""

from __future__ import annotations

from typing import Any

from headrace_local import batch_queues, iam_calls, permissions
from headrace_local.batch_jobs import Job
from headrace_local.batch_secrets import Unpulled
from headrace_local.iam_policies import Call

_CONTAINERS = "ecs-tasks.amazonaws.com"


class NotAssumed(Exception):  # noqa: N818 - reads as what it is
    """A role that is not there, or does not trust containers; the message is the attempt's status reason."""


def role_of(job: Job) -> str:
    """The ARN of the role that the code of a job has; empty when it has none. `NotAssumed`."""
    named = str(job.properties.get("jobRoleArn") or "")
    if named:
        _assumed(named)
        return named
    resources: dict[str, Any] = batch_queues.environments.get(str(job.environment), {}).get("computeResources", {})
    return permissions.role_of_profile(str(resources.get("instanceRole", "")))


def check(job: Job, group: str) -> None:
    """Whether a container can be started: its execution role may fetch its secrets and open its log. `NotAssumed`, `Unpulled`."""
    role = str(job.properties.get("executionRoleArn") or "")
    if not role:
        return
    _assumed(role)
    for secret in job.properties.get("secrets") or []:
        place = str(secret["valueFrom"])
        try:
            permissions.require_call(role, _fetch(place))
        except permissions.Forbidden as error:
            raise Unpulled(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
                f"unable to retrieve secret from {_service(place)}: AccessDeniedException: {error}"
            ) from error
    for action in ("CreateLogStream", "PutLogEvents"):
        try:
            permissions.require_call(
                role, Call(f"logs:{action}", iam_calls.arn("logs", f"log-group:{group}:log-stream:x"))
            )
        except permissions.Forbidden as error:
            raise Unpulled(
                f"CannotStartContainerError: failed to initialize logging driver: AccessDeniedException: {error}"
            ) from error


def _assumed(role: str) -> None:
    if not permissions.assumable(role, _CONTAINERS):
        raise NotAssumed(
            f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed "
            "has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
        )


def _service(place: str) -> str:
    return "asm" if ":secretsmanager:" in place else "ssm"


def _fetch(place: str) -> Call:
    """What fetching a secret needs; a secret's ARN may have a JSON key, a stage and a version behind it."""
    if ":secretsmanager:" in place:
        return Call("secretsmanager:GetSecretValue", ":".join(place.split(":")[:7]))
    return Call("ssm:GetParameters", iam_calls.parameter(place))
