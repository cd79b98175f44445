"""How large a Batch request is, measured before AWS measures it, and which part of it is to blame.

Three limits: a job definition 24 KiB, a SubmitJob request 30 KiB, and the override ECS receives 8,192 characters. The
last one is hidden: such a job is accepted and fails later. Batch and Step Functions add variables of their own to it,
so their largest forms are counted in. Characters beyond ASCII count as their JSON escapes, the longest way to send them.
Sources: Batch user guide, "Service quotas"; ECS API reference, RunTask (overrides).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.core.errors import Problem

DEFINITION_BYTES: Final = 24 * 1024
SUBMIT_BYTES: Final = 30 * 1024
OVERRIDE_CHARACTERS: Final = 8192
_LONGEST_NAME: Final = "n" * 128
ADDED_ENVIRONMENT: Final = (
    {"name": "AWS_BATCH_JOB_ID", "value": "n" * 36},
    {"name": "AWS_BATCH_JOB_ATTEMPT", "value": "10"},
    {"name": "AWS_BATCH_JQ_NAME", "value": _LONGEST_NAME},
    {"name": "AWS_BATCH_CE_NAME", "value": _LONGEST_NAME},
    {"name": "MANAGED_BY_AWS", "value": "STARTED_BY_STEP_FUNCTIONS"},
)
_SHARE: Final = 0.1


def json_size(value: object) -> int:
    """The length of the compact JSON of a value."""
    return len(json.dumps(value, separators=(",", ":")))


def override_size(request: Mapping[str, Any]) -> int:
    """The characters of the container override ECS gets for a SubmitJob request."""
    overrides = request.get("containerOverrides", {})
    environment = [*overrides.get("environment", ()), *ADDED_ENVIRONMENT]
    sizes = {"cpu": 999999, "memory": 99999999}
    return json_size(
        {
            "containerOverrides": [
                {"name": "default", "command": overrides.get("command", []), "environment": environment, **sizes}
            ]
        }
    )


def definition_size_problems(request: Mapping[str, Any]) -> Iterator[Problem]:
    """A job definition above 24 KiB."""
    size = json_size(request)
    if size > DEFINITION_BYTES:
        yield _too_large("the job definition", size, DEFINITION_BYTES, "bytes", request.get("containerProperties", {}))


def submit_size_problems(request: Mapping[str, Any]) -> Iterator[Problem]:
    """A SubmitJob request above 30 KiB, an override above 8,192 characters."""
    overrides = request.get("containerOverrides", {})
    parts = {**{key: value for key, value in request.items() if key != "containerOverrides"}, **overrides}
    if (size := json_size(request)) > SUBMIT_BYTES:
        yield _too_large("the SubmitJob request", size, SUBMIT_BYTES, "bytes", parts)
    if (size := override_size(request)) > OVERRIDE_CHARACTERS:
        yield _too_large(
            "the container override (command and environment)", size, OVERRIDE_CHARACTERS, "characters", overrides
        )


def _too_large(what: str, size: int, limit: int, unit: str, parts: Mapping[str, Any]) -> Problem:
    return Problem(
        "",
        f"{what} is {size} {unit}, and AWS takes {limit}",
        hint=f"The largest part is {_largest(parts)}: put large values into a file in S3 that the task reads.",
    )


def _largest(parts: Mapping[str, Any]) -> str:
    sizes = sorted(((json_size(value), name) for name, value in parts.items()), reverse=True)
    if not sizes:
        return "unknown"
    size, name = sizes[0]
    items = parts[name]
    if isinstance(items, list) and items:
        inner, item = max(((json_size(item), item) for item in items), key=lambda pair: pair[0])
        if inner > size * _SHARE and isinstance(item, dict) and "name" in item:
            return f"{name} ({size}), in it {item['name']} ({inner})"
    return f"{name} ({size})"
