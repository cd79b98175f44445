"""Checks of the caller, the region, the clock and the stack itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from headrace_cli import versions
from headrace_cli.doctor.facts import Denied, Facts, Nobody, Stack, Unanswered
from headrace_cli.doctor.findings import Finding, of_known, ok, problem, unknown

SKEW_S: Final = 300
"""AWS refuses requests whose time is further off (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)."""
_NEAR_S: Final = 30
_WHOLE: Final = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"}
)


def credentials(facts: Facts) -> Iterator[Finding]:
    """Somebody is known to AWS."""
    who = facts.caller
    if isinstance(who, Denied | Unanswered):
        yield unknown("credentials", who)
    elif isinstance(who, Nobody):
        fix = "--profile NAME, AWS_PROFILE, `aws sso login`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or --local"
        yield problem("credentials", who.why, fix)
    elif who.arn.endswith(":root"):
        fix = "Make a user or role of your own: `headrace policy user launch` prints what it needs"
        yield problem("credentials", f"you are the root user of the account {who.account}", fix)
    else:
        yield ok("credentials", f"{who.arn}, account {who.account}")


def region(facts: Facts) -> Iterator[Finding]:
    """There is a region, and AWS Batch is in it."""
    if not facts.region:
        yield problem("region", "none is set", "Give --region, AWS_REGION, or `region` of the profile")
    elif facts.regions and facts.region not in facts.regions:
        fix = f"Is the name right? AWS Batch is known to be in {', '.join(sorted(facts.regions))}"
        yield problem("region", f"AWS Batch is not known to be in {facts.region!r}", fix)
    else:
        yield ok("region", facts.region)


def clock(facts: Facts) -> Iterator[Finding]:
    """The clock here is near AWS's."""

    def look(ahead_s: float) -> Iterator[Finding]:
        if abs(ahead_s) < _NEAR_S:
            yield ok("clock", f"{abs(ahead_s):.0f} s from AWS's")
            return
        word = "ahead of" if ahead_s > 0 else "behind"
        so = "AWS refuses such requests" if abs(ahead_s) >= SKEW_S else f"from {SKEW_S} s on AWS refuses requests"
        yield problem(
            "clock", f"it is {abs(ahead_s):.0f} s {word} AWS's; {so}", "Switch on NTP: `timedatectl set-ntp true`"
        )

    return of_known("clock", facts.clock, look)


def stack(facts: Facts) -> Iterator[Finding]:
    """The stack is there and whole."""

    def look(found: Stack | None) -> Iterator[Finding]:
        if found is None:
            fix = "Deploy it: `sam build && sam deploy --guided`; or name another with --stack, --region or --profile"
            yield problem("stack", f"there is none of that name in {facts.region}", fix)
        elif found.lacks:
            fix = "Name a stack that was deployed from Headrace's template: --stack"
            yield problem(
                "stack", f"{found.name} has no output {', '.join(found.lacks)}: it is no stack of Headrace", fix
            )
        elif found.status in _WHOLE:
            yield ok("stack", f"{found.name}, {found.status}")
        elif found.status.endswith("_IN_PROGRESS"):
            yield problem(
                "stack", f"{found.name} is changing: {found.status}", "Wait until it has changed, then look again"
            )
        else:
            why = f": {found.reason}" if found.reason else ""
            fix = f"See why: `aws cloudformation describe-stack-events --stack-name {found.name}`; then deploy again"
            yield problem("stack", f"{found.name} is {found.status}{why}", fix)

    return of_known("stack", facts.stack, look)


def parts(facts: Facts) -> Iterator[Finding]:
    """Everything the template names was made."""

    def look(statuses: Mapping[str, str]) -> Iterator[Finding]:
        if broken := [f"{name} ({status})" for name, status in statuses.items() if status.endswith("_FAILED")]:
            yield problem("stack resources", f"not made or not changed: {', '.join(broken)}", "Deploy the stack again")
        else:
            yield ok("stack resources", f"{len(statuses)}")

    if isinstance(facts.stack, Stack):
        yield from of_known("stack resources", facts.parts, look)


def version(facts: Facts) -> Iterator[Finding]:
    """Command and stack fit together."""

    def look(found: Stack | None) -> Iterator[Finding]:
        if found is None:
            return
        compared = versions.compare(facts.client_version, found.version)
        if compared.fits:
            yield ok("version", compared.says)
        else:
            yield problem("version", compared.says, compared.advice)

    return of_known("version", facts.stack, look)
