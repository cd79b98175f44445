"""`outputs` of a process: files, globs, folders, its standard output, or a value in a JSON file (rule 9).

`name: path-or-glob` · `name: dir/` · `name: stdout` · `name: {json: file, at: a.b}`, the long form `{path, optional}`
and `name?` for an optional one. A path stays inside the task's folder.
"""

from __future__ import annotations

from typing import Final, Literal

from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.reading import At
from headrace.core.spec_each import read_data_path
from headrace.core.spec_inputs import read_optional
from headrace.core.spec_names import RESERVED, RESERVED_OUTPUTS, optional_name, read_name
from headrace.core.task_paths import check_glob, check_template_inside, has_wildcard
from headrace.core.template_text import split

Kind = Literal["path", "dir", "stdout", "json"]
LONG_FORM: Final = ("path", "json", "at", "optional")
_OUTPUT: Final = "a path, a glob, a folder ('dir/'), stdout, {path, optional} or {json: file, at: a.b}"


class Output(Frozen):
    """One output; `path` is the file, glob or folder (`.headrace/stdout` has none), `data_path` the place in the JSON."""

    kind: Kind
    template: ByInstance[Template] | None = None
    data_path: tuple[str, ...] = ()
    optional: bool = False
    wildcard: bool = False
    path: str = ""


def read_outputs(at: At) -> dict[str, Output]:
    """All outputs of a process, by name."""
    outputs: dict[str, Output] = {}
    for key, child in at.entries("a map name: path"):
        name, optional = optional_name(key)
        if read_name(At(key, child.path, at.book), name, "an output", RESERVED | RESERVED_OUTPUTS) is None:
            continue
        if name in outputs:
            child.refuse(f"the output '{name}' stands twice, with and without '?'", hint="Keep one of them")
        output = _output(child, optional=optional)
        if output is not None:
            outputs[name] = output
    return outputs


def _output(at: At, *, optional: bool) -> Output | None:
    if not isinstance(at.value, dict):
        return _path(at, optional=optional, place=at.path)
    at.known(LONG_FORM)
    if at.has("path") == at.has("json"):
        at.refuse("an output needs either `path` or `json`", expected=_OUTPUT)
        return None
    said = read_optional(at, optional=optional)
    if at.has("path"):
        if at.has("at"):
            at.key("at").refuse("`at` without `json`", expected=_OUTPUT)
        return _path(at.key("path"), optional=said, place=at.path)
    template = _inside(at.key("json"))
    data_path = read_data_path(at.key("at")) if at.has("at") else ()
    if template is None:
        return None
    if has_wildcard(template):
        at.key("json").refuse("a wildcard where one JSON file is wanted", expected="the path of one file")
    return Output(kind="json", template=template, data_path=data_path, optional=said, path=at.path)


def _path(at: At, *, optional: bool, place: str) -> Output | None:
    if at.value == "stdout":
        return Output(kind="stdout", optional=optional, path=place)
    template = _inside(at)
    if template is None:
        return None
    at.attempt(lambda _: check_glob("\0".join(piece for piece in split(template.text) if isinstance(piece, str))))
    wildcard = has_wildcard(template)
    kind: Kind = "dir" if template.text.endswith("/") else "path"
    if kind == "dir" and wildcard:
        at.refuse("a wildcard in a folder's name", expected="the path of one folder, or a glob of files")
    return Output(kind=kind, template=template, optional=optional, wildcard=wildcard, path=place)


def _inside(at: At) -> Template | None:
    template = at.template(_OUTPUT)
    if template is not None:
        at.attempt(lambda _: check_template_inside(template))
    return template
