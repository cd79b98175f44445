"""From a launch to a pipeline that can be planned: read, link, bind. Used to check a dropped file and to plan a run.

Everything that was read is kept (`files`), because the run is planned, prepared and resumed from its own copy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.aws import s3 as store
from headrace.aws.fetching import fetch_all
from headrace.aws.team_s3 import team_s3
from headrace.core import deployment_defaults, yaml_source
from headrace.core import params as params_module
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.fetch import Fetch, Unreadable
from headrace.core.launch_request import LaunchRequest, Named, read_launch
from headrace.core.link import link
from headrace.core.locations import INLINE, resolve
from headrace.core.program import Program
from headrace.core.selectors import Defaults
from headrace.core.spec import Spec, read_spec
from headrace.core.tenancy import Reach
from headrace.core.uses import used_files
from headrace.core.values import Value

_OWN_KEYS = frozenset({"run", "epoch", "version", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"})
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Loaded:
    """A launch with its pipeline linked and its params bound; `files` are the texts it was made from, by place."""

    request: LaunchRequest
    spec: Spec
    program: Program
    params: Mapping[str, Value]
    files: Mapping[str, str]
    deployment: Mapping[str, Any] = field(default_factory=dict)
    fetched: Mapping[Fetch, Any] = field(repr=False, default_factory=dict)


def load(s3: Any, bucket: str, launch: Mapping[str, Any], reach: Reach | None = None) -> Loaded:
    """The pipeline of a launch (the input of run_pipeline); InvalidSpec with every problem, each in its place.

    `reach`: only what is one team's is read.
    """
    inline = launch.get("pipeline") if isinstance(launch.get("pipeline"), Mapping) else None
    said = {
        key: value
        for key, value in launch.items()
        if key not in _OWN_KEYS and not (key == "pipeline" and inline is not None)
    }
    request = _request(said, inline=inline is not None)
    if inline is not None:
        place, text = INLINE, json.dumps(inline, ensure_ascii=False)
    else:
        theirs = team_s3(s3, reach)
        place = pipeline_uri(theirs, bucket, request.pipeline)
        text = _text(theirs, place, "pipeline", str(launch.get("version") or ""))
    return load_text(s3, bucket, place, text, request, reach)


def load_text(
    s3: Any, bucket: str, place: str, text: str, request: LaunchRequest, reach: Reach | None = None
) -> Loaded:
    """The pipeline in a text that lies at a place (`INLINE`: nowhere), within the deployment that has this bucket."""
    spec = read_spec(yaml_source.read(text, place))
    _check_locations(spec)
    files = {place: text}
    theirs = team_s3(s3, reach)
    used = _used(theirs, spec, files)
    deployment = _deployment(s3, bucket)
    program = link(spec, used, launch=request.process, deployment=deployment_defaults.from_kept(deployment))
    fetched: dict[Fetch, Any] = {}
    params = bind(theirs, spec, request.params, place, fetched)
    return Loaded(request, spec, program, params, files, deployment, fetched)


def bind(s3: Any, spec: Spec, given: Mapping[str, Any], base: str, fetched: dict[Fetch, Any]) -> dict[str, Value]:
    """Every param's value, tables read; `fetched` keeps what was read."""
    tables = params_module.tables_to_fetch(spec.params, given, base=base)
    fetched |= fetch_all(s3, tuple(Fetch("text", uri) for uri in tables))
    texts, problems = {}, []
    for uri in tables:
        content = fetched[Fetch("text", uri)]
        if isinstance(content, Unreadable):
            problems.append(Problem("params", f"cannot read the table {uri}: {content.reason}"))
        else:
            texts[uri] = content
    if problems:
        raise InvalidSpec(problems)
    return params_module.bind(spec.params, given, texts, base=base)


def relink(files: Mapping[str, str], place: str, launch: Defaults, deployment: Mapping[str, Any]) -> Program:
    """The program of a run's own copy of its files; `deployment` are raw directives."""
    specs = {uri: read_spec(yaml_source.read(text, uri)) for uri, text in files.items()}
    spec = specs.pop(place)
    return link(spec, specs, launch=launch, deployment=deployment)


def pipeline_uri(s3: Any, bucket: str, pipeline: str | Named | None) -> str:
    """Where a pipeline is: a URI as it is, a name below the deployment's `pipelines/`, newest version unless one is named."""
    if pipeline is None:
        raise InvalidSpec([Problem("pipeline", "missing", expected="the URI of a pipeline, or its name")])
    if isinstance(pipeline, str):
        return pipeline
    folder = f"s3://{bucket}/pipelines/{pipeline.name}/"
    if pipeline.version:
        return f"{folder}{pipeline.version}/pipeline.yaml"
    found = [
        item
        for item in store.list_objects(s3, folder)
        if item.uri.endswith("/pipeline.yaml") and item.uri.removeprefix(folder).count("/") == 1
    ]
    if not found:
        raise InvalidSpec(
            [
                Problem(
                    "pipeline",
                    f"there is no pipeline of that name in {folder}",
                    pipeline.name,
                    "a folder <name>/<version>/pipeline.yaml",
                )
            ]
        )
    return max(found, key=lambda item: _version_order(item.uri)).uri


def _version_order(uri: str) -> list[tuple[int, str]]:
    """`1.9` < `1.10`, and `2.0-rc1` < `2.0`: a part that is text comes before a number, and before nothing at all."""
    version = uri.rsplit("/", 2)[-2]
    parts = version.replace("-", ".").split(".")
    return [*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), (0, "")]


def _request(said: Mapping[str, Any], *, inline: bool) -> LaunchRequest:
    # An inline spec takes the place of `pipeline`; a name stands in for it so that the request is whole.
    document = yaml_source.read(
        json.dumps({"pipeline": "inline", **said} if inline else dict(said), ensure_ascii=False), INLINE
    )
    launch = read_launch(document)
    if launch.request is None:
        raise InvalidSpec(
            [Problem("", "the input is a whole pipeline", expected='{"pipeline": {…the pipeline…}, "params": {…}}')]
        )
    return launch.request


def _used(s3: Any, spec: Spec, files: dict[str, str]) -> dict[str, Spec]:
    """The specs of every used file, and of those they use; `files` keeps the texts."""
    specs: dict[str, Spec] = {}
    todo = list(used_files(spec))
    while todo:
        uri = todo.pop()
        if uri in specs:
            continue
        if len(specs) >= _MOST_FILES:
            raise InvalidSpec([Problem("processes", "too many files are used", expected=f"at most {_MOST_FILES}")])
        files[uri] = _text(s3, uri, "uses")
        specs[uri] = read_spec(yaml_source.read(files[uri], uri))
        todo += used_files(specs[uri])
    return specs


def _deployment(s3: Any, bucket: str) -> Mapping[str, Any]:
    """The deployment's own directives as plain values; nothing when there is no such file."""
    uri = f"s3://{bucket}/{deployment_defaults.KEY}"
    try:
        content = store.read(s3, uri, limit=yaml_source.MAX_BYTES)
    except store.ObjectMissing:
        return {}
    document = yaml_source.read(content, uri)
    deployment_defaults.read_deployment(document)
    return dict(document.value or {})


def _text(s3: Any, uri: str, place: str, version: str = "") -> str:
    try:
        return store.read(s3, uri, version=version, limit=yaml_source.MAX_BYTES).decode("utf-8-sig")
    except store.ObjectMissing as error:
        raise InvalidSpec([Problem(place, str(error), expected="the URI of a pipeline file")]) from error
    except InvalidValue as error:
        raise InvalidSpec([Problem(place, error.message, expected=error.expected, hint=error.hint)]) from error
    except UnicodeDecodeError as error:
        raise InvalidSpec([Problem(place, f"{uri} is not UTF-8 (byte {error.start})")]) from error


def _check_locations(spec: Spec) -> None:
    """What is written down of the inputs leads somewhere; a file dropped into launch/ cannot say where its neighbours are."""
    problems = []
    for process in spec.processes.values():
        for given in process.inputs.values():
            for template in given.templates:
                try:
                    if template.literal is not None:
                        resolve(template.literal, spec.file)
                except InvalidValue as error:
                    problems.append(spec.problem(given.path, error.message, expected=error.expected, hint=error.hint))
    if problems:
        raise InvalidSpec(problems)
