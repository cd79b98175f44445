"""A run as the calculator wants it: its tasks and tries from the ledger, sizes and times from Batch while it remembers the jobs.

Batch keeps ended jobs for seven days at least. Of a job it has forgotten the ledger knows the time and the attempt's plan the memory;
its vCPUs are then taken to be one for each 4 GiB, and `guessed` counts such attempts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.aws import batch, ledger
from headrace.aws import s3 as store
from headrace.core import names, run_facts
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord
from headrace_cli.cost.compute import Attempt
from headrace_cli.cost.engine import Work
from headrace_cli.cost.prices import MEMORY_GIB_PER_VCPU
from headrace_cli.target import Target

_FOUND = frozenset({"cached", "skipped"})
_MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run's epoch came to. `guessed` of the attempts are of jobs that Batch has forgotten."""

    work: Work
    attempts: tuple[Attempt, ...]
    guessed: int


def spent(target: Target, run: RunRecord) -> Spent:
    """What the epoch did so far."""
    tasks = ledger.tasks_with(target.table, run.epoch)
    tries = ledger.all_attempts(target.table, run.epoch)
    each = [attempt for attempts in tries.values() for attempt in attempts]
    jobs = batch.describe_jobs(target.client("batch"), [attempt.job for attempt in each if attempt.job])
    found, guessed = [], 0
    for attempt in each:
        known = jobs.get(attempt.job)
        sized = _of_batch(known) if known else _of_ledger(target, run.epoch, attempt)
        guessed += known is None
        found += sized
    return Spent(_work(target, run.epoch, tasks, tries), tuple(found), guessed)


def _work(
    target: Target, epoch: Epoch, tasks: Mapping[str, TaskRecord], tries: Mapping[str, list[AttemptRecord]]
) -> Work:
    found = sum(record.status in _FOUND for record in tasks.values())
    expansions = sum(record.status == "expanded" for record in tasks.values())
    return Work(
        tasks=len(tries),
        gated=_gated(target, epoch, {*tasks, *tries}),
        retries=sum(len(attempts) - 1 for attempts in tries.values()),
        found=found,
        expansions=expansions,
    )


def _gated(target: Target, epoch: Epoch, begun: set[str]) -> int:
    """The tasks that came to a gate, expansions left out: what the plans say of those that were begun."""
    s3, count = target.client("s3"), 0
    for item in store.list_objects(s3, run_facts.folder(target.bucket, epoch.run, epoch.number) + "scopes/"):
        if item.uri.endswith("/plan.json"):
            plan = json.loads(store.read(s3, item.uri))
            count += sum("p" in each and each["id"] in begun and ("waits" in each or "turn" in each) for each in plan)
    return count


def _of_batch(job: Mapping[str, Any]) -> list[Attempt]:
    """The attempts of a job; Batch's own retries are paid as well."""
    sizes = {each["type"]: float(each["value"]) for each in job.get("container", {}).get("resourceRequirements", ())}
    platform = job.get("platformCapabilities") or []
    arm64 = job.get("container", {}).get("runtimePlatform", {}).get("cpuArchitecture") == "ARM64"
    spans = [(each.get("startedAt"), each.get("stoppedAt")) for each in job.get("attempts", ())]
    spans = spans or [(job.get("startedAt"), job.get("stoppedAt"))]
    return [
        Attempt(
            vcpus=sizes.get("VCPU", 1.0),
            memory_gib=sizes.get("MEMORY", 0.0) / _MIB_PER_GIB,
            seconds=max(0.0, (stopped - started) / 1000),
            fargate="FARGATE" in platform,
            arm64=arm64,
        )
        for started, stopped in spans
        if started and stopped
    ]


def _of_ledger(target: Target, epoch: Epoch, attempt: AttemptRecord) -> list[Attempt]:
    if not attempt.started or not attempt.ended:
        return []
    folder = run_facts.folder(target.bucket, epoch.run, epoch.number)
    try:
        plan = json.loads(
            store.read(target.client("s3"), f"{folder}tasks/{names.task_hash(attempt.task)}/{attempt.n}.json")
        )
    except store.ObjectMissing:
        plan = {}
    memory_gib = float(plan.get("memory_mib", 0)) / _MIB_PER_GIB
    seconds = (datetime.fromisoformat(attempt.ended) - datetime.fromisoformat(attempt.started)).total_seconds()
    vcpus = max(1.0, round(memory_gib / MEMORY_GIB_PER_VCPU))
    return [Attempt(vcpus=vcpus, memory_gib=memory_gib, seconds=max(0.0, seconds))]
