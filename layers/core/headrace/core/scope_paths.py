"""In which scope each process is planned, and which latches exist (design section 5).

A latch exists for every projection of a process's axes that some consumer waits on, and for no other. A process with
dynamic axes is behind one expansion per axis, one inside the other, in `each` order. An expansion is done once per key of
the axes that its axis depends on, and of those that some gather over the axis keeps: so its own write counts on one latch
per gather. The keys a gather keeps must be known before the axes it gathers are expanded: a dynamic axis that is kept
comes before every dynamic axis that is gathered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from headrace.core.program import AxisNames, LinkedAxis, Need, Path, Step

MAX_LATCHES: Final = 90  # a task's record and its latches are one TransactWriteItems, of at most 100 actions

Latches = dict[str, dict[AxisNames, None]]


def kept(producer_axes: AxisNames, need: Need) -> AxisNames:
    """The producer's axes that a need does not gather: those of the latch, in the producer's order."""
    return tuple(axis for axis in producer_axes if axis not in need.gathered)


def kept_after_gathered(producer_dynamic: AxisNames, need: Need) -> tuple[str, str] | None:
    """A dynamic axis that is gathered and a later one that is kept, when there are such: nobody could count the members."""
    gathered = [axis for axis in producer_dynamic if axis in need.gathered]
    if not gathered:
        return None
    after = producer_dynamic[producer_dynamic.index(gathered[0]) :]
    later = [axis for axis in after if axis not in need.gathered]
    return (gathered[0], later[0]) if later else None


def refinements(
    axes_of: Mapping[str, AxisNames], latches: Latches, axes: Mapping[str, LinkedAxis]
) -> dict[str, set[str]]:
    """For each dynamic axis: the axes that some gather over it keeps."""
    found: dict[str, set[str]] = defaultdict(set)
    for process, projections in latches.items():
        for axis in axes_of[process]:
            if axes[axis].dynamic:
                for latch in projections:
                    if axis not in latch:
                        found[axis].update(latch)
    return found


def path_of(own: AxisNames, axes: Mapping[str, LinkedAxis], refined: Mapping[str, set[str]]) -> Path:
    """The steps to a process with these axes; `fixed` grows from step to step."""
    steps: list[Step] = []
    expanded: set[str] = set()
    fixed: set[str] = set()
    for name in own:
        axis = axes[name]
        if not axis.dynamic:
            continue
        known = {other for other in own if set(axes[other].roots) <= expanded}
        fixed = fixed | set(axis.outer) | (refined.get(name, set()) & known)
        steps.append(Step(name, _in_order(axes, fixed)))
        expanded.add(name)
    return tuple(steps)


def _in_order(axes: Mapping[str, LinkedAxis], wanted: Iterable[str]) -> AxisNames:
    names = set(wanted)
    return tuple(axis for axis in axes if axis in names)
