"""A job definition of the user's own, named where an image would stand: `job-definition://name[:revision]`.

It is used as it is. Command, environment, sizes, timeout and tags still ride on SubmitJob; whatever only a definition can
hold cannot be asked for beside it, and each such wish is a problem of its own, never silence.
Source: Batch API reference, SubmitJob (jobDefinition, containerOverrides).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headrace.core.errors import InvalidValue, Problem, shown
from headrace.core.job_container import log_fields, shared_fields
from headrace.core.job_definition import DefinitionFacts

_REFERENCE = re.compile(r"job-definition://(?P<name>[A-Za-z0-9_-]{1,128})(?::(?P<revision>[1-9][0-9]{0,8}))?")
_REFERENCE_ARN = re.compile(
    r"job-definition://(?P<arn>arn:aws[a-z-]*:batch:[a-z0-9-]+:[0-9]{12}:job-definition/[A-Za-z0-9_-]{1,128}(?::[1-9][0-9]{0,8})?)"
)


@dataclass(frozen=True, slots=True)
class DefinitionReference:
    """A job definition of the user's own: what SubmitJob takes for it."""

    name: str


def definition_reference(image: str) -> DefinitionReference | None:
    """What `job-definition://name[:revision]` (or an ARN) names; None for an image. InvalidValue for a broken one."""
    if not image.startswith("job-definition:"):
        return None
    match = _REFERENCE_ARN.fullmatch(image) or _REFERENCE.fullmatch(image)
    if not match:
        raise InvalidValue(
            f"{shown(image)} names no job definition",
            expected="job-definition://name, or job-definition://name:revision",
        )
    parts = match.groupdict()
    return DefinitionReference(parts.get("arn") or ":".join(filter(None, (parts["name"], parts["revision"]))))


def cannot_apply(facts: DefinitionFacts) -> list[Problem]:
    """What was asked for that a job definition of the user's own decides alone; give only what the user set."""
    asked = {
        "containerOptions (all but --env, --label and --gpus)": bool(shared_fields(facts.options))
        or bool(facts.options.volumes),
        "containerOptions --log-driver and --log-opt": bool(log_fields(facts.options, {})),
        "volumes": bool(facts.volumes),
        "cliPath": bool(facts.cli_path),
        "jobRole": bool(facts.job_role),
        "executionRole": bool(facts.execution_role),
        "logsGroup": bool(facts.log_group),
        "secrets": bool(facts.secrets),
        "container credentials": bool(facts.credentials),
        "arch": bool(facts.arch),
        "disk": facts.disk_gib is not None,
    }
    hint = "Put it into that definition, or name an image instead."
    return [Problem("", f"{words} cannot apply to {facts.image}", hint=hint) for words, given in asked.items() if given]
