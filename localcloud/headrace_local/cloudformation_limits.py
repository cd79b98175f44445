"""Sizes that AWS refuses: of names, policies, environments, patterns, definitions. One resource at a time, when it is made.

A template whose names begin with the stack's is fine until somebody gives the stack a long name; a policy that lists ARNs
until there are many. moto takes anything.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

NAMES: Final = {
    "AWS::Batch::ComputeEnvironment": 128,
    "AWS::Batch::JobDefinition": 128,
    "AWS::Batch::JobQueue": 128,
    "AWS::Batch::SchedulingPolicy": 128,
    "AWS::CloudFormation::Stack": 128,
    "AWS::CloudWatch::Alarm": 255,
    "AWS::DynamoDB::Table": 255,
    "AWS::Events::Rule": 64,
    "AWS::IAM::InstanceProfile": 128,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::Lambda::LayerVersion": 140,
    "AWS::Logs::LogGroup": 512,
    "AWS::S3::Bucket": 63,
    "AWS::SNS::Topic": 256,
    "AWS::SQS::Queue": 80,
    "AWS::StepFunctions::StateMachine": 80,
}
"""Characters of a physical name."""
_NAMED_BY: Final = {"AWS::CloudWatch::Alarm": "AlarmName", "AWS::Lambda::LayerVersion": "LayerName"}
ENVIRONMENT: Final = 4096
INLINE: Final = 10_240
MANAGED: Final = 6_144
TRUST: Final = 2_048
PATTERN: Final = 2_048
TARGETS: Final = 5
LAYERS: Final = 5
DEFINITION: Final = 1_048_576


def fitted(kind: str, name: str) -> str:
    """A generated name as CloudFormation would make it: the front is cut, the random end kept."""
    limit = NAMES.get(kind, len(name))
    front, _, end = name.rpartition("-")
    return name if len(name) <= limit else f"{front[: limit - len(end) - 1].rstrip('-')}-{end}"


def problems(kind: str, name: str, given: Mapping[str, Any]) -> Iterator[str]:
    """What of a resource is longer than AWS lets it be."""
    name = str(given.get(_NAMED_BY.get(kind, ""), name))
    if len(name) > NAMES.get(kind, len(name)):
        yield f"the name '{name}' has {len(name)} characters, {kind} allows {NAMES[kind]}"
    if kind in _LOOKS:
        yield from _LOOKS[kind](given)


def size(document: Any) -> int:
    """Characters of a policy as IAM counts them: without white space."""
    return len(json.dumps(document, separators=(",", ":")).replace(" ", ""))


def _function(given: Mapping[str, Any]) -> Iterator[str]:
    variables = {key: str(value) for key, value in given.get("Environment", {}).get("Variables", {}).items()}
    yield from _over("its environment", len(json.dumps(variables).encode()), ENVIRONMENT, "bytes")
    yield from _over("the list of its layers", len(given.get("Layers", [])), LAYERS, "entries")


def _role(given: Mapping[str, Any]) -> Iterator[str]:
    inline = sum(size(policy["PolicyDocument"]) for policy in given.get("Policies", []))
    yield from _over("its inline policies", inline, INLINE, "characters")
    yield from _over("its trust policy", size(given["AssumeRolePolicyDocument"]), TRUST, "characters")


def _managed(given: Mapping[str, Any]) -> Iterator[str]:
    yield from _over("its document", size(given["PolicyDocument"]), MANAGED, "characters")


def _rule(given: Mapping[str, Any]) -> Iterator[str]:
    yield from _over("its pattern", len(json.dumps(given.get("EventPattern", ""))), PATTERN, "characters")
    yield from _over("the list of its targets", len(given.get("Targets", [])), TARGETS, "entries")


def _machine(given: Mapping[str, Any]) -> Iterator[str]:
    definition = given.get("DefinitionString") or json.dumps(given.get("Definition") or {})
    yield from _over("its definition", len(definition.encode()), DEFINITION, "bytes")


def _over(what: str, found: int, limit: int, unit: str) -> Iterator[str]:
    if found > limit:
        yield f"{what} has {found} {unit}, AWS allows {limit}"


_LOOKS: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    "AWS::Lambda::Function": _function,
    "AWS::IAM::Role": _role,
    "AWS::IAM::ManagedPolicy": _managed,
    "AWS::Events::Rule": _rule,
    "AWS::StepFunctions::StateMachine": _machine,
}
