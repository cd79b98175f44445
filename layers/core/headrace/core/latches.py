"""How many members a latch has when its scope is planned, and how many shards.

A latch `P[κ]` stands for all tasks of process P on the partial key κ. If κ names every dynamic axis of P, its members are
those tasks. If not, some tasks are not known yet: the members are the expansions, of the first dynamic axis that κ leaves
open, through which they will appear; each counts 1 itself and adds what it made (contracts.md section 5). A task whose
`when` is false at plan time is never made and is no member; a latch without members is not waited for.

The number is worked out from keys and conditions alone, so every scope comes to the same number for the same latch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from headrace.core.axis_items import AxisItems, Keys, walk
from headrace.core.program import AxisNames, LinkedProcess, Need, Program, Step

SHARDS_BEHIND_EXPANSION: Final = 16
TASKS_PER_SHARD: Final = 200
MAX_SHARDS: Final = 64

Present: TypeAlias = Callable[[LinkedProcess, Mapping[str, str]], bool]
Planned: TypeAlias = Callable[[Keys], int]


def latch_axes(process: LinkedProcess, need: Need) -> AxisNames:
    """The producer's axes on which a need fixes the key, in the producer's order."""
    kept = {*need.aligned, *(axis for axis, _ in need.at)}
    return tuple(axis for axis in process.axes if axis in kept)


def opened_by(process: LinkedProcess, latch: AxisNames) -> Step | None:
    """The step whose expansions are the members of this latch; None when its tasks are."""
    return next((step for step in process.path if step.axis not in latch), None)


def shards(planned: int) -> int:
    """The shards of a latch whose members are tasks: one per 200, at most 64."""
    return max(1, min(MAX_SHARDS, -(-planned // TASKS_PER_SHARD)))


@dataclass(slots=True)
class Members:
    """The members of latches, as one scope can see them. `fixed` are the keys that the scope fixes."""

    program: Program
    items: AxisItems
    fixed: Mapping[str, str]
    present: Present
    _counted: dict[tuple[object, ...], dict[Keys, int]] = field(default_factory=dict)

    def planned(self, process: LinkedProcess, latch: AxisNames, free: frozenset[str] = frozenset()) -> Planned:
        """A function from κ (keys in the order of `latch`) to the number of members.

        `free` are axes whose key is not the scope's own (`at`).
        """
        step = opened_by(process, latch)
        axes = process.axes if step is None else step.fixed
        conditional = step is None and any(when.early for when in process.whens)
        if set(axes) == set(latch):
            return self._one(process, latch) if conditional else _always_one
        fixed = {axis: self.fixed[axis] for axis in latch if axis in self.fixed and axis not in free}
        counts = self._count(process if conditional else None, self.program.in_order(axes), latch, fixed)
        return lambda keys: counts.get(keys, 0)

    def shards(self, process: LinkedProcess, latch: AxisNames) -> Planned:
        """A function from κ to the number of shards of the latch."""
        if opened_by(process, latch) is not None:
            return lambda _: SHARDS_BEHIND_EXPANSION
        if set(process.axes) == set(latch):
            return _always_one
        planned = self.planned(process, latch)
        return lambda keys: shards(planned(keys))

    def _one(self, process: LinkedProcess, latch: AxisNames) -> Planned:
        return lambda keys: int(self.present(process, dict(zip(latch, keys, strict=True))))

    def _count(
        self, process: LinkedProcess | None, axes: AxisNames, latch: AxisNames, fixed: Mapping[str, str]
    ) -> dict[Keys, int]:
        name = process.name if process else ""
        known = (name, axes, latch, tuple(fixed.items()))
        if known in self._counted:
            return self._counted[known]
        counts: dict[Keys, int] = {}
        places = [axes.index(axis) for axis in latch]
        for _, keys in walk(self.items, axes, fixed):
            if process is None or self.present(process, dict(zip(axes, keys, strict=True))):
                kept = tuple([keys[place] for place in places])
                counts[kept] = counts.get(kept, 0) + 1
        self._counted[known] = counts
        return counts


def _always_one(_: Keys) -> int:
    return 1
