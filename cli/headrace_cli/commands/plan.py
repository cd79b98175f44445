"""`headrace plan`: what a run would do. Needs no credentials, stack or network, unless a deployment is named."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from headrace.core.errors import InvalidSpec
from headrace.core.plan import ScopePlan
from headrace_cli import checked, deployment, exit_codes, given_params, options, pipeline, shown, task_requests
from headrace_cli.local_files import Reader

Requests = Annotated[
    bool,
    typer.Option("--requests", help="Print the RegisterJobDefinition and SubmitJob requests, one JSON per line."),
]


def plan(
    spec: options.SpecPlace,
    param: options.Params = None,
    params_file: options.ParamsFile = None,
    requests: Requests = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.OwnStack = "",
    tenant: options.Tenant = "",
) -> int:
    """Show the tasks a run would begin with, what they wait for, and what expands later.

    With --requests: the exact boto3 requests of every task known before the run, placeholders for what only a deployment
    or a run knows. Nothing outside this machine is read, unless --stack or --local names a deployment: its
    config/defaults.yaml counts then, and what its stack does not open to pipelines is refused, as in a run.

    For example:

        headrace plan pipeline.yaml --param samples=samples.csv --requests
    """
    reader = Reader()
    try:
        around = deployment.named(stack=stack, local=local, profile=profile, region=region, tenant=tenant)
        loaded = pipeline.load(spec, reader, around.directives)
        given = given_params.read(loaded.spec.params, param or (), params_file)
        found = checked.check(loaded, given, reader, around)
    except InvalidSpec as error:
        raise InvalidSpec(pipeline.shortened(error.problems)) from None
    shown.problems(pipeline.shortened(loaded.program.warnings), word="warning: ")
    if found.plan is None:
        raise AssertionError("a plan that is not lenient is a plan")
    if requests:
        _print_requests(found.plan, loaded.deployment)
    elif json_:
        shown.as_json(as_json(loaded, found.plan))
    else:
        _print_tasks(loaded, found.plan)
    return exit_codes.DONE


def as_json(loaded: pipeline.Pipeline, planned: ScopePlan) -> dict[str, Any]:
    """The plan as `--json` prints it."""
    program = loaded.program
    return {
        "name": loaded.name,
        "tasks": dict(planned.tasks),
        "items": list(planned.items()),
        "processes": {
            process.name: {
                "axes": list(process.axes),
                "after": sorted({need.process for need in process.needs}),
                "expands": [step.axis for step in process.path],
            }
            for process in program.processes.values()
        },
    }


def _print_tasks(loaded: pipeline.Pipeline, planned: ScopePlan) -> None:
    shown.table(("task", "waits for"), ((item["id"], _waits(item)) for item in planned.items()))
    shown.line()
    later = [process for process in loaded.program.processes.values() if process.path]
    for process in later:
        known = ", ".join(step.axis for step in process.path)
        shown.line(f"{process.name}: tasks are made in the run, when {known} is known")
    counts = Counter(planned.tasks)
    shown.line(f"{counts.total():,} tasks of {len(planned.tasks)} processes known before the run")


def _waits(item: Mapping[str, Any]) -> str:
    waits = [latch if count == 1 else f"{latch} ({count})" for latch, count in item.get("waits", {}).items()]
    if "turn" in item:
        waits.append(f"its turn ({item['turn'][1]} of {item['turn'][0]})")
    return ", ".join(waits)


def _print_requests(planned: ScopePlan, around: Mapping[str, Any]) -> None:
    """One JSON per line: `{"api": …, "task": …, "request": {…}}`; a definition that tasks share comes once."""
    registered: set[str] = set()
    for found in task_requests.requests(planned, around):
        if found.skipped:
            shown.note(f"{found.task}: no requests: {found.skipped}")
            continue
        if found.register and found.register["jobDefinitionName"] not in registered:
            registered.add(found.register["jobDefinitionName"])
            _print(("batch", "RegisterJobDefinition"), found.task, found.register)
        _print(("batch", "SubmitJob"), found.task, found.submit or {})
    for process in planned.layout.program.processes.values():
        if process.path:
            axes: Iterable[str] = (step.axis for step in process.path)
            shown.note(f"{process.name}: no requests: its tasks are made in the run, when {', '.join(axes)} is known")


def _print(api: tuple[str, str], task: str, request: Mapping[str, Any]) -> None:
    line = {"api": api[1], "task": task, "request": request}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
