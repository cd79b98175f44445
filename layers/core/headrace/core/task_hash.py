"""The hash of a piece of work: equal work has an equal hash, and is used once.

What can change the result goes in: the script with its values (but for the task's own size and attempt, which may grow from
one attempt to the next), image, options, shell, environment, declared outputs, and each input's identity, as `cache` says it
(`cache_modes`). An input made by another task is known by that task's hash and the path, so it has one identity however often it
was made; any other is known by URI and ETag. What only places the work (queue, cpus, memory, time, labels, retries, publishing) stays out.

Each part has a digest of its own, so that two hashes can be compared part by part, and a readable form that says what differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.cache_modes import Mode, identity
from headrace.core.values import File

VERSION: Final = 1
"""Raised when the meaning of a part changes: work of an older version is then not found again."""

SHOWN_LIMIT: Final = 4_000
"""Characters of a part's readable form: the digest tells that a long script differs, this shows where, mostly."""


@dataclass(frozen=True, slots=True)
class TaskHash:
    """The hash (64 hex digits), and by name the digest (16) and the readable form of each part of it."""

    value: str
    parts: Mapping[str, str]
    shown: Mapping[str, str] = field(default_factory=dict)


def task_hash(
    *,
    script: str,
    shell: str,
    container: str,
    options: str,
    environment: Mapping[str, str],
    inputs: Iterable[tuple[str, str, File]],
    outputs: Mapping[str, Any],
    secrets: Iterable[str] = (),
    only: str = "",
    mode: Mode = True,
    contents: Mapping[str, str] | None = None,
) -> TaskHash:
    """The hash of a task; `inputs` are (name, staged path, file), `secrets` the names of secrets, never their values.

    `mode` and `contents` say how inputs are known (`cache_modes.identity`). `only` makes it one of its kind (`cache: false`):
    its work is nobody else's.
    """
    parts = {
        "version": VERSION,
        "script": script,
        "shell": shell,
        "container": container,
        "containerOptions": options,
        "env": dict(environment),
        "secrets": sorted(secrets),
        "outputs": dict(outputs),
        **({"only": only} if only else {}),
    }
    for name, path, file in inputs:
        parts.setdefault(f"input {name}", []).append([path, identity(file, mode, contents)])  # type: ignore[attr-defined]  # a list by its key
    digests = {name: _digest(part)[:16] for name, part in parts.items()}
    # The mode is shown and no part of the hash: where it tells inputs apart no other way, equal work stays equal.
    shown = {name: _readable(part) for name, part in parts.items()} | {"cache": str(mode).lower()}
    return TaskHash(_digest(digests), digests, shown)


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Names of the parts in which two hashes differ."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _readable(part: Any) -> str:
    """A part as lines: a map's by name, an input's files by path, text as it is."""
    if isinstance(part, Mapping):
        lines = [f"{name}: {_flat(part[name])}" for name in sorted(part)]
    elif isinstance(part, list):
        lines = [_flat(item, " <- ") for item in part]
    else:
        lines = [str(part)]
    text = "\n".join(lines).encode("utf-8", "replace").decode()  # it is stored as UTF-8
    return text if len(text) <= SHOWN_LIMIT else text[: SHOWN_LIMIT - 1] + "…"


def _flat(value: Any, joint: str = " ") -> str:
    return joint.join(str(item) for item in value if item not in ("", [])) if isinstance(value, list) else str(value)


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
