"""`headrace why`: why a task ran, or why it did not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headrace.core import run_state, work_changes
from headrace.core.attempt_record import Plan
from headrace.core.plain_text import one_line
from headrace.core.records import RunRecord, TaskRecord
from headrace.core.work_changes import Change
from headrace_cli import earlier_work, exit_codes, options, runs_named, shown
from headrace_cli.earlier_work import TaskWork
from headrace_cli.target import Target, reach

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or `last`.")]
Task = Annotated[
    str, typer.Argument(metavar="TASK", help="A task, such as 'align[sample=a]', or a unique beginning of it.")
]


def why(
    run: Run,
    task: Task,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Say whether a task's work was found done, and if not, what of it is another than in an earlier run.

    It is compared with the same task in the run's epoch before, else in the newest earlier run of a pipeline of that name.

    For example:

        headrace why last 'align[sample=a]'
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run, tenant)
    name, ended, plan = earlier_work.find_task(target, record, task)
    if plan is None:
        return _not_prepared(record, name, ended, as_json=json_)
    earlier = None if _is_hit(ended) else earlier_work.before(target, record, name)
    changes = work_changes.changes(earlier.plan, plan) if earlier else ()
    if json_:
        shown.as_json(_as_json(target, name, ended, plan, earlier, changes))
    elif _is_hit(ended):
        _say_hit(target, name, plan)
    else:
        _say_miss(target, record, name, ended, plan, earlier, changes)
    return exit_codes.DONE


def _is_hit(record: TaskRecord | None) -> bool:
    return record is not None and record.status == "cached"


def _not_prepared(run: RunRecord, task: str, record: TaskRecord | None, *, as_json: bool) -> int:
    status = run_state.reads_as(record.status if record else "", run.state)
    cause = one_line(record.cause) if record else ""
    if as_json:
        shown.as_json({"task": task, "verdict": status, "cause": cause or None})
    else:
        shown.line(f"{task}: {status}{f': {cause}' if cause else ''}; no work of it was looked for")
    return exit_codes.DONE


def _say_hit(target: Target, task: str, plan: Plan) -> None:
    result = earlier_work.result_of(target, plan)
    shown.line(f"{task}: hit: its work was done before, and is used (cache: {plan.mode})", style=shown.styled("cached"))
    if result:
        shown.line(f"  by {result.get('task')} of {result.get('run')}, {result.get('at')}")
    shown.line(f"  {plan.prefix}")


def _say_miss(
    target: Target,
    run: RunRecord,
    task: str,
    record: TaskRecord | None,
    plan: Plan,
    earlier: TaskWork | None,
    changes: tuple[Change, ...],
) -> None:
    status = run_state.reads_as(record.status if record else "", run.state)
    shown.line(f"{task}: miss: its work was not found done ({status}; cache: {plan.mode})", style="yellow")
    if earlier is None:
        shown.line(f"  no earlier run of {run.name} has this task to compare with")
        return
    against = f"{earlier.run.epoch.run}, epoch {earlier.run.epoch.number}, begun {earlier.run.started}"
    if earlier.plan.mode != plan.mode:
        shown.line(
            f"  cache: {plan.mode}, where it was {earlier.plan.mode}: what makes an input the same is another thing"
        )
    if not changes:
        shown.line(f"  nothing of it changed since {against}: {_no_result(earlier)}")
        return
    shown.line(f"  changed since {against}:")
    made_by = _makers(target, run, earlier, changes)
    for change in changes:
        shown.line(f"  {change.words}", style="bold")
        for line in work_changes.lines(change, made_by):
            shown.line(f"    {line}", style={"-": "red", "+": "green"}.get(line[:1], ""))
        for maker in sorted(made_by[each] for each in work_changes.makers(change) if each in made_by):
            shown.line(f"    and why that is other work: headrace why {run.epoch.run} '{maker}'{target.flags}")


def _no_result(earlier: TaskWork) -> str:
    """Why equal work had no result to use."""
    if earlier.record is None:
        return "it did not end there, so there was no result"
    if not run_state.counts(earlier.record.status) or earlier.record.status == "ignored":
        return f"it {earlier.record.status} there, so there was no result"
    return "its result was gone, near the end of the days that work is kept (WorkDays), or not there yet"


def _makers(target: Target, run: RunRecord, earlier: TaskWork, changes: tuple[Change, ...]) -> dict[str, str]:
    if not any(change.is_input for change in changes):
        return {}
    return earlier_work.tasks_by_hash(target, earlier.run) | earlier_work.tasks_by_hash(target, run)


def _as_json(
    target: Target,
    task: str,
    record: TaskRecord | None,
    plan: Plan,
    earlier: TaskWork | None,
    changes: tuple[Change, ...],
) -> dict[str, Any]:
    hit = _is_hit(record)
    result = earlier_work.result_of(target, plan) if hit else None
    return {
        "task": task,
        "verdict": "hit" if hit else "miss",
        "work": plan.prefix,
        "cache": plan.mode,
        "madeBy": {key: result.get(key) for key in ("run", "task", "at")} if result else None,
        "earlier": {
            "run": earlier.run.epoch.run,
            "epoch": earlier.run.epoch.number,
            "status": run_state.reads_as(earlier.record.status if earlier.record else "", earlier.run.state),
        }
        if earlier
        else None,
        "changes": [{"part": each.part, "old": each.old, "new": each.new} for each in changes],
    }
