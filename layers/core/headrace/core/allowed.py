"""What a deployment lets its pipelines ask for: images, definitions, roles, folders of the host, and rights over the host.

Parameters of the stack say it, with patterns as IAM has them. It is asked twice: of what a pipeline says literally, when it is
launched (`of_program`), and of every task when it is prepared, since expressions may say anything (`of_work`). What IAM can
refuse too, it does (template.yaml); it cannot see mounts and devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core import container_options, directives, team_wishes
from headrace.core.container_options import NO_OPTIONS, ContainerOptions
from headrace.core.definition_reference import definition_reference
from headrace.core.directive_layers import layers
from headrace.core.directives import TaskDirectives
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, shown
from headrace.core.iam_pattern import matches
from headrace.core.program import LinkedProcess, Program
from headrace.core.reading import holds_template
from headrace.core.selectors import Defaults
from headrace.core.task_work import Work
from headrace.core.team_wishes import Team

_NAMES: Final = ("container", "containerOptions", "volumes", "jobRole", "executionRole")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Patterns; `definitions` and `roles` are ARNs. `privileged` is about everything that is as good as root on the host.

    `team` is who asks, where teams part the deployment.
    """

    privileged: bool = False
    images: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    host_paths: tuple[str, ...] = ()
    team: Team | None = None


def of_queue(process: str, queue: str, queues: tuple[str, ...]) -> list[Problem]:
    """What is wrong with the queue of a task: the state machine may submit to the stack's own and to those that AllowedQueues opens.

    `queue` is a name or an ARN, `queues` are patterns of ARNs; without any nothing is known, and IAM alone decides. Asked before the job
    is submitted, since Step Functions tells a refusal of Batch like a failure of Batch, and tries again for hours.
    """
    known = queues if queue.startswith("arn:") else tuple(each.rpartition("/")[2] for each in queues)
    if not queues or matches(queue, known):
        return []
    # Short: a cause has 200 characters, and what to do stands at its end.
    what = f"this deployment submits no jobs to the queue {shown(queue.rpartition('/')[2])}"
    return [Problem(f"processes.{process}.queue", what, hint="The stack's parameter AllowedQueues opens it")]


def listed(text: str) -> tuple[str, ...]:
    """The items of a list parameter as CloudFormation joins them."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def of_work(work: Work, allowed: Allowed) -> list[Problem]:
    """What this task asks for and may not have."""
    return list(_refused(work.process, work.directives, work.options, allowed))


def of_program(
    program: Program, deployment: Mapping[str, Any], launch: Defaults | None, allowed: Allowed
) -> list[Problem]:
    """What processes ask for literally and may not have, each in its place; what expressions say is not known yet."""
    found = []
    names = (*_NAMES, *team_wishes.NAMES) if allowed.team else _NAMES
    for process, said in said_literally(program, deployment, launch, names):
        spec = program.namespaces[process.namespace].spec
        refused = _refused(process.local, said, _options(said), allowed)
        found += [problem.at(file=spec.file, line=spec.line(problem.path)) for problem in refused]
    return found


def said_literally(
    program: Program, deployment: Mapping[str, Any], launch: Defaults | None, names: Iterable[str]
) -> Iterator[tuple[LinkedProcess, TaskDirectives]]:
    """Every process with those of the named directives that hold no expression, all layers merged."""
    for process in program.processes.values():
        raw = directives.merge(
            layers(program.namespaces, process.namespace, process.process, deployment=deployment, launch=launch)
        )
        literal: dict[str, Any] = {name: raw[name] for name in names if name in raw and _is_literal(name, raw[name])}
        yield process, directives.evaluate(literal, {})


def _is_literal(name: str, value: Any) -> bool:
    """Whether no expression is left in it but those that wait for the task's end."""
    if isinstance(value, list):
        return all(_is_literal(name, each) for each in value)
    if isinstance(value, dict):
        value = {key: each for key, each in value.items() if key not in directives.DIRECTIVES[name].later}
    return not holds_template(value)


def _options(said: TaskDirectives) -> ContainerOptions:
    try:
        return container_options.parse(said.container_options) if said.container_options is not None else NO_OPTIONS
    except InvalidSpec:  # said with its place when the task is prepared
        return NO_OPTIONS


def _refused(process: str, said: TaskDirectives, options: ContainerOptions, allowed: Allowed) -> Iterator[Problem]:
    place = f"processes.{process}"
    if said.container:
        yield from _image(f"{place}.container", said.container.image, allowed)
    own = allowed.team.roles if allowed.team else ()
    for name, role, patterns in (
        ("jobRole", said.job_role, (*own, *allowed.roles)),
        ("executionRole", said.execution_role, allowed.roles),
    ):
        if role and not matches(role, patterns):
            yield _problem(f"{place}.{name}", f"jobs may not have the role {shown(role)}", "AllowedRoles", patterns)
    if not allowed.privileged:
        rights = {"--privileged": options.privileged, "--device": bool(options.devices)}
        for flag in (flag for flag, asked in rights.items() if asked):
            yield Problem(
                f"{place}.containerOptions",
                f"{flag} gives a job power over its host, which this deployment does not allow",
                hint="Whoever deploys the stack may set AllowPrivileged",
            )
    for name, volumes in (("volumes", said.volumes), ("containerOptions", options.volumes)):
        for volume in volumes:
            if volume.host and not matches(volume.host, allowed.host_paths):
                what = f"jobs may not mount {shown(volume.host)} of their host"
                yield _problem(f"{place}.{name}", what, "AllowedHostPaths", allowed.host_paths)
    if allowed.team:
        yield from team_wishes.refused(process, said, options, allowed.team)


def _image(place: str, image: str, allowed: Allowed) -> Iterator[Problem]:
    try:
        reference = definition_reference(image)
    except InvalidValue:  # said when the task is prepared
        return
    if reference is None:
        if not matches(image, allowed.images):
            yield _problem(
                place, f"this deployment does not run the image {shown(image)}", "AllowedImages", allowed.images
            )
    elif not matches(reference.name.rpartition("/")[2], [each.rpartition("/")[2] for each in allowed.definitions]):
        what = f"this deployment does not use the job definition {shown(reference.name)}"
        yield _problem(place, what, "AllowedDefinitions", allowed.definitions)


def _problem(place: str, message: str, parameter: str, patterns: tuple[str, ...]) -> Problem:
    some = ", ".join(patterns[:5]) + (", …" if len(patterns) > 5 else "")
    return Problem(
        place,
        message,
        expected=f"one of {some}" if patterns else "none",
        hint=f"The stack's parameter {parameter} opens more",
    )
