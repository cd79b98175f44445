"""`headrace check`: is this pipeline right? Needs no credentials, stack or network, but for `--against` and a deployment named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from headrace.core.errors import InvalidSpec
from headrace.core.plan import ScopePlan
from headrace_cli import against as compared_with
from headrace_cli import checked, deployment, exit_codes, given_params, options, pipeline, shown
from headrace_cli.local_files import Reader

Against = Annotated[
    str,
    typer.Option(
        "--against", metavar="QUEUE", help="Compare tasks with the machines of this job queue.", show_default=False
    ),
]


def check(
    spec: options.SpecPlace,
    param: options.Params = None,
    params_file: options.ParamsFile = None,
    against: Against = "",
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.OwnStack = "",
    tenant: options.Tenant = "",
) -> int:
    """Check a pipeline: names, types, axes, cycles, container options, sizes; every problem at once.

    With its params it is planned too, and the Batch requests of its tasks are tried. Nothing outside this machine is read,
    unless --stack or --local names a deployment: its config/defaults.yaml counts then, and what its stack does not open to
    pipelines is refused, as in a run.

    --against asks AWS whether the queue is there and has machines for the tasks; tasks that name queues of their own are compared
    with those.

    For example:

        headrace check pipeline.yaml --param samples=samples.csv --against spot
    """
    reader = Reader()
    try:
        around = deployment.named(stack=stack, local=local, profile=profile, region=region, tenant=tenant)
        loaded = pipeline.load(spec, reader, around.directives)
        given = given_params.read(loaded.spec.params, param or (), params_file)
        found = checked.check(loaded, given, reader, around, lenient=True)
    except InvalidSpec as error:
        problems = pipeline.shortened(error.problems)
        shown.problems(problems)
        shown.note(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}")
        return exit_codes.WRONG_INPUT
    shown.problems(pipeline.shortened(loaded.program.warnings), word="warning: ")
    _raws(loaded)
    for text in found.notes:
        shown.line(f"note: {text}")
    for text in found.unchecked:
        shown.line(f"not checked: {text}")
    whole = deployment.stack_or_default(stack)
    if against and not (stack or local):
        shown.note("no deployment's config/defaults.yaml counts: --stack names one")
    if against and not _fits(
        found.plan, around.directives, against, local=local, profile=profile, region=region, stack=whole
    ):
        return exit_codes.WRONG_INPUT
    processes = len(loaded.program.processes)
    tasks = "" if found.plan is None else f", {found.plan.size:,} known task{'s' if found.plan.size != 1 else ''}"
    shown.line(f"{spec} is right: {processes} process{'es' if processes != 1 else ''}{tasks}")
    return exit_codes.DONE


def _fits(
    plan: ScopePlan | None,
    around: Mapping[str, Any],
    queue: str,
    *,
    local: bool,
    profile: str | None,
    region: str | None,
    stack: str,
) -> bool:
    """Whether the queues could run every task known now; says what they could not."""
    if plan is None:
        shown.line(f"not checked: the queue {queue}, because the tasks are not known without all params")
        return True
    found = compared_with.compare(plan, around, queue, local=local, profile=profile, region=region, stack=stack)
    if found.problems:
        shown.problems(found.problems)
        shown.note(f"{len(found.problems)} problem{'s' if len(found.problems) != 1 else ''}")
        return False
    shown.line(
        f"fits: {found.demands} kind{'s' if found.demands != 1 else ''} of task on {found.queues} queue{'s' if found.queues != 1 else ''}"
    )
    return True


def _raws(loaded: pipeline.Pipeline) -> None:
    """Every place where a value goes into a script as it is, and what is dubious in scripts."""
    for namespace in loaded.program.namespaces.values():
        for process in namespace.spec.processes.values():
            if process.script is None:
                continue
            path = f"{process.path}.script"
            for finding in process.script.raws():
                problem = namespace.spec.problem(path, finding.message, within=finding.line, hint=finding.hint)
                shown.line(f"raw: {pipeline.shortened((problem,))[0]}")
            for finding in process.script.warnings():
                problem = namespace.spec.problem(path, finding.message, within=finding.line, hint=finding.hint)
                shown.problems(pipeline.shortened((problem,)), word="warning: ")
