"""The plan of one scope: every task that can be known, what it waits for, and what it counts on.

The root scope is planned when a run starts; an expansion plans the scope it opens, when the list that a dynamic axis is
made from is there. Tasks are items of a Distributed Map, which promises no order; the order here (depth-first along keys,
gathers last) is a hint, and what tasks are numbered by for `maxForks`. Items are made while they are read, so a plan
of 100,000 tasks takes the memory of its keys.

    plan_scope(program, params, Scope(), fetched)            the root
    plan_scope(program, params, Scope("~chunk", axes, answer), fetched)

`axes` are the `axes.json` of the root and of the scopes around this one; `answer` gives what processes made, for the
source of the axis that is expanded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from headrace.core import directives
from headrace.core.axes import items_of
from headrace.core.axis_items import Items, Keys, from_files, to_file, walk
from headrace.core.conditions import Conditions
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.fetch import Fetch, Needs, NotFetched
from headrace.core.latches import SHARDS_BEHIND_EXPANSION, Members
from headrace.core.names import TASK_ID_MAX_BYTES, escape, latch_id, parse_scope, task_id
from headrace.core.plan_order import Layout, plan_items
from headrace.core.program import LinkedAxis, LinkedProcess, Path, Program, Step
from headrace.core.reference_keys import check_named_keys
from headrace.core.values import Value
from headrace.core.visible import Answer, Visible, no_answer

MAX_TASKS: Final = 1_000_000
_Added: TypeAlias = dict[str, dict[Keys, Items]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which scope to plan: its id, the items known around it, and what processes made."""

    id: str = ""
    axes: tuple[Mapping[str, Any], ...] = ()
    answer: Answer = no_answer


@dataclass(frozen=True, slots=True)
class ScopePlan:
    """A scope, planned. `axes` is the content of axes.json; `adds` is what its expansion adds: latch → (n, shards).

    `tasks` counts the tasks of each process, `size` all items, expansions too.
    """

    scope: str
    size: int
    tasks: Mapping[str, int]
    axes: Mapping[str, Any]
    adds: Mapping[str, tuple[int, int]]
    layout: Layout = field(repr=False, compare=False)

    def items(self) -> Iterator[dict[str, Any]]:
        """The items of plan.json, in order, made anew at each call."""
        return plan_items(self.layout)

    def to_json(self) -> Iterator[str]:
        """plan.json in pieces."""
        separator = "["
        for item in self.items():
            yield separator + json.dumps(item, separators=(",", ":"), ensure_ascii=False)
            separator = ",\n"
        yield "[]\n" if separator == "[" else "]\n"


def plan_scope(
    program: Program, params: Mapping[str, Value], scope: Scope, fetched: Mapping[Fetch, Any] | None = None
) -> ScopePlan | Needs:
    """The plan of a scope, or what has to be read first; InvalidSpec with what is wrong with items, keys and conditions."""
    path, fixed = scope_path(program, scope.id)
    visible = Visible(program, params, from_files(program, scope.axes), scope.answer, fetched or {})
    found = _add_items(program, visible, path, fixed)
    if isinstance(found, Needs):
        return found
    try:
        return _planned(visible, scope.id, path, fixed, found)
    except NotFetched as missing:  # a table that a used file is given by its location
        return Needs((missing.fetch,))


def scope_path(program: Program, scope: str) -> tuple[Path, dict[str, str]]:
    """The class of a scope, and the keys it fixes; InvalidValue for one that the program does not have."""
    path: Path = ()
    fixed: dict[str, str] = {}
    for part in parse_scope(scope):
        fixed |= part.keys
        path = (*path, Step(part.name, program.in_order(fixed)))
        if path not in program.expansions:
            raise InvalidValue(f"the pipeline has no scope {scope!r}", hint="was it changed since the run began?")
    return path, fixed


def _add_items(program: Program, visible: Visible, path: Path, fixed: Mapping[str, str]) -> _Added | Needs:
    """Work out the items of every axis that can be known in this scope and was not before; they are what it adds."""
    expanded = {step.axis for step in path}
    added: _Added = {}
    problems: list[Problem] = []
    fetches: dict[Fetch, None] = {}
    for axis in program.axes.values():
        if not set(axis.roots) <= expanded:
            continue
        if axis.dynamic and (not path or axis.name != path[-1].axis):
            continue
        for _, outer in _outer_keys(visible, axis, fixed):
            keys = dict(zip(axis.outer, outer, strict=True))
            if visible.items.knows(axis.name, keys):
                continue
            try:
                items = items_of(axis, visible, keys)
            except NotFetched as missing:
                fetches[missing.fetch] = None
                continue
            except InvalidSpec as error:
                problems += error.problems
                continue
            visible.items.add(axis.name, keys, items)
            added.setdefault(axis.name, {})[outer] = items
    if problems:
        raise InvalidSpec(problems[:100])
    return Needs(tuple(fetches)) if fetches else added


def _outer_keys(visible: Visible, axis: LinkedAxis, fixed: Mapping[str, str]) -> Iterator[tuple[Keys, Keys]]:
    return walk(visible.items, axis.outer, {name: key for name, key in fixed.items() if name in axis.outer})


def _planned(visible: Visible, scope: str, path: Path, fixed: Mapping[str, str], added: _Added) -> ScopePlan:
    program = visible.program
    conditions = Conditions(visible)
    members = Members(program, visible.items, fixed, conditions.present)
    layout = Layout(program, scope, path, fixed, visible, conditions, members, _forks(program, visible, path))
    tasks: dict[str, int] = {}
    room = MAX_TASKS
    for process in program.placed(path):
        tasks[process.name] = _count(layout, process, room)
        room -= tasks[process.name]
    nodes = program.children(path)
    expansions = {node.path: sum(1 for _ in layout.expansions_of(node)) for node in nodes}
    adds = _adds(program, path, fixed, tasks, expansions) if path else {}
    size = sum(tasks.values()) + sum(expansions.values())
    return ScopePlan(scope, size, tasks, to_file(program, added), adds, layout)


def _adds(
    program: Program, path: Path, fixed: Mapping[str, str], tasks: Mapping[str, int], expansions: Mapping[Path, int]
) -> dict[str, tuple[int, int]]:
    """What the expansion of this scope adds to each latch behind it: the tasks, or the next expansions, it made."""
    adds: dict[str, tuple[int, int]] = {}
    for name in program.expansions[path].behind:
        process = program.processes[name]
        made = tasks[name] if process.path == path else expansions[process.path[: len(path) + 1]]
        for latch in process.latches:
            if path[-1].axis not in latch:
                adds[latch_id(name, [(axis, fixed[axis]) for axis in latch])] = (made, SHARDS_BEHIND_EXPANSION)
    return adds


def _forks(program: Program, visible: Visible, path: Path) -> dict[str, int]:
    forks: dict[str, int] = {}
    for process in program.placed(path):
        if process.max_forks is not None:
            value = visible.structure(process.max_forks, process.namespace, {})
            place = f"processes.{process.local}"
            limit = directives.evaluate({"maxForks": value}, {}, path=place).max_forks
            if limit is not None:
                forks[process.name] = limit
    return forks


def _count(layout: Layout, process: LinkedProcess, room: int) -> int:
    """How many tasks a process has here, with each key that `at` names and each long id checked."""
    named = [need for need in process.needs if need.at]
    check_ids = _longest_id(layout, process) > TASK_ID_MAX_BYTES
    axes = layout.program.in_order(process.axes)
    count = 0
    for _, keys in layout.keys_of(process):
        count += 1
        if count > room:
            _refuse(layout, process, f"the plan has more than {MAX_TASKS:,} tasks", "cut the run into several")
        if named or check_ids:
            own = dict(zip(axes, keys, strict=True))
            try:
                for need in named:
                    check_named_keys(layout.visible, need, own)
                if check_ids:
                    task_id(process.name, [(axis, own[axis]) for axis in process.axes])
            except InvalidValue as error:
                _refuse(
                    layout, process, f"{error.message}, for {own}" if own else error.message, error.hint, error.expected
                )
    return count


def _longest_id(layout: Layout, process: LinkedProcess) -> int:
    """An upper bound on the bytes of the ids of a process's tasks."""
    longest = len(process.name) + 2
    for axis in process.axes:
        keys = (key for items in layout.visible.items.entries.get(axis, {}).values() for key in items)
        longest += len(axis) + 2 + max((len(escape(key).encode()) for key in keys), default=0)
    return longest


def _refuse(layout: Layout, process: LinkedProcess, message: str, hint: str, expected: str = "") -> None:
    spec = layout.program.namespaces[process.namespace].spec
    raise InvalidSpec([spec.problem(process.process.path, message, expected=expected, hint=hint)])
