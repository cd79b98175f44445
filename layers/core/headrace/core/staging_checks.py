"""Two inputs on one staged path, as far as names are written down (spec rule 4).

A file is staged under its own name, or the one `stageAs` gives. Where both are literal, two inputs of one name are an error at
check. A gather over an axis that the name of the gathered output does not mention brings files of one name as soon as the
axis has two items; that is a warning, because it may have one.
"""

from __future__ import annotations

import posixpath

from headrace.core.expressions import Template
from headrace.core.program import AxisNames
from headrace.core.references import reference_needs
from headrace.core.spec_inputs import Input
from headrace.core.task_paths import has_wildcard
from headrace.core.uses import Drawn, Sketch


def check_staging(sketch: Sketch, drawn: Drawn) -> None:
    """Note inputs of a process that are staged on one path."""
    there: dict[str, str] = {}
    for name, given in drawn.process.inputs.items():
        for template in given.templates if given.stage else ():
            path, gathered = _staged(sketch, drawn, given, template)
            if gathered:
                _warn_gathered(sketch, drawn, given, path, gathered)
            if path and path in there:
                message = f"the inputs '{there[path]}' and '{name}' are both staged as '{path}'"
                hint = f"Stage one elsewhere: `{name}: {{from: {template.text}, stageAs: {name}/}}`"
                sketch.note(drawn.namespace, given.path, message, expected="a path of its own for each", hint=hint)
            elif path:
                there[path] = name


def _staged(sketch: Sketch, drawn: Drawn, given: Input, template: Template) -> tuple[str, AxisNames]:
    """The path an input is staged on, empty when it is not written down; and the axes over which it is one of many."""
    name, gathered = _name(sketch, drawn, template)
    if given.stage_as is None:
        return name, gathered
    literal = given.stage_as.literal
    if literal is None:
        return "", ()
    return (literal + name if name else "") if literal.endswith("/") else literal, gathered


def _name(sketch: Sketch, drawn: Drawn, template: Template) -> tuple[str, AxisNames]:
    """The name of the file a template stands for."""
    if template.literal is not None:
        wild = has_wildcard(template)
        return ("" if wild else posixpath.basename(template.literal.rstrip("/"))), ()
    if not template.lone or len(template.references) != 1 or template.text != f"${{{{ {template.references[0]} }}}}":
        return "", ()
    needs = reference_needs(sketch, drawn.namespace, drawn.axes, template.references[0])
    if len(needs) != 1:
        return "", ()
    [need] = needs
    output = sketch.processes[need.process].process.outputs.get(need.output)
    if output is None or output.template is None or output.wildcard or output.kind == "json":
        return "", ()
    mentioned = {sketch.axes[axis].local for axis in sketch.processes[need.process].axes}
    if output.template.literal is None:
        fixed = output.template.names <= mentioned - {sketch.axes[axis].local for axis in need.gathered}
        return "", need.gathered if fixed else ()
    return posixpath.basename(output.template.literal.rstrip("/")), need.gathered


def _warn_gathered(sketch: Sketch, drawn: Drawn, given: Input, path: str, gathered: AxisNames) -> None:
    key = sketch.axes[gathered[-1]].local
    over = ", ".join(sketch.axes[axis].local for axis in gathered)
    message = f"gathered over {over}, every file has the same name{f' ({path})' if path else ''}: two cannot be staged"
    sketch.warn(drawn.namespace, given.path, message, hint=f"stageAs: ${{{{ key.{key} }}}}/")
