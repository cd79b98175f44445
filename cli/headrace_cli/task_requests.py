"""The Batch requests of a plan, before there is a run: what `plan --requests` prints and what `check` tries out.

A request says command, environment, sizes and tags, not the script; so it is known for every planned task whose directives
do not hang on what other tasks make. What only a run or a deployment knows stands there by name: `run`, the hash in the
work folder, the revision that registering answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.core import bootstrap, job_build, task_work
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Reference
from headrace.core.job_build import PLACEHOLDER
from headrace.core.names import task_id
from headrace.core.plan import ScopePlan
from headrace.core.program import LinkedProcess
from headrace.core.selectors import Defaults
from headrace.core.task_work import Work
from headrace.core.values import Value
from headrace.core.visible import Keys, Visible

RUN: Final = "run"
_RUN_SCRIPT: Final = f"s3://deployment-bucket/work/TENANT/HH/HASH/j/{RUN}.1.1/run.sh"


@dataclass(frozen=True, slots=True)
class TaskRequests:
    """One task's requests: `register` is None for a definition of the user's own; `skipped` says why there are none."""

    task: str
    process: str
    register: Mapping[str, Any] | None = None
    submit: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    skipped: str = ""
    work: Work | None = None


def requests(plan: ScopePlan, deployment: Mapping[str, Any], *, first_only: bool = False) -> Iterator[TaskRequests]:
    """The requests of every task of the root's plan, or of the first of each process; InvalidSpec with what is illegal.

    `deployment`: the raw directives of the deployment, where one is named.
    """
    program = plan.layout.program
    for process in program.placed(()):
        axes = program.in_order(process.axes)
        for _, keys in plan.layout.keys_of(process):
            yield of_task(plan, process, dict(zip(axes, keys, strict=True)), deployment)
            if first_only:
                break


def of_task(
    plan: ScopePlan,
    process: LinkedProcess,
    keys: Keys,
    deployment: Mapping[str, Any],
    launch: Defaults | None = None,
) -> TaskRequests:
    """The requests of one task; InvalidSpec, placed at its process, with what Batch or docker would refuse."""
    asked = _Asked()
    visible = replace(plan.layout.visible, answer=asked)
    task = task_id(process.name, {axis: keys[axis] for axis in process.axes})
    try:
        work = task_work.bare_work(
            visible, process, keys, task_work.Attempt(), run=RUN, deployment=deployment, launch=launch
        )
    except InvalidSpec:
        if asked.reference is None:
            raise
        why = f"its directives use {asked.reference}, which is not known before the run"
        return TaskRequests(task, process.name, skipped=why)
    return _of_work(visible, process, work)


def _of_work(visible: Visible, process: LinkedProcess, work: Work) -> TaskRequests:
    register: dict[str, Any] | None = None
    problems: list[Problem] = []
    try:
        register = job_build.definition(work, PLACEHOLDER)
    except InvalidSpec as error:
        problems += error.problems
    name = register["jobDefinitionName"] if register else ""
    submit = None
    try:
        submit = _submission(work, f"{name}:REVISION" if name else "", register)
    except InvalidSpec as error:
        problems += error.problems
    if problems:
        raise InvalidSpec(_placed(visible, process, problem) for problem in problems)
    return TaskRequests(work.task, process.name, register, submit, job_build.notes(work), work=work)


def _submission(work: Work, definition: str, registered: Mapping[str, Any] | None) -> dict[str, Any]:
    return job_build.submission(
        work,
        PLACEHOLDER,
        run=RUN,
        epoch=1,
        definition_arn=definition,
        command=tuple(bootstrap.command(_RUN_SCRIPT, scratch=work.directives.scratch)),
        labels={},
        registered=registered,
    )


def _placed(visible: Visible, process: LinkedProcess, problem: Problem) -> Problem:
    """A problem of a request, at the process it is of."""
    spec = visible.program.namespaces[process.namespace].spec
    path = problem.path if problem.path.startswith("processes.") else process.process.path
    return replace(problem, path=path).at(file=spec.file, line=spec.line(path))


class _Asked:
    """The answer to references where nothing has run, noting that there was a question."""

    def __init__(self) -> None:
        self.reference: Reference | None = None

    def __call__(self, _namespace: str, _keys: Keys, reference: Reference) -> Value:
        self.reference = reference
        raise InvalidValue(f"'{reference}' is not known before the run")
