"""Batch compute environments, job queues and scheduling policies, kept as they were created.

A compute environment stands for this machine: its capacity is its `maxvCpus`, at most what the cloud was started with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local.batch_requests import ClientException, page
from headrace_local.place import ACCOUNT, REGION

_ARN: Final = f"arn:aws:batch:{REGION}:{ACCOUNT}:"
_lock = threading.Lock()
environments: dict[str, dict[str, Any]] = {}
queues: dict[str, dict[str, Any]] = {}
policies: dict[str, dict[str, Any]] = {}


def create_environment(request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateComputeEnvironment."""
    name = _named(request, "computeEnvironmentName", environments)
    stored = {
        "computeEnvironmentArn": f"{_ARN}compute-environment/{name}",
        "ecsClusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}_Batch_local",
        "state": "ENABLED", "status": "VALID", "statusReason": "ComputeEnvironment Healthy", "containerOrchestrationType": "ECS",
        **request,
    }  # fmt: skip
    return _store(environments, name, stored)


def create_queue(request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateJobQueue."""
    name = _named(request, "jobQueueName", queues)
    _check_queue(request)
    stored = {
        "jobQueueArn": f"{_ARN}job-queue/{name}",
        "state": "ENABLED",
        "status": "VALID",
        "statusReason": "JobQueue Healthy",
        "priority": 1,
        **request,
    }
    return _store(queues, name, stored)


def create_policy(request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateSchedulingPolicy."""
    name = _named(request, "name", policies)
    return _store(policies, name, {"arn": f"{_ARN}scheduling-policy/{name}", **request})


def update(table: dict[str, dict[str, Any]], name: str, request: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Change what the request names of one environment, queue or policy."""
    stored = find(table, name, what)
    if table is queues:
        _check_queue(request)
    with _lock:
        for key, value in request.items():
            stored[key] = (
                {**stored[key], **value} if isinstance(value, dict) and isinstance(stored.get(key), dict) else value
            )
    return stored


def delete(table: dict[str, dict[str, Any]], name_or_arn: str) -> None:
    """Delete one; what does not exist is deleted already."""
    with _lock:
        table.pop(name_or_arn.rsplit("/", 1)[-1], None)


def find(table: dict[str, dict[str, Any]], name_or_arn: str, what: str) -> dict[str, Any]:
    """One by name or ARN."""
    found = table.get(name_or_arn.rsplit("/", 1)[-1])
    if found is None:
        raise ClientException(f"The {what} '{name_or_arn}' does not exist")
    return found


def policy_of(queue: Mapping[str, Any]) -> dict[str, Any] | None:
    """The scheduling policy of a queue; None when it is first in, first out."""
    arn = str(queue.get("schedulingPolicyArn") or "")
    return policies.get(arn.rsplit("/", 1)[-1]) if arn else None


def describe(
    table: dict[str, dict[str, Any]],
    answer: str,
    wanted: list[str] | None,
    request: Mapping[str, Any],
    more: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _stored: {},
) -> dict[str, Any]:
    """All of them or those named, paged; `more` is what is only known at this moment."""
    names = {text.rsplit("/", 1)[-1] for text in wanted or []}
    with _lock:
        found = [dict(stored) for name, stored in table.items() if not names or name in names]
    return page(answer, found, request, show=lambda stored: {**stored, **more(stored)})


def _check_queue(request: Mapping[str, Any]) -> None:
    """What Batch refuses when a queue is made or changed."""
    for place in request.get("computeEnvironmentOrder", []):
        find(environments, place["computeEnvironment"], "compute environment")
    if request.get("schedulingPolicyArn"):
        find(policies, str(request["schedulingPolicyArn"]), "scheduling policy")
    for action in request.get("jobStateTimeLimitActions") or []:
        reason, seconds = action.get("reason"), int(action.get("maxTimeSeconds") or 0)
        if reason not in _LIMITED or action.get("state") != "RUNNABLE" or action.get("action") != "CANCEL":
            raise ClientException(
                f"jobStateTimeLimitActions: reason must be one of {', '.join(_LIMITED)}, state RUNNABLE and action CANCEL, not {dict(action)}"
            )
        if not 600 <= seconds <= 86400:
            raise ClientException(f"jobStateTimeLimitActions: maxTimeSeconds {seconds} must be 600 to 86400")


_LIMITED: Final = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)
"""The three reasons Batch acts on; the others of a blocked queue have no automatic action."""


def _named(request: Mapping[str, Any], key: str, table: dict[str, dict[str, Any]]) -> str:
    name = str(request.get(key) or "")
    if not name:
        raise ClientException(f"{key} is missing")
    if name in table:
        raise ClientException(f"Object already exists: '{name}'")
    return name


def _store(table: dict[str, dict[str, Any]], name: str, stored: dict[str, Any]) -> dict[str, Any]:
    with _lock:
        table[name] = stored
    return stored
