"""`headrace local …`: the local cloud by hand."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from headrace_cli import exit_codes, local_cloud, options, shown

Vcpus = Annotated[float | None, typer.Option("--vcpus", min=0.25, help="vCPUs of its compute environment.")]
Memory = Annotated[int | None, typer.Option("--memory", metavar="MIB", min=64, help="Memory of it, in MiB.")]
Idle = Annotated[
    float | None, typer.Option("--idle", metavar="MINUTES", min=0.1, help="End after so long without work.")
]


def up(vcpus: Vcpus = None, memory: Memory = None, idle: Idle = None, stack: options.Stack = local_cloud.STACK) -> int:
    """Start the local cloud and deploy template.yaml to it; deploy again when it runs.

    It runs in the background on 127.0.0.1, is found by later commands, and ends after 30 idle minutes or `local down`.

    For example:

        headrace local up --vcpus 4
    """
    endpoint, outputs = local_cloud.up(
        stack, vcpus=vcpus, memory_mib=memory, idle_s=None if idle is None else idle * 60
    )
    shown.line(f"endpoint  {endpoint}")
    for name, value in outputs.items():
        shown.line(f"{name}  {value}")
    return exit_codes.DONE


def down() -> int:
    """End the local cloud with everything it started. Nothing in it survives: buckets, runs and logs are kept in memory.

    For example:

        headrace local down
    """
    from headrace_local import stop

    shown.line("the local cloud is down" if stop(local_cloud.home()) else "no local cloud was running")
    return exit_codes.DONE


def status(json_: options.Json = False) -> int:
    """Say whether the local cloud runs, where, what it is doing, and what of the template it only records.

    For example:

        headrace local status
    """
    from headrace_local import find

    place = local_cloud.home()
    cloud = find(place)
    if cloud is None:
        shown.as_json({"running": False, "home": str(place)}) if json_ else shown.line("no local cloud is running")
        return exit_codes.DONE
    told = cloud.status()
    if json_:
        shown.as_json({"running": True, **told})
        return exit_codes.DONE
    for name in ("endpoint", "pid", "home", "vcpus", "memoryMiB", "executions", "jobs", "invocations"):
        shown.line(f"{name}  {told.get(name)}")
    recorded = told.get("recorded") or {}
    for name, what in sorted(
        recorded.items() if isinstance(recorded, dict) else ((str(each), "") for each in recorded)
    ):
        shown.line(f"recorded only  {name}  {what if isinstance(what, str) else json.dumps(what)}".rstrip())
    for text in told.get("notes", ()):
        shown.line(text)
    return exit_codes.DONE


def reset() -> int:
    """End the local cloud and remove its folder.

    For example:

        headrace local reset
    """
    import headrace_local

    place = local_cloud.home()
    headrace_local.reset(place)
    shown.line(f"{place} is gone")
    return exit_codes.DONE


def alerts(json_: options.Json = False) -> int:
    """Print the notifications that were sent, oldest first.

    For example:

        headrace local alerts
    """
    from headrace_local import find

    cloud = find(local_cloud.home())
    sent = cloud.alerts() if cloud else []
    if json_:
        shown.as_json(sent)
        return exit_codes.DONE
    if not sent:
        shown.line("no notifications" if cloud else "no local cloud is running")
    for each in sent:
        if each.get("subject"):
            shown.line(str(each["subject"]), style="bold")
        shown.line(_readable(str(each.get("message", ""))))
        shown.line()
    return exit_codes.DONE


def _readable(message: str) -> str:
    try:
        told = json.loads(message)
    except ValueError:
        return message
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, indent=2)
