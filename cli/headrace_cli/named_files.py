"""The files of this machine that a spec names by itself: `uses`, sources of axes, locations under `inputs`.

They are found by planning the first scope as the run will, and by working out every input that no other task has to make
first. Params are not looked at: what they name has been seen to already. (`run` uploads what is found here as one folder, in its own
structure, so that relative paths stay what they are.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.fetch import Unreadable
from headrace.core.locations import is_uri, resolve
from headrace.core.plan import ScopePlan
from headrace.core.program import LinkedProcess
from headrace.core.spec_inputs import Input
from headrace.core.values import File, Value, files_of
from headrace.core.visible import Visible
from headrace_cli.local_files import Reader, lacking
from headrace_cli.pipeline import Pipeline

_WILDCARDS = frozenset("*?[")


@dataclass(slots=True)
class Named:
    """Local paths, folders with a slash at their end, and templates whose files cannot be known before the run."""

    paths: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)


def find(pipeline: Pipeline, plan: ScopePlan, reader: Reader) -> Named:
    """What the spec names here; InvalidSpec naming every location that is not there."""
    named = Named(
        dict.fromkeys([*pipeline.files, *reader.texts, *(p for found in reader.globs.values() for p in found)])
    )
    problems: dict[Problem, None] = {}
    for entries in plan.layout.visible.items.entries.values():
        for items in entries.values():
            _note(named, items)
    for process in pipeline.program.processes.values():
        spec = pipeline.program.namespaces[process.namespace].spec
        for declared in process.process.inputs.values():
            for template in declared.templates:
                try:
                    _input(named, plan, process, declared, template, reader)
                except InvalidValue as error:
                    problem = spec.problem(declared.path, error.message, expected=error.expected, hint=error.hint)
                    problems[problem] = None
    if problems:
        raise InvalidSpec(list(problems)[:100])
    for matches in reader.globs.values():
        named.paths |= dict.fromkeys(matches)
    return named


def absolute_paths(pipeline: Pipeline) -> list[Problem]:
    """Paths in the spec that only this machine knows; on S3 they lead nowhere."""
    hint = "Write it relative to the spec, or take it as a param of type file"
    return [
        spec.problem(path, "an absolute path of one machine", value=text, expected="a relative path", hint=hint)
        for namespace in pipeline.program.namespaces.values()
        for spec in [namespace.spec]
        for process in spec.processes.values()
        for path, text in [
            (f"{process.path}.uses", process.uses or ""),
            *((each.path, template.text) for each in process.inputs.values() for template in each.templates),
        ]
        if text.startswith("/")
    ]


def _input(
    named: Named, plan: ScopePlan, process: LinkedProcess, declared: Input, template: Template, reader: Reader
) -> None:
    layout = plan.layout
    said_in = layout.program.namespaces[process.namespace].spec.file
    for keys in _keys(plan, process, template):
        try:
            value = reader.answered(partial(_value, layout.visible, template, process, keys))
        except (InvalidValue, InvalidSpec):  # it needs what other tasks make; or the run itself will say what is wrong
            if process.path and not template.lone and not template.references and not is_uri(template.text):
                named.unknown[f"{declared.path}: {template.text}"] = None
            return
        for text in _texts(value):
            _location(named, text, said_in, reader)
        _note(named, value)


def _keys(plan: ScopePlan, process: LinkedProcess, template: Template) -> Iterator[dict[str, str]]:
    """The keys at which a template may have different values; one is enough when it names no axis."""
    if template.references:
        return
    if process.path or not template.names - {"params"}:
        yield {}
        return
    axes = plan.layout.program.in_order(process.axes)
    for _, keys in plan.layout.keys_of(process):
        yield dict(zip(axes, keys, strict=True))


def _value(
    visible: Visible, template: Template, process: LinkedProcess, keys: Mapping[str, str], known: object
) -> Value:
    visible.fetched |= known  # type: ignore[operator]  # the plan's own mapping, a dict
    return visible.value(template, process.namespace, keys)


def _location(named: Named, text: str, said_in: str, reader: Reader) -> None:
    """Text under `inputs` is a location: note what is there, InvalidValue when nothing is."""
    place = resolve(text, said_in)
    if is_uri(place):
        return
    if _WILDCARDS & set(place):
        found = reader.glob(place)
        if isinstance(found, Unreadable):
            raise InvalidValue(f"{place}: {found.reason}")
        if not found:
            raise InvalidValue(f"no file matches {place}", expected="at least one")
    elif why := lacking(place):
        raise InvalidValue(f"{place}: {why}", expected="a file that can be read")
    else:
        named.paths[place] = None


def _note(named: Named, value: Value) -> None:
    files = files_of(list(value.values()) if isinstance(value, dict) else value)
    named.paths |= {file.uri: None for file in files if isinstance(file, File) and not is_uri(file.uri)}


def _texts(value: Value) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
