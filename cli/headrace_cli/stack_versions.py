"""The published versions of a stack's functions, layers and state machines, and who may still call them.

What CloudFormation has of the stack is asked first; a stack that is being changed is refused, because its aliases are about to move.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from headrace.aws import removing
from headrace.core.errors import Refused
from headrace.core.run_state import CONCLUDED
from headrace.core.version_cleanup import Verdict, Version, judge, named_in
from headrace_cli.target import Target

MARGIN: Final = timedelta(days=1)
"""How long a deploy may take, and how long something that ended may still be called: Lambda keeps an event for six hours."""
_RUNS_IT: Final = "an execution that runs names it"


@dataclass(slots=True)
class _Stack:
    """ARNs or names of the stack's resources by type; versions are its own as deployed last."""

    by_kind: dict[str, list[str]] = field(default_factory=dict)

    def named(self, kind: str) -> list[str]:
        return self.by_kind.get(kind, [])


def judged(target: Target, newest: int) -> list[Verdict]:
    """Every version with why it stays; Refused while the stack is being changed."""
    stack = _stack(target)
    now = datetime.now(UTC)
    executions = _running(target, stack)
    named = dict.fromkeys(stack.named("AWS::Lambda::Version"), "the stack's own")
    named |= dict.fromkeys(stack.named("AWS::StepFunctions::StateMachineVersion"), "the stack's own")
    named |= dict.fromkeys(stack.named("AWS::Lambda::LayerVersion"), "the stack's own")
    for text in executions.texts:
        named |= dict.fromkeys(named_in(text), _RUNS_IT)
    since = _since([*executions.started, *_begun(target, now)])
    machines = stack.named("AWS::StepFunctions::StateMachine")
    for arn in machines:
        named |= _machine_aliases(target, arn)
    verdicts = list(
        judge((each for arn in machines for each in _machine(target, arn)), named, newest=newest, since=since)
    )
    for arn in (*machines, *(each.version.arn for each in verdicts if each.stays)):
        named |= dict.fromkeys(named_in(_definition(target, arn)), f"{arn.rpartition(':stateMachine:')[2]} names it")
    functions, layers = _functions(target, stack, named)
    verdicts += judge(functions, named, newest=newest, since=since)
    for each in verdicts:
        if each.stays:
            user = f"{each.version.of} {each.version.number} names it"
            named |= dict.fromkeys(layers.get(each.version.arn, ()), user)
    known = dict.fromkeys(arn.rpartition(":")[0] for arn in stack.named("AWS::Lambda::LayerVersion"))
    verdicts += judge((each for arn in known for each in _layer(target, arn)), named, newest=newest, since=since)
    return verdicts


def remove(target: Target, version: Version) -> bool:
    """Delete a version; whether it is gone. It stays when an alias has come to name it meanwhile."""
    from botocore.exceptions import ClientError

    name = version.arn.split(":")[6]
    try:
        if ":stateMachine:" in version.arn:
            target.client("stepfunctions").delete_state_machine_version(stateMachineVersionArn=version.arn)
        elif ":layer:" in version.arn:
            target.client("lambda").delete_layer_version(LayerName=name, VersionNumber=version.number)
        else:
            target.client("lambda").delete_function(FunctionName=name, Qualifier=str(version.number))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"ResourceConflictException", "ConflictException"}:
            return False
        if code != "ResourceNotFoundException":
            raise
    return True


@dataclass(frozen=True, slots=True)
class _Executions:
    """When those that run began, and what their definitions and versions are."""

    started: tuple[str, ...]
    texts: tuple[str, ...]


def _running(target: Target, stack: _Stack) -> _Executions:
    states = target.client("stepfunctions")
    started, texts = [], []
    for arn in stack.named("AWS::StepFunctions::StateMachine"):
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
        for each in (each for page in pages for each in page["executions"]):
            started.append(_utc(each["startDate"]))
            texts.append(each.get("stateMachineVersionArn") or _definition_of_execution(states, each["executionArn"]))
    return _Executions(tuple(started), tuple(texts))


def _definition_of_execution(states: Any, arn: str) -> str:
    return str(states.describe_state_machine_for_execution(executionArn=arn)["definition"])


def _begun(target: Target, now: datetime) -> Iterator[str]:
    """When the runs began that go on, or ended so lately that something of them may still be called."""
    lately = _utc(now - MARGIN)
    for record in removing.all_runs(target.table):
        if record.state not in CONCLUDED or record.ended > lately:
            yield record.started


def _since(started: list[str]) -> str:
    return _utc(datetime.fromisoformat(min(started)) - MARGIN) if started else ""


def _stack(target: Target) -> _Stack:
    client = target.client("cloudformation")
    status = client.describe_stacks(StackName=target.stack)["Stacks"][0]["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise Refused(
            f"the stack {target.stack} is {status}: what it calls is about to change; try again when it is over"
        )
    found = _Stack()
    for page in client.get_paginator("list_stack_resources").paginate(StackName=target.stack):
        for each in page["StackResourceSummaries"]:
            if each.get("PhysicalResourceId"):
                found.by_kind.setdefault(each["ResourceType"], []).append(each["PhysicalResourceId"])
    return found


def _machine(target: Target, arn: str) -> Iterator[Version]:
    states = target.client("stepfunctions")
    more: dict[str, str] = {}
    while True:
        page = states.list_state_machine_versions(stateMachineArn=arn, **more)
        for each in page["stateMachineVersions"]:
            version = each["stateMachineVersionArn"]
            number = int(version.rpartition(":")[2])
            yield Version(version, arn.rpartition(":")[2], number, _utc(each["creationDate"]))
        if not page.get("nextToken"):
            return
        more = {"nextToken": page["nextToken"]}


def _machine_aliases(target: Target, arn: str) -> dict[str, str]:
    states = target.client("stepfunctions")
    found: dict[str, str] = {}
    more: dict[str, str] = {}
    while True:
        page = states.list_state_machine_aliases(stateMachineArn=arn, **more)
        for each in page["stateMachineAliases"]:
            said = states.describe_state_machine_alias(stateMachineAliasArn=each["stateMachineAliasArn"])
            for route in said["routingConfiguration"]:
                found[route["stateMachineVersionArn"]] = f"the alias {said['name']} names it"
        if not page.get("nextToken"):
            return found
        more = {"nextToken": page["nextToken"]}


def _definition(target: Target, arn: str) -> str:
    return str(target.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"])


def _functions(
    target: Target, stack: _Stack, named: dict[str, str]
) -> tuple[list[Version], Mapping[str, frozenset[str]]]:
    """Every function's versions, and by version the layers it has. `named` gets what aliases and the code as it is now name."""
    client = target.client("lambda")
    found: list[Version] = []
    layers: dict[str, frozenset[str]] = {}
    for name in stack.named("AWS::Lambda::Function"):
        numbers: dict[str, str] = {}
        for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=name):
            for each in page["Versions"]:
                layer = frozenset(one["Arn"] for one in each.get("Layers") or ())
                variables = named_in(json.dumps(each.get("Environment") or {}))
                if each["Version"] == "$LATEST":
                    named |= dict.fromkeys(layer | variables, f"{name} names it")
                    continue
                arn = each["FunctionArn"]
                numbers[each["Version"]] = arn
                layers[arn] = layer
                modified = _utc(datetime.fromisoformat(each["LastModified"]))
                found.append(Version(arn, name, int(each["Version"]), modified, variables))
        for page in client.get_paginator("list_aliases").paginate(FunctionName=name):
            for each in page["Aliases"]:
                weights = (each.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
                for number in {each["FunctionVersion"], *weights} & numbers.keys():
                    named[numbers[number]] = f"the alias {each['Name']} names it"
    return found, layers


def _layer(target: Target, arn: str) -> Iterator[Version]:
    name = arn.rpartition(":")[2]
    for page in target.client("lambda").get_paginator("list_layer_versions").paginate(LayerName=name):
        for each in page["LayerVersions"]:
            at = _utc(datetime.fromisoformat(each["CreatedDate"]))
            yield Version(each["LayerVersionArn"], name, int(each["Version"]), at)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
