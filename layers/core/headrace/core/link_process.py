"""What one process depends on: every template in its place, with the names and references in it (spec rules 5, 10, 14).

Dependencies are everything a template names: inputs, `when`, directives, params of the files around. `after` is about a
process's end alone. `when` and `after` of a `uses` hold for every process inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.core import directives
from headrace.core.directive_layers import Raw, layers
from headrace.core.errors import nearest
from headrace.core.expressions import Reference
from headrace.core.link_checks import check_needs
from headrace.core.link_names import Place, check_names, places
from headrace.core.program import AxisNames, LinkedAxis, Need, When
from headrace.core.references import axes_used, given_params, needs_of, reference_needs
from headrace.core.script import Script
from headrace.core.selectors import Defaults
from headrace.core.uses import Drawn, Sketch


@dataclass(slots=True)
class Found:
    """What was found of one process."""

    drawn: Drawn
    directives: dict[str, Any]
    needs: list[Need] = field(default_factory=list)
    whens: list[When] = field(default_factory=list)


def find(
    sketch: Sketch, axes: Mapping[str, LinkedAxis], drawn: Drawn, launch: Defaults | None, deployment: Raw | None
) -> Found:
    """Every dependency of a process, with each template's names checked."""
    raw = directives.merge(
        layers(sketch.namespaces, drawn.namespace, drawn.process, launch=launch, deployment=deployment)
    )
    found = Found(drawn, raw)
    for place in places(drawn, raw):
        check_names(sketch, drawn, place, drawn.axes)
        found.needs += _place_needs(sketch, drawn, place)
    found.needs += _after(sketch, drawn)
    if drawn.process.when is not None:
        found.whens.append(_when(sketch, axes, drawn))
    for around in _around(sketch, drawn.namespace):
        found.needs += _after(sketch, around)
        if around.process.when is not None:
            when = _when(sketch, axes, around)
            found.whens.insert(0, when)
            found.needs += needs_of(sketch, around.namespace, around.axes, when.template)
    return found


def check_using(sketch: Sketch, axes: Mapping[str, LinkedAxis], drawn: Drawn) -> None:
    """Names and references in a `uses` itself: they are not reached through the processes inside when nothing uses them."""
    for place in places(drawn, {}):
        check_names(sketch, drawn, place, drawn.axes)
        found = _place_needs(sketch, drawn, place)
        check_needs(sketch, axes, drawn.namespace, place.path, tuple(found))
    _after(sketch, drawn)


def _place_needs(sketch: Sketch, drawn: Drawn, place: Place) -> list[Need]:
    template = place.template
    if isinstance(template, Script):
        here = sketch.namespaces[drawn.namespace]
        return [
            need
            for given in given_params(sketch, drawn.namespace, template)
            for need in needs_of(sketch, here.parent or "", here.each, given)
        ]
    note = _noter(sketch, drawn, place.path)
    found = needs_of(sketch, drawn.namespace, drawn.axes, template, note)
    if not place.success:
        return found
    own = [need for need in found if need.process == drawn.name]
    if any(need.at or need.gathered for need in own):
        hint = "Let a process that gathers it say `stopWhen`"
        note("`stopWhen` sees the outputs of its own task, not those of its process's others", hint=hint)
    # Evaluated after success, it sees what its own task made; that is no dependency.
    return [need for need in found if need.process != drawn.name]


def _noter(sketch: Sketch, drawn: Drawn, path: str) -> Any:
    def note(message: str, *, expected: str = "", hint: str = "") -> None:
        sketch.note(drawn.namespace, path, message, expected=expected, hint=hint)

    return note


def _after(sketch: Sketch, drawn: Drawn) -> list[Need]:
    """`after` aligns by axes, and is about a process's end alone."""
    here = sketch.namespaces[drawn.namespace]
    found: list[Need] = []
    for index, template in enumerate(drawn.process.after):
        path = f"{drawn.process.path}.after" + (f"[{index}]" if len(drawn.process.after) > 1 else "")
        if template.literal is None:
            check_names(sketch, drawn, Place(path, template), drawn.axes)
            references: tuple[Reference, ...] = template.references
        elif template.literal in here.spec.processes:
            references = (Reference(template.literal, "align", (), ""),)
        else:
            hint = nearest(template.literal, here.spec.processes)
            sketch.note(
                drawn.namespace, path, f"no process '{template.literal}'", expected="a process of this file", hint=hint
            )
            continue
        for reference in references:
            found += _ends(sketch, drawn, reference, path)
    return found


def _ends(sketch: Sketch, drawn: Drawn, reference: Reference, path: str) -> list[Need]:
    here = sketch.namespaces[drawn.namespace]
    whole = here.uses.get(reference.process)
    if whole is None or reference.output:
        found = reference_needs(sketch, drawn.namespace, drawn.axes, reference, _noter(sketch, drawn, path))
    else:  # all that is inside the file it uses
        inside = [each for each in sketch.processes.values() if f"{each.namespace}.".startswith(f"{whole}.")]
        found = [
            Need(
                each.name,
                "",
                tuple(a for a in each.axes if a in drawn.axes),
                (),
                tuple(a for a in each.axes if a not in drawn.axes),
            )
            for each in inside
        ]
    return [Need(need.process, "", need.aligned, need.at, need.gathered) for need in found]


def _when(sketch: Sketch, axes: Mapping[str, LinkedAxis], drawn: Drawn) -> When:
    template = drawn.process.when
    assert template is not None  # noqa: S101 - the callers looked
    used = _closed(axes, axes_used(sketch, drawn.namespace, drawn.axes, template))
    early = not needs_of(sketch, drawn.namespace, drawn.axes, template)
    return When(template, drawn.namespace, early, used, f"{drawn.process.path}.when")


def _closed(axes: Mapping[str, LinkedAxis], used: set[str]) -> AxisNames:
    """The axes with all outer ones, in the program's order."""
    wanted = used | {outer for axis in used for outer in axes[axis].outer}
    return tuple(axis for axis in axes if axis in wanted)


def _around(sketch: Sketch, namespace: str) -> list[Drawn]:
    """The `uses` processes around a namespace, innermost first."""
    found = []
    while namespace:
        found.append(sketch.using[namespace])
        namespace = sketch.using[namespace].namespace
    return found
