"""The items of plan.json: ids, latches and waits, made one by one and merged into one order.

Every process and every class of expansions gives a stream of items along its keys; the streams are merged by a sort key
that interleaves rank and position (`rank 0, position on the first axis, rank 1, …`): depth-first along keys, and at each
depth what gathers comes after what it gathers.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias

from headrace.core.axis_items import Keys, walk
from headrace.core.conditions import Conditions
from headrace.core.latches import SHARDS_BEHIND_EXPANSION, Members, Planned, latch_axes
from headrace.core.names import expansion_id, latch_id, task_id
from headrace.core.program import AxisNames, Expanded, Key, LinkedProcess, Need, Path, Program
from headrace.core.reference_keys import named_key
from headrace.core.visible import Visible

Item: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """One scope, ready to be written down: `forks` are the values of maxForks by process."""

    program: Program
    scope: str
    path: Path
    fixed: Mapping[str, str]
    visible: Visible
    conditions: Conditions
    members: Members
    forks: Mapping[str, int] = field(default_factory=dict)

    def keys_of(self, process: LinkedProcess) -> Iterator[tuple[Keys, Keys]]:
        """Positions and keys (axes in the program's order) of the tasks of a process that are made."""
        axes = self.program.in_order(process.axes)
        found = walk(self.visible.items, axes, self.fixed)
        if not any(when.early for when in process.whens):
            return found
        return (each for each in found if self.conditions.present(process, dict(zip(axes, each[1], strict=True))))

    def expansions_of(self, node: Expanded) -> Iterator[tuple[Keys, Keys]]:
        """Positions and keys of the expansions of a class."""
        return walk(self.visible.items, node.path[-1].fixed, self.fixed)


def plan_items(layout: Layout) -> Iterator[Item]:
    """All items of the scope, in order."""
    program = layout.program
    streams = [_tasks(layout, process) for process in program.placed(layout.path)]
    streams += [_expansions(layout, node) for node in program.children(layout.path)]
    return (item for _, item in heapq.merge(*streams, key=itemgetter(0)))


def _tasks(layout: Layout, process: LinkedProcess) -> Iterator[tuple[Any, Item]]:
    axes = layout.program.in_order(process.axes)
    own = [axes.index(axis) for axis in process.axes]
    opens = [_open(layout, process, latch, axes) for latch in process.latches]
    waits = waits_of(layout, process.needs, axes)
    forks = layout.forks.get(process.name)
    for number, (positions, keys) in enumerate(layout.keys_of(process)):
        pairs = [(axes[place], keys[place]) for place in own]
        item: Item = {
            "id": task_id(process.name, pairs),
            "p": process.name,
            "k": dict(pairs),
            "opens": [each(keys) for each in opens],
        }
        if found := _waits(waits, keys):
            item["waits"] = found
        if forks is not None and number >= forks:
            item["turn"] = [process.name, number - forks + 1 + len(process.path)]
        yield _sort_key(process.rank, positions, process.number), item


def _expansions(layout: Layout, node: Expanded) -> Iterator[tuple[Any, Item]]:
    step = node.path[-1]
    axes = step.fixed
    new = [place for place, axis in enumerate(axes) if axis not in layout.fixed]
    opens = [
        _open_behind(process, latch, axes)
        for process in (layout.program.processes[name] for name in node.behind)
        for latch in process.latches
        if step.axis not in latch
    ]
    waits = waits_of(layout, node.needs, axes)
    for positions, keys in layout.expansions_of(node):
        name = expansion_id(layout.scope, step.axis, [(axes[place], keys[place]) for place in new])
        item: Item = {
            "id": name,
            "x": step.axis,
            "k": dict(zip(axes, keys, strict=True)),
            "opens": [each(keys) for each in opens],
        }
        if found := _waits(waits, keys):
            item["waits"] = found
        yield _sort_key(node.rank, positions, node.number), item


@dataclass(frozen=True, slots=True)
class Wait:
    """One latch a consumer waits for, as a function of the consumer's keys."""

    process: str
    latch: AxisNames
    places: tuple[int | Key, ...]
    planned: Planned

    def of(self, visible: Visible, axes: AxisNames, keys: Keys) -> Keys:
        """The key of the latch."""
        if not any(isinstance(place, Key) for place in self.places):
            return tuple([keys[place] for place in self.places])  # type: ignore[index]
        own = dict(zip(axes, keys, strict=True))
        return tuple(
            [keys[place] if isinstance(place, int) else named_key(visible, place, own) for place in self.places]
        )


def waits_of(layout: Layout, needs: tuple[Need, ...], axes: AxisNames) -> Callable[[Keys], dict[str, int]]:
    """The `waits` of a consumer with these axes: latch → members planned; a latch without members is left out."""
    waits = list(dict.fromkeys(_wait_key(layout.program, need) for need in needs))
    made = [
        Wait(
            process,
            latch,
            tuple(dict(at)[axis] if axis in dict(at) else axes.index(axis) for axis in latch),
            layout.members.planned(layout.program.processes[process], latch, frozenset(axis for axis, _ in at)),
        )
        for process, latch, at in waits
    ]
    visible = layout.visible

    def found(keys: Keys) -> dict[str, int]:
        waiting: dict[str, int] = {}
        for wait in made:
            kept = wait.of(visible, axes, keys)
            planned = wait.planned(kept)
            if planned:
                waiting[latch_id(wait.process, zip(wait.latch, kept, strict=True))] = planned
        return waiting

    return found


def _wait_key(program: Program, need: Need) -> tuple[str, AxisNames, tuple[tuple[str, Key], ...]]:
    return need.process, latch_axes(program.processes[need.process], need), need.at


def _waits(waits: Callable[[Keys], dict[str, int]], keys: Keys) -> dict[str, int]:
    return waits(keys)


def _open(layout: Layout, process: LinkedProcess, latch: AxisNames, axes: AxisNames) -> Callable[[Keys], list[Any]]:
    places = [axes.index(axis) for axis in latch]
    shards = layout.members.shards(process, latch)

    def opened(keys: Keys) -> list[Any]:
        kept = tuple([keys[place] for place in places])
        return [latch_id(process.name, zip(latch, kept, strict=True)), shards(kept)]

    return opened


def _open_behind(process: LinkedProcess, latch: AxisNames, axes: AxisNames) -> Callable[[Keys], list[Any]]:
    places = [axes.index(axis) for axis in latch]
    return lambda keys: [
        latch_id(process.name, [(axes[place], keys[place]) for place in places]),
        SHARDS_BEHIND_EXPANSION,
    ]


def _sort_key(rank: tuple[int, ...], positions: Keys, number: int) -> tuple[Any, ...]:
    return (rank[0], *chain.from_iterable(zip(positions, rank[1:], strict=False)), -1, number)
