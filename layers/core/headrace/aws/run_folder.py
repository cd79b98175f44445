"""A run's folder in the bucket: what it was launched with, its plans, its results (docs/contracts.md section 6).

Written by plan_scope, read by every function that works for the run. What a warm Lambda keeps of it never changes: a scope that is
planned again has the same plan, but another execution.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headrace.aws import s3 as store
from headrace.aws.clients import client
from headrace.aws.launching import Loaded, relink
from headrace.core import deployment_defaults, names, run_facts, values, yaml_source
from headrace.core.launch_request import LaunchRequest, read_launch
from headrace.core.plan import ScopePlan
from headrace.core.program import Program
from headrace.core.run_facts import RunFacts
from headrace.core.selectors import Defaults
from headrace.core.values import Value

_RUNS_KEPT = 8
_SCOPES_KEPT = 256
_PARALLEL = 16


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its functions see it: facts, pipeline, params, and the directives of the launch and of the deployment."""

    facts: RunFacts
    program: Program
    params: Mapping[str, Value]
    overrides: Defaults
    deployment: Mapping[str, Any]


def write(s3: Any, facts: RunFacts, loaded: Loaded, launch: Mapping[str, Any]) -> None:
    """Put everything a run is made from into its folder; `run.json` last, so that what it names is there."""
    places = list(loaded.files)
    files = {place: "spec.yaml" if number == 0 else f"used/{number}.yaml" for number, place in enumerate(places)}
    store.write_all(
        s3,
        {facts.folder + name: loaded.files[place].encode() for place, name in files.items()}
        | {
            facts.folder + "request.json": _json(dict(launch)),
            facts.folder + "params.json": _json(values.to_json(dict(loaded.params))),
        },
    )
    store.write(
        s3, facts.folder + "run.json", _json({**facts.to_json(), "files": files}), content_type="application/json"
    )


@lru_cache(maxsize=_RUNS_KEPT)
def read(bucket: str, run: str, epoch: int) -> Run:
    """A run from its folder; ObjectMissing when it was never planned."""
    s3 = client("s3")
    folder = run_facts.folder(bucket, run, epoch)
    told = json.loads(store.read(s3, folder + "run.json"))
    files = told.pop("files")
    texts = {place: store.read(s3, folder + name).decode() for place, name in files.items()}
    params = values.from_json(json.loads(store.read(s3, folder + "params.json")))
    facts = run_facts.from_json(told)
    overrides, deployment = _overrides(facts), deployment_defaults.from_kept(facts.deployment)
    return Run(facts, relink(texts, next(iter(files)), overrides, deployment), params, overrides, deployment)


def read_request(s3: Any, bucket: str, run: str, epoch: int) -> dict[str, Any]:
    """What an epoch of a run was launched with."""
    found: dict[str, Any] = json.loads(store.read(s3, run_facts.folder(bucket, run, epoch) + "request.json"))
    return found


def _overrides(facts: RunFacts) -> Defaults:
    if not facts.process:
        return Defaults()
    said = yaml_source.read(json.dumps({"pipeline": "s3://none/none", "process": dict(facts.process)}), "input")
    request = read_launch(said).request or LaunchRequest(pipeline="")
    return request.process


def scope_folder(facts: RunFacts, scope: str) -> str:
    """Where a scope's plan is."""
    return f"{facts.folder}scopes/{names.scope_hash(scope)}/"


def write_scope(s3: Any, facts: RunFacts, plan: ScopePlan, execution: str) -> None:
    """Put a scope's plan and axes, and which execution runs it; the same scope always gives the same plan."""
    folder = scope_folder(facts, plan.scope)
    about = {"scope": plan.scope, "execution": execution, "size": plan.size, "tasks": dict(plan.tasks)}
    store.write(s3, folder + "scope.json", _json(about))
    store.write(s3, folder + "axes.json", _json(dict(plan.axes)), content_type="application/json")
    store.write(s3, folder + "plan.json", "".join(plan.to_json()).encode(), content_type="application/json")


def failure_note(folder: str, task: str) -> str:
    """Where settle_task writes down how a task failed, beside what prepare_task wrote of its attempts."""
    return f"{folder}tasks/{names.task_hash(task)}/failure.json"


def attempt_plan(folder: str, task_hash: str, n: int) -> str:
    """Where prepare_task writes down the nth attempt of a task, known by its hash, before it is submitted."""
    return f"{folder}tasks/{task_hash}/{n}.json"


def log_summary(folder: str, task_hash: str, n: int) -> str:
    """Where summarise_logs puts the summary of that attempt's log."""
    return f"{folder}tasks/{task_hash}/{n}.log_summary.json"


def read_axes(facts: RunFacts, scope: str) -> tuple[Mapping[str, Any], ...]:
    """The axes of the root scope and of every scope on the way to this one, outermost first."""
    return tuple(_axes(scope_folder(facts, part) + "axes.json") for part in scopes_around(scope))


@lru_cache(maxsize=_SCOPES_KEPT)
def _axes(uri: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(store.read(client("s3"), uri))
    return found


def scopes_around(scope: str) -> list[str]:
    """The root's id, then each scope's on the way to this one, itself last."""
    way = [""]
    for part in names.parse_scope(scope):
        way.append(names.expansion_id(way[-1], part.name, part.keys))
    return way


def scope_executions(s3: Any, facts: RunFacts) -> list[str]:
    """The executions of every scope of a run, as far as they are planned; one that was started again is the last that planned."""
    uris = _scopes(s3, facts)
    with ThreadPoolExecutor(min(_PARALLEL, max(1, len(uris)))) as pool:
        return [about["execution"] for about in pool.map(lambda uri: json.loads(store.read(s3, uri)), uris)]


def tasks_planned(s3: Any, facts: RunFacts, process: str, *, at_once: bool) -> int:
    """How many tasks a process has in the scopes planned so far; `at_once`: all of them are in the root scope."""
    scopes = [scope_folder(facts, "") + "scope.json"] if at_once else _scopes(s3, facts)
    return sum(_tasks(uri).get(process, 0) for uri in scopes)


def _scopes(s3: Any, facts: RunFacts) -> list[str]:
    found = store.list_objects(s3, facts.folder + "scopes/")
    return [item.uri for item in found if item.uri.endswith("/scope.json")]


@lru_cache(maxsize=_SCOPES_KEPT)
def _tasks(uri: str) -> Mapping[str, int]:
    """How many tasks a scope's plan has of each process. Its execution is not kept: another one may plan the scope again."""
    found: Mapping[str, int] = json.loads(store.read(client("s3"), uri))["tasks"]
    return found


def planned(s3: Any, facts: RunFacts) -> Iterator[dict[str, Any]]:
    """Every item of every plan of a run, as far as its scopes are planned."""
    for found in store.list_objects(s3, facts.folder + "scopes/"):
        if found.uri.endswith("/plan.json"):
            yield from json.loads(store.read(s3, found.uri))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
