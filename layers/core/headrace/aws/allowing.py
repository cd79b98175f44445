"""What the stack's parameters let pipelines ask for, as the functions that refuse are told."""

from __future__ import annotations

from headrace.aws.launching import Loaded
from headrace.aws.settings import AllowingSettings
from headrace.core import allowed, deployment_defaults
from headrace.core.allowed import Allowed, listed
from headrace.core.errors import InvalidSpec


def allowed_of(settings: AllowingSettings) -> Allowed:
    """The parameters, from the variables of the function."""
    return Allowed(
        privileged=settings.allow_privileged == "yes",
        images=listed(settings.allowed_images),
        definitions=listed(settings.allowed_definitions),
        roles=listed(settings.allowed_roles),
        host_paths=listed(settings.allowed_host_paths),
    )


def check_program(loaded: Loaded, settings: AllowingSettings) -> None:
    """InvalidSpec with everything a launch asks for literally and may not have."""
    kept = deployment_defaults.from_kept(loaded.deployment)
    if problems := allowed.of_program(loaded.program, kept, loaded.request.process, allowed_of(settings)):
        raise InvalidSpec(problems)
