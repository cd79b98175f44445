"""What a deployment lets its pipelines ask for and where they may write, as the parameters of its stack say it.

A launch looks at the same with the same functions of the core; here it is looked at before anything is uploaded. A parameter that the
stack does not have (it is of an earlier release) refuses nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from headrace.core import allowed, run_facts, team_places
from headrace.core.allowed import Allowed, listed
from headrace.core.errors import Problem
from headrace.core.program import LinkedProcess
from headrace.core.task_work import Work
from headrace.core.team_wishes import Team
from headrace.core.tenancy import Reach
from headrace.core.values import Value
from headrace_cli import teams
from headrace_cli.pipeline import Pipeline
from headrace_cli.target import Target

_ANY: Final = "*"
_OWN: Final = 20
"""Characters of a stack's name that are left in those of its roles, which CloudFormation shortens to 64."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is opened: `allowed` to ask for, `writable` (ARNs with commas between) to write to beside `bucket`; `reach` of the team."""

    allowed: Allowed
    bucket: str
    writable: str
    reach: Reach | None = None


def opened(target: Target) -> Opened:
    """What the parameters of a stack open, as DescribeStacks gives them, to the team the command works for."""
    parameters, reach = target.parameters, teams.reach(target)
    execution = parameters.get("ExecutionRoleArn", "")
    return Opened(
        Allowed(
            privileged=parameters.get("AllowPrivileged", "yes") == "yes",
            images=listed(parameters.get("AllowedImages", _ANY)),
            definitions=listed(parameters.get("AllowedDefinitions", _ANY)),
            roles=_roles(target.stack, parameters),
            host_paths=listed(parameters.get("AllowedHostPaths", _ANY)),
            team=Team(reach, teams.of_stack(target), execution) if reach else None,
        ),
        target.bucket,
        parameters.get("AllowedWriteBuckets", ""),
        reach,
    )


def of_program(pipeline: Pipeline, opened: Opened) -> list[Problem]:
    """What processes ask for literally and may not have, and where they publish to and may not, each in its place."""
    found = allowed.of_program(pipeline.program, pipeline.deployment, pipeline.launch, opened.allowed)
    for process, said in allowed.said_literally(
        pipeline.program, pipeline.deployment, pipeline.launch, ("publishDir",)
    ):
        paths = [place.path for place in said.publish]
        found += _placed(pipeline, process, _targets(process, paths, opened))
    return found


def of_params(pipeline: Pipeline, params: Mapping[str, Value], opened: Opened) -> list[Problem]:
    """What is named literally in S3, or by a param, and is not the team's to read; files of this machine will be."""
    return team_places.refused(pipeline.program, params, opened.reach) if opened.reach else []


def of_task(pipeline: Pipeline, process: LinkedProcess, work: Work, opened: Opened) -> list[Problem]:
    """The same of a task, whose expressions are known."""
    found = allowed.of_work(replace(work, process=process.local), opened.allowed)
    found += _targets(process, [place.path for place in work.directives.publish], opened)
    return _placed(pipeline, process, found)


def _roles(stack: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the list, and the stack's own: yours by their names, those it makes by what their names begin with."""
    if "AllowedRoles" not in parameters:
        return (_ANY,)
    given = [parameters.get(name, "") for name in ("JobRoleArn", "ExecutionRoleArn")]
    made = f"arn:*:role/{stack[:_OWN]}*"
    return tuple(dict.fromkeys((*listed(parameters["AllowedRoles"]), *(each or made for each in given))))


def _targets(process: LinkedProcess, paths: list[str], opened: Opened) -> list[Problem]:
    return run_facts.wrong_targets(process.local, paths, bucket=opened.bucket, allowed=opened.writable)


def _placed(pipeline: Pipeline, process: LinkedProcess, problems: list[Problem]) -> list[Problem]:
    spec = pipeline.program.namespaces[process.namespace].spec
    return [problem.at(file=spec.file, line=spec.line(problem.path)) for problem in problems]
