"""What a user drops into `launch/`: a whole pipeline spec, or a launch request for one kept elsewhere (rule 15).

A request names a pipeline and gives params and overrides; it never holds `processes`. A file put straight into the
bucket says everything in absolute URIs, since nobody uploads for it. `process` overrides are directives in the form of
`defaults`, stronger than everything in the spec; they see params, axes and task, but no process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from headrace.core.directive_values import resource_labels
from headrace.core.document import Document
from headrace.core.errors import InvalidValue
from headrace.core.frozen import Frozen
from headrace.core.locations import is_uri, resolve
from headrace.core.reading import At, Book
from headrace.core.selectors import Defaults
from headrace.core.spec import TOP_KEYS
from headrace.core.spec_defaults import read_defaults
from headrace.core.spec_names import read_name

KEYS: Final = ("pipeline", "name", "params", "outdir", "workDir", "process", "labels", "resume")
_NAMED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})(?:@(?P<version>[A-Za-z0-9][A-Za-z0-9_.-]{0,63}))?"
)
_RUN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PIPELINE: Final = "the URI of a pipeline file, or name[@version] of one in the pipelines folder"
_LAUNCH: Final = "launch/"
_SHELL_HINT: Final = "A script is checked for the shell it is written for; say it in the spec"


class Named(Frozen):
    """A pipeline of the deployment's pipelines folder; no version means the newest."""

    name: str
    version: str = ""


class LaunchRequest(Frozen):
    """Which pipeline to run, and how: all that is not said is the spec's. A resumed run knows its own pipeline."""

    pipeline: str | Named | None = None
    name: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    outdir: str = ""
    work_dir: str = ""
    process: Defaults = Defaults()
    labels: dict[str, str] = Field(default_factory=dict)
    resume: str = ""


class Launch(Frozen):
    """What a dropped document is: a `spec` to be read with `read_spec`, or a `request`."""

    kind: Literal["spec", "request"]
    request: LaunchRequest | None = None


def read_launch(document: Document, *, source: str = "", tenant: str = "") -> Launch:
    """Tell a whole spec from a launch request, and read the latter; InvalidSpec with every problem.

    `source` is the s3:// URI the document lies at, empty when it lies nowhere. Below `launch/<name>/`, `pipeline` may be
    left out and is `<name>`; where teams part the deployment, below `launch/<tenant>/<name>/`.
    """
    book = Book(document)
    at = At(document.value, "", book)
    if at.has("processes"):
        _whole_spec(at)
        book.close()
        return Launch(kind="spec")
    if not at.has("pipeline") and not any(at.has(key) for key in KEYS) and any(at.has(key) for key in TOP_KEYS):
        at.refuse("neither a pipeline nor a launch request", expected="`processes`, or `pipeline`")
    request = _request(at, source, tenant)
    book.close()
    return Launch(kind="request", request=request)


def folder_name(source: str, tenant: str = "") -> str:
    """`<name>` of a file at `launch/<name>/x.yaml`, or `launch/<tenant>/<name>/x.yaml`; empty for one outside of such a folder."""
    _, key = _bucket_and_key(source)
    folder = f"{_LAUNCH}{tenant}/" if tenant else _LAUNCH
    parts = key.removeprefix(folder).split("/") if key.startswith(folder) else []
    return parts[0] if len(parts) == 2 else ""


def check_prefix(uri: str, source: str) -> str:
    """`uri`, which is not below the `launch/` folder that `source` lies in: every result there would start a run."""
    bucket, key = _bucket_and_key(uri)
    own_bucket, own_key = _bucket_and_key(source)
    inside = f"{key}/".startswith(_LAUNCH)
    if inside and (not own_key.startswith(_LAUNCH) or bucket == own_bucket):
        raise InvalidValue("a place below launch/, where every file starts a run", expected="a prefix outside launch/")
    return uri


def _whole_spec(at: At) -> None:
    for key in KEYS:
        if at.has(key) and key not in TOP_KEYS:
            at.key(key).refuse(
                f"`{key}` belongs to a launch request, `processes` to a pipeline; this file has both",
                expected="one of them",
                hint="Put the launch request into a file of its own and name this one with `pipeline`",
            )


def _request(at: At, source: str, tenant: str) -> LaunchRequest | None:
    at.known(KEYS)
    pipeline = _pipeline(at, source, tenant)
    values: Mapping[str, Any] = {
        "name": _name(at.key("name")) if at.has("name") else "",
        "params": _params(at.key("params")) if at.has("params") else {},
        "outdir": _prefix(at.key("outdir"), source) if at.has("outdir") else "",
        "work_dir": _prefix(at.key("workDir"), source) if at.has("workDir") else "",
        "process": _process(at.key("process")) if at.has("process") else Defaults(),
        "labels": resource_labels(at.key("labels")) if at.has("labels") else {},
        "resume": _resume(at.key("resume")) if at.has("resume") else "",
    }
    if (pipeline is None and not values["resume"]) or any(value is None for value in values.values()):
        return None
    return LaunchRequest(pipeline=pipeline, **values)


def _pipeline(at: At, source: str, tenant: str) -> str | Named | None:
    if not at.has("pipeline"):
        name = folder_name(source, tenant)
        if name:
            return at.attempt(lambda _: _named(name))
        if not at.has("resume"):
            at.refuse(
                "a launch request without `pipeline`", expected=_PIPELINE, hint="A whole pipeline has `processes`"
            )
        return None
    child = at.key("pipeline")
    text = child.text(_PIPELINE)
    if text is None:
        return None
    if is_uri(text):
        return child.attempt(lambda value: resolve(value, ""))
    if "/" in text or text.endswith((".yaml", ".yml", ".json")):
        return child.attempt(lambda value: _absolute(value, source))
    return child.attempt(_named)


def _named(text: str) -> Named:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise InvalidValue("not the name of a pipeline", expected=_PIPELINE)
    return Named(name=found["name"], version=found["version"] or "")


def _absolute(value: str, source: str) -> str:
    """A path in a request: a URI, or relative to a request that lies outside `launch/`."""
    _, key = _bucket_and_key(source)
    if not is_uri(value) and (not source or key.startswith(_LAUNCH)):
        raise InvalidValue(
            "a relative path in a file put straight into launch/",
            expected="an s3:// URI",
            hint="`headrace run` uploads local files and fills in where they are",
        )
    return resolve(value, source)


def _name(at: At) -> str | None:
    text = at.text("a name for the run")
    if text is not None and (len(text) > 128 or re.search(r"[\x00-\x1f\x7f]", text)):
        at.refuse("not a name", expected="one line of at most 128 characters")
    return text


def _params(at: At) -> dict[str, Any]:
    """Values as they are: which of them are files only the pipeline knows, so `params.bind` judges relative paths."""
    params = {}
    for name, child in at.entries("a map param: value"):
        read_name(At(name, child.path, at.book), name, "a param")
        params[name] = child.value
    return params


def _prefix(at: At, source: str) -> str | None:
    text = at.text("an s3:// URI of a folder")
    if text is None:
        return None
    uri = at.attempt(lambda value: _absolute(value, source))
    return None if uri is None else at.attempt(lambda _: check_prefix(uri, source))


def _process(at: At) -> Defaults:
    overrides = read_defaults(at)
    for block, path in [
        (overrides.directives, at.path),
        *((each.directives, each.path) for each in _selectors(overrides)),
    ]:
        for name in ("shell", "label"):
            if name in block:
                hint = _SHELL_HINT if name == "shell" else "Labels are the process's own"
                At(block[name], f"{path}.{name}", at.book).refuse(f"`{name}` in a launch request", hint=hint)
    return overrides


def _selectors(overrides: Defaults) -> list[Any]:
    return [*overrides.with_label, *overrides.with_name]


def _resume(at: At) -> str | None:
    text = at.text("the id of a run")
    if text is not None and not _RUN.fullmatch(text):
        at.refuse("not the id of a run", expected="an id as `headrace runs` shows it")
    return text


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/") if uri.startswith("s3://") else ("", "", uri)
    return bucket, key
