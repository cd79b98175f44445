"""What can be wrong with a program as a whole: cycles, gathers nobody can count, too many latches; and what is odd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from headrace.core.expressions import Template
from headrace.core.program import LinkedAxis, Need, Program
from headrace.core.references import needs_of
from headrace.core.scope_paths import MAX_LATCHES, kept_after_gathered
from headrace.core.uses import Sketch


def check_needs(
    sketch: Sketch, axes: Mapping[str, LinkedAxis], namespace: str, place: str, needs: Iterable[Need]
) -> None:
    """Note references that cannot be planned."""
    for need in needs:
        _check_at(sketch, axes, namespace, place, need)
        dynamic = tuple(axis for axis in sketch.processes[need.process].axes if axes[axis].dynamic)
        pair = kept_after_gathered(dynamic, need)
        if pair is not None:
            gathered, kept = (axes[axis].local for axis in pair)
            sketch.note(
                namespace,
                place,
                f"'{need.process}' is gathered over the dynamic axis '{gathered}' and aligned on the dynamic axis '{kept}', which "
                f"comes after it: when '{kept}' is expanded there is no telling how many of '{gathered}' there will be",
                hint=f"List '{kept}' before '{gathered}' in the `each` of '{need.process}', or gather over both",
            )


def check_cycles(sketch: Sketch, axes: Mapping[str, LinkedAxis], needs: Mapping[str, tuple[Need, ...]]) -> None:
    """Note the first cycle of processes and dynamic axes, with its members in order."""
    before: dict[str, list[str]] = {
        name: [*(need.process for need in needs[name]), *(f"axis {axis}" for axis in drawn.axes if axes[axis].dynamic)]
        for name, drawn in sketch.processes.items()
    }
    before |= {f"axis {name}": [need.process for need in axis.needs] for name, axis in axes.items()}
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        first = next(name for name in circle if name in sketch.processes)
        drawn = sketch.processes[first]
        start = circle.index(first)
        turned = [*circle[start:-1], *circle[:start], first]
        message = "a cycle: " + " → ".join(turned)
        sketch.note(
            drawn.namespace,
            drawn.process.path,
            message,
            hint="each makes something that the next one waits for; cut it at one place",
        )


def check_forks(sketch: Sketch, program: Program) -> None:
    """`maxForks` counts within one scope, so all tasks of the process have to be in one."""
    for process in program.processes.values():
        if process.max_forks is None or not process.path or not process.path[-1].fixed:
            continue
        fixed = ", ".join(program.axes[axis].local for axis in process.path[-1].fixed)
        sketch.note(
            process.namespace,
            f"{process.process.path}.maxForks",
            f"maxForks on '{process.name}', whose tasks come from several expansions (one per {fixed})",
            hint="limit the queue or the compute environment instead, or use `consumableResources`",
        )


def check_latches(sketch: Sketch, program: Program) -> None:
    """A task's record and all latches it counts on are one transaction."""
    for process in program.processes.values():
        if len(process.latches) > MAX_LATCHES:
            message = f"'{process.name}' is gathered in {len(process.latches)} different ways"
            sketch.note(process.namespace, process.process.path, message, expected=f"at most {MAX_LATCHES}")
        waits = {(need.process, frozenset(need.aligned), need.at) for need in process.needs}
        if len(waits) > MAX_LATCHES:
            message = f"'{process.name}' waits for {len(waits)} things"
            hint = "gather in two steps"
            sketch.note(process.namespace, process.process.path, message, expected=f"at most {MAX_LATCHES}", hint=hint)
    for node in program.expansions.values():
        axis = program.axes[node.path[-1].axis]
        count = sum(axis.name not in latch for name in node.behind for latch in program.processes[name].latches)
        if count > MAX_LATCHES:
            message = f"{count} gathers over the dynamic axis '{axis.local}'"
            sketch.note(
                axis.namespace, axis.place, message, expected=f"at most {MAX_LATCHES}", hint="gather in two steps"
            )


def warn_unused(sketch: Sketch, program: Program, directives: Mapping[str, Mapping[str, Any]]) -> None:
    """An output nobody uses or publishes (spec rule 13)."""
    used = {(need.process, need.output) for process in program.processes.values() for need in process.needs}
    used |= {(need.process, need.output) for axis in program.axes.values() for need in axis.needs}
    for namespace in sketch.namespaces.values():
        for template in namespace.spec.outputs.values():
            used |= {(need.process, need.output) for need in needs_of(sketch, namespace.name, namespace.each, template)}
    for process in program.processes.values():
        published = _published(directives[process.name].get("publishDir"), process.process.outputs)
        own = {use[1] for use in _stop_uses(directives[process.name]) if use[0] == "outputs" and len(use) > 1}
        for name, output in process.process.outputs.items():
            if (process.name, name) not in used and name not in published | own:
                hint = "Drop it, name it under `inputs` or top-level `outputs`, or publish it with `publishDir`"
                sketch.warn(
                    process.namespace,
                    output.path,
                    f"nobody uses or publishes the output '{name}' of '{process.name}'",
                    hint=hint,
                )


def warn_hidden(sketch: Sketch) -> None:
    """An input hides an axis of its name (spec rule 10)."""
    for drawn in sketch.processes.values():
        here = sketch.namespaces[drawn.namespace]
        for name, given in drawn.process.inputs.items():
            if here.axes.get(name) in drawn.axes:
                message = f"in the script the input '{name}' hides the axis '{name}'"
                sketch.warn(
                    drawn.namespace, given.path, message, hint="`key.<axis>` still gives the key; rename one of them"
                )


def warn_idle(sketch: Sketch) -> None:
    """A selector that selects no process: most likely a name mistyped."""
    for namespace in sketch.namespaces.values():
        prefix = f"{namespace.name}." if namespace.name else ""
        inside = [drawn for drawn in sketch.processes.values() if drawn.name.startswith(prefix)]
        names = [drawn.name[len(prefix) :] for drawn in inside]
        for selector in namespace.spec.defaults.idle(
            names, [label for drawn in inside for label in drawn.process.labels]
        ):
            sketch.warn(namespace.name, selector.path, f"the selector '{selector.pattern}' selects no process")


def _check_at(sketch: Sketch, axes: Mapping[str, LinkedAxis], namespace: str, place: str, need: Need) -> None:
    named = {axis for axis, _ in need.at}
    for axis, key in need.at:
        local = axes[axis].local
        here = sketch.namespaces[key.namespace]
        visible = tuple(here.each) + tuple(here.axes.values())
        if axes[axis].roots:
            message = f"`at({local}=…)`: the keys of the dynamic axis '{local}' are not known before the run"
            sketch.note(
                namespace, place, message, hint=f"take all of them (`.all`), or repeat this process over '{local}'"
            )
        elif needs_of(sketch, key.namespace, visible, key.template):
            message = f"`at({local}=…)` names what a process makes, which is not known before the run"
            sketch.note(namespace, place, message, expected="params and axes only")
    for axis in need.aligned:
        outer = [axes[name].local for name in axes[axis].outer if name in named]
        if outer:
            local = axes[axis].local
            message = f"`at` names {', '.join(outer)}, and '{local}' is nested in it: another {outer[0]} may have no such {local}"
            sketch.note(namespace, place, message, expected=f"`at({outer[0]}=…, {local}=…)`")


def _published(raw: Any, outputs: Mapping[str, Any]) -> set[str]:
    """The outputs that publishDir may copy; what it leaves to patterns or expressions counts as published."""
    if raw is None:
        return set()
    found: set[str] = set()
    for entry in raw if isinstance(raw, list) else [raw]:
        only = entry.get("only") if isinstance(entry, dict) else None
        names = [only] if isinstance(only, str) else only
        found |= (
            set(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else set(outputs)
        )
    return found


def _stop_uses(directives: Mapping[str, Any]) -> frozenset[tuple[str, ...]]:
    stop = directives.get("stopWhen")
    return stop.uses if isinstance(stop, Template) else frozenset()
