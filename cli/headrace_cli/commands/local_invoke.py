"""`headrace local invoke`: one deployed function, one payload."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.core.errors import InvalidValue, nearest
from headrace_cli import exit_codes, local_cloud, options, sample_events, shown
from headrace_cli.target import Target, reach

Function = Annotated[
    str, typer.Argument(metavar="FUNCTION", help="A function: prepare_task, prepare-task or PrepareTaskFunction.")
]
Event = Annotated[
    Path, typer.Argument(metavar="EVENT", help="A file with its payload, JSON; `-` reads standard input.")
]
Verbatim = Annotated[bool, typer.Option("--verbatim", help="Leave the payload's names as they are.")]


def invoke(
    function: Function, event: Event, verbatim: Verbatim = False, stack: options.Stack = local_cloud.STACK
) -> int:
    """Call a deployed function of the local cloud with a payload, and print what it answers.

    The payloads of `events/` speak of an example deployment: its bucket, region and state machines are replaced by the stack's.
    What a function fails with goes to standard error, and the exit code is 1.

    For example:

        headrace local invoke launch_run events/launch_run/pipeline_yaml.json
    """
    payload = _payload(event)
    target = reach(local=True, profile=None, region=None, stack=stack)
    if not verbatim:
        region = target.client("lambda").meta.region_name
        payload = sample_events.for_stack(payload, bucket=target.bucket, stack=stack, region=region)
    answer = target.client("lambda").invoke(FunctionName=_deployed(target, function), Payload=json.dumps(payload))
    told = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" not in answer:
        shown.as_json(told)
        return exit_codes.DONE
    shown.note(f"{told.get('errorType', 'the function broke')}: {told.get('errorMessage', told)}", style="red")
    for line in told.get("stackTrace", ()):
        shown.note(str(line).rstrip("\n"), style="dim")
    return exit_codes.PROBLEMS


def _payload(event: Path) -> Any:
    try:
        return json.loads(sys.stdin.read() if str(event) == "-" else event.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidValue(f"{event} cannot be read: {error.strerror}", expected="a file with a JSON payload") from None
    except ValueError as error:
        raise InvalidValue(f"{event} is not JSON: {error}") from None


def _deployed(target: Target, named: str) -> str:
    """The full name of a function by its folder, its own name or its logical id."""
    pages = target.client("lambda").get_paginator("list_functions").paginate()
    known = [str(each["FunctionName"]) for page in pages for each in page["Functions"]]
    prefix = f"{target.stack}-"
    short = {name.removeprefix(prefix): name for name in known if name.startswith(prefix)}
    wanted = "".join(f"-{char.lower()}" if char.isupper() else char for char in named.removesuffix("Function"))
    wanted = wanted.lstrip("-").replace("_", "-").removeprefix(prefix)
    if wanted not in short:
        raise InvalidValue(
            f"the stack {target.stack} has no function {named!r}",
            expected=f"one of {', '.join(sorted(each.replace('-', '_') for each in short))}",
            hint=nearest(wanted.replace("-", "_"), [each.replace("-", "_") for each in short]),
        )
    return short[wanted]
