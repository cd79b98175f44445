"""What an attempt says it made, and what it did make (docs/contracts.md, section 6).

The job writes `manifest.json` last, so a whole manifest means that everything before it was uploaded. It is still a job's word:
a manifest that is cut or not ours is refused, every path must stay inside the attempt's folder, every object it names must be
there with the size it had on the machine, and no output counts that the process did not declare. Sizes and ETags come from the
listing, never from the manifest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidSpec, InvalidValue, Problem, shown
from headrace.core.job_script import EMPTY_FOLDER
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File, Value, user_value

STAGES: Final = ("stage-in", "script", "stage-out", "done")
MAX_MANIFEST: Final = 64 * 1024 * 1024
MAX_JSON_VALUE: Final = 32 * 1024
"""Bytes of a value that is read from a JSON file (spec rule 9)."""
MAX_JSON_FILE: Final = 1024 * 1024

_EXPECTED: Final = "the manifest.json of a Headrace job"
_HINT: Final = "The attempt was cut off, or something else wrote there; run the task again"


@dataclass(frozen=True, slots=True)
class Written:
    """One path an output gave: a file, or an empty folder (`folder`). `size` in bytes when the image could tell."""

    name: str
    path: str
    size: int | None = None
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """How far an attempt came. `exit_code` is the script's, None when it never ran; `signal` what ended it from outside."""

    stage: str
    exit_code: int | None
    outputs: tuple[Written, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    signal: str = ""


def read_manifest(content: bytes) -> Manifest:
    """A job's manifest; InvalidValue for one that is cut, too big or not ours."""
    if len(content) > MAX_MANIFEST:
        raise InvalidValue(f"the manifest has {len(content):,} bytes", expected=f"at most {MAX_MANIFEST:,}")
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidValue(
            f"the manifest is not whole JSON: {shown(str(error))}", expected=_EXPECTED, hint=_HINT
        ) from None
    if not isinstance(value, dict) or value.get("version") != 1 or isinstance(value.get("version"), bool):
        raise _bogus("has no version 1")
    code = value.get("exitCode")
    if value.get("stage") not in STAGES:
        raise _bogus(f"has the stage {shown(value.get('stage'))}")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 255):
        raise _bogus(f"has the exit code {shown(code)}")
    if value["stage"] == "done" and code != 0:
        raise _bogus(f"is done with the exit code {shown(code)}")
    return Manifest(
        stage=value["stage"],
        exit_code=code,
        outputs=tuple(_written(entry) for entry in _list(value, "outputs")),
        missing=_texts(value, "missing"),
        problems=_texts(value, "problems"),
        signal=value["signal"] if isinstance(value.get("signal"), str) else "",
    )


def json_paths(declared: Mapping[str, DeclaredOutput], manifest: Manifest) -> list[str]:
    """The files, below the attempt's `out/`, whose content `collect_outputs` wants (at most MAX_JSON_FILE bytes of each)."""
    return sorted(
        {each.path for each in manifest.outputs if each.name in declared and declared[each.name].kind == "json"}
    )


def collect_outputs(
    declared: Mapping[str, DeclaredOutput],
    manifest: Manifest,
    place: str,
    listing: Mapping[str, File],
    contents: Mapping[str, bytes],
) -> dict[str, Value]:
    """The value of every declared output; InvalidSpec with everything that is not as declared, by name.

    `place` is the attempt's `out/`; `listing` what is there, by path below it (size and ETag filled in); `contents` the files
    of `json_paths`. A glob gives a list, bytewise by path; an optional output that is absent none, or an empty list; a folder
    one File whose URI ends in a slash, its size and ETag those of all its objects.
    """
    problems = [*_claims(declared, manifest, listing)]
    values: dict[str, Value] = {}
    for name, output in declared.items():
        written = sorted({each for each in manifest.outputs if each.name == name}, key=lambda each: each.path.encode())
        try:
            values[name] = _value(output, written, place, listing, contents)
        except InvalidValue as error:
            problems.append(Problem(f"outputs.{name}", error.message, expected=error.expected, hint=error.hint))
    if problems:
        raise InvalidSpec(problems)
    return values


def _claims(declared: Mapping[str, DeclaredOutput], manifest: Manifest, listing: Mapping[str, File]) -> list[Problem]:
    """What the manifest names and the bucket does not bear out."""
    problems = []
    for each in manifest.outputs:
        where = f"outputs.{each.name}"
        found = listing.get(each.path)
        if each.name not in declared:
            problems.append(Problem(where, f"{shown(each.path)} belongs to an output that was not declared"))
        elif each.folder:
            continue
        elif found is None:
            problems.append(Problem(where, f"{shown(each.path)} is in the manifest and not in the bucket", hint=_HINT))
        elif each.size is not None and found.size != each.size:
            problems.append(
                Problem(
                    where,
                    f"{shown(each.path)} has {found.size} bytes",
                    expected=f"{each.size}, as on the machine",
                    hint=_HINT,
                )
            )
    return problems


def _value(
    output: DeclaredOutput,
    written: list[Written],
    place: str,
    listing: Mapping[str, File],
    contents: Mapping[str, bytes],
) -> Value:
    if output.kind != "dir" and any(each.folder for each in written):
        raise InvalidValue(
            f"{shown(output.path)} is a folder", expected="a file", hint="Declare it with a trailing '/'"
        )
    files = [listing[each.path] for each in written if each.path in listing]
    if not written and not output.optional:
        raise InvalidValue(
            f"{shown(output.path)} was not written", hint="Make it optional (`name?:`) if it may be absent"
        )
    if output.wildcard and output.kind == "path":
        return files
    if not written:
        return None
    if output.kind == "dir":
        return _folder(output, place, files)
    if len(written) > 1:
        raise InvalidValue(f"{shown(output.path)} is one file, the manifest names {len(written)}", hint=_HINT)
    if not files:  # named among the problems
        return None
    if files[0].uri != place + written[0].path:
        raise InvalidValue(
            f"{shown(written[0].path)} is listed as {shown(files[0].uri)}", expected=place + written[0].path
        )
    if written[0].path != _expected(output.path):
        raise InvalidValue(f"the manifest names {shown(written[0].path)}", expected=_expected(output.path), hint=_HINT)
    return _json(output, files[0], contents.get(written[0].path)) if output.kind == "json" else files[0]


def _folder(output: DeclaredOutput, place: str, files: list[File]) -> File:
    """One value for the whole: a change of any object is a change of its ETag."""
    below = place + _expected(output.path) + "/"
    if not all(file.uri.startswith(below) for file in files):
        raise InvalidValue(f"the manifest names objects outside {shown(output.path)}", hint=_HINT)
    digest = hashlib.sha256(
        "\0".join(f"{file.uri.removeprefix(below)}\0{file.size}\0{file.etag}" for file in files).encode()
    )
    return File(below, sum(file.size or 0 for file in files), digest.hexdigest()[:32] if files else EMPTY_FOLDER)


def _json(output: DeclaredOutput, file: File, content: bytes | None) -> Value:
    if file.size is not None and file.size > MAX_JSON_FILE:
        raise InvalidValue(
            f"{shown(output.path)} has {file.size:,} bytes", expected=f"a JSON file of at most {MAX_JSON_FILE:,}"
        )
    if content is None:
        raise InvalidValue(f"{shown(output.path)} could not be read")
    try:
        value: Any = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"{shown(output.path)} is not JSON: {shown(str(error))}") from None
    for step in output.data_path:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(value):
            value = value[int(step[:9])]
        else:
            raise InvalidValue(
                f"{shown(output.path)} has nothing at {'.'.join(output.data_path)}",
                expected=f"'{step}' in {shown(value)}",
            )
    if len(json.dumps(value, ensure_ascii=False).encode(errors="replace")) > MAX_JSON_VALUE:
        raise InvalidValue(
            f"the value in {shown(output.path)} is too big",
            expected=f"at most {MAX_JSON_VALUE:,} bytes",
            hint="Make it a file output",
        )
    return user_value(value)


def _written(entry: object) -> Written:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get("path"), str):
        raise _bogus(f"has the output {shown(entry)}")
    path, size, folder = entry["path"], entry.get("size"), entry.get("dir", False)
    inside = path.removesuffix("/") if folder is True else path
    if re.search(r"[\ud800-\udfff]", path):
        raise _bogus(f"has a path that is no text: {shown(path)}")
    if not inside or inside.startswith("/") or any(part in ("", ".", "..") for part in inside.split("/")):
        raise _bogus(f"has a path outside the task's folder: {shown(path)}")
    if (size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0)) or not isinstance(
        folder, bool
    ):
        raise _bogus(f"has the output {shown(entry)}")
    return Written(entry["name"], path, size, folder)


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise _bogus(f"has {shown(found)} as its {key}")
    return found


def _texts(value: dict[str, Any], key: str) -> tuple[str, ...]:
    found = _list(value, key)
    if not all(isinstance(each, str) for each in found):
        raise _bogus(f"has {shown(found)} as its {key}")
    return tuple(found)


def _expected(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _bogus(what: str) -> InvalidValue:
    return InvalidValue(f"the manifest {what}", expected=_EXPECTED, hint=_HINT)
