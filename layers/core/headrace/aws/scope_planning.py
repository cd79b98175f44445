"""Planning a scope: the root begins a run, any other opens behind an expansion (docs/adr/0005).

Both write the plan before they count on it, and both give the same bytes again when they are tried again: the run's record and
the expansion's are conditional, the objects are deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from headrace.aws import gates, launching, ledger_runs, run_folder
from headrace.aws.allowing import check_program, reach_of, teams_of
from headrace.aws.clients import client
from headrace.aws.fetching import answered
from headrace.aws.later import release_later
from headrace.aws.observability import about, logger
from headrace.aws.produced import visible_to
from headrace.aws.s3 import ObjectMissing
from headrace.aws.settings import PlanScopeSettings
from headrace.aws.step_functions import send
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import plan_items, run_facts, run_state, tenancy
from headrace.core.axis_items import from_files
from headrace.core.errors import InvalidSpec, Problem, Refused
from headrace.core.fetch import Fetch
from headrace.core.plan import Scope, ScopePlan, plan_scope
from headrace.core.records import Epoch, RunRecord, TaskRecord
from headrace.core.run_facts import RunFacts

RemainingMs = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Planner:
    """What planning needs of the function it runs in."""

    settings: PlanScopeSettings
    table: Table


def plan(planner: Planner, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> dict[str, Any]:
    """Plan the scope of an event of run_scope, and say where its plan is."""
    if event["scope"]:
        return _plan_expansion(planner, event, now, remaining_ms)
    return _plan_root(planner, event)


def identify(table: Table, launch: Mapping[str, Any], execution: Mapping[str, str]) -> Epoch:
    """The run and epoch a launch is of. A resume by hand takes the next epoch, once per execution."""
    run = run_facts.run_of(launch, execution["name"])
    if not launch.get("resume"):
        return Epoch(run, int(launch.get("epoch", 1)))
    if launch.get("epoch"):
        return Epoch(run, int(launch["epoch"]))
    latest = ledger_runs.latest_run(table, run)
    return latest.epoch if latest and latest.execution == execution["id"] else ledger_runs.next_epoch(table, run)


def _plan_root(planner: Planner, event: Mapping[str, Any]) -> dict[str, Any]:
    launch = run_facts.check_launch(event["launch"])
    execution, settings = event["execution"], planner.settings
    epoch = identify(planner.table, launch, execution)
    about(run=epoch.run, epoch=epoch.number)
    tenant = tenancy.check_started(epoch.run, teams_of(settings))
    reach = reach_of(settings, tenant)
    begun = ledger_runs.begin_run(
        planner.table, RunRecord(epoch, execution["id"], execution["started"], name=epoch.run, tenant=tenant)
    )
    if begun.state != run_state.RUNNING:
        raise Refused(f"run {epoch.run}, epoch {epoch.number} is {begun.state}")
    launch = _resumed(planner, epoch, launch)
    loaded = launching.load(client("s3"), settings.bucket, launch, reach)
    check_program(loaded, settings, reach)
    facts = run_facts.facts(
        launch,
        run=epoch.run,
        epoch=epoch.number,
        name=loaded.request.name or loaded.spec.name or epoch.run,
        bucket=settings.bucket,
        tenant=tenant or settings.tenant,
        execution=execution["id"],
        started=begun.started,
        deployment=loaded.deployment,
        allowed=settings.allowed_write_buckets,
        parted=bool(tenant),
    )
    ledger_runs.name_run(planner.table, epoch, facts.name)
    fetched = dict(loaded.fetched)
    theirs = team_s3(client("s3"), reach)
    made = answered(theirs, lambda known: plan_scope(loaded.program, loaded.params, Scope(), known), fetched)
    _check_size(made, settings)
    run_folder.write(client("s3"), facts, loaded, launch)
    run_folder.write_scope(client("s3"), facts, made, event["scopeExecution"])
    logger.info("planned", extra={"tasks": made.size})
    return _answer(event, facts, "", settings)


def _resumed(planner: Planner, epoch: Epoch, launch: Mapping[str, Any]) -> dict[str, Any]:
    """A resume that names no pipeline runs what the epoch before it ran, with the params it had."""
    if not launch.get("resume") or launch.get("pipeline"):
        return dict(launch)
    bucket = planner.settings.bucket
    try:
        earlier = run_folder.read_request(client("s3"), bucket, epoch.run, epoch.number - 1)
    except ObjectMissing:
        raise InvalidSpec(
            [
                Problem(
                    "resume",
                    f"epoch {epoch.number - 1} of {epoch.run} never got as far as a plan",
                    expected="a pipeline",
                    hint="Name it: `pipeline`",
                )
            ]
        ) from None
    return {**earlier, **launch}


def _plan_expansion(planner: Planner, event: Mapping[str, Any], now: str, remaining_ms: RemainingMs) -> dict[str, Any]:
    epoch, scope, item = Epoch(event["run"], event["epoch"]), event["scope"], event["expansion"]
    run = run_folder.read(planner.settings.bucket, epoch.run, epoch.number)
    around = run_folder.read_axes(run.facts, run_folder.scopes_around(scope)[-2])
    items = from_files(run.program, around)

    def ask(known: dict[Fetch, Any]) -> Any:
        visible = visible_to(planner.table, epoch, run.program, run.params, items, item, known)
        return plan_scope(run.program, run.params, Scope(scope, around, visible.answer), known)

    made: ScopePlan = answered(team_s3(client("s3"), run.facts.reach), ask)
    _check_size(made, planner.settings)
    run_folder.write_scope(client("s3"), run.facts, made, event["scopeExecution"])
    settled = gates.settle(
        planner.table,
        epoch,
        TaskRecord(item["id"], "expanded", now),
        plan_items.opens(item),
        send=partial(send, client("stepfunctions")),
        remaining_ms=remaining_ms,
        adds=made.adds,
    )
    release_later(planner.settings.settle_task, epoch, settled.left)
    logger.info("planned", extra={"tasks": made.size, "scope": scope})
    return _answer(event, run.facts, scope, planner.settings)


def _check_size(made: ScopePlan, settings: PlanScopeSettings) -> None:
    if made.size > settings.map_concurrency:
        largest = max(made.tasks, key=lambda name: made.tasks[name])
        raise InvalidSpec(
            [
                Problem(
                    "processes",
                    f"the plan has {made.size:,} tasks in one scope, {made.tasks[largest]:,} of them of '{largest}'",
                    expected=f"at most {settings.map_concurrency:,}",
                    hint="Use bigger chunks, or repeat over a dynamic axis: each expansion is a scope of its own",
                )
            ]
        )


def _answer(event: Mapping[str, Any], facts: RunFacts, scope: str, settings: PlanScopeSettings) -> dict[str, Any]:
    folder = run_folder.scope_folder(facts, scope)
    prefix = f"s3://{facts.bucket}/"
    return {
        "run": facts.run,
        "epoch": facts.epoch,
        "scope": scope,
        "machine": event["machine"],
        "bucket": facts.bucket,
        "plan": folder.removeprefix(prefix) + "plan.json",
        "results": folder.removeprefix(prefix) + "map",
        "concurrency": settings.map_concurrency,
    }
