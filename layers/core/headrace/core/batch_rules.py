"""What makes a well-formed Batch request illegal all the same: names, ranges, sizes, patterns.

The API model only knows types and required members; these are the rules its texts add (those of the container itself
are in container_rules). A built request goes in, a Problem per violation comes out.
Source: Batch API reference, RegisterJobDefinition and SubmitJob with the shapes below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from headrace.core.batch_values import LARGEST_INT, check_tag
from headrace.core.container_rules import container_problems, environment_problems, resource_problems
from headrace.core.errors import InvalidValue, Problem, shown
from headrace.core.job_container import Platform
from headrace.core.request_size import definition_size_problems, submit_size_problems

Request = Mapping[str, Any]
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
JOB_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_SHARE = re.compile(r"[A-Za-z0-9]{1,255}\*?")
_PATTERN = re.compile(r"[A-Za-z0-9.:\s]{0,511}\*?")
_MOST_TAGS = 50


def definition_problems(request: Request) -> list[Problem]:
    """Everything illegal in a RegisterJobDefinition request."""
    platform: Platform = "FARGATE" if "FARGATE" in request.get("platformCapabilities", ()) else "EC2"
    return [
        *_name(request.get("jobDefinitionName", ""), NAME, "the job definition"),
        *container_problems(request.get("containerProperties", {}), platform),
        *_tags(request.get("tags", {})),
        *definition_size_problems(request),
    ]


def submit_problems(request: Request, platform: Platform) -> list[Problem]:
    """Everything illegal in a SubmitJob request for a queue of this platform."""
    overrides = request.get("containerOverrides", {})
    return [
        *_name(request.get("jobName", ""), JOB_NAME, "the job"),
        *_command(overrides.get("command", ())),
        *environment_problems(overrides, own=True),
        *resource_problems(overrides.get("resourceRequirements", ()), platform),
        *_timeout(request.get("timeout", {})),
        *_retries(request.get("retryStrategy", {})),
        *_tags(request.get("tags", {})),
        *_share(request),
        *_consumables(request.get("consumableResourcePropertiesOverride", {})),
        *submit_size_problems(request),
    ]


def pair_problems(definition: Request, submit: Request) -> list[Problem]:
    """What is illegal only in the two together: a variable that is also a secret, more than 50 tags."""
    secrets = {secret["name"] for secret in definition.get("containerProperties", {}).get("secrets", ())}
    names = [variable["name"] for variable in submit.get("containerOverrides", {}).get("environment", ())]
    found = [
        Problem("", f"{name} is both a secret and a variable", expected="one of the two")
        for name in names
        if name in secrets
    ]
    tags = {**definition.get("tags", {}), **submit.get("tags", {})}
    if len(tags) > _MOST_TAGS and submit.get("propagateTags"):
        found.append(Problem("", f"{len(tags)} tags of the job and its definition", expected="at most 50 together"))
    return found


def _name(name: str, pattern: re.Pattern[str], what: str) -> Iterator[Problem]:
    if not pattern.fullmatch(name):
        yield Problem("", f"{shown(name)} is no name for {what}", expected="1-128 letters, digits, - and _")


def _command(command: Iterable[str]) -> Iterator[Problem]:
    if any(not word for word in command):
        yield Problem("", "an empty word in the command", expected="no empty words: Batch refuses them")


def _timeout(timeout: Request) -> Iterator[Problem]:
    seconds = timeout.get("attemptDurationSeconds", 60)
    if not 60 <= seconds <= LARGEST_INT:
        yield Problem("", f"time of {seconds} seconds", expected="60 seconds or more: Batch has no shorter timeout")


def _retries(strategy: Request) -> Iterator[Problem]:
    if not strategy:
        return
    rules = strategy.get("evaluateOnExit", ())
    if not 1 <= strategy.get("attempts", 1) <= 10 or len(rules) > 5:
        yield Problem(
            "",
            f"{strategy.get('attempts')} attempts with {len(rules)} rules",
            expected="1-10 attempts, at most 5 rules",
        )
    patterns = [rule[key] for rule in rules for key in ("onStatusReason", "onReason") if key in rule]
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            yield Problem(
                "", f"{shown(pattern)} is no pattern", expected="letters, digits, . : and blanks, then at most one *"
            )


def _tags(tags: Mapping[str, str]) -> Iterator[Problem]:
    if len(tags) > _MOST_TAGS:
        yield Problem("", f"{len(tags)} tags", expected="at most 50")
    for key, value in tags.items():
        try:
            check_tag(key, value)
        except InvalidValue as error:
            yield Problem("", error.message, expected=error.expected)


def _share(request: Request) -> Iterator[Problem]:
    share, priority = request.get("shareIdentifier"), request.get("schedulingPriorityOverride")
    if share is not None and not _SHARE.fullmatch(share):
        yield Problem("", f"shareIdentifier {shown(share)}", expected="1-255 letters and digits, then at most one *")
    if priority is not None and (share is None or not 0 <= priority <= 9999):
        yield Problem("", f"schedulingPriority {priority}", expected="0 to 9999, together with a shareIdentifier")


def _consumables(properties: Request) -> Iterator[Problem]:
    for item in properties.get("consumableResourceList", ()):
        if not item["consumableResource"] or item["quantity"] < 1:
            yield Problem(
                "",
                f"{item['quantity']} of {shown(item['consumableResource'])}",
                expected="a name or ARN, and 1 or more",
            )
