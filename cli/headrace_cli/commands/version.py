"""`headrace version`."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from headrace_cli import exit_codes, installed, options, shown, versions
from headrace_cli.failures import MissingAws
from headrace_cli.target import reach

Client = Annotated[bool, typer.Option("--client", help="Only of the command: asks nobody.")]


def version(
    client: Client = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """Print the version of the command and of the stack, whether they fit, and what to do when they do not.

    Without credentials, a region or a stack only that of the command is printed. Exit code 1: they do not fit.

    For example:

        headrace version --stack headrace-dev
    """
    ours = installed.version()
    theirs, why = (None, "") if client else _of_stack(local=local, profile=profile, region=region, stack=stack)
    if not json_:
        shown.line(f"headrace {ours}, Python {platform.python_version()}")
    if theirs is None:
        if json_:
            shown.as_json({"client": ours, "stack": None})
        elif why:
            shown.note(f"stack: not looked at ({why})")
        return exit_codes.DONE
    found = versions.compare(ours, theirs)
    if json_:
        told = {"client": ours, "stack": theirs or None, "relation": found.relation, "fits": found.fits}
        shown.as_json({**told, "says": found.says, "advice": found.advice})
    else:
        shown.line(f"stack {stack} {theirs or '(no version)'}")
        shown.line(f"{found.says}{'. ' + found.advice if found.advice else ''}", style="" if found.fits else "red")
    return exit_codes.DONE if found.fits else exit_codes.PROBLEMS


def _of_stack(*, local: bool, profile: str | None, region: str | None, stack: str) -> tuple[str | None, str]:
    """The stack's version, empty when it says none; None and why when it was not looked at."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return reach(local=local, profile=profile, region=region, stack=stack).outputs.get("Version", ""), ""
    except (MissingAws, BotoCoreError, ClientError) as error:
        return None, str(error)
