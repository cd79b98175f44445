"""References resolved by axes, as array libraries broadcast (spec rule 3).

Axes that producer and consumer share are aligned: the same key. Axes only the producer has are gathered, axes only the
consumer has are broadcast. `at(axis=…)` names a key, `all` gathers over every axis that the namespace itself has. What a
used file hands out, and what it was given as params, are templates of their own: a reference to one leads on to the
references in it, with the axes of the way between composed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from headrace.core.errors import nearest
from headrace.core.expressions import Reference, Template
from headrace.core.program import AxisNames, Key, Need
from headrace.core.script import Script
from headrace.core.uses import Drawn, Sketch
from headrace.core.visible import used_params

Note: TypeAlias = Callable[..., None]


def templates_in(value: Any) -> Iterator[Template]:
    """Every template in a structure of maps and lists."""
    if isinstance(value, Template):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from templates_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from templates_in(item)


def needs_of(
    sketch: Sketch, namespace: str, axes: AxisNames, template: Template, note: Note | None = None
) -> list[Need]:
    """What a template depends on, where `axes` (full names) can be aligned with; `note` is told what is wrong."""
    found: list[Need] = []
    for reference in template.references:
        found += reference_needs(sketch, namespace, axes, reference, note)
    for given in given_params(sketch, namespace, template):
        here = sketch.namespaces[namespace]
        found += needs_of(sketch, here.parent or "", here.each, given)
    return list(dict.fromkeys(found))


def reference_needs(
    sketch: Sketch, namespace: str, axes: AxisNames, reference: Reference, note: Note | None = None
) -> list[Need]:
    """What one reference depends on: one process, or those behind an output of a used file."""
    here = sketch.namespaces[namespace]
    drawn = sketch.drawn(here, reference.process)
    need = aligned_need(sketch, namespace, drawn, reference, axes=axes, note=note)
    if drawn.process.uses is None:
        if reference.output and reference.output not in drawn.process.outputs:
            _no_output(note, reference, drawn.process.outputs)
            return []
        return [need]
    inner = sketch.namespaces.get(drawn.name)
    if inner is None:  # the file could not be read, which is noted already
        return []
    template = inner.spec.outputs.get(reference.output)
    if template is None:
        _no_output(note, reference, inner.spec.outputs)
        return []
    return [through(sketch, need, each) for each in needs_of(sketch, inner.name, inner.each, template)]


def aligned_need(
    sketch: Sketch, namespace: str, drawn: Drawn, reference: Reference, *, axes: AxisNames, note: Note | None = None
) -> Need:
    """A reference to one process, or to one that uses a file, with the axes of it split in three."""
    here = sketch.namespaces[namespace]
    named: dict[str, Key] = {}
    for local, template in reference.at:
        axis = here.axes.get(local, "")
        if axis in drawn.axes:
            named[axis] = Key(template, namespace)
        elif note is not None:
            known = [name for name, full in here.axes.items() if full in drawn.axes]
            message = f"'{reference.process}' has no axis '{local}'"
            note(
                message,
                expected=f"one of {', '.join(known)}" if known else f"'{reference.process}' is one task: no `at`",
                hint=nearest(local, known),
            )
    shared = here.each if reference.mode == "all" else axes
    aligned = tuple(axis for axis in drawn.axes if axis in shared and axis not in named)
    gathered = tuple(axis for axis in drawn.axes if axis not in shared and axis not in named)
    return Need(drawn.name, reference.output, aligned, tuple(named.items()), gathered)


def through(sketch: Sketch, outer: Need, inner: Need) -> Need:
    """A need inside a used file, as seen by whoever names the file's output: `outer` splits the axes of the `uses`."""
    named = dict(outer.at)
    at: dict[str, Key] = {axis: key for axis, key in outer.at if axis in inner.aligned}
    for axis, key in inner.at:
        depends = axes_used(sketch, key.namespace, inner.aligned, key.template)
        if depends <= set(outer.aligned):
            at[axis] = key
    producer = sketch.processes[inner.process]
    aligned = tuple(axis for axis in inner.aligned if axis in outer.aligned and axis not in named)
    gathered = tuple(axis for axis in producer.axes if axis not in aligned and axis not in at)
    return replace(inner, aligned=aligned, at=tuple(at.items()), gathered=gathered)


def is_plain(sketch: Sketch, namespace: str, reference: Reference) -> bool:
    """Whether a reference leads to one output of one process, at most through outputs that are nothing but a reference."""
    here = sketch.namespaces[namespace]
    drawn = sketch.drawn(here, reference.process)
    if drawn.process.uses is None:
        return True
    template = sketch.namespaces[drawn.name].spec.outputs[reference.output]
    if len(template.references) != 1 or template.text.replace(" ", "") != f"${{{{{template.references[0]}}}}}".replace(
        " ", ""
    ):
        return False
    return is_plain(sketch, drawn.name, template.references[0])


def given_params(sketch: Sketch, namespace: str, template: Template | Script) -> Iterator[Template]:
    """The templates, of the file around, behind the params that a template names."""
    here = sketch.namespaces[namespace]
    if here.parent is None or "params" not in template.names:
        return
    wanted = used_params(template)
    for name, given in here.given.items():
        if wanted is None or name in wanted:
            yield from templates_in(given)


def axes_used(sketch: Sketch, namespace: str, visible: AxisNames, template: Template) -> set[str]:
    """The axes whose key a template's value depends on, of those it can see; not yet with the outer axes of these."""
    here = sketch.namespaces[namespace]
    seen = {sketch.axes[axis].local: axis for axis in visible if axis in here.axes.values()}
    found = {seen[name] for name in template.names if name in seen}
    if "key" in template.names:
        keyed = {use[1] for use in template.uses if use[0] == "key" and len(use) > 1}
        found |= {axis for local, axis in seen.items() if local in keyed or ("key",) in template.uses}
    for need in needs_of(sketch, namespace, visible, template):
        found |= {axis for axis in need.aligned if axis in visible}
        for _, key in need.at:
            found |= axes_used(sketch, key.namespace, visible, key.template)
    for given in given_params(sketch, namespace, template):
        found |= axes_used(sketch, here.parent or "", here.each, given)
    return found


def _no_output(note: Note | None, reference: Reference, outputs: Mapping[str, Any]) -> None:
    if note is not None:
        known = sorted(outputs)
        expected = f"one of {', '.join(known)}" if known else f"'{reference.process}' declares no outputs"
        note(
            f"'{reference.process}' has no output '{reference.output}'",
            expected=expected,
            hint=nearest(reference.output, known),
        )
