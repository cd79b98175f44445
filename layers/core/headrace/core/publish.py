"""Publishing: which output files are copied where when a task is done (spec rule 13).

A file keeps its path below the task's folder, under the place's path, unless `saveAs` names it. Standard output, which has no
name of its own, is published as `<output>.txt`. A folder is one copy, its URIs ending in a slash: what lies below it goes along,
under its own names. `pattern` is as everywhere (`glob_pattern`), on the path or on the name alone. Two files on one target are an error here; two tasks on one target are found
by the ledger's claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import render_text
from headrace.core.glob_pattern import matches
from headrace.core.spec_publish import Publish, check_target
from headrace.core.task_paths import check_inside
from headrace.core.values import File, Value

STDOUT: Final = ".headrace/stdout"
_MADE: Final = re.compile(r"s3://.+?/[0-9a-f]{64}/a/[^/]+/out/(?P<path>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy to make, of an object or (with a slash at both ends) of all below a folder; `moved` marks the source for early expiry."""

    source: str
    target: str
    size: int
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    moved: bool = False


def copies(
    places: Iterable[Publish], outputs: Mapping[str, Value], *, outdir: str, key: Mapping[str, str], process: str
) -> list[Copy]:
    """Every copy that publishing a task's outputs takes; InvalidSpec when two files meet or a name leads out of its folder."""
    made: dict[str, Copy] = {}
    problems: list[Problem] = []
    for place in places:
        root = _root(place.path, outdir)
        for name, file in _files(outputs, place.only):
            path = _path(file, name)
            if place.patterns and not any(matches(each, path) or matches(each, file.name) for each in place.patterns):
                continue
            try:
                target = root + _saved_as(place, file, path, key) + ("/" if file.uri.endswith("/") else "")
            except InvalidValue as error:
                problems.append(
                    Problem(f"processes.{process}.publishDir.saveAs", error.message, path, error.expected, error.hint)
                )
                continue
            copy = Copy(file.uri, target, file.size or 0, place.tags, place.storage_class, moved=place.mode == "move")
            if made.setdefault(target, copy).source != file.uri:
                problems.append(
                    Problem(
                        f"processes.{process}.publishDir",
                        f"two files meet at {target}",
                        expected="one file per target",
                        hint="Name them with `saveAs`, over file.* and key.*",
                    )
                )
    if problems:
        raise InvalidSpec(problems)
    return list(made.values())


def _files(outputs: Mapping[str, Value], only: tuple[str, ...]) -> Iterable[tuple[str, File]]:
    for name, value in outputs.items():
        if not only or name in only:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, File):
                    yield name, item


def _path(file: File, output: str) -> str:
    made = _MADE.fullmatch(file.uri)
    path = made["path"] if made else file.name
    return f"{output}.txt" if path == STDOUT else path.rstrip("/")


def _root(path: str, outdir: str) -> str:
    check_target(path)
    if path.startswith("s3://"):
        return path.rstrip("/") + "/"
    below = "/".join(part for part in path.split("/") if part not in ("", "."))
    return f"{outdir}{below}/" if below else outdir


def _saved_as(place: Publish, file: File, path: str, key: Mapping[str, str]) -> str:
    if place.save_as is None:
        return path
    name = render_text(place.save_as, {"file": replace(file, key=dict(key)), "key": dict(key)})
    return check_inside(name).rstrip("/")
