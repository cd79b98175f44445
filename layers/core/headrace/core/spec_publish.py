"""`publishDir`: which outputs are copied to the results, where to, and under which name (rule 13).

A path, one map, or a list of these; relative to the run's `outdir` or a whole s3:// URI. `saveAs` is a template over
`file` and `key` and is evaluated for every file when the task is done; all else is known when the task starts.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from pydantic import Field

from headrace.core.errors import InvalidValue
from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.reading import At, kind

Mode = Literal["copy", "move"]
KEYS: Final = ("path", "mode", "pattern", "only", "saveAs", "tags", "storageClass")
# S3 API reference, PutObject: x-amz-storage-class; the classes a general purpose bucket takes.
STORAGE_CLASSES: Final = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
    "REDUCED_REDUNDANCY",
)
_FORM: Final = "a path, {path, mode, pattern, only, saveAs, tags, storageClass}, or a list of these"
_LINKS: Final = frozenset({"symlink", "rellink", "link", "copyNoFollow"})


class Publish(Frozen):
    """One place results go to; empty `patterns` and `only` mean every output."""

    path: str
    mode: Mode = "copy"
    patterns: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    save_as: ByInstance[Template] | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    storage_class: str = ""


def read_publish(at: At) -> tuple[Publish, ...] | Template | None:
    """All of a process's places; a value that is still a template is let through."""
    places = [entry.value if isinstance(entry.value, Template) else _one(entry) for entry in at.each()]
    if any(not isinstance(place, Publish) for place in places):
        return None
    return tuple(place for place in places if isinstance(place, Publish))


def check_target(value: Any) -> str:
    """A folder below `outdir`, or an s3:// URI."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue("no path to publish to", expected="a folder below the run's outdir, or an s3:// URI")
    path = value.strip()
    if path.startswith("/") or (
        re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path)
        and not re.match(r"s3://[A-Za-z0-9][A-Za-z0-9._-]{0,62}(/|$)", path)
    ):
        raise InvalidValue("results go to S3", expected="a folder below the run's outdir, or an s3:// URI")
    if ".." in path.removeprefix("s3://").split("/") or re.search(r"[\x00-\x1f\x7f]", path):
        raise InvalidValue("a path that leaves its folder, or with a control character", expected="a plain folder name")
    return path


def _one(at: At) -> Publish | Template | None:
    if not isinstance(at.value, dict):
        if not isinstance(at.value, str):
            at.refuse(f"{kind(at.value)} says nowhere to publish", expected=_FORM)
            return None
        path = at.attempt(check_target)
        return None if path is None else Publish(path=path)
    at.known(KEYS)
    fields = {
        "path": _leaf(at.key("path"), check_target) if at.has("path") else ".",
        "mode": _mode(at.key("mode")) if at.has("mode") else "copy",
        "patterns": _texts(at.key("pattern")) if at.has("pattern") else (),
        "only": _texts(at.key("only")) if at.has("only") else (),
        "save_as": _save_as(at.key("saveAs")) if at.has("saveAs") else "",
        "tags": _tags(at.key("tags")) if at.has("tags") else {},
        "storage_class": _storage_class(at.key("storageClass")) if at.has("storageClass") else "",
    }
    if any(value is None for value in fields.values()):
        return None
    save_as = fields.pop("save_as")
    open_templates = [value for value in fields.values() if isinstance(value, Template)]
    if open_templates:
        return open_templates[0]
    return Publish(**fields, save_as=save_as or None)


def _leaf(at: At, convert: Any) -> Any:
    return at.value if isinstance(at.value, Template) else at.attempt(convert)


def _mode(at: At) -> Any:
    if isinstance(at.value, Template):
        return at.value
    if isinstance(at.value, str) and at.value in _LINKS:
        at.refuse(
            f"S3 has no links: mode '{at.value}' cannot be", expected="copy or move", hint="copy is what you want"
        )
        return None
    return at.choice(("copy", "move"))


def _texts(at: At) -> Any:
    for item in at.each():
        if isinstance(item.value, Template):
            return item.value
    texts = [item.text() for item in at.each()]
    return None if None in texts else tuple(text for text in texts if text is not None)


def _save_as(at: At) -> Template | None:
    if isinstance(at.value, Template):
        return at.value
    return at.template("a template over file and key, such as '${{ key.sample }}.bam'")


def _tags(at: At) -> Any:
    tags: dict[str, str] = {}
    for name, child in at.entries("a map tag: text"):
        if isinstance(child.value, Template):
            return child.value
        text = child.text("text of at most 256 characters")
        if text is not None and (
            not re.fullmatch(r"(?!(?i:aws:))[\w .:/=+@-]{1,128}", name)
            or not re.fullmatch(r"[\w .:/=+@-]{0,256}", text)
        ):
            child.refuse(
                "not a tag S3 takes",
                expected="a name of at most 128 characters, not aws:…, and text of at most 256: letters, digits, blanks and _ . : / = + - @",
            )
        tags[name] = text or ""
    if len(tags) > 10:
        at.refuse("too many tags", expected="at most 10, the most an S3 object takes")
    return tags


def _storage_class(at: At) -> Any:
    return at.value if isinstance(at.value, Template) else at.choice(STORAGE_CLASSES)
