"""Batch job definitions: kept as they were registered, revision by revision.

https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Mapping
from typing import Any, Final

from headrace_local.batch_requests import ClientException, page
from headrace_local.place import ACCOUNT, REGION

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_lock = threading.Lock()
_definitions: dict[str, list[dict[str, Any]]] = {}
_BY_ARN: Final = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-definition/"


def register(request: Mapping[str, Any]) -> dict[str, Any]:
    """A new revision; the stored definition."""
    name = request.get("jobDefinitionName") or ""
    if not _NAME.fullmatch(name):
        raise ClientException(f"jobDefinitionName '{name}' must be 1 to 128 letters, digits, '-' or '_'")
    if request.get("type") != "container" or not request.get("containerProperties", {}).get("image"):
        raise ClientException("The local cloud runs job definitions of type container with containerProperties.image")
    with _lock:
        revisions = _definitions.setdefault(name, [])
        definition = {
            "containerOrchestrationType": "ECS",
            "parameters": {},
            "tags": {},
            **copy.deepcopy(dict(request)),
            "jobDefinitionArn": f"{_BY_ARN}{name}:{len(revisions) + 1}",
            "revision": len(revisions) + 1,
            "status": "ACTIVE",
        }
        for rule in definition.get("retryStrategy", {}).get("evaluateOnExit", []):
            rule["action"] = rule["action"].upper()
        definition["containerProperties"] = {
            "command": [], "environment": [], "mountPoints": [], "resourceRequirements": [], "secrets": [], "ulimits": [],
            "volumes": [], **definition["containerProperties"],
        }  # fmt: skip
        revisions.append(definition)
        return definition


def find(name_or_arn: str) -> dict[str, Any]:
    """The definition a job names: an ARN, `name:revision`, or a name for its newest active revision."""
    name, _, revision = name_or_arn.removeprefix(_BY_ARN).partition(":")
    with _lock:
        active = [
            d for d in _definitions.get(name, []) if d["status"] == "ACTIVE" and revision in ("", str(d["revision"]))
        ]
    if not active:
        raise ClientException(f"JobDefinition '{name_or_arn}' is not found or not active")
    return active[-1]


def deregister(name_or_arn: str) -> None:
    """Make one revision inactive."""
    name, _, revision = name_or_arn.removeprefix(_BY_ARN).partition(":")
    with _lock:
        for definition in _definitions.get(name, []):
            if str(definition["revision"]) == revision:
                definition["status"] = "INACTIVE"
                return
    raise ClientException(f"JobDefinition '{name_or_arn}' is not found")


def describe(request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeJobDefinitions with its filters and paging; newest revision first."""
    wanted = [text.removeprefix(_BY_ARN) for text in request.get("jobDefinitions") or []]
    name = request.get("jobDefinitionName")
    with _lock:
        everything = [definition for revisions in _definitions.values() for definition in reversed(revisions)]
    found = [
        copy.deepcopy(definition)
        for definition in everything
        if request.get("status") in (None, definition["status"])
        and (
            not wanted
            or definition["jobDefinitionName"] in wanted
            or f"{definition['jobDefinitionName']}:{definition['revision']}" in wanted
        )
        and name in (None, definition["jobDefinitionName"])
    ]
    return page("jobDefinitions", found, request)
