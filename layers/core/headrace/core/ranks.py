"""The order of a plan: what gathers comes after what it gathers, and deeper keys stay together.

Every process has a rank per depth. A gather that keeps the first d axes of what it gathers raises the rank at depth d: the
merge of a sample comes after the calls of that sample, the report over all samples after all of them. It is a hint for
the engine, so shapes it does not catch (`at`, axes in another order) only start a little later.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import TypeAlias

from headrace.core.program import AxisNames, LinkedAxis, Need

Rank: TypeAlias = tuple[int, ...]


def ranks(
    axes_of: Mapping[str, AxisNames], axes: Mapping[str, LinkedAxis], needs: Mapping[str, tuple[Need, ...]]
) -> dict[str, tuple[Rank, int]]:
    """Rank and number of every process and of every dynamic axis (`~name`); the program has no cycles."""
    depth = 1 + max((len(own) for own in axes_of.values()), default=0)
    wants = {**needs, **{f"~{name}": axis.needs for name, axis in axes.items() if axis.dynamic}}
    before = {name: {need.process for need in each} for name, each in wants.items()}
    for name, own in axes_of.items():
        before[name] |= {f"~{axis}" for axis in own if axes[axis].dynamic}
    found: dict[str, tuple[Rank, int]] = {}
    step = len(axes_of) * len(axes) + 1  # room for the classes of expansions of one axis
    for number, name in enumerate(TopologicalSorter(before).static_order()):
        rank: Rank = (0,) * depth
        for need in wants.get(name, ()):
            rank = max(rank, _raised(found[need.process][0], axes_of[need.process], axes, need))
        for axis in (axis for axis in axes_of.get(name, ()) if axes[axis].dynamic):
            rank = max(rank, found[f"~{axis}"][0])
        found[name] = (rank, number * step)
    return found


def _raised(rank: Rank, producer: AxisNames, axes: Mapping[str, LinkedAxis], need: Need) -> Rank:
    ordered = [axis for axis in axes if axis in producer]
    first = next((place for place, axis in enumerate(ordered) if axis in need.gathered), None)
    if first is None:
        return rank
    return (*rank[:first], rank[first] + 1, *(0,) * (len(rank) - first - 1))
