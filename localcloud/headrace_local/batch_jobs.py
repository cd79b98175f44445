"""A Batch job: what was asked for, where it stands, and how the API describes it.

States only move as Batch moves them: SUBMITTED, PENDING (waiting for other jobs), RUNNABLE, STARTING, RUNNING, then
SUCCEEDED or FAILED; a retry goes back to RUNNABLE. Every transition but the first is an event.
https://docs.aws.amazon.com/batch/latest/userguide/job_states.html and batch_job_events.html
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local import batch_dispatch, event_bus
from headrace_local.clock import now_ms
from headrace_local.completion import Completion
from headrace_local.place import ACCOUNT, REGION

TERMINAL: Final = ("SUCCEEDED", "FAILED")
STATES: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", *TERMINAL)
_jobs: dict[str, Job] = {}
_by_queue: dict[str, dict[str, Job]] = {}
_count = itertools.count()
_PER_JOB: Final = ("jobQueue", "retryStrategy", "timeout", "shareIdentifier", "propagateTags")
_FROM_DEFINITION: Final = (
    "image", "jobRoleArn", "executionRoleArn", "volumes", "mountPoints", "readonlyRootFilesystem", "ulimits", "privileged", "user",
    "linuxParameters", "logConfiguration", "secrets", "networkConfiguration", "fargatePlatformConfiguration", "ephemeralStorage",
    "runtimePlatform", "repositoryCredentials", "enableExecuteCommand",
)  # fmt: skip


class Job:
    """One job, array parent or array child. Whoever changes it holds its lock; events go out after the change."""

    def __init__(
        self,
        job_id: str,
        request: Mapping[str, Any],
        definition: Mapping[str, Any],
        queue: Mapping[str, Any],
        *,
        index: int | None = None,
    ) -> None:
        self.id = job_id
        self.arn = f"arn:aws:batch:{REGION}:{ACCOUNT}:job/{job_id}"
        self.request, self.definition, self.queue = request, definition, queue
        self.name = str(request["jobName"])
        self.index = index
        self.children: list[Job] = []
        self.parent: Job | None = None
        self.lock = threading.RLock()
        self.completion = Completion()
        self.status = "SUBMITTED"
        self.status_reason: str | None = None
        self.sequence = next(_count)
        self.vcpus, self.memory_mib = max(self.resource("VCPU"), 0.25), self.resource("MEMORY")
        self.created_at = self.since = now_ms()
        self.started_at: int | None = None
        self.stopped_at: int | None = None
        self.attempts: list[dict[str, Any]] = []
        self.stopping: str | None = None
        self.cancelled = False
        self.environment: str | None = None
        self.interrupt: Callable[[], None] | None = None
        _jobs[job_id] = self
        _by_queue.setdefault(str(queue["jobQueueArn"]), {})[job_id] = self

    @property
    def properties(self) -> Mapping[str, Any]:
        """The definition's container properties."""
        return dict(self.definition["containerProperties"])

    @property
    def overrides(self) -> Mapping[str, Any]:
        """What SubmitJob changes of them."""
        return dict(self.request.get("containerOverrides") or {})

    def either(self, name: str) -> Any:
        """`retryStrategy` or `timeout`: the job's own, else the definition's."""
        return self.request.get(name) or self.definition.get(name)

    def resource(self, kind: str) -> float:
        """VCPU, MEMORY (MiB) or GPU; the job's requirement before the definition's."""
        for source in (self.overrides, self.properties):
            for requirement in source.get("resourceRequirements") or []:
                if requirement["type"] == kind:
                    return float(requirement["value"])
        legacy = {"VCPU": "vcpus", "MEMORY": "memory"}.get(kind)
        return float(self.overrides.get(legacy or "") or self.properties.get(legacy or "") or 0)

    def variables(self) -> dict[str, str]:
        """The definition's environment variables and the job's."""
        both = [*(self.properties.get("environment") or []), *(self.overrides.get("environment") or [])]
        return {variable["name"]: str(variable.get("value", "")) for variable in both if "name" in variable}

    def command(self) -> list[str]:
        """The command with `Ref::` parameters filled in."""
        parameters = {**self.definition.get("parameters", {}), **(self.request.get("parameters") or {})}
        words = self.overrides.get("command") or self.properties.get("command") or []
        return [str(parameters.get(word[5:], word)) if word.startswith("Ref::") else str(word) for word in words]

    def move(self, status: str, reason: str | None = None, *, at: int | None = None, tell: bool = True) -> bool:
        """Go to another state, now or `at` (ms), and tell the bus; False when the job has already ended."""
        with self.lock:
            if self.status in TERMINAL:
                return False
            left, self.status, self.since = self.status, status, now_ms() if at is None else at
            if reason is not None or status in TERMINAL or left == "RUNNABLE":
                self.status_reason = reason
            if status in TERMINAL:
                self.stopped_at = self.since
            if left == "RUNNABLE":
                batch_dispatch.left(self, self.since)
            seen = self.describe()
        if status != "SUBMITTED" and tell:
            event_bus.announce("aws.batch", "Batch Job State Change", [self.arn], lambda: seen)
        if status in TERMINAL:
            self.completion.finish()
        return True

    def terminate(self, reason: str) -> None:
        """End the job wherever it is; a running one is sent TERM, and KILL 30 seconds later."""
        for child in self.children:
            child.terminate(reason)
        with self.lock:
            if self.status in TERMINAL or self.stopping is not None:
                return
            self.stopping = reason
            interrupt = self.interrupt
        if interrupt is not None:
            interrupt()

    def describe(self) -> dict[str, Any]:
        """The job as DescribeJobs shows it."""
        with self.lock:
            shown: dict[str, Any] = {
                "jobArn": self.arn, "jobName": self.name, "jobId": self.id, "jobQueue": self.queue["jobQueueArn"],
                "status": self.status, "attempts": copy.deepcopy([a for a in self.attempts if "stoppedAt" in a]), "createdAt": self.created_at,
                "dependsOn": list(self.request.get("dependsOn") or []), "jobDefinition": self.definition["jobDefinitionArn"],
                "parameters": {**self.definition.get("parameters", {}), **(self.request.get("parameters") or {})},
                "tags": self.tags(), "platformCapabilities": list(self.definition.get("platformCapabilities") or ["EC2"]),
                "eksAttempts": [], "isCancelled": self.cancelled, "isTerminated": self.stopping is not None and not self.cancelled,
                "propagateTags": bool(self.request.get("propagateTags", self.definition.get("propagateTags", False))),
            }  # fmt: skip
            for name in ("retryStrategy", "timeout"):
                if self.either(name):
                    shown[name] = copy.deepcopy(self.either(name))
            shown |= self._known()
            if "shareIdentifier" in self.request:
                shown["shareIdentifier"] = self.request["shareIdentifier"]
            if "schedulingPriorityOverride" in self.request:
                shown["schedulingPriority"] = self.request["schedulingPriorityOverride"]
            if array := self.array():
                shown["arrayProperties"] = array
            if needs := self.consumables():
                shown["consumableResourceProperties"] = {"consumableResourceList": needs}
            shown["container"] = self._container()
            return shown

    def summary(self) -> dict[str, Any]:
        """The job as ListJobs shows it."""
        with self.lock:
            shown: dict[str, Any] = {
                "jobArn": self.arn, "jobId": self.id, "jobName": self.name, "createdAt": self.created_at, "status": self.status,
                "jobDefinition": self.definition["jobDefinitionArn"], "isCancelled": self.cancelled,
                "isTerminated": self.stopping is not None and not self.cancelled,
            }  # fmt: skip
            shown |= self._known()
            if "shareIdentifier" in self.request:
                shown["shareIdentifier"] = self.request["shareIdentifier"]
            if array := self.array():
                shown["arrayProperties"] = {name: value for name, value in array.items() if name != "statusSummary"}
            last = self.attempts[-1]["container"] if self.attempts else {}
            shown["container"] = {name: last[name] for name in ("exitCode", "reason") if name in last}
            return shown

    def array(self) -> dict[str, Any]:
        """The array part of a parent or a child; empty for a plain job."""
        if self.index is not None:
            return {"index": self.index}
        if not self.children:
            return {}
        counts = dict.fromkeys(STATES, 0)
        for child in self.children:
            counts[child.status] += 1
        return {"size": len(self.children), "statusSummary": counts, "statusSummaryLastUpdatedAt": now_ms()}

    def consumables(self) -> list[dict[str, Any]]:
        """The consumable resources it needs: its own list, else the definition's."""
        own = self.request.get("consumableResourcePropertiesOverride") or self.definition.get(
            "consumableResourceProperties"
        )
        return list((own or {}).get("consumableResourceList") or [])

    def tags(self) -> dict[str, str]:
        """The job's tags; with propagateTags also the definition's."""
        spread = self.request.get("propagateTags", self.definition.get("propagateTags", False))
        return {**(self.definition.get("tags") or {} if spread else {}), **(self.request.get("tags") or {})}

    def _known(self) -> dict[str, Any]:
        """What the API leaves out as long as it is not known."""
        when = {"statusReason": self.status_reason, "startedAt": self.started_at, "stoppedAt": self.stopped_at}
        return {name: value for name, value in when.items() if value is not None}

    def _container(self) -> dict[str, Any]:
        properties = self.properties
        shown: dict[str, Any] = {
            "command": self.command(), "volumes": [], "mountPoints": [], "ulimits": [], "networkInterfaces": [], "secrets": [],
            "resourceRequirements": self._requirements(),
            "environment": [{"name": name, "value": value} for name, value in self.variables().items()],
        }  # fmt: skip
        shown |= {name: copy.deepcopy(properties[name]) for name in _FROM_DEFINITION if name in properties}
        if "instanceType" in self.overrides:
            shown["instanceType"] = self.overrides["instanceType"]
        if self.attempts:
            last = self.attempts[-1]["container"]
            shown |= {
                name: last[name]
                for name in ("exitCode", "reason", "logStreamName", "taskArn", "containerInstanceArn")
                if name in last
            }
        return shown

    def _requirements(self) -> list[dict[str, Any]]:
        kinds = [
            r["type"] for source in (self.properties, self.overrides) for r in source.get("resourceRequirements") or []
        ]
        return [{"type": kind, "value": f"{self.resource(kind):.15g}"} for kind in dict.fromkeys(kinds)]


def find(job_id: str) -> Job:
    """The job of this id or ARN; `KeyError` when there is none."""
    return _jobs[job_id.rsplit("/", 1)[-1]]


def everything() -> list[Job]:
    """Every job, oldest first."""
    return list(_jobs.values())


def of_queue(queue: Mapping[str, Any]) -> list[Job]:
    """The jobs of a queue, array children too, oldest first."""
    return list(_by_queue.get(str(queue["jobQueueArn"]), {}).values())


def forget(job: Job) -> None:
    """Know the job no more, as Batch does some time after its end; whoever holds it keeps it."""
    _jobs.pop(job.id, None)
    _by_queue.get(str(job.queue["jobQueueArn"]), {}).pop(job.id, None)
