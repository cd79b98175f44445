"""An AWS account as a sweep sees it: queues, jobs, machines and logs as plain data, a ledger in memory, every call counted.

Nothing moves by itself: a test says what is there, and at which time it is looked at. For what the real services do by
themselves there is the local cloud.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from tests.support.tiny_dynamodb import Failure, perform

from headrace.aws import ledger_runs, ledger_watch, watching
from headrace.aws.settings import WatchJobsSettings
from headrace.aws.table import Table
from headrace.aws.watch_sweep import Watcher
from headrace.core import names
from headrace.core.live_jobs import LiveJob
from headrace.core.moments import in_words
from headrace.core.records import Epoch, RunRecord
from headrace.core.stuck_limits import Limits

MINUTE = 60_000
START_MS = 1_800_000_000_000
REGION = "eu-west-1"
_ARN = f"arn:aws:batch:{REGION}:123456789012:"
SETTINGS = WatchJobsSettings(
    stack="headrace",
    bucket="mine",
    ledger="ledger",
    tenant="default",
    queue=f"{_ARN}job-queue/default",
    settle_task="settle-task",
    job_logs="jobs",
    wait_runnable_minutes=60,
    wait_firm_minutes=10,
    wait_starting_minutes=30,
    silent_minutes=60,
    alert_again_hours=24,
)


def iso(time_ms: int) -> str:
    """A time as the ledger and events have it."""
    return in_words(time_ms)


def queue_arn(name: str) -> str:
    """The ARN of a queue."""
    return f"{_ARN}job-queue/{name}"


class Dynamo:
    """A DynamoDB client over a store in memory."""

    def __init__(self, calls: Counter[str]) -> None:
        self.store: Any = {}
        self.calls = calls

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self.calls[operation] += 1
            try:
                self.store, answer = perform(self.store, operation, request)
            except Failure as failure:
                raise ClientError(failure.response, operation) from None
            return answer

        return call


@dataclass
class Account:
    """The account. `refuse` names operations that are throttled."""

    now_ms: int = START_MS
    queues: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    idle: dict[str, int] = field(default_factory=dict)
    snapshots: bool = True
    refuse: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    events: list[dict[str, Any]] = field(default_factory=list)
    invoked: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    remaining_ms: int = 280_000
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.dynamo = Dynamo(self.calls)
        self.table = Table(self.dynamo, "ledger", each=lambda work, items: [work(item) for item in items])
        self.watcher = Watcher(SETTINGS, self.table, watching.policy_of(SETTINGS))

    # ------------------------------------------------------------------ what there is
    def environment(self, name: str = "spot", **more: Any) -> str:
        """A compute environment; keyword arguments replace fields, `resources` those of computeResources."""
        resources = {"type": "EC2", "minvCpus": 0, "maxvCpus": 64, "desiredvCpus": 0, "instanceTypes": ["optimal"]}
        self.environments[name] = {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": f"{_ARN}compute-environment/{name}",
            "ecsClusterArn": f"arn:aws:ecs:{REGION}:123456789012:cluster/AWSBatch-{name}-1",
            "type": "MANAGED",
            "state": "ENABLED",
            "status": "VALID",
            "computeResources": {**resources, **more.pop("resources", {})},
            **more,
        }
        return name

    def queue(self, name: str = "default", *environments: str, **more: Any) -> str:
        """A queue over these environments (`spot`, made when it is not there)."""
        order = environments or (self.environment(),)
        self.queues[name] = {
            "jobQueueName": name,
            "jobQueueArn": queue_arn(name),
            "state": "ENABLED",
            "status": "VALID",
            "priority": 1,
            "computeEnvironmentOrder": [
                {"order": number, "computeEnvironment": f"{_ARN}compute-environment/{each}"}
                for number, each in enumerate(order, 1)
            ],
            **more,
        }
        return name

    def run(self, run: str = "r") -> Epoch:
        """A run that goes on."""
        epoch = Epoch(run, 1)
        ledger_runs.begin_run(self.table, RunRecord(epoch, f"arn:execution:{run}", iso(self.now_ms)))
        return epoch

    def job(
        self, state: str = "RUNNABLE", *, run: str = "r", task: str = "", limits: Limits | None = None, **more: Any
    ) -> str:
        """A job of ours that was submitted now; its id. `foreign=True`: of nobody the ledger knows."""
        number = next(self.ids)
        task, epoch = task or f"t[n={number}]", Epoch(run, 1)
        foreign, live = more.pop("foreign", False), more.pop("live", True)
        name = f"other-{number}" if foreign else names.job_name(run, 1, task, 1)
        queue = more.pop("queue", "default")
        job_id = f"job-{number:05d}"
        vcpus, memory = more.pop("vcpus", 1), more.pop("memory", 1024)
        container: dict[str, Any] = {
            "image": "alpine",
            "resourceRequirements": [
                {"type": "VCPU", "value": str(vcpus)},
                {"type": "MEMORY", "value": str(memory)},
            ],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "jobs"}},
            **more.pop("container", {}),
        }
        self.jobs[job_id] = {
            "jobId": job_id,
            "jobArn": f"{_ARN}job/{job_id}",
            "jobName": name,
            "jobQueue": queue_arn(queue),
            "createdAt": self.now_ms,
            "status": state,
            "attempts": [],
            "container": container,
            **more,
        }
        if live and not foreign:
            record = LiveJob(
                epoch=epoch,
                task_hash=names.task_hash(task),
                n=1,
                task=task,
                process="t",
                queue=queue,
                at=iso(self.now_ms),
                execution=f"arn:child:{job_id}",
                limits=limits or Limits(),
            )
            ledger_watch.put_live(self.table, record)
        return job_id

    def start(self, job_id: str, at_ms: int | None = None) -> None:
        """A job begins to run."""
        at_ms = self.now_ms if at_ms is None else at_ms
        stream = f"stream/{job_id}"
        self.jobs[job_id] |= {"status": "RUNNING", "startedAt": at_ms}
        self.jobs[job_id].pop("statusReason", None)
        self.jobs[job_id]["container"]["logStreamName"] = stream

    def silence(self, job_id: str) -> None:
        """A running job writes nothing from now on; until then it writes a line a minute."""
        self.lines[self.jobs[job_id]["container"]["logStreamName"]] = self.now_ms

    def doze(self, job_id: str) -> None:
        """A running job uses no CPU from now on, and goes on writing its line a minute."""
        self.idle[self.jobs[job_id]["container"]["logStreamName"]] = 1_000

    def instance(self, environment: str = "spot", **more: Any) -> None:
        """A container instance that has registered."""
        resources = [
            {"name": "CPU", "type": "INTEGER", "integerValue": more.pop("vcpus", 16) * 1024},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": more.pop("memory", 31584)},
        ]
        self.instances.setdefault(environment, []).append(
            {
                "containerInstanceArn": f"arn:aws:ecs:{REGION}:123456789012:container-instance/{next(self.ids)}",
                "registeredResources": resources,
                "remainingResources": resources,
                "agentConnected": True,
                "status": "ACTIVE",
                "runningTasksCount": 0,
                "pendingTasksCount": 0,
                "attributes": [{"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}],
                **more,
            }
        )

    def refused_launch(self, text: str, environment: str = "spot") -> None:
        """A launch of the environment's group failed."""
        self.activities.insert(
            0,
            {
                "AutoScalingGroupName": f"AWSBatch-{environment}-asg-1",
                "StatusCode": "Failed",
                "StatusMessage": text,
            },
        )

    # ------------------------------------------------------------------ what happens
    def sweep(self, minutes: float = 0, *, times: int = 1, by: str = "") -> dict[str, int]:
        """Let time pass, then sweep; `times` over. Gives the last answer."""
        answer: dict[str, int] = {}
        for _ in range(times):
            self.now_ms += int(minutes * MINUTE)
            answer = watching.sweep(
                self.watcher, iso(self.now_ms), lambda: self.remaining_ms, by=by or f"request-{next(self.ids)}"
            )
        return answer

    def told(self, detail_type: str = "Job Stuck") -> list[dict[str, Any]]:
        """The details of the events that were put on the bus."""
        return [json.loads(each["Detail"]) for each in self.events if each["DetailType"] == detail_type]

    def live(self, run: str = "r") -> list[LiveJob]:
        """The jobs the engine waits for."""
        return ledger_watch.live_of(self.table, Epoch(run, 1))

    def client(self, service: str) -> Any:
        """A client of a service."""
        return self.dynamo if service == "dynamodb" else Client(self, service)


class Client:
    """One service: each operation is a method of `Account` data below, counted."""

    def __init__(self, account: Account, service: str) -> None:
        self.account, self.service = account, service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        serve = globals()[f"_{operation}"]

        def call(**request: Any) -> Any:
            self.account.calls[operation] += 1
            if operation in self.account.refuse:
                raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}, operation)
            return serve(self.account, **request)

        return call

    def get_paginator(self, operation: str) -> Any:
        """Pages of an operation, by its own token."""
        call = getattr(self, operation)

        class Pages:
            """What boto3 gives."""

            def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
                """Page after page."""
                token: dict[str, Any] = {}
                while True:
                    page = call(**request, **token)
                    yield page
                    if not page.get("nextToken"):
                        return
                    token = {"nextToken": page["nextToken"]}

        return Pages()


def _describe_job_queues(account: Account, jobQueues: list[str]) -> dict[str, Any]:  # noqa: N803
    found = [each for each in account.queues.values() if {each["jobQueueName"], each["jobQueueArn"]} & set(jobQueues)]
    return {"jobQueues": found}


def _describe_compute_environments(account: Account, computeEnvironments: list[str]) -> dict[str, Any]:  # noqa: N803
    return {
        "computeEnvironments": [
            each for each in account.environments.values() if each["computeEnvironmentArn"] in computeEnvironments
        ]
    }


_SUMMARY = (
    "jobArn",
    "jobId",
    "jobName",
    "createdAt",
    "startedAt",
    "stoppedAt",
    "status",
    "statusReason",
    "shareIdentifier",
    "arrayProperties",
)


def _list_jobs(
    account: Account,
    jobQueue: str,  # noqa: N803
    jobStatus: str = "RUNNING",  # noqa: N803
    filters: list[dict[str, Any]] | None = None,
    nextToken: str = "0",  # noqa: N803
) -> dict[str, Any]:
    size = 100 if filters else 1000
    prefix = filters[0]["values"][0].removesuffix("*").lower() if filters else ""
    found = [
        job
        for job in account.jobs.values()
        if job["jobQueue"] == jobQueue
        and (job["jobName"].lower().startswith(prefix) if filters else job["status"] == jobStatus)
    ]
    start = int(nextToken)
    page = [{name: job[name] for name in _SUMMARY if name in job} for job in found[start : start + size]]
    return {"jobSummaryList": page} | ({"nextToken": str(start + size)} if start + size < len(found) else {})


def _describe_jobs(account: Account, jobs: list[str]) -> dict[str, Any]:
    assert 0 < len(jobs) <= 100
    return {"jobs": [account.jobs[job] for job in jobs if job in account.jobs]}


def _get_job_queue_snapshot(account: Account, jobQueue: str) -> dict[str, Any]:  # noqa: N803
    if not account.snapshots:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetJobQueueSnapshot")
    waiting = [job for job in account.jobs.values() if job["jobQueue"] == jobQueue and job["status"] == "RUNNABLE"]
    first = sorted(waiting, key=lambda job: job["createdAt"])[:100]
    return {
        "frontOfQueue": {
            "jobs": [{"jobArn": job["jobArn"], "earliestTimeAtPosition": job["createdAt"]} for job in first],
            "lastUpdatedAt": account.now_ms,
        }
    }


def _terminate_job(account: Account, jobId: str, reason: str) -> dict[str, Any]:  # noqa: N803
    account.ended.setdefault(jobId, reason)
    account.jobs[jobId] |= {"status": "FAILED", "statusReason": reason}
    return {}


def _list_container_instances(account: Account, cluster: str) -> dict[str, Any]:
    return {"containerInstanceArns": [each["containerInstanceArn"] for each in _in_cluster(account, cluster)]}


def _describe_container_instances(account: Account, cluster: str, containerInstances: list[str]) -> dict[str, Any]:  # noqa: N803
    found = [each for each in _in_cluster(account, cluster) if each["containerInstanceArn"] in containerInstances]
    return {"containerInstances": found, "failures": []}


def _in_cluster(account: Account, cluster: str) -> list[dict[str, Any]]:
    name = next(name for name, each in account.environments.items() if each["ecsClusterArn"] == cluster)
    return account.instances.get(name, [])


def _describe_scaling_activities(account: Account, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
    assert [each["Name"] for each in Filters] == ["StartTimeLowerBound"]
    return {"Activities": account.activities}


def _describe_instance_types(_account: Account, **_request: Any) -> dict[str, Any]:
    return {
        "InstanceTypes": [
            {
                "InstanceType": "m5.4xlarge",
                "VCpuInfo": {"DefaultVCpus": 16},
                "MemoryInfo": {"SizeInMiB": 65536},
                "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
            }
        ]
    }


def _get_log_events(account: Account, logGroupName: str, logStreamName: str, **_more: Any) -> dict[str, Any]:  # noqa: N803
    assert logGroupName == "jobs"
    last = account.lines.get(logStreamName, account.now_ms - MINUTE)
    used = account.idle.get(logStreamName)
    beats = [
        (last - number * MINUTE, used if used is not None else (last // MINUTE - number) * 30) for number in range(50)
    ]
    return {
        "events": [{"timestamp": at, "message": f"headrace: running, {cpu} s of CPU"} for at, cpu in reversed(beats)]
    }


def _put_events(account: Account, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
    account.events += Entries
    return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}


def _invoke(account: Account, Payload: bytes, **_more: Any) -> dict[str, Any]:  # noqa: N803
    account.invoked.append(json.loads(Payload))
    return {}


def _stop_execution(account: Account, executionArn: str, **_more: Any) -> dict[str, Any]:  # noqa: N803
    account.stopped.append(executionArn)
    return {}
