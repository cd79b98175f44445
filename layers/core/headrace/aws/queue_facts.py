"""What AWS knows of queues: jobs, environments, machines, scaling. Each question is asked once per sweep.

Only ListJobs and DescribeJobQueues have to be answered. Whatever else is refused (a policy, a region, a queue of somebody
else) is not known, and nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from headrace.aws import queues as preflight_queues
from headrace.aws.observability import logger
from headrace.core import preflight, stuck_place
from headrace.core.stuck_jobs import STATES
from headrace.core.stuck_place import Environment, Instance

UNANSWERED: Final = (ClientError, BotoCoreError)
"""How a service says no, or nothing."""
_MOST_INSTANCES: Final = 200
_SCALING_PAGES: Final = 3
_LOOK_BACK_MS: Final = 3600 * 1000


@dataclass(slots=True)
class Account:
    """The answers of one sweep. `client` gives the clients."""

    client: Callable[[str], Any]
    now_ms: int
    _activities: list[dict[str, Any]] | None = None
    _environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    _instances: dict[str, tuple[Instance, ...] | None] = field(default_factory=dict)

    def queues(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Queues by the names (or ARNs) asked for; one that is not there is absent."""
        wanted = sorted(set(names))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), 100):
            answer = self.client("batch").describe_job_queues(jobQueues=wanted[start : start + 100])
            for queue in answer["jobQueues"]:
                known = {queue["jobQueueArn"], queue["jobQueueName"]}
                found |= {name: queue for name in wanted if name in known}
        return found

    def environments(self, queues: Iterable[dict[str, Any]]) -> None:
        """Read the environments of these queues, 100 to a call."""
        wanted = sorted(
            {each["computeEnvironment"] for queue in queues for each in queue.get("computeEnvironmentOrder") or ()}
        )
        for start in range(0, len(wanted), 100):
            answer = self.client("batch").describe_compute_environments(computeEnvironments=wanted[start : start + 100])
            for each in answer["computeEnvironments"]:
                self._environments |= {each["computeEnvironmentArn"]: each, each["computeEnvironmentName"]: each}

    def of(self, queue: dict[str, Any]) -> list[dict[str, Any]]:
        """A queue's environments, in the order Batch tries them."""
        order = sorted(queue.get("computeEnvironmentOrder") or (), key=lambda each: each["order"])
        found = (self._environments.get(each["computeEnvironment"]) for each in order)
        return [each for each in found if each]

    def jobs(self, queue: str) -> Iterator[dict[str, Any]]:
        """Summaries of every job that has not ended, in the order of states, so that one that moves on is seen at least once."""
        pages = self.client("batch").get_paginator("list_jobs")
        for state in STATES:
            for page in pages.paginate(jobQueue=queue, jobStatus=state):
                yield from page["jobSummaryList"]

    def front(self, queue: str) -> dict[str, Any]:
        """The queue's snapshot; empty when Batch does not give one."""
        try:
            return dict(self.client("batch").get_job_queue_snapshot(jobQueue=queue))
        except UNANSWERED as error:
            logger.warning("no snapshot of %s: %s", queue, error)
            return {}

    def instances(self, environment: Environment) -> tuple[Instance, ...] | None:
        """The container instances of an environment's cluster, at most 200; None when ECS does not answer."""
        if not environment.cluster or not environment.has_instances:
            return None
        if environment.cluster not in self._instances:
            self._instances[environment.cluster] = self._registered(environment.cluster)
        return self._instances[environment.cluster]

    def failures(self, names: Iterable[str]) -> dict[str, tuple[str, ...]] | None:
        """Texts of launches that failed in the last hour, newest first, by environment; None when nobody answers.

        Batch names an environment's Auto Scaling groups after it; the longest name that fits is the environment.
        """
        if self._activities is None:
            self._activities = self._scaling()
        if self._activities is None:
            return None
        found: dict[str, list[str]] = {name: [] for name in names}
        for each in self._activities:
            group = str(each.get("AutoScalingGroupName", ""))
            name = max((name for name in found if name in group), key=len, default="")
            if name and each.get("StatusCode") in ("Failed", "Cancelled"):
                found[name].append(str(each.get("StatusMessage") or each.get("Description") or ""))
        return {name: tuple(texts) for name, texts in found.items()}

    def sizes(self, queue: dict[str, Any]) -> preflight.Queue:
        """The queue as the pre-flight sees it, with what its environments may start."""
        return preflight_queues.view(queue, self.of(queue), self.client("ec2"))

    def _registered(self, cluster: str) -> tuple[Instance, ...] | None:
        ecs = self.client("ecs")
        try:
            arns: list[str] = []
            for page in ecs.get_paginator("list_container_instances").paginate(cluster=cluster):
                arns += page["containerInstanceArns"]
                if len(arns) >= _MOST_INSTANCES:
                    break
            described = [
                each
                for start in range(0, min(len(arns), _MOST_INSTANCES), 100)
                for each in ecs.describe_container_instances(
                    cluster=cluster, containerInstances=arns[start : start + 100]
                )["containerInstances"]
            ]
        except UNANSWERED as error:
            logger.warning("instances of %s not looked at: %s", cluster, error)
            return None
        return tuple(stuck_place.instance_of(each) for each in described)

    def _scaling(self) -> list[dict[str, Any]] | None:
        since = datetime.fromtimestamp((self.now_ms - _LOOK_BACK_MS) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = self.client("autoscaling").get_paginator("describe_scaling_activities")
        try:
            found: list[dict[str, Any]] = []
            for number, page in enumerate(
                pages.paginate(Filters=[{"Name": "StartTimeLowerBound", "Values": [since]}]), 1
            ):
                found += page["Activities"]
                if number == _SCALING_PAGES:
                    break
        except UNANSWERED as error:
            logger.warning("scaling activities not looked at: %s", error)
            return None
        return found
