"""From files to a Program: names, references, axes, latches; everything that can be said before params are known.

    used_files(spec)                 where the files are that it uses; read them, and theirs, then
    link(spec, {place: spec, …})     the Program, or InvalidSpec with every problem, each in its file and line

The order of things comes from data: a process depends on what its templates name (spec rules 3, 5, 14). A Program's
warnings say what is legal and most likely not meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headrace.core.axis_links import link_axes
from headrace.core.directive_layers import Raw
from headrace.core.errors import InvalidSpec, nearest
from headrace.core.link_checks import (
    check_cycles,
    check_forks,
    check_latches,
    check_needs,
    warn_hidden,
    warn_idle,
    warn_unused,
)
from headrace.core.link_process import Found, check_using, find
from headrace.core.program import Expanded, LinkedAxis, LinkedProcess, Need, Path, Program
from headrace.core.ranks import ranks
from headrace.core.references import needs_of
from headrace.core.scope_paths import Latches, kept, path_of, refinements
from headrace.core.selectors import Defaults
from headrace.core.spec import Spec
from headrace.core.staging_checks import check_staging
from headrace.core.uses import Sketch, flatten, used_files

__all__ = ["link", "used_files"]


def link(
    spec: Spec, used: Mapping[str, Spec] | None = None, *, launch: Defaults | None = None, deployment: Raw | None = None
) -> Program:
    """The program of a spec and of the files it uses, by place; `launch` and `deployment` are directives around the spec's."""
    sketch = flatten(spec, used or {})
    axes = link_axes(sketch)
    found = {name: find(sketch, axes, drawn, launch, deployment) for name, drawn in sketch.processes.items()}
    for drawn in sketch.using.values():
        check_using(sketch, axes, drawn)
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
    found: Mapping[str, Found],
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
