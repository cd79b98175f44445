"""What a task's directives say when it has ended: they are worked out again, since what is about its end was not needed before.

directives     of the attempt, as it ran
beyond_bound   why a failure is one more than `maxErrors` lets pass
stop_reason    why the run stops with what the task made (`stopWhen`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.aws import ledger, ledger_runs, run_folder
from headrace.aws.clients import client
from headrace.aws.fetching import answered
from headrace.aws.produced import visible_to
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import error_bound, stopping, task_work
from headrace.core.attempt_record import Plan
from headrace.core.axis_items import from_files
from headrace.core.directive_values import MaxErrors
from headrace.core.directives import TaskDirectives
from headrace.core.expressions import Template
from headrace.core.records import Epoch
from headrace.core.values import Value
from headrace.core.visible import Visible


@dataclass(frozen=True, slots=True)
class Attempted:
    """A task with the plan of the attempt that ended. `item` is its plan item, `scope` where it was planned."""

    table: Table
    bucket: str
    epoch: Epoch
    item: Mapping[str, Any]
    scope: str
    plan: Plan

    @property
    def run(self) -> run_folder.Run:
        """The run it belongs to."""
        return run_folder.read(self.bucket, self.epoch.run, self.epoch.number)


def directives(task: Attempted) -> TaskDirectives:
    """The attempt's directives, with what tasks before it made."""
    run, plan = task.run, task.plan
    process = run.program.processes[plan.process]

    def ask(known: dict[Any, Any]) -> TaskDirectives:
        said, _ = task_work.directives_of(
            _visible(task, known),
            process,
            plan.keys,
            plan.attempt,
            run=task.epoch.run,
            deployment=run.deployment,
            launch=run.overrides,
        )
        return said

    return answered(team_s3(client("s3"), run.facts.reach), ask)


def beyond_bound(task: Attempted, said: MaxErrors, cause: str) -> str:
    """Why this failure is one more than `maxErrors` lets pass; empty when it passes, and then it is counted, once."""
    run, plan, planned = task.run, task.plan, 0
    if said.percent is not None:
        at_once = not run.program.processes[plan.process].path
        planned = run_folder.tasks_planned(client("s3"), run.facts, plan.process, at_once=at_once)
    most = error_bound.most(said, planned)
    if ledger.bear_failure(task.table, task.epoch, plan.process, plan.task, plan.attempt.n, most):
        return ""
    return error_bound.reached(said, plan.process, most, planned, cause)


def stop_reason(task: Attempted, when: Template | None, outputs: Mapping[str, Value], *, cached: bool) -> str:
    """Why the run stops with what this task made; empty when it goes on.

    A resume of a stopped run means to go on: work that is found done stops it no more.
    """
    if when is None or (cached and task.epoch.number > 1 and ledger_runs.stopped_before(task.table, task.epoch)):
        return ""
    plan, process = task.plan, task.run.program.processes[task.plan.process]

    def ask(known: dict[Any, Any]) -> bool:
        visible = _visible(task, known, outputs)
        return stopping.stops(when, visible, process, plan.keys, outputs, plan.attempt, task.epoch.run)

    theirs = team_s3(client("s3"), task.run.facts.reach)
    return stopping.reason(plan.task, when) if answered(theirs, ask) else ""


def _visible(task: Attempted, known: Mapping[Any, Any], own: Mapping[str, Value] | None = None) -> Visible:
    run = task.run
    items = from_files(run.program, run_folder.read_axes(run.facts, task.scope))
    return visible_to(task.table, task.epoch, run.program, run.params, items, task.item, known, own=own)
