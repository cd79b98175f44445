"""The instances of a compute environment: who was launched when, who registered with ECS, what is used of each.

Computed from the environment's plan (batch_capacity.py), its jobs and the clock, anew each time somebody asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from headrace_local import batch_capacity, batch_jobs, batch_queues, clock
from headrace_local.instance_types import InstanceType
from headrace_local.place import ACCOUNT, REGION
from headrace_local.surroundings import current


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance of an environment; times in ms, `registered_at` is None until ECS knows it."""

    id: str
    type: InstanceType
    launched_at: int
    in_service_at: int
    registered_at: int | None
    connected: bool
    used_vcpus: float
    used_memory_mib: float
    tasks: int
    logs: bool = True


def takes_jobs(name: str) -> bool:
    """Whether a job can be placed in an environment now, as far as its instances are concerned."""
    found = batch_capacity.plan_of(name)
    if found is None:
        return True
    return found.behaviour == "launch" and any(
        one.registered_at is not None and one.registered_at <= clock.now_ms() for one in instances(name)
    )


def instances(name: str) -> list[Instance]:
    """The instances of an environment at this moment."""
    found = batch_capacity.plan_of(name)
    if found is None:
        return [_machine(name)]
    if found.demanded_at is None or found.behaviour in ("invalid", "refuse") or found.demanded_at > clock.now_ms():
        return []
    kind = batch_capacity.type_of(name, found)
    count = max(1, batch_capacity.desired_vcpus(name) // kind.vcpus)
    after_ms = int(float(found.values["afterSeconds"]) * 1000)
    full = found.behaviour == "full"
    left_vcpus, left_memory, tasks = _used(name), _used_memory(name), _tasks(name)
    made = []
    for number in range(count):
        vcpus = float(kind.vcpus) if full else min(left_vcpus, float(kind.vcpus))
        memory = kind.usable_mib if full else min(left_memory, kind.usable_mib)
        made.append(
            Instance(
                _instance_id(name, number),
                kind,
                launched_at=found.demanded_at,
                in_service_at=found.demanded_at + after_ms // 2,
                registered_at=None if found.behaviour == "unregistered" else found.demanded_at + after_ms,
                connected=found.behaviour != "disconnected",
                used_vcpus=vcpus,
                used_memory_mib=memory,
                tasks=1 if full else tasks,
                logs=found.behaviour != "no-log-driver",
            )
        )
        left_vcpus, left_memory, tasks = left_vcpus - vcpus, left_memory - memory, 0
    return made


def arn_of(name: str, one: Instance) -> str:
    """The ARN of an environment's instance, registered or not, in the environment's cluster."""
    cluster = str(batch_queues.environments[name]["ecsClusterArn"]).rsplit("/", 1)[-1]
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{cluster}/{one.id[2:].rjust(32, '0')}"


def host_of(name: str) -> str:
    """The ARN of the instance that an attempt placed in the environment now runs on."""
    there = instances(name) if name in batch_queues.environments else []
    return arn_of(name, there[0]) if there else f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{name}/gone"


def refusals(name: str) -> Iterator[tuple[int, str]]:
    """When (ms, newest first) launches were refused, and in which words."""
    found = batch_capacity.plan_of(name)
    if found is None or found.behaviour != "refuse" or found.demanded_at is None:
        return
    every_ms = int(float(found.values["everySeconds"]) * 1000)
    last = (clock.now_ms() - found.demanded_at) // every_ms
    text = batch_capacity.REFUSALS[str(found.values["reason"])].format(type=batch_capacity.type_of(name, found).name)
    for number in range(last, max(-1, last - _REMEMBERED), -1):
        yield found.demanded_at + number * every_ms, text


_REMEMBERED: Final = 100


def _placed(name: str) -> list[batch_jobs.Job]:
    return [
        job for job in batch_capacity.jobs_for(name) if job.environment == name and job.status in batch_capacity.LIVE
    ]


def _used(name: str) -> float:
    return sum(job.vcpus for job in _placed(name))


def _used_memory(name: str) -> float:
    return sum(job.memory_mib for job in _placed(name))


def _tasks(name: str) -> int:
    return len(_placed(name))


def _machine(name: str) -> Instance:
    """The machine itself, as an instance of its own size that has always been there."""
    here = current()
    most = int((batch_queues.environments[name].get("computeResources") or {}).get("maxvCpus", here.vcpus))
    kind = InstanceType("this.machine", max(1, min(int(here.vcpus), most)), here.memory_mib, 0)
    used, memory = min(float(kind.vcpus), _used(name)), min(float(kind.memory_mib), _used_memory(name))
    return Instance(
        _instance_id(name, 0),
        kind,
        launched_at=0,
        in_service_at=0,
        registered_at=0,
        connected=True,
        used_vcpus=used,
        used_memory_mib=memory,
        tasks=_tasks(name),
    )


def _instance_id(name: str, number: int) -> str:
    return "i-0" + hashlib.sha256(f"{name} {number}".encode()).hexdigest()[:16]
