"""Axes and what they depend on: the axes around a nested one, the processes behind a dynamic one (spec rule 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headrace.core import spec_each as sources
from headrace.core.expressions import Template
from headrace.core.link_names import Place, check_names
from headrace.core.program import LinkedAxis, Need
from headrace.core.references import axes_used, needs_of, templates_in
from headrace.core.uses import Defined, Drawn, Sketch


def link_axes(sketch: Sketch) -> dict[str, LinkedAxis]:
    """Every axis, in the order they first stand in an `each`, outer before inner; problems go to the sketch."""
    linked: dict[str, LinkedAxis] = {}
    everybody = (*sketch.processes.values(), *sketch.using.values())
    for name in dict.fromkeys((*(axis for drawn in everybody for axis in drawn.axes), *sketch.axes)):
        _link(sketch, linked, name, ())
    for drawn in everybody:
        _check_outer(sketch, linked, drawn)
    return linked


def source_templates(source: Any) -> Iterator[Template]:
    """Every template of a source."""
    if isinstance(source, sources.ChunkSource):
        yield from source_templates(source.of)
        yield from templates_in(source.size)
    elif isinstance(source, sources.ListSource):
        yield from templates_in(source.items)
    else:
        for field in ("template", "pattern", "first", "last", "file"):
            yield from templates_in(getattr(source, field, None))


def _link(sketch: Sketch, linked: dict[str, LinkedAxis], name: str, chain: tuple[str, ...]) -> None:
    if name in linked:
        return
    axis = sketch.axes[name]
    if name in chain:
        circle = " → ".join((*chain[chain.index(name) :], name))
        sketch.note(
            axis.namespace,
            axis.place,
            f"axes that depend on each other: {circle}",
            expected="items that one can list first",
        )
        linked[name] = LinkedAxis(name, axis.local, axis.namespace, axis.source, (), (), (), axis.place)
        return
    used, needs = _depends(sketch, axis)
    for other in sorted(used, key=list(sketch.axes).index):
        _link(sketch, linked, other, (*chain, name))
    if name in linked:
        return
    wanted = used | {outer for other in used for outer in linked[other].outer}
    outer = tuple(other for other in linked if other in wanted)
    roots = [root for other in outer for root in linked[other].roots]
    if needs:
        roots.append(name)
    linked[name] = LinkedAxis(
        name, axis.local, axis.namespace, axis.source, outer, tuple(needs), tuple(dict.fromkeys(roots)), axis.place
    )


def _depends(sketch: Sketch, axis: Defined) -> tuple[set[str], list[Need]]:
    visible = tuple(name for name in axis.visible if name in sketch.axes)
    used: set[str] = set()
    needs: list[Need] = []

    def note(message: str, *, expected: str = "", hint: str = "") -> None:
        sketch.note(axis.namespace, axis.place, message, expected=expected, hint=hint)

    definer = _definer(sketch, axis)
    for template in source_templates(axis.source):
        if definer is not None:
            check_names(sketch, definer, Place(axis.place, template), visible)
        used |= axes_used(sketch, axis.namespace, visible, template)
        needs += needs_of(sketch, axis.namespace, visible, template, note)
    return used, list(dict.fromkeys(needs))


def _definer(sketch: Sketch, axis: Defined) -> Drawn | None:
    drawn = (*sketch.processes.values(), *sketch.using.values())
    return next((each for each in drawn if each.namespace == axis.namespace and axis.name in each.axes), None)


def _check_outer(sketch: Sketch, linked: dict[str, LinkedAxis], drawn: Drawn) -> None:
    """A nested axis is reused together with its outer ones, which stand before it."""
    before: set[str] = set()
    for name in drawn.axes:
        missing = [outer for outer in linked[name].outer if outer not in before] if name in linked else []
        if missing:
            names = ", ".join(linked[outer].local for outer in missing)
            local = linked[name].local
            sketch.note(
                drawn.namespace,
                f"{drawn.process.path}.each",
                f"the axis '{local}' is nested in {names}, which does not stand before it",
                expected=f"each: [{names}, {local}]",
            )
        before.add(name)
