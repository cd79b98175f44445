"""What a run left behind, as plain values: what the invariants look at. Gathering looks; judging is `invariants`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.live_stack import LiveStack

from headrace.aws import ledger, ledger_runs, ledger_watch, step_functions
from headrace.core import names
from headrace.core.ledger_items import shard_numbers
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord


@dataclass(frozen=True)
class Item:
    """An item of a plan, and the scope whose plan it stands in."""

    task: str
    scope: str
    opens: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """The committed result of a task: how often outputs.json was written, its content, the manifest behind it, the files there."""

    versions: int
    result: Mapping[str, Any]
    manifest: Mapping[str, Any] | None
    files: Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """One epoch of one run. `execution` is how its execution ended; `latches` are (count, added), `stuck` (task, what was told of it)."""

    epoch: Epoch
    execution: str
    run: RunRecord | None
    plan: tuple[Item, ...]
    records: Mapping[str, TaskRecord]
    latches: Mapping[str, tuple[int, int]]
    attempts: tuple[AttemptRecord, ...]
    jobs: Mapping[str, Mapping[str, Any]]
    work: Mapping[str, Work]
    results: Mapping[str, str]
    output: str
    digest: Mapping[str, Any] | None
    told: tuple[Mapping[str, Any], ...]
    failures: tuple[str, ...]
    alerts: int
    running: tuple[str, ...]
    watched: tuple[str, ...]
    stuck: tuple[tuple[str, str], ...]
    open: bool
    dead: tuple[str, ...]


def look(live: LiveStack, epoch: Epoch, execution: str) -> Seen:
    """Everything there is to see of an epoch whose execution ended so."""
    run = ledger_runs.read_run(live.table, epoch)
    records = ledger.tasks_with(live.table, epoch)
    jobs = {job["jobId"]: job for job in live.jobs(names.job_prefix(epoch.run, epoch.number))}
    return Seen(
        epoch=epoch,
        execution=execution,
        run=run,
        plan=_plan(live, epoch),
        records=records,
        latches=_latches(live, epoch),
        attempts=tuple(a for each in ledger.all_attempts(live.table, epoch).values() for a in each),
        jobs=jobs,
        work={task: _work(live, record.outputs) for task, record in records.items() if record.outputs},
        results={
            key.removeprefix(f"results/{epoch.run}/"): live.text(key) for key in live.keys(f"results/{epoch.run}/")
        },
        output=_output(live, epoch) if run and run.state == "succeeded" else "",
        digest=_digest(live, epoch),
        told=tuple(event for event in live.events(epoch.run) if event["epoch"] == epoch.number),
        failures=tuple(
            event["task"] for event in live.events(epoch.run, "Task Failed") if event["epoch"] == epoch.number
        ),
        alerts=len(live.alerts(f"{_folder(epoch)}digest.md")),
        running=_running(live, epoch),
        watched=tuple(f"{job.task}, attempt {job.n}" for job in ledger_watch.live_of(live.table, epoch)),
        # It names a job, and no epoch: what an earlier epoch's job waited for is told of the run as well.
        stuck=tuple(
            (event["task"], event["code"])
            for event in live.events(epoch.run, "Job Stuck")
            if event["exampleJob"] in jobs
        ),
        open=epoch in live.open_runs(),
        dead=tuple(json.dumps(letter)[:500] for letter in live.dead_letters()),
    )


def _folder(epoch: Epoch) -> str:
    return f"runs/{epoch.run}/{epoch.number}/"


def _scopes(live: LiveStack, epoch: Epoch) -> list[dict[str, Any]]:
    keys = live.keys(f"{_folder(epoch)}scopes/")
    return [json.loads(live.text(key)) | {"at": key} for key in keys if key.endswith("/scope.json")]


def _plan(live: LiveStack, epoch: Epoch) -> tuple[Item, ...]:
    there = set(live.keys(f"{_folder(epoch)}scopes/"))
    plans = ((scope["scope"], scope["at"].removesuffix("scope.json") + "plan.json") for scope in _scopes(live, epoch))
    return tuple(
        Item(item["id"], scope, tuple(latch for latch, _ in item["opens"]))
        for scope, key in plans
        if key in there
        for item in json.loads(live.text(key))
    )


def _latches(live: LiveStack, epoch: Epoch) -> dict[str, tuple[int, int]]:
    prefix = f"L#{epoch}#"
    found: dict[str, tuple[int, int]] = {}
    pages = live.client("dynamodb").get_paginator("scan").paginate(TableName=live.table.name, ConsistentRead=True)
    for item in (item for page in pages for item in page["Items"]):
        if item["pk"]["S"].startswith(prefix) and item["sk"]["S"].startswith("S#"):
            latch = item["pk"]["S"].removeprefix(prefix)
            count, added, *_ = shard_numbers(item)
            before = found.get(latch, (0, 0))
            found[latch] = (before[0] + count, before[1] + added)
    return found


def _work(live: LiveStack, outputs: str) -> Work:
    result = json.loads(live.text(outputs))
    key = outputs.removeprefix(f"s3://{live.bucket}/")
    attempt = result["prefix"].removeprefix(f"s3://{live.bucket}/").removesuffix("out/")
    pages = live.client("s3").get_paginator("list_object_versions").paginate(Bucket=live.bucket, Prefix=key)
    versions = [each for page in pages for each in page.get("Versions", ()) if each["Key"] == key]
    listed = live.client("s3").list_objects_v2(Bucket=live.bucket, Prefix=attempt).get("Contents", ())
    sizes = {f"s3://{live.bucket}/{each['Key']}": each["Size"] for each in listed}
    whole = f"s3://{live.bucket}/{attempt}manifest.json"
    return Work(len(versions), result, json.loads(live.text(whole)) if whole in sizes else None, sizes)


def _output(live: LiveStack, epoch: Epoch) -> str:
    return live.text(json.loads(live.text(f"{_folder(epoch)}result.json"))["all"]["$file"])


def _digest(live: LiveStack, epoch: Epoch) -> dict[str, Any] | None:
    key = f"{_folder(epoch)}digest.json"
    return dict(json.loads(live.text(key))) if key in live.keys(key) else None


def _running(live: LiveStack, epoch: Epoch) -> tuple[str, ...]:
    """Executions of its scopes that have not ended."""
    sfn = live.client("stepfunctions")
    arns = {scope["execution"] for scope in _scopes(live, epoch)} | set(ledger.scope_executions(live.table, epoch))
    found = {arn: step_functions.describe(sfn, arn) for arn in sorted(arns)}
    return tuple(arn for arn, said in found.items() if said is not None and said.status == "RUNNING")
