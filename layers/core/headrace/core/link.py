"""From files to a Program: names, references, axes, latches; everything that can be said before params are known.

    used_files(spec)                 where the files are that it uses; read them, and theirs, then
    link(spec, {place: spec, …})     the Program, or InvalidSpec with every problem, each in its file and line

The order of things comes from data: a process depends on what its templates name (spec rules 3, 5, 14). A Program's
warnings say what is legal and most likely not meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from headrace.core import directives
from headrace.core.axis_links import link_axes
from headrace.core.directive_layers import Raw, layers
from headrace.core.errors import InvalidSpec, nearest
from headrace.core.expressions import Reference
from headrace.core.link_checks import (
    check_cycles,
    check_forks,
    check_latches,
    check_needs,
    warn_hidden,
    warn_idle,
    warn_unused,
)
from headrace.core.link_names import Place, check_names, places
from headrace.core.program import AxisNames, Expanded, LinkedAxis, LinkedProcess, Need, Path, Program, When
from headrace.core.ranks import ranks
from headrace.core.references import axes_used, given_params, needs_of, reference_needs
from headrace.core.scope_paths import Latches, kept, path_of, refinements
from headrace.core.script import Script
from headrace.core.selectors import Defaults
from headrace.core.spec import Spec
from headrace.core.staging_checks import check_staging
from headrace.core.uses import Drawn, Sketch, flatten, used_files

__all__ = ["link", "used_files"]


@dataclass(slots=True)
class _Found:
    """What was found of one process."""

    drawn: Drawn
    directives: dict[str, Any]
    needs: list[Need] = field(default_factory=list)
    whens: list[When] = field(default_factory=list)


def link(
    spec: Spec, used: Mapping[str, Spec] | None = None, *, launch: Defaults | None = None, deployment: Raw | None = None
) -> Program:
    """The program of a spec and of the files it uses, by place; `launch` and `deployment` are directives around the spec's."""
    sketch = flatten(spec, used or {})
    axes = link_axes(sketch)
    found = {name: _find(sketch, axes, drawn, launch, deployment) for name, drawn in sketch.processes.items()}
    for drawn in sketch.using.values():
        _check_using(sketch, axes, drawn)
    outputs = _outputs(sketch)
    needs = {name: tuple(dict.fromkeys(each.needs)) for name, each in found.items()}
    for name, each in found.items():
        check_needs(sketch, axes, each.drawn.namespace, each.drawn.process.path, needs[name])
    for axis in axes.values():
        check_needs(sketch, axes, axis.namespace, axis.place, axis.needs)
    for each in found.values():
        check_staging(sketch, each.drawn)
    check_cycles(sketch, axes, needs)
    _stop(sketch)
    program = _assemble(sketch, axes, found, needs, outputs)
    check_forks(sketch, program)
    check_latches(sketch, program)
    _stop(sketch)
    warn_unused(sketch, program, {name: each.directives for name, each in found.items()})
    warn_hidden(sketch)
    warn_idle(sketch)
    return _with_warnings(program, sketch)


def _stop(sketch: Sketch) -> None:
    if sketch.problems:
        raise InvalidSpec(sorted(sketch.problems, key=lambda problem: (problem.file, problem.line)))


def _find(
    sketch: Sketch, axes: Mapping[str, LinkedAxis], drawn: Drawn, launch: Defaults | None, deployment: Raw | None
) -> _Found:
    """Every dependency of a process, with each template's names checked."""
    raw = directives.merge(
        layers(sketch.namespaces, drawn.namespace, drawn.process, launch=launch, deployment=deployment)
    )
    found = _Found(drawn, raw)
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
    # Evaluated after success, `stopWhen` sees what its own task made; that is no dependency.
    return [need for need in found if not (place.success and need.process == drawn.name)]


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


def _check_using(sketch: Sketch, axes: Mapping[str, LinkedAxis], drawn: Drawn) -> None:
    """Names and references in a `uses` itself: they are not reached through the processes inside when nothing uses them."""
    for place in places(drawn, {}):
        check_names(sketch, drawn, place, drawn.axes)
        found = _place_needs(sketch, drawn, place)
        check_needs(sketch, axes, drawn.namespace, place.path, tuple(found))
    _after(sketch, drawn)


def _outputs(sketch: Sketch) -> dict[str, tuple[Need, ...]]:
    """The top-level outputs of every file: of the launched one with what they need, of used ones their names checked."""
    found: dict[str, tuple[Need, ...]] = {}
    for namespace in sketch.namespaces.values():
        for name, template in namespace.spec.outputs.items():
            path = f"outputs.{name}"

            def note(
                message: str, *, expected: str = "", hint: str = "", path: str = path, at: str = namespace.name
            ) -> None:
                sketch.note(at, path, message, expected=expected, hint=hint)

            for unknown in sorted(template.names - {"params"}):
                hint = nearest(unknown, namespace.spec.processes)
                note(
                    f"'{unknown}' is not known here", expected="what a process makes: ${{ process.output }}", hint=hint
                )
            for use in template.uses:
                if use[0] == "params" and len(use) > 1 and use[1] not in namespace.spec.params:
                    note(f"'{use[1]}' is not a param of this file", hint=nearest(use[1], namespace.spec.params))
            needs = needs_of(sketch, namespace.name, namespace.each, template, note)
            if namespace.parent is None:
                found[name] = tuple(needs)
    return found


def _assemble(
    sketch: Sketch,
    axes: Mapping[str, LinkedAxis],
    found: Mapping[str, _Found],
    needs: Mapping[str, tuple[Need, ...]],
    outputs: Mapping[str, tuple[Need, ...]],
) -> Program:
    drawn = sketch.processes
    latches: Latches = {name: {} for name in drawn}
    for name, each in found.items():
        if "maxForks" in each.directives:
            latches[name][()] = None
    for need in (need for group in (*needs.values(), *(axis.needs for axis in axes.values())) for need in group):
        latches[need.process][kept(drawn[need.process].axes, need)] = None
    refined = refinements({name: each.axes for name, each in drawn.items()}, latches, axes)
    paths = {name: path_of(each.axes, axes, refined) for name, each in drawn.items()}
    expansions = _expansions(paths, axes)
    order = ranks({name: each.axes for name, each in drawn.items()}, axes, needs)
    processes = {
        name: LinkedProcess(
            name=name,
            local=each.drawn.local,
            namespace=each.drawn.namespace,
            process=each.drawn.process,
            axes=each.drawn.axes,
            needs=needs[name],
            whens=tuple(each.whens),
            dynamic=tuple(step.axis for step in paths[name]),
            path=paths[name],
            latches=tuple(sorted(latches[name], key=lambda latch: (len(latch), latch))),
            rank=order[name][0],
            number=order[name][1],
            max_forks=each.directives.get("maxForks"),
        )
        for name, each in found.items()
    }
    expanded = {
        path: Expanded(
            path,
            tuple(behind),
            axes[path[-1].axis].needs,
            order[f"~{path[-1].axis}"][0],
            order[f"~{path[-1].axis}"][1] + index,
        )
        for index, (path, behind) in enumerate(expansions.items())
    }
    return Program(sketch.namespaces, processes, axes, expanded, dict(outputs), sketch)


def _expansions(paths: Mapping[str, Path], axes: Mapping[str, LinkedAxis]) -> dict[Path, list[str]]:
    """Every class of expansions with the processes behind it, outer before inner."""
    found: dict[Path, list[str]] = {}
    for name, path in paths.items():
        for depth in range(1, len(path) + 1):
            found.setdefault(path[:depth], []).append(name)
    order = {axis: number for number, axis in enumerate(axes)}
    return dict(sorted(found.items(), key=lambda item: [(order[step.axis], step.fixed) for step in item[0]]))


def _with_warnings(program: Program, sketch: Sketch) -> Program:
    warnings = tuple(sorted(sketch.warnings, key=lambda problem: (problem.file, problem.line)))
    return replace(program, warnings=warnings)
