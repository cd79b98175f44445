"""Job queues as the pre-flight sees them: read from Batch and EC2, kept for a few minutes.

A job is not stopped because a question was not answered: what cannot be read is not known, and what is not known fits. Whether it
has to name a share is asked with patience, since Batch refuses it for good without.
Instance types come from EC2 itself (DescribeInstanceTypes), so that new ones are known the day they exist.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from headrace.core.errors import InvalidSpec
from headrace.core.preflight import Demand, Environment, InstanceType, Queue, ailments, misfits, no_queue

# Not the functions' own logger: the command reads queues too, and has nothing to trace.
_log = logging.getLogger("headrace.queues")

_KEPT_S: Final = 300.0
_UNANSWERED: Final = (ClientError, BotoCoreError)
_NO: Final = ("AccessDeniedException", "ClientException")  # asked again, it would be the same
# What Batch chooses instances from by itself: of these only the architecture is known.
_CHOSEN_BY_BATCH: Final = {"optimal": "x86_64", "default_x86_64": "x86_64", "default_arm64": "arm64"}


@dataclass(slots=True)
class Queues:
    """The queues of a region, each kept for five minutes; `client` gives clients that give up early, when they are needed.

    `patient` gives those that do not, for what a job fails without.
    """

    client: Callable[[str], Any]
    region: str
    clock: Callable[[], float] = monotonic
    patient: Callable[[str], Any] | None = None
    _kept: dict[str, tuple[float, Queue | None]] = field(default_factory=dict)

    def check(self, demand: Demand, name: str) -> None:
        """InvalidSpec when the queue is not there, or can never run such a job; what may heal is only logged."""
        try:
            queue = self.find(name)
            known = [] if queue else names(self.client("batch"))
        except _UNANSWERED as error:
            _log.warning("queue %s not looked at: %s", name, error)
            return
        if queue is None:
            raise InvalidSpec([no_queue(name, self.region, known)])
        for problem in ailments(queue):
            _log.warning("%s", problem)
        if problems := misfits(demand, queue):
            raise InvalidSpec(problems)

    def shares_fairly(self, name: str) -> bool:
        """Whether the queue has a fair-share policy; no, when that may not be asked.

        Batch refuses a job without a share there for good, so the error, which is tried again, when Batch has no time to answer.
        """
        try:
            queue = self._asked_twice(name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO:
                raise
            _log.warning("queue %s not looked at: %s", name, error)
            return False
        return queue is not None and queue.fair_share

    def _asked_twice(self, name: str) -> Queue | None:
        try:
            return self.find(name)
        except _UNANSWERED:
            if self.patient is None:
                raise
            return self.find(name, batch=self.patient("batch"))

    def find(self, name: str, batch: Any = None) -> Queue | None:
        """A queue by name or ARN, None when it is not there; the error when Batch does not answer."""
        now = self.clock()
        until, queue = self._kept.get(name, (0.0, None))
        if now >= until:
            queue = read(batch or self.client("batch"), self.client("ec2"), name)
            if queue:
                self._kept[name] = (now + _KEPT_S, queue)
        return queue


def read(batch: Any, ec2: Any, name: str) -> Queue | None:
    """A queue with its compute environments and their instance types; None when it is not there."""
    found = batch.describe_job_queues(jobQueues=[name])["jobQueues"]
    if not found:
        return None
    queue = found[0]
    order = sorted(queue.get("computeEnvironmentOrder", ()), key=lambda each: each["order"])
    wanted = [each["computeEnvironment"] for each in order]
    environments = (
        batch.describe_compute_environments(computeEnvironments=wanted)["computeEnvironments"] if wanted else ()
    )
    return view(queue, environments, ec2)


def view(queue: Mapping[str, Any], environments: Iterable[Mapping[str, Any]], ec2: Any) -> Queue:
    """A queue that was read already, as the pre-flight sees it; EC2 is asked for instance types alone."""
    return Queue(
        name=queue["jobQueueName"],
        state=queue.get("state", "ENABLED"),
        status=queue.get("status", "VALID"),
        reason=queue.get("statusReason", ""),
        environments=tuple(environment(each, ec2) for each in environments),
        fair_share=bool(queue.get("schedulingPolicyArn")),
    )


def names(batch: Any) -> list[str]:
    """Names of all queues of the region."""
    pages = batch.get_paginator("describe_job_queues").paginate()
    return [queue["jobQueueName"] for page in pages for queue in page["jobQueues"]]


def environment(said: Mapping[str, Any], ec2: Any) -> Environment:
    """An environment as DescribeComputeEnvironments tells of it, with the instance types that EC2 has of its families."""
    resources = said.get("computeResources", {})
    kind = resources.get("type", "")
    wanted = tuple(resources.get("instanceTypes", ()))
    chosen = {_CHOSEN_BY_BATCH[each] for each in wanted if each in _CHOSEN_BY_BATCH}
    types = None if chosen or not wanted else _types(ec2, wanted)
    arches = chosen or {each.arch for each in types or ()}
    return Environment(
        name=said["computeEnvironmentName"],
        platform="FARGATE" if kind.startswith("FARGATE") else "EC2",
        state=said.get("state", "ENABLED"),
        status=said.get("status", "VALID"),
        reason=said.get("statusReason", ""),
        max_vcpus=resources.get("maxvCpus"),
        types=types,
        arch=arches.pop() if len(arches) == 1 else "",
    )


def _types(ec2: Any, wanted: Iterable[str]) -> tuple[InstanceType, ...] | None:
    """The members of these types and families; None when EC2 does not answer."""
    patterns = [each if "." in each else f"{each}.*" for each in wanted]
    try:
        pages = ec2.get_paginator("describe_instance_types").paginate(
            Filters=[{"Name": "instance-type", "Values": patterns}]
        )
        # None at all: names EC2 does not list as Batch means them. Batch judged them when the environment was made.
        return tuple(_instance(each) for page in pages for each in page["InstanceTypes"]) or None
    except _UNANSWERED as error:
        _log.warning("instance types %s not looked at: %s", patterns, error)
        return None


def _instance(said: Mapping[str, Any]) -> InstanceType:
    gpus = said.get("GpuInfo", {}).get("Gpus", ())
    arches = said.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
    return InstanceType(
        name=said["InstanceType"],
        vcpus=said["VCpuInfo"]["DefaultVCpus"],
        memory_mib=said["MemoryInfo"]["SizeInMiB"],
        gpus=sum(each.get("Count", 0) for each in gpus),
        arch="arm64" if "arm64" in arches else "x86_64",
    )
