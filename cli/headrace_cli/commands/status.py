"""`headrace status`: how a run stands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headrace.core import run_state
from headrace.core.plain_text import one_line
from headrace.core.stuck_report import Waiting, sentences
from headrace_cli import exit_codes, options, run_ended, runs_named, shown, waiting
from headrace_cli.commands.runs import as_json as run_as_json
from headrace_cli.snapshot import COLUMNS, Snapshot, Watch
from headrace_cli.target import Target, reach

Tasks = Annotated[bool, typer.Option("--tasks", help="List every task.")]


def status(
    run: options.RunName = runs_named.LAST,
    tasks: Tasks = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Show how a run stands: its processes, what waits and why, what failed, its results.

    The exit code is that of the command, not the run's.

    For example:

        headrace status last --tasks
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run, tenant)
    snapshot = Watch(target, record.epoch).look()
    if snapshot is None:
        raise AssertionError("a run with a record has one")
    waits = waiting.look(target, snapshot)
    if json_:
        shown.as_json({**as_json(snapshot), "waiting": [each.to_json() for each in waits]})
    else:
        _say(target, snapshot, waits, every_task=tasks)
    return exit_codes.DONE


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """A run with all its tasks, as `--json` prints it."""
    return {
        **run_as_json(snapshot.run),
        "processes": {process: dict(counts) for process, counts in snapshot.rows().items()},
        "states": [
            {"task": task, "process": process, "state": snapshot.states[task], **_record(snapshot, task)}
            for task, process in snapshot.tasks.items()
        ],
    }


def _record(snapshot: Snapshot, task: str) -> dict[str, Any]:
    record = snapshot.records.get(task)
    if record is None:
        return {}
    facts = {"at": record.at, "attempts": record.attempts, "failure": record.failure, "cause": record.cause}
    return {name: value for name, value in facts.items() if value} | ({"job": record.job} if record.job else {})


def _say(target: Target, snapshot: Snapshot, waits: list[Waiting], *, every_task: bool) -> None:
    run = snapshot.run
    if run.state not in run_state.CONCLUDED:
        why = f": {one_line(run.closing)}" if run.closing else ""
        shown.line(f"{run.epoch.run} {run.state}{why}, since {run.started}", style=shown.styled(run.state))
    shown.table(
        ("process", *COLUMNS),
        ((process, *(counts[column] for column in COLUMNS)) for process, counts in snapshot.rows().items()),
    )
    shown.line()
    if every_task:
        shown.table(("task", "state", "at"), (_task(snapshot, task) for task in snapshot.tasks))
        shown.line()
    if run.state in run_state.CONCLUDED:
        run_ended.say(target, run)
        return
    for sentence in sentences(waits):
        shown.line(one_line(sentence, 1_000), style="yellow")
    for task, record in snapshot.records.items():
        if record.status == "failed":
            shown.line(f"{task} failed: {one_line(record.cause)}", style="red")


def _task(snapshot: Snapshot, task: str) -> tuple[str, str, str]:
    record = snapshot.records.get(task)
    return task, snapshot.states[task], record.at if record else ""
