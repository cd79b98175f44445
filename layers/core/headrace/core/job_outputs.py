"""What an attempt made, from its manifest and a listing of what is really there (docs/contracts.md section 6).

The manifest says which path belongs to which output; the listing gives sizes and ETags, and proves that the objects exist. A
path named in one and absent from the other fails the task by name. Values of JSON outputs are read from their files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidSpec, InvalidValue, Problem, shown
from headrace.core.task_paths import check_inside
from headrace.core.task_work import STDOUT, DeclaredOutput
from headrace.core.values import File, Value, user_value

JSON_LIMIT: Final = 32 * 1024
"""Bytes of a value read from a JSON file (spec rule 9)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an attempt says it wrote: output name and path, folders with a slash at their end."""

    outputs: tuple[tuple[str, str], ...]


def read_manifest(value: object) -> Manifest:
    """The outputs of a parsed `manifest.json`; InvalidValue for one that no job of ours wrote."""
    if not isinstance(value, Mapping) or value.get("version") != 1 or not isinstance(value.get("outputs"), list):
        raise InvalidValue("the manifest is not one of ours", expected='{"version": 1, "outputs": […]}')
    found = []
    for entry in value["outputs"]:
        if (
            not isinstance(entry, Mapping)
            or not isinstance(entry.get("name"), str)
            or not isinstance(entry.get("path"), str)
        ):
            raise InvalidValue(f"the manifest has the entry {shown(entry)}", expected='{"name": …, "path": …}')
        # Headrace's own folder is nobody's to write outputs to, but for what it keeps of standard output itself.
        found.append((entry["name"], entry["path"] if entry["path"] == STDOUT else check_inside(entry["path"])))
    return Manifest(tuple(found))


def json_paths(declared: Mapping[str, DeclaredOutput], manifest: Manifest) -> list[str]:
    """Paths of the JSON files whose content `collect` needs."""
    return [path for name, path in manifest.outputs if name in declared and declared[name].kind == "json"]


def collect(
    declared: Mapping[str, DeclaredOutput],
    manifest: Manifest,
    place: str,
    listing: Iterable[File],
    contents: Mapping[str, bytes],
) -> dict[str, Value]:
    """The value of every declared output; InvalidSpec naming all that is not as declared.

    `place` is the URI of the attempt's `out/`, `listing` what lies below it, `contents` the JSON files by path.
    """
    there = {file.uri.removeprefix(place): file for file in listing}
    problems: list[Problem] = []
    paths: dict[str, list[str]] = {name: [] for name in declared}
    for name, path in manifest.outputs:
        if name not in declared:
            problems.append(Problem(f"outputs.{name}", "the manifest names an output that was not declared", path))
        elif path not in there and not path.endswith("/"):
            problems.append(Problem(f"outputs.{name}", f"{path} was written and is not in the bucket"))
        else:
            paths[name].append(path)
    values: dict[str, Value] = {}
    for name, output in declared.items():
        try:
            values[name] = _value(output, sorted(paths[name], key=str.encode), place, there, contents)
        except InvalidValue as error:
            problems.append(Problem(f"outputs.{name}", error.message, expected=error.expected, hint=error.hint))
    if problems:
        raise InvalidSpec(problems)
    return values


def _value(
    output: DeclaredOutput, paths: list[str], place: str, there: Mapping[str, File], contents: Mapping[str, bytes]
) -> Value:
    if output.kind == "dir":
        return _folder(output, paths, place, there)
    files = [there[path] for path in paths]
    if output.wildcard:
        return files
    if not files:
        if output.optional:
            return None
        raise InvalidValue(f"{output.path} was not written")
    return _json(contents[paths[0]], output) if output.kind == "json" else files[0]


def _folder(output: DeclaredOutput, paths: list[str], place: str, there: Mapping[str, File]) -> Value:
    if not paths:
        if output.optional:
            return None
        raise InvalidValue(f"the folder {output.path} was not written")
    # One value for the whole: its ETag is its files', so that a change of any is a change of it.
    files = [there[path] for path in paths if path in there]
    joint = ";".join(f"{file.uri.removeprefix(place)}={file.etag}" for file in files)
    return File(place + output.path, sum(file.size or 0 for file in files), joint or "empty")


def _json(content: bytes, output: DeclaredOutput) -> Value:
    if len(content) > JSON_LIMIT:
        raise InvalidValue(
            f"{output.path} has {len(content):,} bytes",
            expected=f"a value of at most {JSON_LIMIT:,}",
            hint="Make it a file output",
        )
    try:
        value: Any = json.loads(content)
    except ValueError as error:
        raise InvalidValue(f"{output.path} is not JSON: {error}") from error
    for step in output.data_path:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise InvalidValue(
                f"{output.path} has nothing at {'.'.join(output.data_path)}", expected=f"a key '{step}' there"
            )
    return user_value(value)
