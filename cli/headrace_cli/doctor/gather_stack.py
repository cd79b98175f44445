"""The stack as CloudFormation tells of it: its outputs, parameters, and resources, those of nested stacks too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headrace_cli.doctor.facts import Denied, Known, Stack, Unanswered
from headrace_cli.doctor.looking import Absent, ask, ask_all
from headrace_cli.target import OUTPUTS, Target

_NESTED = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class Part:
    """A resource: its type, its name in the template (`Batch/Spot` in a nested one), and what AWS calls it."""

    kind: str
    path: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class View:
    """A stack, and what the other facts are found by; empty when it is not there or not ours."""

    stack: Known[Stack | None]
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    parts: Known[tuple[Part, ...]] = ()

    def named(self, kind: str) -> list[str]:
        """What AWS calls the resources of one type."""
        return [part.name for part in self.parts if part.kind == kind] if isinstance(self.parts, tuple) else []


def view(target: Target) -> View:
    """The stack that the target names."""
    answer = ask(target, "cloudformation", "describe_stacks", absent=["does not exist"], StackName=target.stack)
    if isinstance(answer, Absent):
        return View(None)
    if isinstance(answer, Denied | Unanswered):
        return View(answer)
    said = answer["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in said.get("Outputs", ())}
    found = Stack(
        name=said["StackName"],
        status=said["StackStatus"],
        reason=said.get("StackStatusReason", ""),
        version=outputs.get("Version", ""),
        lacks=tuple(name for name in OUTPUTS if name not in outputs),
    )
    if found.lacks:
        return View(found)
    parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in said.get("Parameters", ())}
    return View(found, outputs, parameters, _parts(target, target.stack))


def _parts(target: Target, stack: str, within: str = "") -> tuple[Part, ...] | Denied | Unanswered:
    found = ask_all(target, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    if isinstance(found, Denied | Unanswered):
        return found
    parts = [] if isinstance(found, Absent) else list(_read(found, within))
    for part in list(parts):
        if part.kind == _NESTED:
            below = _parts(target, part.name, f"{part.path}/")
            if isinstance(below, Denied | Unanswered):
                return below
            parts += below
    return tuple(parts)


def _read(found: list[dict[str, str]], within: str) -> Iterator[Part]:
    for each in found:
        # Without a name: not made (yet), or left out by a condition.
        if each.get("PhysicalResourceId"):
            path = within + each["LogicalResourceId"]
            yield Part(each["ResourceType"], path, each["PhysicalResourceId"], each["ResourceStatus"])
