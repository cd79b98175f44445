"""What a team's tasks may ask for beside the places they read: roles, secrets, definitions, shares, queues, targets, log streams.

It is asked with `allowed`: of what a pipeline says literally when it is launched, of every task when it is prepared. Each wish is
the team's own by its name: a role by the list of TenantRoles, everything else by the tenant it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from headrace.core import tenancy
from headrace.core.container_options import ContainerOptions
from headrace.core.definition_reference import definition_reference
from headrace.core.directives import TaskDirectives
from headrace.core.errors import InvalidValue, Problem, shown
from headrace.core.locations import is_uri
from headrace.core.tenancy import Reach, Teams

NAMES: Final = ("secrets", "shareIdentifier", "queue", "publishDir")
"""The directives looked at here that `allowed` does not look at anyway."""

_OURS: Final = "hr-"  # definitions that prepare_task registers, of every team
_PREFIX_OPTION: Final = "awslogs-stream-prefix"
_SECRET: Final = re.compile(
    r"(?:secretsmanager:)?(?:arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:)?(?P<name>.+)", re.DOTALL
)
_PARAMETER: Final = re.compile(r"(?:ssm:)?(?:arn:[^:]+:ssm:[^:]*:[^:]*:parameter(?=/))?(?P<name>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Team:
    """Who asks. `execution_role` is the stack's: it fetches secrets of all teams, so no job may have it as its own."""

    reach: Reach
    teams: Teams
    execution_role: str = ""

    @property
    def tenant(self) -> str:
        """Its name."""
        return self.reach.tenant

    @property
    def roles(self) -> tuple[str, ...]:
        """Its own job roles."""
        return tuple(self.teams.get(self.tenant, ()))


def refused(process: str, said: TaskDirectives, options: ContainerOptions, team: Team) -> Iterator[Problem]:
    """What these directives ask for that is not this team's."""
    place = f"processes.{process}"
    yield from _roles(place, said, team)
    yield from _secrets(place, said, team.tenant)
    yield from _definition(place, said, team.tenant)
    yield from _lines(place, said, team)
    yield from _targets(place, said, team.reach)
    for option in options.log_options:
        if option.name == _PREFIX_OPTION and option.value != team.tenant:
            yield Problem(
                f"{place}.containerOptions",
                f"jobs of {team.tenant} may not log under {shown(option.value)}",
                expected=f"{_PREFIX_OPTION}={team.tenant}, which they have anyway",
            )


def _roles(place: str, said: TaskDirectives, team: Team) -> Iterator[Problem]:
    """Whatever AllowedRoles says: never a role of another team, and never the one that fetches everybody's secrets."""
    others = {_identity(arn) for tenant, arns in team.teams.items() if tenant != team.tenant for arn in arns}
    stacks = {_identity(team.execution_role)} if team.execution_role else set()
    for name, role, closed in (
        ("jobRole", said.job_role, others | stacks),
        ("executionRole", said.execution_role, others),
    ):
        if role and _identity(role) in closed:
            yield Problem(
                f"{place}.{name}",
                f"jobs of {team.tenant} may not have the role {shown(role)}",
                expected=f"a role of {team.tenant}, or one that AllowedRoles opens",
            )


def _identity(arn: str) -> tuple[str, str]:
    """What IAM knows a role by: account and name, which has no case; its path is no part of it."""
    account = (arn.split(":") + [""] * 5)[4]
    return account, arn.rpartition("/")[2].lower()


def _secrets(place: str, said: TaskDirectives, tenant: str) -> Iterator[Problem]:
    named = [(f"{place}.secrets.{name}", reference) for name, reference in said.secrets.items()]
    if said.container and said.container.credentials:
        named.append((f"{place}.container.credentials", said.container.credentials))
    for where, reference in named:
        if not _is_secret_of(reference, tenant):
            # Not shown: what is no reference may be the secret itself.
            yield Problem(
                where,
                f"this secret is not one of {tenant}",
                expected=f"secretsmanager:{tenant}/…, ssm:/{tenant}/…, or the ARN of one that is named so",
            )


def _is_secret_of(reference: str, tenant: str) -> bool:
    if reference.startswith("ssm:") or ":ssm:" in reference:
        found, beginning = _PARAMETER.fullmatch(reference), f"/{tenant}/"
    else:
        found, beginning = _SECRET.fullmatch(reference), f"{tenant}/"
    name = found["name"] if found else ""
    return name.startswith(beginning) and ".." not in name.split("/")


def _definition(place: str, said: TaskDirectives, tenant: str) -> Iterator[Problem]:
    try:
        reference = definition_reference(said.container.image) if said.container else None
    except InvalidValue:  # said when the task is prepared
        return
    if reference is None:
        return
    name = reference.name.rpartition("/")[2]
    if not name.startswith(f"{tenant}-") or name.startswith(_OURS):
        yield Problem(
            f"{place}.container",
            f"the job definition {shown(reference.name)} is not one of {tenant}",
            expected=f"one whose name begins with {tenant}-",
        )


def _lines(place: str, said: TaskDirectives, team: Team) -> Iterator[Problem]:
    """Shares and queues: names that begin with a team's are that team's."""
    share = said.share_identifier
    if share and _owner(share, team.teams) != team.tenant:
        yield Problem(
            f"{place}.shareIdentifier",
            f"the share {shown(share)} is not one of {team.tenant}",
            expected=f"{team.tenant}, or a name that begins so",
        )
    for queue in said.queues:
        tenant, dash, _ = queue.rpartition("/")[2].partition("-")
        if dash and tenant in team.teams and tenant != team.tenant:
            yield Problem(
                f"{place}.queue",
                f"the queue {shown(queue)} is not for {team.tenant}",
                expected="a queue whose name does not begin with another team's",
            )


def _owner(share: str, teams: Teams) -> str:
    """The team with the longest name that a share begins with: `genomics2` is not `genomics`'s where both are teams."""
    return max((tenant for tenant in teams if share.startswith(tenant)), key=len, default="")


def _targets(place: str, said: TaskDirectives, reach: Reach) -> Iterator[Problem]:
    for target in said.publish:
        if is_uri(target.path):
            try:
                tenancy.check_results(target.path, reach)
            except InvalidValue as error:
                yield Problem(f"{place}.publishDir", error.message, expected=error.expected)
