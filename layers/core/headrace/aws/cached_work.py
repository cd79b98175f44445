"""Work that was done before: its outputs.json, if what it names is still there (or can be brought back) and will be for a while."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from headrace.aws import moved_work
from headrace.aws import s3 as store
from headrace.core import values
from headrace.core.values import File

_SPARE_DAYS = 7  # a run may last for days, and must not lose what it found at its beginning
_PARALLEL = 16


def find(s3: Any, prefix: str, now: str, work_days: int) -> dict[str, Any] | None:
    """The committed result below a work prefix, None when there is none to rely on, or it names what lies elsewhere.

    A result that says `moved` has files that are marked to go (`moved_work`), whoever moved them: these are brought back first.
    """
    try:
        result: dict[str, Any] = json.loads(store.read(s3, prefix + "outputs.json"))
    except (store.ObjectMissing, ValueError):
        return None
    age = datetime.fromisoformat(now) - datetime.fromisoformat(result["at"])
    if age > timedelta(days=work_days - min(_SPARE_DAYS, work_days / 2)):
        return None
    files = values.files_of(values.from_json(result["outputs"]))
    if not all(place.startswith(prefix) for place in (result["prefix"], *(file.uri for file in files))):
        return None  # no attempt of this work ends so: a job has written it itself
    if not result.get("moved") and _all_there(s3, result["prefix"], files):
        return result
    moved = moved_work.read(s3, prefix) if files else {}
    below = tuple(file.uri for file in files if file.uri.endswith("/"))
    wanted = {file.uri for file in files}
    ours = [source for source in moved if source in wanted or (below and source.startswith(below))]
    safe = bool(ours) and moved_work.bring_back(s3, moved, ours)
    return result if safe and _all_there(s3, result["prefix"], files) else None


def _all_there(s3: Any, prefix: str, files: list[File]) -> bool:
    """Whether every file has its size: many, and folders, are listed with the attempt's folder, few are asked for one by one."""
    if len(files) > _PARALLEL or any(file.uri.endswith("/") for file in files):
        there = {found.uri: found.size for found in store.list_objects(s3, prefix)}
        return all(_size_of(file, there) == file.size for file in files)
    found = store.look_all(s3, [file.uri for file in files])
    return all((one := found[file.uri]) is not None and one.size == file.size for file in files)


def _size_of(file: File, there: Mapping[str, int]) -> int | None:
    """What is there of a file, or of all below a folder."""
    if not file.uri.endswith("/"):
        return there.get(file.uri)
    return sum(size for uri, size in there.items() if uri.startswith(file.uri))
