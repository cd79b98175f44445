"""`headrace resume`: go on with a run that is over, in a new epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.locations import is_uri
from headrace.core.records import RunRecord
from headrace_cli import (
    checked,
    deployment,
    exit_codes,
    following,
    given_params,
    launch,
    options,
    pipeline,
    resuming,
    runs_named,
    shown,
    teams,
)
from headrace_cli.commands import run as running
from headrace_cli.content_address import Uploads
from headrace_cli.launch import Launched
from headrace_cli.local_files import Reader
from headrace_cli.resuming import Earlier
from headrace_cli.target import Target, reach

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or `last`.")]
Spec = Annotated[
    str,
    typer.Argument(
        metavar="[SPEC]", help="The pipeline as it is now, when it was edited; else the run's own.", show_default=False
    ),
]


def resume(
    run: Run,
    spec: Spec = "",
    param: options.Params = None,
    params_file: options.ParamsFile = None,
    detach: running.Detach = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Go on with a run that failed, was cancelled, or whose spec was edited: only what is not done yet runs again.

    Without SPEC the run's own pipeline and params hold. With SPEC, what was said when it was started (params, --outdir,
    --work-dir) holds unless it is given again; what the change does not reach is found done. Ctrl-C detaches.

    For example:

        headrace resume last pipeline.yaml
    """
    if spec and not is_uri(spec) and Path(spec).exists():
        _readable(spec)  # what is wrong on this machine is said before anything else is asked for
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run, tenant)
    target.tenant = teams.of_run(target, record.epoch.run)
    resuming.check_concluded(record, target.flags)
    known = resuming.earlier(target, record)
    if spec or param or params_file:
        launched = _changed(target, record, known, spec, param, params_file)
    elif resuming.was_planned(target, record):
        launched = launch.send(
            target, {"resume": record.epoch.run}, Uploads(target.bucket, target.tenant), {}, lambda _bytes: None
        )
    else:
        raise InvalidValue(
            f"{record.epoch.run} was never planned: there is nothing to go on with",
            hint="name the spec: `headrace resume RUN SPEC`",
        )
    if detach:
        shown.line(record.epoch.run)
        return exit_codes.DONE
    try:
        epoch = resuming.epoch_of(target, record.epoch.run, launched)
    except KeyboardInterrupt:
        shown.note(f"detached; look again: headrace status {record.epoch.run}{target.flags}")
        return exit_codes.DETACHED
    except following.RefusedLaunch as refused:
        shown.note(str(refused), style="red")
        return exit_codes.WRONG_INPUT
    return running.follow(target, Launched(epoch, launched.key))


def _readable(spec: str) -> None:
    try:
        pipeline.load(spec, Reader(), deployment.unknown().directives)
    except InvalidSpec as error:
        raise InvalidSpec(pipeline.shortened(error.problems)) from None


def _changed(
    target: Target,
    record: RunRecord,
    known: Earlier | None,
    spec: str,
    param: list[str] | None,
    params_file: Path | None,
) -> Launched:
    """Ask for an epoch with another spec or other params, checked as `run` checks them."""
    place = running.place_of(spec, target) if spec else resuming.pipeline_of(target, known, record.epoch.run)
    try:
        found = _checked(target, place, known, param, params_file)
    except InvalidSpec as error:
        raise InvalidSpec(pipeline.shortened(error.problems)) from None
    said: dict[str, Any] = {**(known.said if known else {}), "resume": record.epoch.run}
    launch.check_places(target, str(said.get("workDir", "")), str(said.get("outdir", "")))
    return running.start(target, found, said)


def _checked(
    target: Target, place: str, known: Earlier | None, param: list[str] | None, params_file: Path | None
) -> checked.Checked:
    reader = Reader(lambda: teams.s3(target))
    around = deployment.of(target)
    loaded = pipeline.load(place, reader, around.directives, known.process if known else None)
    declared = loaded.spec.params
    given = given_params.read(declared, param or (), params_file)
    kept = resuming.inherited(declared, known, given) if known else {}
    if kept:
        shown.note(f"params as before: {', '.join(kept)}", style="dim")
    if gone := sorted(known.params.keys() - declared.keys()) if known else []:
        shown.note(f"no params any more: {', '.join(gone)}", style="yellow")
    return checked.check(loaded, {**kept, **given}, reader, around)
