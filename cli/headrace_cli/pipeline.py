"""A pipeline from its files: read, linked; then its params bound and its first scope planned, all on this machine.

load(place, reader)            the spec and the files it uses, linked; every problem of all of them at once
prepare(pipeline, given, …)    params bound and the root planned: what a run would begin with
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.launch_request import read_launch
from headrace.core.link import link
from headrace.core.locations import is_uri
from headrace.core.plan import Scope, ScopePlan, plan_scope
from headrace.core.program import Program
from headrace.core.selectors import Defaults
from headrace.core.spec import Spec, read_spec
from headrace.core.uses import used_files
from headrace.core.values import Value
from headrace_cli.local_files import Reader, place_of

_MOST_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline, linked. `place` is its absolute path or URI, `files` the places of all its files, itself first.

    `deployment` are the raw directives of the deployment it was linked with, `launch` those of its launch.
    """

    place: str
    spec: Spec
    program: Program
    files: tuple[str, ...]
    deployment: Mapping[str, Any] = field(default_factory=dict)
    launch: Defaults | None = None

    @property
    def name(self) -> str:
        """The pipeline's name, else its file's."""
        return self.spec.name or self.place.rstrip("/").rpartition("/")[2].rpartition(".")[0] or "run"

    @property
    def is_local(self) -> bool:
        """Whether its files lie on this machine."""
        return not is_uri(self.place)


def load(
    text: str, reader: Reader, deployment: Mapping[str, Any] | None = None, launch: Defaults | None = None
) -> Pipeline:
    """The pipeline at a path or URI, with a deployment's directives and a launch's; InvalidSpec with every problem of every file."""
    place = place_of(text)
    spec = _spec(place, reader, root=True)
    used = _used(spec, reader)
    program = link(spec, used, launch=launch, deployment=deployment)
    return Pipeline(place, spec, program, (place, *used), deployment or {}, launch)


def plan(pipeline: Pipeline, params: Mapping[str, Value], reader: Reader) -> ScopePlan:
    """The plan of the root; InvalidSpec with what is wrong with items, keys and conditions."""
    return reader.answered(lambda known: plan_scope(pipeline.program, params, Scope(), known))


def shortened(problems: tuple[Problem, ...]) -> list[Problem]:
    """Problems with files named as the user would: relative to the folder the command runs in."""
    here = f"{Path.cwd()}{os.sep}"
    return [
        Problem(
            problem.path,
            problem.message.replace(here, ""),
            expected=problem.expected.replace(here, ""),
            hint=problem.hint.replace(here, ""),
            file=problem.file.removeprefix(here),
            line=problem.line,
            **_value(problem),
        )
        for problem in problems
    ]


def _value(problem: Problem) -> dict[str, Any]:
    return {} if problem.value is Problem.__dataclass_fields__["value"].default else {"value": problem.value}


def _spec(place: str, reader: Reader, *, root: bool) -> Spec:
    try:
        text = reader.text(place, yaml_source.MAX_BYTES)
    except InvalidValue as error:
        problem = Problem("", f"cannot be read: {error.message}", expected=error.expected or "a pipeline file")
        raise InvalidSpec([problem.at(file=place)]) from None
    document = yaml_source.read(text, place)
    if root and "processes" not in document.value and "pipeline" in document.value:
        read_launch(document)
        hint = "Name the pipeline's own file; params go with --params-file"
        raise InvalidSpec([Problem("", "a launch request, not a pipeline", hint=hint).at(file=place, line=1)])
    return read_spec(document)


def _used(spec: Spec, reader: Reader) -> dict[str, Spec]:
    """Every used file, and what these use; problems of all of them together."""
    specs: dict[str, Spec] = {}
    problems: list[Problem] = []
    todo = list(used_files(spec))
    seen: set[str] = set()
    while todo and len(specs) < _MOST_FILES:
        place = todo.pop(0)
        if place in seen:
            continue
        seen.add(place)
        try:
            specs[place] = _spec(place, reader, root=False)
        except InvalidSpec as error:
            problems += error.problems
            continue
        todo += used_files(specs[place])
    if problems:
        raise InvalidSpec(problems)
    return specs
