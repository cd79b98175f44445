"""A queue as the detector sees it: its state, its compute environments, who runs there, who is first in line.

Read once per queue and sweep. What was not looked at is None, and nothing is concluded from it. Sizes of instance types are
`preflight`'s (what an environment may start), sizes of instances ECS's own (what has registered).
https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core import preflight

_LOG_DRIVER: Final = "com.amazonaws.ecs.capability.logging-driver.awslogs"
_FARGATE: Final = "FARGATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A container instance as ECS knows it; CPU in vCPUs, memory in MiB, what it has and what is left."""

    arn: str
    connected: bool = True
    status: str = "ACTIVE"
    vcpus: float = 0.0
    memory_mib: int = 0
    vcpus_left: float = 0.0
    memory_left_mib: int = 0
    running: int = 0
    pending: int = 0
    writes_logs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A compute environment. `instances` and `failures` (texts of failed launches, newest first) None: not looked at."""

    name: str
    arn: str = ""
    kind: str = ""
    managed: bool = True
    state: str = "ENABLED"
    status: str = "VALID"
    reason: str = ""
    max_vcpus: int | None = None
    desired_vcpus: int | None = None
    cluster: str = ""
    instances: tuple[Instance, ...] | None = None
    failures: tuple[str, ...] | None = None

    @property
    def usable(self) -> bool:
        """Whether Batch places jobs there at all."""
        return self.state == "ENABLED" and self.status not in ("INVALID", "DELETING", "DELETED")

    @property
    def has_instances(self) -> bool:
        """Whether its jobs run on instances that register with ECS."""
        return not self.kind.startswith(_FARGATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A queue. Counts are of everybody's jobs; `head` are the first in line with the time (ms) they got there.

    `shares` are those with a job that starts or runs. `last_start_ms`: when a job of the queue last started, as far back as sweeps remember. `fit` is the pre-flight's view.
    """

    arn: str
    state: str = "ENABLED"
    status: str = "VALID"
    reason: str = ""
    fair_share: bool = False
    environments: tuple[Environment, ...] = ()
    waiting: int = 0
    starting: int = 0
    running: int = 0
    last_start_ms: int = 0
    head: tuple[tuple[str, int], ...] = ()
    head_reason: str = ""
    used_vcpus: float | None = None
    shares: frozenset[str] = frozenset()
    fit: preflight.Queue | None = None

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def usable(self) -> tuple[Environment, ...]:
        """The environments that take jobs."""
        return tuple(each for each in self.environments if each.usable)

    def position(self, job_id: str) -> int | None:
        """A job's place in line, from 1, within the first 100; None beyond, or when it is not known."""
        return next((number for number, (each, _) in enumerate(self.head, 1) if each == job_id), None)


def place_of(queue: Mapping[str, Any], environments: Iterable[Environment], **known: Any) -> Place:
    """A queue of a JobQueueDetail."""
    return Place(
        arn=str(queue["jobQueueArn"]),
        state=str(queue.get("state") or "ENABLED"),
        status=str(queue.get("status") or "VALID"),
        reason=str(queue.get("statusReason") or ""),
        fair_share=bool(queue.get("schedulingPolicyArn")),
        environments=tuple(environments),
        **known,
    )


def environment_of(detail: Mapping[str, Any]) -> Environment:
    """A compute environment of a ComputeEnvironmentDetail."""
    resources = detail.get("computeResources") or {}
    return Environment(
        name=str(detail["computeEnvironmentName"]),
        arn=str(detail.get("computeEnvironmentArn") or ""),
        kind=str(resources.get("type") or ""),
        managed=detail.get("type", "MANAGED") != "UNMANAGED",
        state=str(detail.get("state") or "ENABLED"),
        status=str(detail.get("status") or "VALID"),
        reason=str(detail.get("statusReason") or ""),
        max_vcpus=_whole(resources.get("maxvCpus", detail.get("unmanagedvCpus"))),
        desired_vcpus=_whole(resources.get("desiredvCpus")),
        cluster=str(detail.get("ecsClusterArn") or ""),
    )


def instance_of(detail: Mapping[str, Any]) -> Instance:
    """An instance of a ContainerInstance; ECS counts 1,024 CPU units to a vCPU."""
    has, left = _resources(detail.get("registeredResources")), _resources(detail.get("remainingResources"))
    attributes = {str(each.get("name")) for each in detail.get("attributes") or ()}
    return Instance(
        arn=str(detail.get("containerInstanceArn") or ""),
        connected=detail.get("agentConnected") is not False,
        status=str(detail.get("status") or "ACTIVE"),
        vcpus=has.get("CPU", 0) / 1024,
        memory_mib=has.get("MEMORY", 0),
        vcpus_left=left.get("CPU", 0) / 1024,
        memory_left_mib=left.get("MEMORY", 0),
        running=int(detail.get("runningTasksCount") or 0),
        pending=int(detail.get("pendingTasksCount") or 0),
        # Without any attribute the answer was not complete; then nothing is said about drivers.
        writes_logs=not attributes or _LOG_DRIVER in attributes,
    )


def front_of(snapshot: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Job ids of a queue snapshot, in the order they will be placed, with the time they reached their position."""
    jobs = (snapshot.get("frontOfQueue") or {}).get("jobs") or ()
    return tuple(
        (str(each["jobArn"]).rsplit("/", 1)[-1], int(each.get("earliestTimeAtPosition") or 0)) for each in jobs
    )


def used_vcpus(snapshot: Mapping[str, Any]) -> float | None:
    """vCPUs that the queue's jobs hold, None where the snapshot does not say."""
    usage = (snapshot.get("queueUtilization") or {}).get("totalCapacityUsage") or ()
    found = [each.get("quantity") for each in usage if str(each.get("capacityUnit")).lower() in ("vcpu", "cpu")]
    return float(found[0]) if found and found[0] is not None else None


def _resources(listed: Any) -> dict[str, int]:
    return {str(each.get("name")): int(each.get("integerValue") or 0) for each in listed or ()}


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
