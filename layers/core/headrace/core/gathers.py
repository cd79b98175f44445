"""From records to values: which tasks a reference is about, in which order, and what it gives (spec rules 3-5).

    inputs_of(visible, item)        what to look up for a plan item: exact task ids, or a query where keys are not known
    answers(visible, found)         `answer` for Visible: the value of every reference, from the outputs found

Gathers are one flat list in the order of the producer's axes, the first slowest: listed items as listed, globs and dynamic
axes bytewise by key; then bytewise by path within a task. What has no record or made nothing is none, and lists drop none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from headrace.core.axis_items import AxisItems, walk
from headrace.core.expressions import Reference
from headrace.core.latches import latch_axes
from headrace.core.names import escape, parse_id, task_id
from headrace.core.program import AxisNames, LinkedProcess, Need, Program
from headrace.core.reference_keys import named_key
from headrace.core.references import aligned_need, is_plain, needs_of, reference_needs
from headrace.core.values import File, Value
from headrace.core.visible import Answer, Visible

Found: TypeAlias = Mapping[str, Mapping[str, Value] | None]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The tasks of one need. `ids` are all of them, in order, where their keys are known; else None: query `prefix`.

    A query's answers are those that `matches`, put in order by `order_gathered`.
    """

    need: Need
    process: str
    key: tuple[tuple[str, str], ...]
    ids: tuple[str, ...] | None
    prefix: str

    def matches(self, keys: Mapping[str, str]) -> bool:
        """Whether a task of the process with these keys is one of those looked for."""
        return all(keys.get(axis) == key for axis, key in self.key)


def inputs_of(visible: Visible, item: Mapping[str, Any]) -> tuple[Lookup, ...]:
    """What a plan item depends on, as look-ups: a task's inputs, `when`, directives; an expansion's source."""
    program = visible.program
    needs = program.axes[item["x"]].needs if "x" in item else program.processes[item["p"]].needs
    return lookups(visible, needs, item["k"])


def lookups(visible: Visible, needs: Iterable[Need], keys: Mapping[str, str]) -> tuple[Lookup, ...]:
    """One look-up per need, for a consumer with these keys; those of a program's outputs have none."""
    return tuple(_lookup(visible, need, keys) for need in needs)


def order_gathered(items: AxisItems, ids: Iterable[str]) -> list[str]:
    """Task ids of one process in the order of a gather."""
    parsed = [(task, parse_id(task)) for task in ids]
    return [
        task
        for task, _ in sorted(
            parsed, key=lambda each: _place(items, items.program.processes[each[1].name].axes, each[1].keys)
        )
    ]


def answers(visible: Visible, found: Found) -> Answer:
    """The value of a reference, for `Visible.answer`: from the outputs of every task that the look-ups gave, by id.

    `found[id][output]` is a value, a File or a list of Files; a task without outputs, or not found, made nothing.
    """
    by_process: dict[str, list[tuple[str, dict[str, str]]]] = defaultdict(list)
    for task in found:
        parsed = parse_id(task)
        by_process[parsed.name].append((task, parsed.keys))
    return _Answers(visible, found, by_process).answer


@dataclass(frozen=True, slots=True)
class _Answers:
    visible: Visible
    found: Found
    by_process: Mapping[str, list[tuple[str, dict[str, str]]]]

    def answer(self, namespace: str, keys: Mapping[str, str], reference: Reference) -> Value:
        program = self.visible.program
        here = program.namespaces[namespace]
        drawn = program.sketch.drawn(here, reference.process)
        need = aligned_need(program.sketch, namespace, drawn, reference, axes=tuple(keys))
        if is_plain(program.sketch, namespace, reference):
            [need] = reference_needs(program.sketch, namespace, tuple(keys), reference)
            return self.value(need, keys, namespace)
        template = program.namespaces[drawn.name].spec.outputs[reference.output]
        if not need.gathered:
            there = _fixed(self.visible, need, keys)
            return self.visible.value(template, drawn.name, there)
        values: list[Value] = []
        for there in self.keys_inside(need, keys, drawn.name, reference):
            value = self.visible.value(template, drawn.name, there)
            values += value if isinstance(value, list) else [value]
        return [value for value in values if value is not None]

    def keys_inside(
        self, need: Need, keys: Mapping[str, str], inside: str, reference: Reference
    ) -> list[dict[str, str]]:
        """The keys of the axes around a used file that a reference to it is about, in gather order.

        Those of a dynamic axis are told by the tasks that were found.
        """
        program = self.visible.program
        fixed = _fixed(self.visible, need, keys)
        axes = program.namespaces[inside].each
        if not any(program.axes[axis].roots for axis in need.gathered):
            ordered = program.in_order(axes)
            there = [dict(zip(ordered, each, strict=True)) for _, each in walk(self.visible.items, ordered, fixed)]
        else:
            template = program.namespaces[inside].spec.outputs[reference.output]
            behind = {each.process for each in needs_of(program.sketch, inside, axes, template)}
            seen = (its for process in sorted(behind) for _, its in self.by_process.get(process, ()))
            there = [
                dict(each)
                for each in dict.fromkeys(tuple((axis, its[axis]) for axis in axes if axis in its) for its in seen)
            ]
            there = [each for each in there if len(each) == len(axes) and fixed.items() <= each.items()]
        return sorted(there, key=lambda each: _place(self.visible.items, axes, each))

    def value(self, need: Need, keys: Mapping[str, str], namespace: str) -> Value:
        """What one need gives: a value, or the flat list of a gather."""
        program = self.visible.program
        lookup = _lookup(self.visible, need, keys)
        if not need.gathered:
            return self.made(task_id(need.process, lookup.key), need, dict(lookup.key), namespace)
        if lookup.ids is None:
            there = [task for task, its in self.by_process.get(need.process, ()) if lookup.matches(its)]
            ids: Iterable[str] = order_gathered(self.visible.items, there)
        else:
            ids = lookup.ids
        typed = program.processes[need.process].process.outputs[need.output].kind == "json"
        gathered: list[Value] = []
        for task in ids:
            its = parse_id(task).keys
            value = self.made(task, need, its, namespace)
            if value is None:
                continue
            if typed:
                gathered.append({"key": _local(program, its, namespace), "value": value})
            else:
                gathered += value if isinstance(value, list) else [value]
        return gathered

    def made(self, task: str, need: Need, keys: Mapping[str, str], namespace: str) -> Value:
        """What one task made: files bear its keys; a list of files is in bytewise order of their paths."""
        value = (self.found.get(task) or {}).get(need.output)
        local = _local(self.visible.program, keys, namespace)
        if isinstance(value, File):
            return replace(value, key=local)
        if isinstance(value, list) and value and all(isinstance(each, File) for each in value):
            return sorted((replace(each, key=local) for each in value), key=lambda file: file.uri.encode())
        return value


def _lookup(visible: Visible, need: Need, keys: Mapping[str, str]) -> Lookup:
    program = visible.program
    process = program.processes[need.process]
    fixed = _fixed(visible, need, keys)
    key = tuple((axis, fixed[axis]) for axis in latch_axes(process, need))
    ids: tuple[str, ...] | None = None
    if not any(program.axes[axis].roots for axis in need.gathered):
        ids = tuple(_known_ids(visible.items, process, fixed))
    return Lookup(need, process.name, key, ids, _prefix(process, fixed))


def _known_ids(items: AxisItems, process: LinkedProcess, fixed: Mapping[str, str]) -> list[str]:
    axes = items.program.in_order(process.axes)
    found = []
    for _, keys in walk(items, axes, fixed):
        own = dict(zip(axes, keys, strict=True))
        pairs = [(axis, own[axis]) for axis in process.axes]
        found.append((_place(items, process.axes, own), task_id(process.name, pairs)))
    return [task for _, task in sorted(found)]


def _fixed(visible: Visible, need: Need, keys: Mapping[str, str]) -> dict[str, str]:
    named = {axis: named_key(visible, key, keys) for axis, key in need.at}
    return {**{axis: keys[axis] for axis in need.aligned}, **named}


def _prefix(process: LinkedProcess, fixed: Mapping[str, str]) -> str:
    """What the ids of all tasks looked for begin with."""
    leading: list[str] = []
    for axis in process.axes:
        if axis not in fixed:
            break
        leading.append(f"{axis}={escape(fixed[axis])}")
    if not process.axes:
        return process.name
    end = "" if not leading else "]" if len(leading) == len(process.axes) else ","
    return f"{process.name}[{','.join(leading)}{end}"


def _place(items: AxisItems, of: AxisNames, keys: Mapping[str, str]) -> tuple[tuple[int, bytes], ...]:
    """Where a task stands in a gather: per axis, its position where items are listed, its key where they are not."""
    axes = items.program.axes
    return tuple((0, keys[axis].encode()) if axes[axis].roots else (items.position(axis, keys), b"") for axis in of)


def _local(program: Program, keys: Mapping[str, str], namespace: str) -> dict[str, str]:
    """A task's keys by the names its reader knows: the reader's own axes win over a private one of the same name."""
    ordered = sorted(keys, key=lambda axis: program.axes[axis].namespace == namespace)
    return {program.axes[axis].local: keys[axis] for axis in ordered}
