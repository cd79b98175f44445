"""template.yaml deployed in a local cloud, and what the end-to-end tests do with it.

A `LiveStack` starts runs both ways (a file under launch/, StartExecution), waits for their end, and reads what they left: the
ledger through the engine's own adapter, the bucket, the bus (a queue behind a rule of its own), the notifications.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import yaml
from botocore.config import Config

from headrace.aws import ledger, ledger_runs
from headrace.aws.table import Table
from headrace.core import names
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord
from headrace_local import Cloud, deploy

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE_S = 240.0
ELSEWHERE = "elsewhere"
"""A bucket that the stack of the tests may write to beside its own."""
_ACCOUNT = "123456789012"
T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """A run whose execution is over."""

    stack: LiveStack
    epoch: Epoch
    execution: dict[str, Any]

    @property
    def status(self) -> str:
        """SUCCEEDED, FAILED, ABORTED or TIMED_OUT."""
        return str(self.execution["status"])

    @property
    def error(self) -> str:
        """The error name the execution failed with."""
        return str(self.execution.get("error", ""))

    @property
    def cause(self) -> str:
        """The cause it failed with."""
        return str(self.execution.get("cause", ""))

    @property
    def record(self) -> RunRecord:
        """The run in the ledger."""
        return ledger_runs.run_of(self.stack.table, self.epoch)

    def tasks(self) -> dict[str, TaskRecord]:
        """The records of its tasks, expansions included."""
        return ledger.tasks_with(self.stack.table, self.epoch)

    def statuses(self) -> dict[str, str]:
        """Task id to status."""
        return {task: record.status for task, record in self.tasks().items()}

    def attempts(self, task: str) -> list[AttemptRecord]:
        """A task's submissions."""
        return ledger.attempts_of(self.stack.table, self.epoch, task)

    def text(self, name: str) -> str:
        """A file of its own folder, as digest.md."""
        return self.stack.text(f"runs/{self.epoch.run}/{self.epoch.number}/{name}")

    def digest(self) -> dict[str, Any]:
        """digest.json."""
        return dict(json.loads(self.text("digest.json")))

    def result(self, output: str) -> str:
        """The content of one of its outputs, which is a file."""
        return self.stack.text(json.loads(self.text("result.json"))[output]["$file"])

    def results(self) -> dict[str, str]:
        """What it published, by path below its results folder."""
        whose = self.record.tenant
        prefix = f"results/{whose}/{self.epoch.run}/" if whose else f"results/{self.epoch.run}/"
        return {key.removeprefix(prefix): self.stack.text(key) for key in self.stack.keys(prefix)}

    def jobs(self) -> list[dict[str, Any]]:
        """Its Batch jobs, ended ones too."""
        return self.stack.jobs(names.job_prefix(self.epoch.run, self.epoch.number))


@dataclass
class LiveStack:
    """A deployed stack. `events` collects what came over the bus with source `headrace`."""

    cloud: Cloud
    name: str
    outputs: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _bus_queue: str = ""

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud."""
        if service not in self.clients:
            self.clients[service] = client(self.cloud.endpoint, service)
        return self.clients[service]

    @property
    def bucket(self) -> str:
        """The stack's bucket."""
        return self.outputs["Bucket"]

    @property
    def table(self) -> Table:
        """The ledger."""
        return Table(self.client("dynamodb"), self.outputs["Ledger"])

    def update(self, template: Path = ROOT / "template.yaml", parameters: dict[str, str] | None = None) -> None:
        """Deploy again, with the parameters it had unless others are given."""
        self.outputs = deploy(self.cloud.endpoint, template, self.name, {**self.parameters, **(parameters or {})})

    # ------------------------------------------------------------------ in
    def delete(self) -> None:
        """Take the stack away: as long as it is there its functions look at every job of the cloud."""
        self.client("cloudformation").delete_stack(StackName=self.name)

    def put(self, key: str, content: str | bytes | dict[str, Any]) -> str:
        """Put an object into the bucket; its version."""
        if isinstance(content, dict):
            content = json.dumps(content)
        body = content.encode() if isinstance(content, str) else content
        return str(self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)["VersionId"])

    def put_example(self, name: str, **files: Path) -> str:
        """Put an example's files, and others by name, under inputs/<name>/; the URI of that folder."""
        for path in [*(EXAMPLES / name).glob("*"), *files.values()]:
            self.put(f"inputs/{name}/{path.name}", path.read_bytes())
        return f"s3://{self.bucket}/inputs/{name}"

    def drop(self, key: str, content: str | bytes | dict[str, Any], name: str, tenant: str = "") -> Epoch:
        """Drop a file under launch/, or launch/<tenant>/; the run that a pipeline (or request) called `name` starts by it."""
        place = f"launch/{tenant}/{key}" if tenant else f"launch/{key}"
        version = self.put(place, content)
        return Epoch(names.launched_run_id(name, self.bucket, place, version, tenant), 1)

    def start(self, given: object, name: str = "") -> Epoch:
        """Start an execution of run_pipeline by hand."""
        name = name or f"hand-{uuid.uuid4().hex[:10]}"
        self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs["RunPipeline"], name=name, input=json.dumps(given)
        )
        return Epoch(names.named_run_id(name), 1)

    def run(self, spec: str | dict[str, Any], **more: Any) -> Ended:
        """Run an inline spec to its end."""
        return self.ended(self.begin(spec, **more))

    def begin(self, spec: str | dict[str, Any], **more: Any) -> Epoch:
        """Start an inline spec."""
        return self.start({"pipeline": yaml.safe_load(spec) if isinstance(spec, str) else spec, **more})

    # ------------------------------------------------------------------ on the way
    def execution(self, epoch: Epoch) -> dict[str, Any] | None:
        """The execution of a run, launched or by hand; None when there is none (yet)."""
        sfn = self.client("stepfunctions")
        for name in (f"{epoch.run}-{epoch.number}", epoch.run):
            arn = self.outputs["RunPipeline"].replace(":stateMachine:", ":execution:") + f":{name}"
            try:
                return dict(sfn.describe_execution(executionArn=arn))
            except sfn.exceptions.ExecutionDoesNotExist:
                continue
        return None

    def ended(self, epoch: Epoch, within_s: float = PATIENCE_S) -> Ended:
        """Wait for the end of a run."""

        def over() -> dict[str, Any] | None:
            found = self.execution(epoch)
            return found if found and found["status"] != "RUNNING" else None

        return Ended(self, epoch, until(over, within_s, f"run {epoch} to end"))

    def until_record(self, epoch: Epoch, task: str) -> TaskRecord:
        """Wait until a task has its record."""
        return until(
            lambda: ledger.read_task(self.table, epoch, task),
            what=f"{epoch}: a record of {task}",
            unless=self._over(epoch),
        )

    def until_running(self, epoch: Epoch, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many jobs of a run are RUNNING."""

        def running() -> list[dict[str, Any]] | None:
            found = [job for job in self.jobs(names.job_prefix(epoch.run, epoch.number)) if job["status"] == "RUNNING"]
            return found if len(found) >= count else None

        return until(running, what=f"{epoch}: {count} running jobs", unless=self._over(epoch))

    def _over(self, epoch: Epoch) -> Callable[[], str]:
        """Says how an execution ended when it did: what a test waits for does not come any more."""

        def ended() -> str:
            found = self.execution(epoch)
            over = found is not None and found["status"] != "RUNNING"
            return f"{found['status']}: {found.get('error')}: {found.get('cause')}" if found and over else ""

        return ended

    def conclude(self) -> None:
        """What the schedule does: one sweep."""
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []}
        self.invoke("conclude-run", event)

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """What a function answers."""
        answer = self.client("lambda").invoke(FunctionName=f"{self.name}-{function}", Payload=json.dumps(event))
        told = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return told

    def object_created(self, key: str, version: str) -> dict[str, Any]:
        """The event of an object, as S3 sends it through EventBridge."""
        told = {"key": key, "size": 1, "etag": "0", "sequencer": "0", **({"version-id": version} if version else {})}
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": _ACCOUNT,
            "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{self.bucket}"],
            "detail": {"version": "0", "bucket": {"name": self.bucket}, "object": told, "reason": "PutObject"},
        }

    # ------------------------------------------------------------------ out
    def version(self, key: str) -> str:
        """The newest version of an object."""
        return str(self.client("s3").head_object(Bucket=self.bucket, Key=key)["VersionId"])

    def executions(self) -> list[str]:
        """The names of all executions of run_pipeline, sorted."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.outputs["RunPipeline"])
        return sorted(item["name"] for page in found for item in page["executions"])

    def text(self, key: str) -> str:
        """An object's content, by key or URI."""
        key = key.removeprefix(f"s3://{self.bucket}/")
        return str(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read().decode("utf-8", "replace"))

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def jobs(self, prefix: str) -> list[dict[str, Any]]:
        """The Batch jobs whose name begins so, in any state."""
        found: list[dict[str, Any]] = []
        batch = self.client("batch")
        for queue in batch.describe_job_queues()["jobQueues"]:
            pages = batch.get_paginator("list_jobs").paginate(
                jobQueue=queue["jobQueueName"], filters=[{"name": "JOB_NAME", "values": [f"{prefix}*"]}]
            )
            found += [job for page in pages for job in page["jobSummaryList"]]
        return found

    def fault(self, **plan: Any) -> None:
        """Let something go wrong."""
        if plan["kind"] == "lambda":
            plan["function"] = f"{self.name}-{plan['function'].replace('_', '-')}"
        self.cloud.ask("POST", "/faults", plan)

    def alerts(self, containing: str) -> list[str]:
        """The notifications sent so far that contain a text."""
        return [sent["message"] for sent in self.cloud.alerts() if containing in sent["message"]]

    def dead_letters(self) -> list[dict[str, Any]]:
        """What is in the dead letter queue now; it is taken out."""
        return _drain(self.client("sqs"), self.outputs["DeadLetters"])

    def listen(self) -> None:
        """Subscribe a queue to everything Headrace says on the bus."""
        sqs, bus = self.client("sqs"), self.client("events")
        bus.put_rule(Name=f"{self.name}-said", EventPattern=json.dumps({"source": ["headrace"]}))
        arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{self.name}-said"
        self._bus_queue = sqs.create_queue(QueueName=f"{self.name}-said", Attributes={"Policy": open_to_rules(arn)})[
            "QueueUrl"
        ]
        bus.put_targets(Rule=f"{self.name}-said", Targets=[{"Id": "queue", "Arn": arn}])

    def events(self, run: str, detail_type: str = "Run State Change") -> list[dict[str, Any]]:
        """The details of the events of one type about a run (for a refused launch: about a launch URI) so far."""
        self._events += _drain(self.client("sqs"), self._bus_queue)
        said = [event["detail"] for event in self._events if event["detail-type"] == detail_type]
        return [detail for detail in said if run in (detail.get("run"), detail.get("launch"))]

    def open_runs(self) -> list[Epoch]:
        """The runs that are not concluded, or of which nobody was told yet."""
        return [entry.epoch for entry in ledger_runs.unconcluded_runs(self.table)]

    def calls(self) -> dict[str, Any]:
        """API calls by caller and operation, and state transitions, so far."""
        return dict(self.cloud.ask("GET", "/calls"))


def open_to_rules(queue_arn: str) -> str:
    """The policy of a queue that lets rules in."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def client(endpoint: str, service: str) -> Any:
    """A boto3 client of a local cloud."""
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    config = Config(
        retries={"total_max_attempts": 2}, read_timeout=300, s3={"addressing_style": "path"}, max_pool_connections=32
    )
    return session.client(service, endpoint_url=endpoint, config=config)


def until(
    check: Callable[[], T | None],
    within_s: float = PATIENCE_S,
    what: str = "it",
    unless: Callable[[], str] = lambda: "",
) -> T:
    """The first true value of `check`; `unless` says why it cannot come any more."""
    began = time.monotonic()
    deadline = began + within_s
    while True:
        why = unless()
        if value := check():
            return value
        assert not why, f"no {what}: {why}"
        assert time.monotonic() < deadline, f"waited {within_s:g} s for {what}"
        # Who waits long may look seldom: to look costs the cloud what the run needs.
        time.sleep(min(0.05 + (time.monotonic() - began) / 10, 0.4))


def count(statuses: Iterable[str]) -> dict[str, int]:
    """How often each status stands there."""
    found: dict[str, int] = {}
    for status in statuses:
        found[status] = found.get(status, 0) + 1
    return found


def _drain(sqs: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
