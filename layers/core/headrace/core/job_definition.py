"""The RegisterJobDefinition request of a task: its image and everything SubmitJob cannot override.

`job_definition(facts)` is the exact boto3 request, legal or refused with every problem at once. One function per facet
gives the fields it is about. Command, environment, sizes, timeout, retries and job tags are not here: they ride on
SubmitJob, so tasks that differ only in them share a definition. The name is `hr-<image>-<content hash>`: equal content
has an equal name, whoever registers it.

On EC2 the transfer tool is mounted read-only: the grandparent folder of `cli_path`, else `tools_path`, where the launch
template puts a static tool. Fargate has no host paths; there the tool comes with the image.
Sources: Batch API reference, RegisterJobDefinition, ContainerProperties; Batch user guide, "Service quotas" (24 KiB).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.batch_rules import definition_problems
from headrace.core.cli_path import cli_folder
from headrace.core.container_options import NO_OPTIONS, ContainerOptions
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.job_container import Fields, Platform, log_fields, mount_fields, shared_fields
from headrace.core.volumes import Volume

TOOLS_PATH: Final = "/opt/headrace/bin"
FARGATE_DISK_GIB: Final = 20
_LONGEST_NAME = 128
_HASH_IN_NAME = 20
_SECRET = re.compile(
    r"(?:ssm:)?(?P<parameter>arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/\S+|(?<=ssm:)[\w./-]{1,1011})"
    r"|(?:secretsmanager:)?(?P<secret>arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+)",
    re.ASCII,
)
_ARCHITECTURES: Final = {"x86_64": "X86_64", "arm64": "ARM64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionFacts:
    """What a job definition is made of. Roles, secrets and credentials are ARNs; sizes carry their unit in their name."""

    image: str
    platform: Platform = "EC2"
    options: ContainerOptions = NO_OPTIONS
    volumes: tuple[Volume, ...] = ()
    cli_path: str = ""
    tools_path: str = TOOLS_PATH
    job_role: str = ""
    execution_role: str = ""
    log_group: str = ""
    log_region: str = ""
    log_prefix: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    credentials: str = ""
    arch: str = ""
    disk_gib: int | None = None
    public_ip: bool = True
    platform_version: str = "LATEST"
    tags: Mapping[str, str] = field(default_factory=dict)


def job_definition(facts: DefinitionFacts) -> dict[str, Any]:
    """The RegisterJobDefinition request (boto3's camelCase). InvalidSpec with everything that makes it illegal."""
    if flaws := list(_flaws(facts)):
        raise InvalidSpec(flaws)
    request: dict[str, Any] = {
        "type": "container",
        "containerProperties": container_properties(facts),
        "platformCapabilities": [facts.platform],
        **({"tags": dict(sorted(facts.tags.items()))} if facts.tags else {}),
    }
    named = {"jobDefinitionName": _name(facts.image, content_hash(request)), **request}
    if problems := definition_problems(named):
        raise InvalidSpec(problems)
    return named


def container_properties(facts: DefinitionFacts) -> Fields:
    """Every facet of the container, merged; later facets never touch the fields of earlier ones."""
    return {
        "image": facts.image,
        **_placeholders(facts),
        **_roles(facts),
        **shared_fields(facts.options),
        **mount_fields([*facts.options.volumes, *facts.volumes, *_tools(facts)], facts.platform),
        **log_fields(facts.options, _log_group(facts)),
        **_secrets(facts),
        **_credentials(facts),
        **_fargate(facts),
    }


def content_hash(request: Mapping[str, Any]) -> str:
    """The sha256 of a definition's content (its name apart): equal content, equal hash, whatever the order of keys."""
    content = {key: value for key, value in request.items() if key != "jobDefinitionName"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def definition_notes(facts: DefinitionFacts) -> tuple[str, ...]:
    """What was asked for and is decided elsewhere, said so that nobody waits for it."""
    notes = list(facts.options.notes)
    if facts.platform == "EC2" and facts.disk_gib is not None:
        notes.append(f"disk {facts.disk_gib} GiB: on EC2 a job has its instance's disk; size it in the launch template")
    if facts.platform == "EC2" and facts.arch:
        notes.append(f"arch {facts.arch}: on EC2 the queue's instances decide it; name a queue of that architecture")
    if facts.platform == "FARGATE" and facts.cli_path:
        notes.append("cliPath: Fargate mounts nothing from a host; the transfer tool comes with the image")
    if facts.platform == "FARGATE" and facts.disk_gib is not None and facts.disk_gib <= FARGATE_DISK_GIB:
        notes.append(f"disk {facts.disk_gib} GiB: every Fargate job has {FARGATE_DISK_GIB} GiB")
    return tuple(notes)


def _placeholders(facts: DefinitionFacts) -> Fields:
    memory = "2048" if facts.platform == "FARGATE" else "1024"
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": memory}]
    return {"command": ["true"], "resourceRequirements": sizes}


def _roles(facts: DefinitionFacts) -> Fields:
    return {
        **({"jobRoleArn": facts.job_role} if facts.job_role else {}),
        **({"executionRoleArn": facts.execution_role} if facts.execution_role else {}),
    }


def _tools(facts: DefinitionFacts) -> list[Volume]:
    if facts.platform == "FARGATE":
        return []
    folder = cli_folder(facts.cli_path) if facts.cli_path else facts.tools_path
    return [Volume(folder, host=folder, read_only=True)] if folder else []


def _log_group(facts: DefinitionFacts) -> Mapping[str, str]:
    region = {"awslogs-region": facts.log_region} if facts.log_region else {}
    prefix = {"awslogs-stream-prefix": facts.log_prefix} if facts.log_prefix else {}
    return {"awslogs-group": facts.log_group, **region, **prefix} if facts.log_group else {}


def _secrets(facts: DefinitionFacts) -> Fields:
    items = [{"name": name, "valueFrom": value_from(text)} for name, text in sorted(facts.secrets.items())]
    return {"secrets": items} if items else {}


def value_from(reference: str) -> str:
    """What Batch takes for `ssm:/name`, `ssm:<ARN>`, `secretsmanager:<ARN>` or an ARN. InvalidValue for anything else."""
    match = _SECRET.fullmatch(reference)
    if not match:
        raise InvalidValue(
            "a secret is named in a way Batch cannot look up",
            expected="ssm:/parameter, the ARN of a parameter, or the ARN of a Secrets Manager secret",
            hint="Secrets Manager secrets need their whole ARN; their name alone is not enough.",
        )
    return match["parameter"] or match["secret"]


def _credentials(facts: DefinitionFacts) -> Fields:
    return {"repositoryCredentials": {"credentialsParameter": facts.credentials}} if facts.credentials else {}


def _fargate(facts: DefinitionFacts) -> Fields:
    if facts.platform != "FARGATE":
        return {}
    disk, arch = facts.disk_gib or 0, facts.arch
    return {
        "networkConfiguration": {"assignPublicIp": "ENABLED" if facts.public_ip else "DISABLED"},
        "fargatePlatformConfiguration": {"platformVersion": facts.platform_version},
        **({"ephemeralStorage": {"sizeInGiB": disk}} if disk > FARGATE_DISK_GIB else {}),
        **(
            {"runtimePlatform": {"cpuArchitecture": _ARCHITECTURES[arch], "operatingSystemFamily": "LINUX"}}
            if arch
            else {}
        ),
    }


def _flaws(facts: DefinitionFacts) -> Iterator[Problem]:
    checks: list[tuple[Callable[[str], str], str, str]]
    checks = [(value_from, text, f"secret {name}: ") for name, text in sorted(facts.secrets.items())]
    checks += [(cli_folder, facts.cli_path, "")] if facts.cli_path else []
    for check, value, place in checks:
        try:
            check(value)
        except InvalidValue as error:
            yield Problem("", place + error.message, expected=error.expected, hint=error.hint)
    if facts.arch and facts.arch not in _ARCHITECTURES:
        yield Problem("", "arch", facts.arch, " or ".join(_ARCHITECTURES))


def _name(image: str, content: str) -> str:
    room = _LONGEST_NAME - len("hr--") - _HASH_IN_NAME
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", image).strip("-")[-room:].lstrip("-")
    return f"hr-{slug}-{content[:_HASH_IN_NAME]}"
