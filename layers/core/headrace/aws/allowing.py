"""What the stack's parameters let pipelines ask for, as the functions that refuse are told."""

from __future__ import annotations

from headrace.aws.launching import Loaded
from headrace.aws.settings import AllowingSettings
from headrace.core import allowed, deployment_defaults, team_places, tenancy
from headrace.core.allowed import Allowed, listed
from headrace.core.errors import InvalidSpec
from headrace.core.team_wishes import Team
from headrace.core.tenancy import Reach, Teams


def teams_of(settings: AllowingSettings) -> Teams:
    """The teams that part the deployment; none: it is one team's."""
    return tenancy.teams(settings.tenant_roles)


def reach_of(settings: AllowingSettings, tenant: str) -> Reach | None:
    """What may be read and written for a team; None without one, where nothing is parted."""
    return Reach(tenant, settings.bucket, settings.allowed_write_buckets) if tenant else None


def allowed_of(settings: AllowingSettings, reach: Reach | None = None) -> Allowed:
    """The parameters, from the variables of the function, for the team with this reach."""
    team = Team(reach, teams_of(settings), settings.execution_role) if reach else None
    return Allowed(
        privileged=settings.allow_privileged == "yes",
        images=listed(settings.allowed_images),
        definitions=listed(settings.allowed_definitions),
        roles=listed(settings.allowed_roles),
        host_paths=listed(settings.allowed_host_paths),
        team=team,
    )


def check_program(loaded: Loaded, settings: AllowingSettings, reach: Reach | None = None) -> None:
    """InvalidSpec with everything a launch asks for literally and may not have; `reach`: as one team's."""
    kept = deployment_defaults.from_kept(loaded.deployment)
    problems = allowed.of_program(loaded.program, kept, loaded.request.process, allowed_of(settings, reach))
    if reach:
        problems += team_places.refused(loaded.program, loaded.params, reach)
    if problems:
        raise InvalidSpec(problems)
