"""Batch compute environments, job queues and scheduling policies, kept as they were created.

A compute environment stands for this machine: its capacity is its `maxvCpus`, at most what the cloud was started with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
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
    for place in request.get("computeEnvironmentOrder", []):
        find(environments, place["computeEnvironment"], "compute environment")
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
    """CreateSchedulingPolicy; kept, but jobs start in the order they come."""
    name = _named(request, "name", policies)
    return _store(policies, name, {"arn": f"{_ARN}scheduling-policy/{name}", **request})


def update(table: dict[str, dict[str, Any]], name: str, request: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Change what the request names of one environment, queue or policy."""
    stored = find(table, name, what)
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


def describe(
    table: dict[str, dict[str, Any]], answer: str, wanted: list[str] | None, request: Mapping[str, Any]
) -> dict[str, Any]:
    """All of them or those named, paged."""
    names = {text.rsplit("/", 1)[-1] for text in wanted or []}
    with _lock:
        return page(answer, [dict(stored) for name, stored in table.items() if not names or name in names], request)


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
