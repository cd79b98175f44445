"""What stands behind a compute environment: this machine, or instances that behave as a test plans it.

    {"environment": "name or ARN", "behaviour": "launch", "afterSeconds": 240, "instanceType": "m5.4xlarge"}
    {"environment": …, "behaviour": "refuse", "reason": "spot-capacity" | "capacity" | "vcpu-limit" | "spot-limit", "everySeconds": 300}
    {"environment": …, "behaviour": "unregistered" | "disconnected" | "no-log-driver" | "full", "afterSeconds": 120, "instanceType": …}
    {"environment": …, "behaviour": "invalid", "statusReason": "CLIENT_ERROR - …"}

Everything follows from the plan, the jobs that want the environment and the clock; nothing ticks. Jobs submitted to an
environment that has no instances yet stay RUNNABLE; those of one that has run as processes of this machine, as ever.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest
from headrace_local import batch_jobs, batch_queues, clock, instance_types
from headrace_local.batch_requests import ClientException
from headrace_local.instance_types import InstanceType
from headrace_local.surroundings import current

_ANY: Final = {"environment": None, "behaviour": None}
_INSTANCES: Final = {"instanceType": "", "afterSeconds": 120.0}
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "launch": {**_ANY, **_INSTANCES},
    "unregistered": {**_ANY, **_INSTANCES},
    "disconnected": {**_ANY, **_INSTANCES},
    "no-log-driver": {**_ANY, **_INSTANCES},
    "full": {**_ANY, **_INSTANCES},
    "refuse": {**_ANY, "instanceType": "", "reason": None, "everySeconds": 300.0},
    "invalid": {**_ANY, "statusReason": None},
}
LIVE: Final = ("STARTING", "RUNNING")
_TYPICAL: Final = "m5.4xlarge"
REFUSALS: Final = {
    "spot-capacity": "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request "
    "configuration. Please adjust your request and try again. Launching EC2 instance failed.",
    "capacity": "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient {type} capacity "
    "in the Availability Zone you requested (us-east-1a). Our system will be working on provisioning additional capacity. You can "
    "currently get {type} capacity by not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c. "
    "Launching EC2 instance failed.",
    "vcpu-limit": "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity than your current vCPU "
    "limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit "
    "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed.",
    "spot-limit": "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded. Launching EC2 "
    "instance failed.",
}
"""What EC2 Auto Scaling says of a group with a mixed instances policy, which is what Batch makes; seen in many reports."""


@dataclass(slots=True)
class Plan:
    """How one environment behaves; `demanded_at` (ms) is when a job first wanted it."""

    behaviour: str
    values: dict[str, Any]
    demanded_at: int | None = None


_plans: dict[str, Plan] = {}
_lock = threading.Lock()


def plan(request: Mapping[str, Any]) -> None:
    """Let an environment behave so from now on; `InvalidValue` names what is wrong with the plan."""
    behaviour = request.get("behaviour")
    if behaviour not in _FIELDS:
        raise InvalidValue(f"unknown behaviour {behaviour!r}", expected=f"one of {', '.join(_FIELDS)}")
    known = _FIELDS[behaviour]
    for name in request:
        if name not in known:
            raise InvalidValue(f"an environment that is to {behaviour} has no '{name}'", hint=nearest(name, known))
    values = {**known, **request}
    for name, value in values.items():
        if value is None:
            raise InvalidValue(f"an environment that is to {behaviour} needs '{name}'")
    if behaviour == "refuse" and values["reason"] not in REFUSALS:
        raise InvalidValue(f"'reason' is {values['reason']!r}", expected=f"one of {', '.join(REFUSALS)}")
    if values.get("instanceType") and instance_types.find(values["instanceType"]) is None:
        raise InvalidValue(f"'{values['instanceType']}' is no instance type", expected="such as m5.4xlarge")
    try:
        environment = batch_queues.find(batch_queues.environments, str(values["environment"]), "compute environment")
    except ClientException as error:
        raise InvalidValue(str(error)) from error
    with _lock:
        there = clock.now_ms() if behaviour == "full" else None
        _plans[str(environment["computeEnvironmentName"])] = Plan(behaviour, values, there)


def clear() -> None:
    """Every environment is this machine again."""
    with _lock:
        _plans.clear()


def report() -> list[dict[str, Any]]:
    """Every plan, with when a job first wanted its environment."""
    with _lock:
        return [{**p.values, "environment": name, "demandedAt": p.demanded_at} for name, p in _plans.items()]


def plan_of(name: str) -> Plan | None:
    """The plan of an environment, with its demand brought up to date."""
    found = _plans.get(name)
    if found is not None and found.demanded_at is None and not _is_off(name):
        found.demanded_at = min((job.since for job in jobs_for(name) if job.status == "RUNNABLE"), default=None)
    return found


def note() -> None:
    """Look at the demand of every planned environment: called before the clock moves and after jobs came."""
    for name in list(_plans):
        plan_of(name)


def fits_some_type(environment: Mapping[str, Any], vcpus: float, memory_mib: float) -> bool:
    """Whether any instance type of the environment could ever hold such a job; families without a size hold everything."""
    kinds = instance_types.named((environment.get("computeResources") or {}).get("instanceTypes") or [])
    return kinds is None or any(vcpus <= kind.vcpus and memory_mib <= kind.usable_mib for kind in kinds)


def shown(environment: Mapping[str, Any]) -> dict[str, Any]:
    """What a description of the environment has beside what it was created with."""
    name = str(environment["computeEnvironmentName"])
    found = plan_of(name)
    resources = {**(environment.get("computeResources") or {})}
    if resources:
        resources = {"minvCpus": 0, **resources, "desiredvCpus": desired_vcpus(name)}
        resources["maxvCpus"] = int(resources.get("maxvCpus", current().vcpus))
    told: dict[str, Any] = {"computeResources": resources} if resources else {}
    if found is not None and found.behaviour == "invalid":
        told |= {"status": "INVALID", "statusReason": str(found.values["statusReason"])}
    return told


def desired_vcpus(name: str) -> int:
    """The vCPUs an environment wants: all of this machine, or what the jobs that want a planned environment ask for."""
    environment = batch_queues.environments[name]
    resources = environment.get("computeResources") or {}
    most, least = int(resources.get("maxvCpus", current().vcpus)), int(resources.get("minvCpus", 0))
    found = plan_of(name)
    if found is None:
        return max(least, min(most, int(current().vcpus)))
    if found.behaviour == "invalid" or found.demanded_at is None:
        return least
    if found.behaviour == "full":
        return most
    wanted = sum(job.vcpus for job in jobs_for(name) if job.status == "RUNNABLE" or job.environment == name)
    size = type_of(name, found).vcpus
    return max(least, min(most, math.ceil(wanted / size) * size))


def type_of(name: str, found: Plan) -> InstanceType:
    """The instance type an environment launches: the planned one, else the smallest it may."""
    if found.values.get("instanceType"):
        return instance_types.get(str(found.values["instanceType"]))
    names = (batch_queues.environments[name].get("computeResources") or {}).get("instanceTypes") or []
    return next(iter(instance_types.named(names) or ()), instance_types.get(_TYPICAL))


def jobs_for(name: str) -> list[batch_jobs.Job]:
    """The jobs of every queue that has the environment in its order."""
    wanting = []
    for queue in list(batch_queues.queues.values()):
        order = queue.get("computeEnvironmentOrder", [])
        if any(str(place["computeEnvironment"]).rsplit("/", 1)[-1] == name for place in order):
            wanting += batch_jobs.of_queue(queue)
    return wanting


def _is_off(name: str) -> bool:
    return bool(batch_queues.environments.get(name, {}).get("state") == "DISABLED")
