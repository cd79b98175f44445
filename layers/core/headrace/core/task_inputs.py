"""A task's inputs: their values, what has to be looked up, the names they are staged under (spec rules 4, 5 and 10).

    evaluate   templates to values; text becomes a location (a File, or what a wildcard finds)
    locations  the files whose content is not known yet: their ETag is part of the task's identity
    stage      every file under its own name, or the one `stageAs` gives; two on one path are refused

A required input that is none, or an empty gather, makes no task: `absent` says because of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from headrace.core import fetch as fetching
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template, render_text
from headrace.core.locations import resolve
from headrace.core.program import LinkedProcess
from headrace.core.spec_inputs import Input
from headrace.core.task_paths import check_inside
from headrace.core.values import File, Staged, Value
from headrace.core.visible import Keys, Visible

_WILDCARDS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class TaskInput:
    """One input of one task: its declaration and its value, files not staged yet."""

    name: str
    declared: Input
    value: Value

    @property
    def missing(self) -> bool:
        """Whether it has nothing and needs something."""
        return not self.declared.optional and (self.value is None or self.value == [])

    @property
    def files(self) -> list[File]:
        """Every file of the value."""
        items = self.value if isinstance(self.value, list) else [self.value]
        return [item for item in items if isinstance(item, File)]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file to fetch: `path` is where the script finds it, relative to the task's folder."""

    input: str
    path: str
    file: File


def evaluate(visible: Visible, process: LinkedProcess, keys: Keys, more: Mapping[str, Value]) -> list[TaskInput]:
    """The inputs of a task; InvalidSpec with every one that has no value. NotFetched asks for what a wildcard finds."""
    found, problems = [], []
    spec = visible.program.namespaces[process.namespace].spec
    for name, declared in process.process.inputs.items():
        try:
            found.append(TaskInput(name, declared, _value(visible, process, declared, keys, more, spec.file)))
        except InvalidValue as error:
            problems.append(spec.problem(declared.path, error.message, expected=error.expected, hint=error.hint))
    if problems:
        raise InvalidSpec(problems)
    return found


def absent(inputs: Iterable[TaskInput]) -> str:
    """Why the task is skipped: which required input has nothing; empty when it runs."""
    for given in inputs:
        if given.missing:
            return f"its input '{given.name}' is {'empty' if given.value == [] else 'none'}"
    return ""


def locations(inputs: Iterable[TaskInput]) -> list[str]:
    """URIs whose size and ETag must be looked up, each once."""
    return list(dict.fromkeys(file.uri for given in inputs for file in given.files if not file.etag))


def all_locations(inputs: Iterable[TaskInput]) -> list[str]:
    """The URI of every file and folder, each once."""
    return list(dict.fromkeys(file.uri for given in inputs for file in given.files))


def looked_up(inputs: Iterable[TaskInput], found: Mapping[str, File | None]) -> list[TaskInput]:
    """The inputs with what was found of their files; InvalidSpec naming every file that is not there."""
    result = [replace(given, value=_with(given.value, found)) for given in inputs]
    gone = [
        Problem(given.declared.path, f"input '{given.name}': there is no object {file.uri}")
        for given in result
        for file in given.files
        if file.uri in found and found[file.uri] is None
    ]
    if gone:
        raise InvalidSpec(gone)
    return result


def stage(inputs: Iterable[TaskInput], keys: Keys, spec_path: str = "") -> tuple[list[StagedFile], dict[str, Value]]:
    """The files to fetch, and the values that the script sees by input name.

    InvalidSpec when two files meet on one path, with the `stageAs` that parts them.
    """
    staged: dict[str, StagedFile] = {}
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for given in inputs:
        if not given.declared.stage:
            values[given.name] = _uris(given.value)
            continue
        try:
            values[given.name] = _staged(given, keys, staged)
        except InvalidValue as error:
            problems.append(
                Problem(given.declared.path or spec_path, error.message, expected=error.expected, hint=error.hint)
            )
    try:
        _one_each(staged)
    except InvalidValue as error:
        problems.append(Problem(spec_path, error.message, expected=error.expected, hint=error.hint))
    if problems:
        raise InvalidSpec(problems)
    return list(staged.values()), values


def _value(
    visible: Visible, process: LinkedProcess, declared: Input, keys: Keys, more: Mapping[str, Value], said_in: str
) -> Value:
    values = [_located(visible, template, process.namespace, keys, more, said_in) for template in declared.templates]
    if not declared.is_list:
        return values[0]
    flat: list[Value] = []
    for value in values:
        flat += value if isinstance(value, list) else [value]
    return [value for value in flat if value is not None]


def _located(
    visible: Visible, template: Template, namespace: str, keys: Keys, more: Mapping[str, Value], said_in: str
) -> Value:
    value = visible.value(template, namespace, keys, more)
    if isinstance(value, list):
        items: list[Value] = []
        for item in value:
            made = _location(visible, item, said_in)
            items += made if isinstance(made, list) else [made]
        return [item for item in items if item is not None]
    return _location(visible, value, said_in)


def _location(visible: Visible, value: Value, said_in: str) -> Value:
    """Under `inputs` text is a location; every other value stays what it is."""
    if not isinstance(value, str):
        return value
    uri = resolve(value, said_in)
    if not _WILDCARDS & set(uri):
        return File(uri)
    files: list[File] = fetching.take(visible.fetched, "glob", uri)
    if not files:
        raise InvalidValue(f"no object matches {uri}", expected="at least one")
    return files


def _with(value: Value, found: Mapping[str, File | None]) -> Value:
    if isinstance(value, list):
        return [_with(item, found) for item in value]
    known = found.get(value.uri) if isinstance(value, File) else None
    return replace(value, size=known.size, etag=known.etag) if known else value


def _one_each(staged: Mapping[str, StagedFile]) -> None:
    """InvalidValue when a file would have to be a folder, too: `x` beside `x/y`."""
    for path, each in staged.items():
        parts = path.rstrip("/").split("/")
        for end in range(1, len(parts)):
            other = staged.get(outer := "/".join(parts[:end])) or staged.get(f"{outer}/")
            if other:
                raise InvalidValue(
                    f"{path!r} of '{each.input}' lies inside {other.path!r} of '{other.input}'",
                    expected="one place per file",
                    hint=f'Write `{each.input}: {{from: …, stageAs: "{each.input}/"}}`',
                )


def _staged(given: TaskInput, keys: Keys, staged: dict[str, StagedFile]) -> Value:
    def one(value: Value) -> Value:
        if not isinstance(value, File):
            return value
        path = _path(given.declared.stage_as, value, keys)
        other = staged.setdefault(path, StagedFile(given.name, path, value))
        if other.file.uri != value.uri:
            raise InvalidValue(
                f"two files are staged as {path!r}: {other.file.uri} of '{other.input}' and {value.uri} of '{given.name}'",
                expected="one file per path",
                hint=_part(given, value, other, keys),
            )
        return Staged(path, value)

    return [one(item) for item in given.value] if isinstance(given.value, list) else one(given.value)


def _path(stage_as: Template | None, file: File, keys: Keys) -> str:
    own = file.name + ("/" if file.uri.endswith("/") else "")
    path = own if stage_as is None else render_text(stage_as, {"file": file, "key": dict(keys)})
    return _plain(check_inside(path + own if stage_as and path.endswith("/") else path))


def _plain(path: str) -> str:
    """The one spelling of a path: `./a//b` is `a/b`."""
    return "/".join(part for part in path.split("/") if part not in ("", ".")) + ("/" if path.endswith("/") else "")


def _part(given: TaskInput, file: File, other: StagedFile, keys: Keys) -> str:
    """The `stageAs` that parts the files of this input: by the axes gathered over, else by the input's own folder."""
    gathered = [axis for axis in file.key if axis not in keys]
    if not gathered and other.input == given.name:
        return f"Make them inputs of their own, or name them: `{given.name}: {{from: …, stageAs: …}}`, over file.* and key.*"
    folder = "".join("${{ file.key." + axis + " }}/" for axis in gathered) or f"{given.name}/"
    return f'Write `{given.name}: {{from: …, stageAs: "{folder}"}}`'


def _uris(value: Value) -> Value:
    if isinstance(value, list):
        return [_uris(item) for item in value]
    return value.uri if isinstance(value, File) else value
