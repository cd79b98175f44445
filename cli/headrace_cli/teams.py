"""Whose a command works for, where several teams share a stack (docs/teams.md): said with `--tenant`, or known from a run's id.

The stack's parameter TenantRoles tells which teams there are. A name that is none of them is refused before anything is uploaded,
and without saying which there are: who may run this need not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.aws.team_s3 import team_s3
from headrace.core import tenancy
from headrace.core.errors import InvalidValue, shown
from headrace.core.tenancy import Reach, Teams
from headrace_cli.target import Target


def of_stack(target: Target) -> Teams:
    """The teams that share the stack; none: it is one team's."""
    return tenancy.teams(target.parameters.get("TenantRoles", ""))


def check(target: Target, tenant: str) -> str:
    """The team that is said, or none; InvalidValue when the stack has no such team, or none at all."""
    known = of_stack(target)
    if tenant and not known:
        raise InvalidValue(
            f"the stack {target.stack} is one team's: there is no team {shown(tenant)}", hint="Leave --tenant out"
        )
    if tenant and tenant not in known:
        raise InvalidValue(
            f"the stack {target.stack} has no team {shown(tenant)}", expected="a team of its parameter TenantRoles"
        )
    return tenant


def needed(target: Target, tenant: str) -> str:
    """The team that is said, which has to be where teams share the stack; InvalidValue."""
    if not tenant and of_stack(target):
        raise InvalidValue(
            f"several teams share the stack {target.stack}: say for which with --tenant NAME, "
            "or HEADRACE_TENANT in the environment"
        )
    return check(target, tenant)


def of_run(target: Target, run: str) -> str:
    """Whose a run is, by its id or the beginning of it; empty where no teams share the stack."""
    return tenancy.tenant_of_run(run, of_stack(target))


@contextmanager
def whose(target: Target, tenant: str) -> Iterator[None]:
    """Say what to do when a team's people, whose policy is for their runs alone, ask for those of all."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if tenant or error.response["Error"]["Code"] != "AccessDeniedException" or not of_stack(target):
            raise
        raise InvalidValue(
            "these credentials may not read the runs of all teams", hint="say whose: --tenant NAME"
        ) from None


def reach(target: Target) -> Reach | None:
    """What may be read and written for the team the command works for; None without one."""
    if not target.tenant:
        return None
    return Reach(target.tenant, target.bucket, target.parameters.get("AllowedWriteBuckets", ""))


def s3(target: Target) -> Any:
    """S3 for what a pipeline names: it refuses what is not the team's, as the launch would."""
    return team_s3(target.client("s3"), reach(target))
