"""`headrace run`: check, upload, start, follow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from headrace.core.errors import InvalidSpec
from headrace.core.locations import is_uri
from headrace_cli import (
    checked,
    deployment,
    exit_codes,
    following,
    given_params,
    launch,
    options,
    pipeline,
    run_ended,
    shown,
    teams,
    uploading,
)
from headrace_cli.deployment import Deployment
from headrace_cli.launch import Launched
from headrace_cli.local_files import Reader
from headrace_cli.target import Target, reach

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A pipeline file (path or s3:// URI), or name[@version] of a pipeline of the stack."
    ),
]
Name = Annotated[
    str, typer.Option("--name", metavar="NAME", help="A name for the run; its id begins with it.", show_default=False)
]
Outdir = Annotated[
    str, typer.Option("--outdir", metavar="URI", help="Where publishDir puts results.", show_default=False)
]
WorkDir = Annotated[
    str, typer.Option("--work-dir", metavar="URI", help="Where tasks work: s3://bucket/folder.", show_default=False)
]
Detach = Annotated[bool, typer.Option("--detach", help="Start it, print its id, and do not follow.")]


def run(
    spec: Spec,
    param: options.Params = None,
    params_file: options.ParamsFile = None,
    name: Name = "",
    outdir: Outdir = "",
    work_dir: WorkDir = "",
    detach: Detach = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Run a pipeline: check it, upload the files it names, start it and follow it to its end.

    A relative path is relative to who says it: the spec, the table, the params file, or (for --param) the folder you are in.
    Files that did not change are not uploaded twice. Ctrl-C detaches; the run goes on. Where teams share the stack, --tenant says
    whose run it is.

    For example:

        headrace run pipeline.yaml --param samples=samples.csv --local
    """
    if _on_this_machine(spec):
        # What is wrong whatever the deployment says is said before anything else is asked for.
        _checked(spec, param, params_file, Reader(), None)
    target = reach(local=local, profile=profile, region=region, stack=stack)
    target.tenant = teams.needed(target, tenant)
    launch.check_places(target, work_dir, outdir)
    reader = Reader(lambda: teams.s3(target))
    found = _checked(place_of(spec, target), param, params_file, reader, deployment.of(target))
    launched = start(target, found, {"name": name, "outdir": outdir, "workDir": work_dir})
    if detach:
        shown.line(launched.epoch.run)
        return exit_codes.DONE
    return follow(target, launched)


def _checked(
    spec: str, param: list[str] | None, params_file: Path | None, reader: Reader, around: Deployment | None
) -> checked.Checked:
    try:
        loaded = pipeline.load(spec, reader, (around or deployment.unknown()).directives)
        given = given_params.read(loaded.spec.params, param or (), params_file)
        lenient = reader.s3 is None and not given_params.missing(loaded.spec.params, given)
        return checked.check(loaded, given, reader, around, lenient=lenient)
    except InvalidSpec as error:
        raise InvalidSpec(pipeline.shortened(error.problems)) from None


def _on_this_machine(spec: str) -> bool:
    may_be_name = "/" not in spec and not spec.endswith((".yaml", ".yml", ".json"))
    return not is_uri(spec) and (Path(spec).exists() or not may_be_name)


def place_of(spec: str, target: Target) -> str:
    """Where a pipeline is: of this machine, by its URI, or the URI of one of the stack that is named."""
    if is_uri(spec) or _on_this_machine(spec):
        return spec
    from headrace.aws.launching import pipeline_uri
    from headrace.core import yaml_source
    from headrace.core.launch_request import read_launch

    request = read_launch(yaml_source.read(f'{{"pipeline": {_quoted(spec)}}}', "the command line")).request
    if request is None or request.pipeline is None:
        raise AssertionError("a request with a pipeline was read without")
    return pipeline_uri(teams.s3(target), target.bucket, request.pipeline)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)


def start(target: Target, found: checked.Checked, said: dict[str, Any]) -> Launched:
    """Upload what a checked pipeline names, and ask for the run."""
    shown.problems(pipeline.shortened(found.pipeline.program.warnings), word="warning: ")
    for text in found.named.unknown:
        shown.note(f"not uploaded, because it is known only in the run: {text}", style="yellow")
    try:
        request, uploads = launch.prepare(found, target, {key: value for key, value in said.items() if value})
        objects = uploading.missing(target.client("s3"), uploads)
        with _sending(objects) as sent:
            return launch.send(target, request, uploads, objects, sent)
    except InvalidSpec as error:
        raise InvalidSpec(pipeline.shortened(error.problems)) from None
    except KeyboardInterrupt:
        shown.note("stopped before the run was asked for; nothing was started")
        raise


@contextlib.contextmanager
def _sending(objects: dict[str, Path | bytes]) -> Iterator[Callable[[int], None]]:
    total = sum(uploading.size(content) for content in objects.values())
    what = f"uploading {len(objects)} file{'s' if len(objects) != 1 else ''}, {total:,} bytes"
    if not objects or not shown.is_terminal():
        if objects:
            shown.note(what)
        yield lambda _bytes: None
        return
    columns = (TextColumn("uploading"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=shown.console(error=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def follow(target: Target, launched: Launched) -> int:
    """Follow a run that was asked for to its end; the exit code it means."""
    run_id, flags = launched.epoch.run, target.flags
    try:
        shown.line(run_id)
        ended = following.follow(target, launched)
    except KeyboardInterrupt:
        shown.note(f"detached; {run_id} goes on. Look again: headrace status {run_id}{flags}")
        return exit_codes.DETACHED
    except following.RefusedLaunch as refused:
        shown.note(str(refused), style="red")
        return exit_codes.WRONG_INPUT
    return run_ended.say(target, ended)
