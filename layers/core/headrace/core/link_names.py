"""The places of a process where templates stand, and which names each of them sees (spec rule 10).

`each`, `inputs`, `when`, `after`, `params` of a `uses` and directives see params, axes, `key` and processes; a script and the
paths of outputs see inputs, params, axes and `key`, and no process: data enters through `inputs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import nearest
from headrace.core.expressions import Template
from headrace.core.params import secret_names
from headrace.core.references import templates_in
from headrace.core.script import Script
from headrace.core.uses import Drawn, Sketch

_TASK: Final = frozenset({"task", "run"})
_OUTPUTS: Final = frozenset({"outputs"})


@dataclass(frozen=True, slots=True)
class Place:
    """A template in its place; `more` are names it sees beside params, axes and `key`; `depends`: it may name processes.

    One that `names_file` (stageAs, saveAs) sees `file` and `key` alone; with `any_key` (stageAs) that is the key of the file,
    on whatever axes its producer has.
    """

    path: str
    template: Template | Script
    more: frozenset[str] = frozenset()
    depends: bool = True
    secrets: bool = False
    success: bool = False
    names_file: bool = False
    any_key: bool = False


def places(drawn: Drawn, directives: dict[str, Any]) -> Iterator[Place]:
    """Every template of a process, with the directives that apply to it. `each` and `after` are read elsewhere."""
    process, path = drawn.process, drawn.process.path
    inputs = frozenset(process.inputs)
    for given in process.inputs.values():
        for template in given.templates:
            yield Place(given.path, template)
        if given.stage_as is not None:
            yield Place(f"{given.path}.stageAs", given.stage_as, depends=False, names_file=True, any_key=True)
    if process.when is not None:
        yield Place(f"{path}.when", process.when)
    for name, value in process.params.items():
        for template in templates_in(value):
            yield Place(f"{path}.params.{name}", template, secrets=True)
    for output in process.outputs.values():
        if output.template is not None:
            yield Place(output.path, output.template, inputs | _TASK, depends=False)
    if process.script is not None:
        yield Place(f"{path}.script", process.script, inputs | _TASK | _OUTPUTS, depends=False)
    for name, value in directives.items():
        place = f"{path}.{name}" if name in process.directives else f"defaults.{name}"
        yield from _directive_places(place, name, value, inputs)


def check_names(sketch: Sketch, drawn: Drawn, place: Place, visible: tuple[str, ...]) -> None:
    """Note every name the template uses that means nothing there."""
    here = sketch.namespaces[drawn.namespace]
    axes = {local for local, axis in here.axes.items() if axis in visible}
    known = {"file", "key"} if place.names_file else {"params", "key", *axes, *place.more}
    references = () if place.depends or isinstance(place.template, Script) else place.template.references
    for name in sorted({reference.process for reference in references}):
        message = f"'{name}' is a process, and this place sees none"
        hint = f"Name it under `inputs`: `{name}_file: ${{{{ {name}.… }}}}`"
        sketch.note(drawn.namespace, place.path, message, hint=f"Data enters through inputs. {hint}")
    for name in sorted(place.template.names - known):
        hint = nearest(name, known | (set(here.spec.processes) if place.depends else set()))
        if name in here.axes:
            hint = f"It is an axis of other processes: list it in `each`, or name one key: `process.at({name}=…)`"
        elif name in drawn.process.inputs:
            hint = "Inputs are seen by `script` and `outputs`; here name the process that makes it"
        sketch.note(
            drawn.namespace, place.path, f"'{name}' is not known here", expected=", ".join(sorted(known)), hint=hint
        )
    _check_dotted(sketch, drawn, place, axes)


def _check_dotted(sketch: Sketch, drawn: Drawn, place: Place, axes: set[str]) -> None:
    here = sketch.namespaces[drawn.namespace]
    secret = secret_names(here.spec.params)
    tables = {"params": set(here.spec.params), "key": set(here.axes) if place.any_key else axes}
    if "outputs" in place.more:
        tables["outputs"] = set(drawn.process.outputs)
    for use in sorted(place.template.uses):
        if use[0] not in tables or len(use) < 2:
            continue
        root, name, known = use[0], use[1], tables[use[0]]
        if name not in known:
            what = {
                "params": "a param of this file",
                "key": "an axis of this process",
                "outputs": "an output of this process",
            }[root]
            expected = f"one of {', '.join(sorted(known)[:12])}" if known else f"there is none: declare '{name}'"
            sketch.note(
                drawn.namespace,
                place.path,
                f"`{root}.{name}`: '{name}' is not {what}",
                expected=expected,
                hint=nearest(name, known),
            )
        elif root == "params" and name in secret and not place.secrets:
            message = f"the secret param '{name}' outside of `secrets`"
            sketch.note(
                drawn.namespace,
                place.path,
                message,
                hint=f"Write `secrets: {{NAME: ${{{{ params.{name} }}}}}}`; the job finds it in its environment",
            )


def _directive_places(place: str, name: str, value: Any, inputs: frozenset[str]) -> Iterator[Place]:
    if name == "publishDir":
        for entry in value if isinstance(value, list) else [value]:
            parts = dict(entry) if isinstance(entry, dict) else {"path": entry}
            for template in templates_in(parts.pop("saveAs", None)):
                yield Place(f"{place}.saveAs", template, depends=False, names_file=True)
            for template in templates_in(parts):
                yield Place(place, template, _TASK)
        return
    for template in templates_in(value):
        more = _TASK | _OUTPUTS | inputs if name == "stopWhen" else _TASK
        yield Place(place, template, more, secrets=name == "secrets", success=name == "stopWhen")
