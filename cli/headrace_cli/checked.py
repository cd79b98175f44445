"""Everything that can be said of a pipeline on this machine: what `check` says, and what `run` makes sure of before it starts.

    files ─▶ linked ─▶ params bound ─▶ root planned ─▶ inputs there ─▶ requests legal

When params are missing, `check` goes as far as it can without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from headrace.core.errors import InvalidSpec, Problem
from headrace.core.plan import ScopePlan
from headrace.core.values import Value
from headrace_cli import allowing, given_params, named_files, pipeline, task_requests
from headrace_cli.deployment import Deployment
from headrace_cli.given_params import Given
from headrace_cli.local_files import Reader
from headrace_cli.named_files import Named
from headrace_cli.pipeline import Pipeline

MOST_TASKS: Final = 9_000
"""Items of one Distributed Map: a waiting task holds a child execution, and a Map Run allows 10,000."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A pipeline with its plan; `notes` say what is worth knowing, `unchecked` what could not be looked at and why."""

    pipeline: Pipeline
    given: Mapping[str, Given]
    params: Mapping[str, Value]
    plan: ScopePlan | None
    named: Named
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = field(default=())


def check(
    loaded: Pipeline,
    given: Mapping[str, Given],
    reader: Reader,
    around: Deployment | None = None,
    *,
    lenient: bool = False,
) -> Checked:
    """All checks; InvalidSpec with every problem. `lenient` takes missing params and unread objects as not checked.

    `around` is the deployment the pipeline was linked with; None: not known yet, so no request is tried.
    """
    opened = around.opened if around else None
    refused = allowing.of_program(loaded, opened) if opened else []
    try:
        found = _checked(loaded, given, reader, around, lenient=lenient)
    except InvalidSpec as error:
        raise InvalidSpec(dict.fromkeys((*refused, *error.problems))) from None
    if refused:
        raise InvalidSpec(refused)
    return found


def _checked(
    loaded: Pipeline, given: Mapping[str, Given], reader: Reader, around: Deployment | None, *, lenient: bool
) -> Checked:
    if lenient and (lacking := given_params.missing(loaded.spec.params, given)):
        _bind_given(loaded, given, reader)
        why = f"items, keys and requests, because no value is given for: {', '.join(lacking)}"
        return Checked(loaded, given, {}, None, Named(), unchecked=(why,))
    params: Mapping[str, Value] = {}
    try:
        params = given_params.bind(loaded.spec.params, given, loaded.place, reader)
        _check_named(loaded, params, around)
        planned = pipeline.plan(loaded, params, reader)
    except InvalidSpec:
        if not (lenient and reader.not_read):
            raise
        return Checked(loaded, given, params, None, Named(), unchecked=_not_read(reader))
    problems = _too_big(planned)
    named, notes = Named(), []
    try:
        named = named_files.find(loaded, planned, reader)
    except InvalidSpec as error:
        problems += error.problems
    for requests in _tried(loaded, planned, around, problems):
        notes += [f"{requests.process}: {note}" for note in requests.notes]
    if problems:
        raise InvalidSpec(dict.fromkeys(problems))
    return Checked(loaded, given, params, planned, named, tuple(dict.fromkeys(notes)), _not_read(reader))


def _check_named(loaded: Pipeline, params: Mapping[str, Value], around: Deployment | None) -> None:
    """InvalidSpec with what is named and is not the team's to read, before anything of it is read."""
    if around and around.opened and (problems := allowing.of_params(loaded, params, around.opened)):
        raise InvalidSpec(problems)


def _too_big(planned: ScopePlan) -> list[Problem]:
    """No deployment takes more tasks in one scope, whatever its MapConcurrency."""
    if planned.size <= MOST_TASKS:
        return []
    largest = max(planned.tasks, key=lambda name: planned.tasks[name])
    what = f"the plan has {planned.size:,} tasks in one scope, {planned.tasks[largest]:,} of them of '{largest}'"
    hint = "Use bigger chunks, or repeat over a dynamic axis: each expansion is a scope of its own"
    return [Problem("processes", what, expected=f"at most {MOST_TASKS:,}", hint=hint)]


def _tried(
    loaded: Pipeline, planned: ScopePlan, around: Deployment | None, problems: list[Problem]
) -> list[task_requests.TaskRequests]:
    """The requests of the first task of each process, with what is illegal in them, or not allowed."""
    if around is None:
        return []
    program = planned.layout.program
    found = []
    for process in program.placed(()):
        axes = program.in_order(process.axes)
        first = next(iter(planned.layout.keys_of(process)), None)
        if first is None:
            continue
        try:
            keys = dict(zip(axes, first[1], strict=True))
            asked = task_requests.of_task(planned, process, keys, loaded.deployment, loaded.launch)
        except InvalidSpec as error:
            problems += error.problems
            continue
        found.append(asked)
        if asked.work is not None and around.opened is not None:
            problems += allowing.of_task(loaded, process, asked.work, around.opened)
    return found


def _bind_given(loaded: Pipeline, given: Mapping[str, Given], reader: Reader) -> None:
    """What is given is judged also when something is missing."""
    declared = {name: param for name, param in loaded.spec.params.items() if name in given or not param.required}
    try:
        given_params.bind(declared, given, loaded.place, reader)
    except InvalidSpec as error:
        unknown = {f"params.{name}" for name in given if name not in loaded.spec.params}
        problems = [problem for problem in error.problems if problem.path not in unknown]
        problems += given_params.unknown(loaded.spec.params, given)
        if problems and not reader.not_read:
            raise InvalidSpec(problems) from None


def _not_read(reader: Reader) -> tuple[str, ...]:
    return tuple(f"{uri}, because it is not on this machine" for uri in reader.not_read)
