"""A small world for stories about jobs that wait: a queue of its own on the local cloud, time that passes, sweeps, what is told.

The real handler of watch_jobs runs here, in this process, against the cloud's API; only the schedule that would call it every
five minutes is played by `minutes`. A story puts jobs and environments where it wants them, lets time pass, and looks at what
people were told:

    world.behave("refuse", reason="spot-capacity")
    world.jobs(3)
    world.minutes(90)
    world.told("no-capacity", jobs=3)          or          world.silent()
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError
from tests.support.stack import ROOT

from headrace.aws import clients, ledger_runs, ledger_watch
from headrace.aws.observability import metrics
from headrace.aws.table import Table
from headrace.core import names, watch_items
from headrace.core.live_jobs import LiveJob
from headrace.core.records import Epoch, RunRecord, utc
from headrace.core.stuck_limits import Limits
from headrace_local import Cloud

LOGS = "/headrace/world/jobs"
SETTINGS = {
    "HEADRACE_STACK": "world",
    "HEADRACE_BUCKET": "world",
    "HEADRACE_TENANT": "default",
    "HEADRACE_SETTLE_TASK": "settle-task",
    "HEADRACE_JOB_LOGS": LOGS,
    "HEADRACE_WAIT_RUNNABLE_MINUTES": "60",
    "HEADRACE_WAIT_FIRM_MINUTES": "10",
    "HEADRACE_WAIT_STARTING_MINUTES": "30",
    "HEADRACE_SILENT_MINUTES": "60",
    "HEADRACE_ALERT_AGAIN_HOURS": "24",
}
"""The defaults of the template."""


@dataclass
class World:
    """One story's queue, ledger and handler. `alerts` are the entries put on the bus so far."""

    cloud: Cloud
    name: str
    handler: Callable[[dict[str, Any], Any], Any]
    alerts: list[dict[str, Any]] = field(default_factory=list)
    queue: str = ""
    environment: str = ""
    definition: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    # ------------------------------------------------------------------ what there is
    def open(self) -> None:
        """A queue with an environment of 64 vCPUs, a job definition, and a run that goes on."""
        options = {"awslogs-group": LOGS, "awslogs-region": "us-east-1"}
        self.definition = self.client("batch").register_job_definition(
            jobDefinitionName=self.name,
            type="container",
            containerProperties={
                "image": "alpine",
                "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}],
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            },
        )["jobDefinitionArn"]
        resources = {
            "type": "SPOT",
            "maxvCpus": 64,
            "instanceTypes": ["optimal"],
            "subnets": ["s"],
            "instanceRole": "r",
        }
        self.environment = self.client("batch").create_compute_environment(
            computeEnvironmentName=f"{self.name}-env", type="MANAGED", computeResources=resources
        )["computeEnvironmentArn"]
        order = [{"order": 1, "computeEnvironment": self.environment}]
        self.queue = self.client("batch").create_job_queue(
            jobQueueName=self.name, priority=1, computeEnvironmentOrder=order
        )["jobQueueArn"]
        self.run()

    def resize(self, **resources: Any) -> None:
        """Give the environment other computeResources: maxvCpus, instanceTypes."""
        self.client("batch").update_compute_environment(computeEnvironment=self.environment, computeResources=resources)

    def share_fairly(self, **weights: float) -> None:
        """Give the queue a scheduling policy; a smaller weight gets more."""
        shares = [{"shareIdentifier": name, "weightFactor": weight} for name, weight in weights.items()]
        policy = self.client("batch").create_scheduling_policy(
            name=self.name, fairsharePolicy={"shareDistribution": shares}
        )["arn"]
        self.client("batch").update_job_queue(jobQueue=self.queue, schedulingPolicyArn=policy)

    def run(self, run: str = "r") -> None:
        """A run that goes on."""
        ledger_runs.begin_run(
            self.table, RunRecord(Epoch(run, 1), f"arn:aws:states:us-east-1:123456789012:execution:m:{run}", self.now())
        )

    def behave(self, behaviour: str, **more: Any) -> None:
        """Let the environment behave otherwise than as this machine."""
        self.ask("/environments", environment=self.environment, behaviour=behaviour, **more)

    def jobs(
        self,
        count: int = 1,
        status: str = "RUNNABLE",
        *,
        ours: bool = True,
        limits: Limits | None = None,
        time_s: int | None = None,
        vcpus: float = 1,
        memory_mib: int = 1024,
        submit: dict[str, Any] | None = None,
        **more: Any,
    ) -> list[str]:
        """Jobs submitted now, in a state; their ids. `ours` false: of another stack, with its jobs' names like ours."""
        first, run = next(self._numbers), "r" if ours else "foreign"
        tasks = [f"t[n={first}-{number}]" for number in range(count)]
        sizes = [{"type": "VCPU", "value": f"{vcpus:g}"}, {"type": "MEMORY", "value": str(memory_mib)}]
        request = {
            "jobQueue": self.queue,
            "jobDefinition": self.definition,
            "containerOverrides": {"resourceRequirements": sizes},
            **(submit or {}),
        }
        request |= {"timeout": {"attemptDurationSeconds": time_s}} if time_s else {}
        job_ids: list[str] = self.ask(
            "/jobs", submit=request, names=[names.job_name(run, 1, task, 1) for task in tasks], status=status, **more
        )
        if ours:
            self._remember([self._live(run, task, limits or Limits(), time_s) for task in tasks])
        return job_ids

    def prepares(self) -> None:
        """The engine has prepared a job of ours and is about to submit it."""
        self._remember([self._live("r", f"t[n={next(self._numbers)}]", Limits(), None)])

    def move(self, jobs: list[str], status: str, **more: Any) -> None:
        """Move jobs to a state."""
        self.ask("/jobs/move", jobs=jobs, status=status, **more)

    def forget(self, jobs: list[str]) -> None:
        """Batch does not know them any more."""
        self.ask("/jobs/forget", jobs=jobs)

    def block(self, reason: str, **more: Any) -> None:
        """The head of the queue carries one of Batch's reasons, or none any more."""
        self.ask("/blocked", queue=self.queue, reason=reason, **more)

    def ends(self, jobs: list[str]) -> None:
        """Jobs end well, and the engine settles their tasks: it waits for them no more."""
        self.move(jobs, "SUCCEEDED", exitCode=0)
        for start in range(0, len(jobs), 100):
            for job in self.client("batch").describe_jobs(jobs=jobs[start : start + 100])["jobs"]:
                name = names.parse_job_name(job["jobName"])
                assert name
                ledger_watch.forget_live(self.table, Epoch(name.run, name.epoch), name.task_hash, name.submission)

    def writes(self, job: str, text: str = "headrace: running") -> None:
        """A line in a running job's log, now."""
        logs, stream = self.client("logs"), self.job(job)["container"]["logStreamName"]
        with suppress(ClientError):  # the second line finds it there
            logs.create_log_group(logGroupName=LOGS)
        with suppress(ClientError):
            logs.create_log_stream(logGroupName=LOGS, logStreamName=stream)
        at = int(datetime.fromisoformat(self.now()).timestamp() * 1000)
        logs.put_log_events(logGroupName=LOGS, logStreamName=stream, logEvents=[{"timestamp": at, "message": text}])

    # ------------------------------------------------------------------ what happens
    def minutes(self, minutes: float, *, every: float = 5, meanwhile: Callable[[], Any] = lambda: None) -> None:
        """Time passes, with a sweep every five minutes; `meanwhile` happens before each."""
        while minutes > 0:
            step = min(every, minutes)
            self.ask("/clock", advanceSeconds=step * 60)
            minutes -= step
            meanwhile()
            self.sweep()

    def sweep(self, at: str = "") -> None:
        """What the schedule does, at this moment or as if it were another."""
        self.handler(
            {"source": "aws.events", "detail-type": "Scheduled Event", "time": at or self.now(), "detail": {}},
            context(),
        )

    def deliver(self, events: list[dict[str, Any]]) -> None:
        """Events of Batch, as the queue of events hands them over."""
        records = [{"messageId": str(number), "body": json.dumps(event)} for number, event in enumerate(events)]
        assert self.handler({"Records": records}, context()) == {"batchItemFailures": []}

    # ------------------------------------------------------------------ what is seen
    def event(self, job: str) -> dict[str, Any]:
        """The event that tells how a job stands now."""
        detail = self.job(job)
        return {
            "version": "0",
            "id": os.urandom(8).hex(),
            "source": "aws.batch",
            "detail-type": "Batch Job State Change",
            "time": self.now(),
            "region": "us-east-1",
            "account": "123456789012",
            "resources": [detail["jobArn"]],
            "detail": detail,
        }

    def told(self, code: str, *, jobs: int | None = None, times: int = 1, **fields: Any) -> dict[str, Any]:
        """Exactly this cause was told, so often, and nothing else; its event's detail."""
        stuck = self.said("Job Stuck")
        assert [one["code"] for one in stuck] == [code] * times, stuck
        last = stuck[-1]
        assert last["queue"] == self.name
        assert jobs is None or last["jobs"] == jobs, last
        for name, value in fields.items():
            assert value in str(last[name]), last
        assert last["cause"]
        assert last["advice"]
        return last

    def silent(self) -> None:
        """Nobody was told anything."""
        assert self.alerts == []

    def said(self, detail_type: str) -> list[dict[str, Any]]:
        """The details of the events of one type so far."""
        return [json.loads(entry["Detail"]) for entry in self.alerts if entry["DetailType"] == detail_type]

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as Batch describes it."""
        return dict(self.client("batch").describe_jobs(jobs=[job_id])["jobs"][0])

    def now(self) -> str:
        """The cloud's time, as events have it."""
        return utc(self.cloud.ask("GET", "/clock")["now"])

    def client(self, service: str) -> Any:
        """The client the handler uses too."""
        return clients.client(service)

    def ask(self, path: str, **request: Any) -> Any:
        """A request to the control endpoint."""
        return self.cloud.ask("POST", path, request)

    @property
    def table(self) -> Table:
        """The ledger of this story."""
        return Table(self.client("dynamodb"), self.name)

    def _live(self, run: str, task: str, limits: Limits, time_s: int | None) -> LiveJob:
        return LiveJob(
            epoch=Epoch(run, 1),
            task_hash=names.task_hash(task),
            n=1,
            task=task,
            process="t",
            queue=self.queue,
            at=self.now(),
            limits=limits,
            time_s=time_s,
        )

    def _remember(self, jobs: list[LiveJob]) -> None:
        items = [{"PutRequest": {"Item": watch_items.live_item(job)}} for job in jobs]
        for start in range(0, len(items), 25):
            answer = self.client("dynamodb").batch_write_item(RequestItems={self.name: items[start : start + 25]})
            assert not answer.get("UnprocessedItems")


@contextmanager
def world(cloud: Cloud, name: str) -> Iterator[World]:
    """A world of its own on a cloud that others use too; its jobs are gone afterwards."""
    environment = {
        **SETTINGS,
        "HEADRACE_LEDGER": name,
        "HEADRACE_QUEUE": name,
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    # The metrics of a warm function know their namespace since they were imported.
    with mock.patch.dict(os.environ, environment), mock.patch.object(metrics.provider, "namespace", "World"):
        os.environ.pop("AWS_PROFILE", None)
        keys = [{"AttributeName": key, "KeyType": kind} for key, kind in (("pk", "HASH"), ("sk", "RANGE"))]
        clients.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
            KeySchema=keys,
        )
        made = World(cloud, name, handler())
        bus = clients.client("events")

        def heard(params: dict[str, Any], **_more: Any) -> None:
            made.alerts.extend(params["Entries"])

        bus.meta.events.register("provide-client-params.eventbridge.PutEvents", heard)
        try:
            made.open()
            yield made
        finally:
            bus.meta.events.unregister("provide-client-params.eventbridge.PutEvents", heard)
            cloud.ask("DELETE", "/environments")
            cloud.ask("DELETE", "/faults")


def handler() -> Callable[[dict[str, Any], Any], Any]:
    """The handler of watch_jobs, imported anew: it reads its settings when it is."""
    path = ROOT / "functions" / "watch_jobs" / "app.py"
    spec = importlib.util.spec_from_file_location("watch_jobs_app", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler  # type: ignore[no-any-return]


def context() -> Any:
    """What Lambda passes besides the event, with all the time there is."""
    return SimpleNamespace(
        function_name="watch-jobs",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:watch-jobs",
        aws_request_id=os.urandom(8).hex(),
        get_remaining_time_in_millis=lambda: 280_000,
    )
