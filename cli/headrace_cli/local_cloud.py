"""The local cloud of this checkout: started, and the template deployed to it, when a command needs it.

The template is the checkout's own, the very one that `sam deploy` takes. HEADRACE_TEMPLATE names another.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from headrace.core.errors import HeadraceError, Refused
from headrace_cli import logbook, shown
from headrace_cli.failures import MissingAws
from headrace_cli.target import complete, loopback_only

STACK = "headrace"


def checkout() -> Path:
    """The folder that holds template.yaml; Refused when there is none."""
    import headrace_local

    if named := os.environ.get("HEADRACE_TEMPLATE"):
        return Path(named).absolute().parent
    source = Path(headrace_local.__file__).resolve().parents[2]
    for folder in (source, Path.cwd(), *Path.cwd().parents):
        if (folder / "template.yaml").is_file() and (folder / "statemachines").is_dir():
            return folder
    raise MissingAws(
        "the local cloud deploys template.yaml, which is not here: run it in a checkout of Headrace, "
        "or name the file with HEADRACE_TEMPLATE",
        ways=False,
    )


def template() -> Path:
    """The template that is deployed."""
    named = os.environ.get("HEADRACE_TEMPLATE")
    return Path(named).absolute() if named else checkout() / "template.yaml"


def home() -> Path:
    """The folder of this checkout's cloud."""
    from headrace_local import home_of

    return home_of(checkout())


def ready(stack: str = STACK) -> tuple[str, Mapping[str, str]]:
    """Endpoint and outputs of the local stack, started and deployed when it is not there."""
    from headrace_local import find

    cloud = find(home())
    if cloud is not None:
        try:
            return cloud.endpoint, complete(stack, _outputs(cloud.endpoint, stack))
        except (MissingAws, Refused):
            logbook.log.info("the local cloud has no stack %s", stack)
    return up(stack)


def up(
    stack: str = STACK, *, vcpus: float | None = None, memory_mib: int | None = None, idle_s: float | None = None
) -> tuple[str, Mapping[str, str]]:
    """Start the cloud, deploy the template as it is now; endpoint and outputs."""
    from headrace_local import deploy, find, start

    place = home()
    if find(place) is None:
        shown.note("starting the local cloud …", style="dim")
    settings = {"vcpus": vcpus, "memory_mib": memory_mib, "idle_s": idle_s}
    try:
        with loopback_only():
            cloud = start(place, **{name: value for name, value in settings.items() if value is not None})  # type: ignore[arg-type]  # each has its type
            shown.note(f"deploying {template()} …", style="dim")
            outputs = deploy(cloud.endpoint, template(), stack)
    except HeadraceError as error:
        raise MissingAws(str(error), ways=False) from error
    for text in cloud.status().get("notes", ()):
        shown.note(text, style="dim")
    return cloud.endpoint, complete(stack, outputs)


def _outputs(endpoint: str, stack: str) -> Mapping[str, str]:
    from botocore.exceptions import ClientError

    from headrace_local.deployment import outputs

    try:
        with loopback_only():
            return outputs(endpoint, stack)
    except ClientError as error:
        raise Refused(str(error)) from error
