"""The SubmitJob request of one task: what differs from task to task, and how Batch may try again.

`submit_request(facts)` is the exact boto3 request, legal or refused with every problem at once; `step_functions_form`
is the same for the `batch:submitJob.sync` integration, which writes every key with a capital (that it passes consumable resources on is not documented).

The retry strategy is for lost machines and stuck pulls only: each rule names such an end by the start of its reason,
and the last one ends the job for every other. A failing task is never tried again by Batch; that is Headrace's decision.
Sources: Batch API reference, SubmitJob, ContainerOverrides, EvaluateOnExit, JobTimeout; Step Functions developer guide,
"Manage AWS Batch with Step Functions".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.batch_rules import submit_problems
from headrace.core.batch_values import OWN_ENV
from headrace.core.container_option_values import Named
from headrace.core.container_options import NO_OPTIONS, ContainerOptions
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.fargate_sizes import FargateSize, fargate_size
from headrace.core.job_container import Fields, Platform, environment_fields

INFRASTRUCTURE_RETRIES: Final = (
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"},
    {"onReason": "CannotPullContainerError: context*", "action": "RETRY"},
    {"onReason": "DockerTimeoutError*", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
)
_KEYS_KEPT: Final = frozenset({"tags", "parameters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What a submission is made of. `definition` is an ARN or name:revision; `attempts` counts infrastructure losses in.

    `environment` holds what Headrace and the `env` directive set; it wins over `--env`. Sizes left at None are the
    definition's (for one of the user's own).
    """

    name: str
    queue: str
    definition: str
    command: tuple[str, ...]
    platform: Platform = "EC2"
    options: ContainerOptions = NO_OPTIONS
    environment: Mapping[str, str] = field(default_factory=dict)
    vcpus: float | None = 1
    memory_mib: int | None = None
    gpus: int = 0
    time_s: float | None = None
    attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    share_identifier: str = ""
    scheduling_priority: int | None = None
    consumable_resources: Mapping[str, int] = field(default_factory=dict)


def submit_request(facts: RequestFacts) -> dict[str, Any]:
    """The SubmitJob request (boto3's camelCase). InvalidSpec with everything that makes it illegal."""
    if flaws := _flaws(facts):
        raise InvalidSpec(flaws)
    request: dict[str, Any] = {
        "jobName": facts.name,
        "jobQueue": facts.queue,
        "jobDefinition": facts.definition,
        "containerOverrides": _overrides(facts),
        **_timeout(facts),
        "retryStrategy": retry_strategy(facts.attempts),
        **_tags(facts),
        **_share(facts),
        **_consumables(facts),
    }
    if problems := submit_problems(request, facts.platform):
        raise InvalidSpec(problems)
    return request


def step_functions_form(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as Arguments of `batch:submitJob.sync`: keys in PascalCase, but those of tags and parameters as they are."""
    return {_capital(key): dict(value) if key in _KEYS_KEPT else _pascal(value) for key, value in request.items()}


def retry_strategy(attempts: int) -> Fields:
    """At most `attempts` (1-10), for lost hosts, spot interruptions and pulls that time out; everything else ends the job."""
    return {"attempts": attempts, "evaluateOnExit": [dict(rule) for rule in INFRASTRUCTURE_RETRIES]}


def job_size(facts: RequestFacts) -> FargateSize | None:
    """The Fargate size the request is raised to, with what to say of it; None on EC2, where sizes are taken as they are."""
    if facts.platform != "FARGATE" or facts.vcpus is None:
        return None
    return fargate_size(facts.vcpus, facts.memory_mib)


def _overrides(facts: RequestFacts) -> Fields:
    return {
        "command": list(facts.command),
        **environment_fields(_environment(facts)),
        **_sizes(facts),
    }


def _environment(facts: RequestFacts) -> list[Named]:
    variables = {variable.name: variable.value for variable in facts.options.environment}
    return [Named(name, value) for name, value in {**variables, **facts.environment}.items()]


def _sizes(facts: RequestFacts) -> Fields:
    size = job_size(facts)
    vcpus, memory = (size.vcpus, size.memory_mib) if size else (facts.vcpus, facts.memory_mib)
    gpus = facts.gpus or facts.options.gpus
    wanted = {
        "VCPU": None if vcpus is None else _plain(vcpus),
        "MEMORY": None if memory is None else str(memory),
        "GPU": str(gpus) if gpus else None,
    }
    sizes = [{"type": kind, "value": value} for kind, value in wanted.items() if value is not None]
    return {"resourceRequirements": sizes} if sizes else {}


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _timeout(facts: RequestFacts) -> Fields:
    return {} if facts.time_s is None else {"timeout": {"attemptDurationSeconds": math.ceil(facts.time_s)}}


def _tags(facts: RequestFacts) -> Fields:
    tags = {label.name: label.value or "" for label in facts.options.labels} | dict(facts.tags)
    return {"tags": tags, "propagateTags": True} if tags else {}


def _share(facts: RequestFacts) -> Fields:
    return {
        **({"shareIdentifier": facts.share_identifier} if facts.share_identifier else {}),
        **({} if facts.scheduling_priority is None else {"schedulingPriorityOverride": facts.scheduling_priority}),
    }


def _consumables(facts: RequestFacts) -> Fields:
    items = [{"consumableResource": name, "quantity": count} for name, count in facts.consumable_resources.items()]
    return {"consumableResourcePropertiesOverride": {"consumableResourceList": items}} if items else {}


def _flaws(facts: RequestFacts) -> list[Problem]:
    problems = [
        Problem("", f"{what} is not a number that can be", number)
        for what, number in (("cpus", facts.vcpus), ("time", facts.time_s))
        if number is not None and not abs(number) < 2**53
    ]
    if problems:
        return problems
    if facts.gpus and facts.options.gpus not in (0, facts.gpus):
        problems.append(
            Problem(
                "", f"accelerator says {facts.gpus} GPUs, --gpus says {facts.options.gpus}", expected="one of the two"
            )
        )
    if own := [variable.name for variable in facts.options.environment if variable.name.startswith(OWN_ENV)]:
        problems.append(
            Problem(
                "", f"{', '.join(own)}: names that start with {OWN_ENV} are set by Headrace", expected="another name"
            )
        )
    try:
        job_size(facts)
    except InvalidValue as error:
        problems.append(Problem("", error.message, expected=error.expected, hint=error.hint))
    return problems


def _capital(key: str) -> str:
    return key[:1].upper() + key[1:]


def _pascal(value: object) -> object:
    if isinstance(value, Mapping):
        return {_capital(str(key)): _pascal(item) for key, item in value.items()}
    return [_pascal(item) for item in value] if isinstance(value, list) else value
