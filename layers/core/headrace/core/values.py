"""Values: what flows through params, expressions, inputs and outputs.

`None`, `bool`, `int`, `float`, `str`, `list`, `dict[str, …]` and `File`. Inside a script's scope a staged file is
`Staged`. As JSON a File is `{"$file": uri, "size"?, "etag"?, "key"?}`, so a user's own record may not have that key.

A file's name is cut as `name = stem + ext`; a compression suffix takes the one before it (`a.fastq.gz` is `a` and
`.fastq.gz`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from headrace.core.errors import InvalidValue, shown

# A recursive union would make every `list[str]` a type error at its callers (list is invariant): Any is the useful type.
Value: TypeAlias = Any

MAX_DEPTH: Final = 32
MAX_ITEMS: Final = 1_000_000
MAX_TEXT: Final = 1_000_000
FILE_KEY: Final = "$file"

_COMPRESSION: Final = frozenset({".gz", ".bgz", ".bz2", ".xz", ".zst", ".lz4", ".Z"})


@dataclass(frozen=True, slots=True)
class File:
    """One object: where it is, how big (bytes), which content (ETag), and the keys of the task that made it."""

    uri: str
    size: int | None = None
    etag: str = ""
    key: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """The last part of the URI; of a folder without the trailing slash."""
        return self.uri.rstrip("/").rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name without `ext`."""
        return cut_name(self.name)[0]

    @property
    def ext(self) -> str:
        """The suffix with its dot, together with a compression suffix: `.fastq.gz`; empty when there is none."""
        return cut_name(self.name)[1]

    def items(self) -> dict[str, Value]:
        """What an expression can look up with a dot."""
        stem, ext = cut_name(self.name)
        return {
            "name": self.name,
            "stem": stem,
            "ext": ext,
            "size": self.size,
            "uri": self.uri,
            "key": dict(self.key),
        }


@dataclass(frozen=True, slots=True)
class Staged:
    """A file where the script finds it: `path` is relative to the task's folder.

    `file` is what was staged; None for the declared path of an output, which does not exist yet.
    """

    path: str
    file: File | None = None

    def items(self) -> dict[str, Value]:
        """What an expression can look up with a dot: the file's own attributes and its `path` here."""
        return {**(self.file or File(self.path)).items(), "path": self.path}


def cut_name(name: str) -> tuple[str, str]:
    """`("a", ".fastq.gz")` for `a.fastq.gz`; a leading dot starts no suffix."""
    body, ext = _cut_suffix(name)
    if ext in _COMPRESSION:
        inner, before = _cut_suffix(body)
        return inner, before + ext
    return body, ext


def files_of(value: Value) -> list[File]:
    """Every file in a value, in order."""
    if isinstance(value, File):
        return [value]
    if isinstance(value, Mapping):
        return [file for item in value.values() for file in files_of(item)]
    if isinstance(value, list):
        return [file for item in value for file in files_of(item)]
    return []


def to_json(value: Value) -> Value:
    """The value as JSON data; `from_json` reads it back equal. InvalidValue for what no JSON can hold."""
    return _to_json(value, 0)


def from_json(value: Value) -> Value:
    """JSON data written by `to_json`, as a value. InvalidValue when a `$file` record is not one of ours."""
    return _from_json(value, 0)


def user_value(value: Value) -> Value:
    """JSON or YAML data that a user wrote, unchanged; InvalidValue for a `$file` key and for what is too big or no value."""
    _Bound(plain=True).walk(value, 0)
    return value


def bounded(value: Value) -> Value:
    """The value unchanged; InvalidValue when it is nested too deeply or too big (files are allowed)."""
    _Bound(plain=False).walk(value, 0)
    return value


def describe(value: Value) -> str:
    """A value as named in a message: `the text 'a'`, `a list of 3`, `a record (id, r1)`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {shown(value)}"
    if isinstance(value, str):
        return f"the text {shown(value[:100])}"
    if isinstance(value, File):
        return f"the file {shown(value.uri)}"
    if isinstance(value, Staged):
        return f"the file {shown(value.path)}"
    if isinstance(value, list):
        return "an empty list" if not value else f"a list of {len(value)}"
    if isinstance(value, dict):
        names = ", ".join(str(name)[:40] for name in list(value)[:6])
        return f"a record ({names}{', …' if len(value) > 6 else ''})"
    return f"a {type(value).__name__}"


def type_name(value: Value) -> str:
    """The kind of a value, in the words of the user's documentation."""
    if value is None:
        return "none"
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


def text_of(value: Value) -> str:
    """The text form of a scalar: `true`, `3`, `0.5`, the text itself. InvalidValue for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise InvalidValue(
        f"{describe(value)} has no text form",
        expected="text, a number or a boolean",
        hint=_TEXT_HINT.get(type_name(value), ""),
    )


_TYPE_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (int, "number"),
    (float, "number"),
    (str, "string"),
    (list, "list"),
    (dict, "record"),
    (File, "file"),
    (Staged, "file"),
)

_TEXT_HINT: Final = {
    "none": "say what stands in for it: `x or 'other'`",
    "list": "make one text of it: `x | join(',')`",
    "record": "name one of its fields with a dot, or use `| json`",
    "file": "say which part: `.name`, `.stem` or `.uri`",
}


def _cut_suffix(name: str) -> tuple[str, str]:
    at = name.rfind(".")
    return (name[:at], name[at:]) if at > 0 and name[:at].strip(".") else (name, "")


def _to_json(value: Value, depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, File):
        record: dict[str, Value] = {FILE_KEY: value.uri}
        if value.size is not None:
            record["size"] = value.size
        if value.etag:
            record["etag"] = value.etag
        if value.key:
            record["key"] = dict(value.key)
        return record
    if isinstance(value, list):
        return [_to_json(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if FILE_KEY in value:
            raise _file_key()
        return {_record_key(key): _to_json(item, depth + 1) for key, item in value.items()}
    return _scalar(value)


def _from_json(value: Value, depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, list):
        return [_from_json(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if FILE_KEY in value:
            return _file(value)
        return {_record_key(key): _from_json(item, depth + 1) for key, item in value.items()}
    return _scalar(value)


def _file(record: dict[str, Value]) -> File:
    uri, size, etag, key = record[FILE_KEY], record.get("size"), record.get("etag", ""), record.get("key", {})
    sound = (
        record.keys() <= {FILE_KEY, "size", "etag", "key"}
        and isinstance(uri, str)
        and isinstance(etag, str)
        and (size is None or (isinstance(size, int) and not isinstance(size, bool) and size >= 0))
        and isinstance(key, dict)
        and all(isinstance(name, str) and isinstance(text, str) for name, text in key.items())
    )
    if not sound:
        raise InvalidValue(
            f"{shown(record)} is not a file record",
            expected='{"$file": uri, "size"?: bytes, "etag"?: text, "key"?: {axis: text}}',
        )
    return File(uri=uri, size=size, etag=etag, key=key)


def _scalar(value: Value) -> Value:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidValue(
        f"{describe(value)} is no value", expected="none, a boolean, a finite number, text, a list, a record or a file"
    )


def _record_key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidValue(f"a record has the key {shown(key)}", expected="keys that are text", hint="put it in quotes")
    return key


class _Bound:
    """Walks a value once and stops at the first thing over a limit."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.items = 0

    def walk(self, value: Value, depth: int) -> None:
        """Count `value` and everything below it."""
        self.items += 1
        if self.items > MAX_ITEMS:
            raise InvalidValue(f"a value of more than {MAX_ITEMS:,} items", expected=f"at most {MAX_ITEMS:,}")
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                raise InvalidValue(f"a text of {len(value):,} characters", expected=f"at most {MAX_TEXT:,}")
        elif isinstance(value, list):
            for item in value:
                self.walk(item, depth + 1)
        elif isinstance(value, dict):
            if FILE_KEY in value:
                raise _file_key()
            for key, item in value.items():
                _record_key(key)
                self.walk(item, depth + 1)
        elif self.plain or not isinstance(value, File | Staged):
            _scalar(value)


def _too_deep() -> InvalidValue:
    return InvalidValue("a value nested too deeply", expected=f"at most {MAX_DEPTH} levels")


def _file_key() -> InvalidValue:
    return InvalidValue(
        f"a record has the key '{FILE_KEY}'", hint="Headrace writes files that way; give the key another name"
    )
