"""Whether a queue could ever run a job: looked at before anything is submitted, because Batch accepts the job and lets it wait.

    misfits    what no waiting heals: no environment is large enough, of the architecture, or of the platform
    ailments   what somebody can switch on again: a queue or environment that is disabled or invalid

Only what is certain is said: an instance family whose members are not known fits everything. Memory is compared with what an
instance can give to jobs: the kernel and the ECS agent take at least 1 % and 32 MiB (a lower bound of ours; the Batch user guide,
"Compute resource memory management", shows more), so a job that asks for all 16 GiB of an instance never starts on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.errors import Problem, nearest
from headrace.core.job_container import Platform

_AGENT_MIB = 32


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An EC2 instance type; `memory_mib` is all it has."""

    name: str
    vcpus: int
    memory_mib: int
    gpus: int = 0
    arch: str = "x86_64"

    @property
    def usable_mib(self) -> int:
        """The most its jobs can have together."""
        return self.memory_mib * 99 // 100 - _AGENT_MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A compute environment of a queue. No `types` and an empty `arch`: not known; `max_vcpus` None: no limit."""

    name: str
    platform: Platform = "EC2"
    state: str = "ENABLED"
    status: str = "VALID"
    reason: str = ""
    max_vcpus: int | None = None
    types: tuple[InstanceType, ...] | None = None
    arch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A job queue and its compute environments, in order; `fair_share`: each job must name its share."""

    name: str
    state: str = "ENABLED"
    status: str = "VALID"
    reason: str = ""
    environments: tuple[Environment, ...] = ()
    fair_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a job asks of its queue; None and empty: nothing is said."""

    platform: Platform = "EC2"
    vcpus: float | None = None
    memory_mib: int | None = None
    gpus: int = 0
    arch: str = ""


def demand_of(submit: Mapping[str, Any], platform: Platform, arch: str) -> Demand:
    """The demand of a SubmitJob request."""
    overrides = submit.get("containerOverrides", {})
    sizes = {each["type"]: each["value"] for each in overrides.get("resourceRequirements", ())}
    return Demand(
        platform=platform,
        vcpus=float(sizes["VCPU"]) if "VCPU" in sizes else None,
        memory_mib=int(sizes["MEMORY"]) if "MEMORY" in sizes else None,
        gpus=int(sizes.get("GPU", 0)),
        arch=arch,
    )


def misfits(demand: Demand, queue: Queue) -> list[Problem]:
    """Why the queue can never run such a job; empty when one of its environments could."""
    if not queue.environments:
        return []
    platforms = {environment.platform for environment in queue.environments}
    if demand.platform not in platforms:
        has = " and ".join(sorted(platforms))
        return [
            Problem(
                "queue",
                f"the queue {queue.name} runs on {has}, the task is made for {demand.platform}",
                hint=f"Write platformType: {min(platforms).lower()}, or name another queue",
            )
        ]
    reasons = {each.name: _why(demand, each) for each in queue.environments if each.platform == demand.platform}
    if not all(reasons.values()):
        return []
    why = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    return [
        Problem(
            "queue",
            f"no compute environment of the queue {queue.name} can run a job with {_said(demand)}: {why}",
            hint="Ask for less, or name a queue with larger machines",
        )
    ]


def ailments(queue: Queue) -> list[Problem]:
    """What keeps jobs from starting until somebody changes it."""
    found = []
    if queue.state != "ENABLED":
        found.append(Problem("queue", f"the queue {queue.name} is {queue.state}", hint="Enable it"))
    if queue.status not in ("VALID", "UPDATING"):
        found.append(Problem("queue", f"the queue {queue.name} is {queue.status}: {queue.reason}"))
    sick = [each for each in queue.environments if each.state != "ENABLED" or each.status == "INVALID"]
    if queue.environments and len(sick) == len(queue.environments):
        why = "; ".join(f"{each.name} is {each.state}, {each.status}: {each.reason}" for each in sick)
        found.append(Problem("queue", f"no compute environment of the queue {queue.name} is enabled and valid: {why}"))
    return found


def no_queue(name: str, region: str, known: Iterable[str]) -> Problem:
    """The problem of a queue that is not there."""
    names = sorted(known)
    there = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return Problem(
        "queue",
        f"there is no job queue '{name.rsplit('/', 1)[-1]}' in {region}",
        expected=f"one of {there}" if names else "a queue; this region has none",
        hint=nearest(name.rsplit("/", 1)[-1], names),
    )


def _why(demand: Demand, environment: Environment) -> str:
    """Why this environment cannot run it, empty when it could."""
    most = environment.max_vcpus
    if most is not None and demand.vcpus is not None and demand.vcpus > most:
        return f"its maxvCpus is {most}"
    if environment.platform == "FARGATE":
        return ""
    if demand.arch and environment.arch and demand.arch != environment.arch:
        return f"its instances are {environment.arch}"
    types = environment.types
    if not types or any(_holds(each, demand) for each in types):
        return ""
    if demand.gpus and not any(each.gpus >= demand.gpus for each in types):
        return f"its instances have at most {max(each.gpus for each in types)} GPUs"
    largest = max(types, key=lambda each: (each.memory_mib, each.vcpus))
    return (
        f"its largest instance, {largest.name}, has {largest.vcpus} vCPUs and {largest.memory_mib} MiB, "
        f"of which jobs can have at most {largest.usable_mib}"
    )


def _holds(instance: InstanceType, demand: Demand) -> bool:
    return (
        (demand.vcpus is None or instance.vcpus >= demand.vcpus)
        and (demand.memory_mib is None or instance.usable_mib >= demand.memory_mib)
        and instance.gpus >= demand.gpus
        and (not demand.arch or instance.arch == demand.arch)
    )


def _said(demand: Demand) -> str:
    parts = [
        "" if demand.vcpus is None else f"{demand.vcpus:g} vCPUs",
        "" if demand.memory_mib is None else f"{demand.memory_mib} MiB",
        f"{demand.gpus} GPUs" if demand.gpus else "",
        demand.arch,
    ]
    return ", ".join(part for part in parts if part) or "these directives"
