"""`headrace clean definitions`: the job definitions of a stack that nobody needs any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from headrace.aws import batch, ledger
from headrace.core import definition_cleanup, units
from headrace.core.definition_cleanup import Registered
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace_cli import exit_codes, options, shown
from headrace_cli.target import Target, reach

Unused = Annotated[str, typer.Option("--unused", metavar="TIME", help="How long a definition must have rested.")]
Yes = Annotated[bool, typer.Option("--yes", help="Deregister them; without it they are only listed.")]
_DAY_S = 86_400


def definitions(
    unused: Unused = "30d",
    yes: Yes = False,
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """List job definitions of the stack that no live job names and that were not used for a while; with --yes, deregister them.

    A task that needs one of them again registers it anew.

    For example:

        headrace clean definitions --unused 30d --yes
    """
    days = _days(unused)
    target = reach(local=local, profile=profile, region=region, stack=stack)
    found = _unused(target, days)
    if json_:
        shown.as_json([_as_json(each) for each in found])
    elif found:
        shown.table(("definition", "last used"), ((each.arn.rsplit("/", 1)[-1], each.last) for each in found))
    if not found:
        shown.note(f"no job definition of {stack} was unused for {days} days")
    elif not yes:
        shown.note(f"{len(found)} unused; nothing was changed: --yes deregisters them")
    else:
        for each in found:
            # The ledger first: whoever looks between the two registers anew instead of using what is about to go.
            ledger.forget_job_definition(target.table, each.name, each.arn)
            target.client("batch").deregister_job_definition(jobDefinition=each.arn)
        shown.note(f"{len(found)} deregistered")
    return exit_codes.DONE


def _unused(target: Target, days: int) -> list[Registered]:
    client = target.client("batch")
    ours = [each for said in batch.definitions(client) if (each := definition_cleanup.registered(said))]
    ours = [each for each in ours if each.stack == target.stack]
    used = ledger.definitions_used(target.table, [each.name for each in ours])
    known = [_with_use(each, *used.get(each.name, ("", ""))) for each in ours]
    today = datetime.now(UTC).date()
    # Asked last: a job submitted meanwhile was prepared meanwhile, so its definition has today as its day.
    live = batch.definitions_in_use(client)
    return definition_cleanup.unused(known, live, stack=target.stack, today=today, days=days)


def _with_use(each: Registered, arn: str, day: str) -> Registered:
    """The ledger's day is that of the revision it names; a twin of it was never used."""
    return Registered(each.name, each.arn, each.stack, each.created, day) if arn == each.arn else each


def _days(text: str) -> int:
    try:
        return units.duration_s(text) // _DAY_S
    except InvalidValue as error:
        raise InvalidSpec([Problem("--unused", error.message, text, error.expected, error.hint)]) from None


def _as_json(each: Registered) -> dict[str, Any]:
    return {"arn": each.arn, "created": each.created or None, "used": each.used or None}
