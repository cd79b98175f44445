"""`headrace runs`: the list of runs."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer

from headrace.aws import ledger_runs
from headrace.core.records import RunRecord
from headrace_cli import exit_codes, options, shown, teams
from headrace_cli.target import reach

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many to list.")]


def runs(
    limit: Limit = 20,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """List runs, newest first; with --tenant, those of a team.

    For example:

        headrace runs --limit 5
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    with teams.whose(target, tenant):
        entries = list(islice(ledger_runs.runs(target.table, tenant=teams.check(target, tenant)), limit))
        found = ledger_runs.read_runs(target.table, entries)
    if json_:
        shown.as_json([as_json(run) for run in found])
    elif not found:
        shown.line(f"no runs{f' of {tenant}' if tenant else ''} on {target.where}")
    else:
        shown.table(("run", "state", "started", "ended", "tasks"), (_row(run) for run in found))
    return exit_codes.DONE


def as_json(run: RunRecord) -> dict[str, Any]:
    """A run as `--json` prints it."""
    return {
        "run": run.epoch.run,
        "epoch": run.epoch.number,
        "name": run.name,
        "state": run.state,
        "started": run.started,
        "ended": run.ended or None,
        "cause": run.cause or None,
        "closing": run.closing or None,
        "execution": run.execution,
        "tasks": dict(run.tasks),
    }


def _row(run: RunRecord) -> tuple[str, str, str, str, str]:
    epoch = f" ({run.epoch.number})" if run.epoch.number > 1 else ""
    tasks = ", ".join(f"{count} {status}" for status, count in run.tasks.items())
    return f"{run.epoch.run}{epoch}", run.state, run.started, run.ended, tasks
