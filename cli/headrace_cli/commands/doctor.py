"""`headrace doctor`: whether everything a run needs is there."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from headrace_cli import exit_codes, options, shown
from headrace_cli.doctor.findings import Finding, Status
from headrace_cli.target import Target, local_place, on_aws

Queue = Annotated[
    str,
    typer.Option("--queue", metavar="NAME", help="Look at this job queue too, the stack's or not.", show_default=False),
]
_STYLES = {Status.OK: "green", Status.PROBLEM: "red", Status.UNKNOWN: "yellow"}


def doctor(
    queue: Queue = "",
    json_: options.Json = False,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
) -> int:
    """Look at everything a run needs: credentials, stack, bucket, ledger, functions, roles, queues, alerts, quotas.

    Each line is `ok`, `problem` with what to do, or `not looked at` with the permission that is missing. Nothing is changed.
    Exit code 1: there is a problem. What was not looked at is none.

    For example:

        headrace doctor --queue spot
    """
    from headrace_cli.doctor.checks import findings
    from headrace_cli.doctor.gather import facts

    found = findings(facts(_place(local=local, profile=profile, region=region, stack=stack), queue))
    if json_:
        shown.as_json(
            [{"subject": each.subject, "status": each.status, "says": each.says, "fix": each.fix} for each in found]
        )
    else:
        for each in found:
            _say(each)
        count = Counter(each.status for each in found)
        shown.line(", ".join(f"{count[status]} {status}" for status in Status if count[status]))
    return exit_codes.PROBLEMS if any(each.status is Status.PROBLEM for each in found) else exit_codes.DONE


def _place(*, local: bool, profile: str | None, region: str | None, stack: str) -> Target:
    return local_place(stack) if local else on_aws(profile, region, stack)


def _say(each: Finding) -> None:
    shown.line(f"{each.status:<13}  {each.subject}: {each.says}", style=_STYLES[each.status])
    if each.fix and each.status is Status.PROBLEM:
        shown.line(f"{'':<13}  -> {each.fix}")
