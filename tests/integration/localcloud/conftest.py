"""One local cloud for all tests of this folder, with the small stack deployed in it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.support.live_stack import open_to_rules

from headrace_local import Cloud, deploy, start, stop

ROLE = "arn:aws:iam::123456789012:role/any"
"""A role that may do anything, for machines of a test's own."""
STACK = Path(__file__).parent / "stack" / "template.yaml"


@dataclass(frozen=True)
class Stack:
    """A running cloud, what is deployed in it, and clients for it."""

    cloud: Cloud
    outputs: dict[str, str]
    clients: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, service: str) -> Any:
        """The boto3 client of a service."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self.clients:
            self.clients[service] = client(self.cloud.endpoint, service)
        return self.clients[service]

    def plan(self, name: str, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        """Store a plan; the input of an execution that runs it."""
        self.s3.put_object(Bucket=self.outputs["Bucket"], Key=f"{name}/plan.json", Body=json.dumps(tasks))
        return {"run": name, "bucket": self.outputs["Bucket"], "key": f"{name}/plan.json"}

    def start(self, machine: str, given: Any, name: str | None = None) -> str:
        """Start an execution; its ARN."""
        named = {"name": name} if name else {}
        return str(
            self.stepfunctions.start_execution(stateMachineArn=machine, input=json.dumps(given), **named)[
                "executionArn"
            ]
        )

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait for the end of an execution; its description."""
        return until(lambda: _over(self.stepfunctions.describe_execution(executionArn=execution)))

    def run(self, machine: str, given: Any) -> dict[str, Any]:
        """Start an execution and wait for its end."""
        return self.ended(self.start(machine, given))

    def machine(self, name: str, definition: dict[str, Any]) -> str:
        """Create a state machine; its ARN."""
        return str(
            self.stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)[
                "stateMachineArn"
            ]
        )

    def submit(self, name: str, command: list[str], **more: Any) -> str:
        """Submit a job; its id."""
        overrides = {"command": command, **more.pop("overrides", {})}
        queue, definition = self.outputs["Queue"], self.outputs["JobDefinition"]
        return str(
            self.batch.submit_job(
                jobName=name, jobQueue=queue, jobDefinition=definition, containerOverrides=overrides, **more
            )["jobId"]
        )

    def job(self, job_id: str) -> dict[str, Any]:
        """A job's description."""
        return dict(self.batch.describe_jobs(jobs=[job_id])["jobs"][0])

    def job_ended(self, job_id: str) -> dict[str, Any]:
        """Wait for the end of a job; its description."""
        return until(lambda: (job := self.job(job_id))["status"] in ("SUCCEEDED", "FAILED") and job)

    def item(self, pk: str, sk: str = "0") -> dict[str, Any] | None:
        """An item of the table."""
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return self.dynamodb.get_item(TableName=self.outputs["Table"], Key=key, ConsistentRead=True).get("Item")

    def stage(self, name: str, **more: Any) -> list[str]:
        """Put jobs into a state with no process behind them; their ids."""
        submit = {"jobName": name, "jobQueue": self.outputs["Queue"], "jobDefinition": self.outputs["JobDefinition"]}
        return list(self.cloud.ask("POST", "/jobs", {"submit": {**submit, **more.pop("submit", {})}, **more}))

    def pass_time(self, seconds: float, **more: Any) -> dict[str, Any]:
        """Move the clock on."""
        return dict(self.cloud.ask("POST", "/clock", {"advanceSeconds": seconds, **more}))

    def queue(self, name: str, **more: Any) -> tuple[str, str]:
        """A queue with an environment of its own; the ARNs of both."""
        resources = {"type": "EC2", "maxvCpus": 64, "subnets": [], "instanceRole": "r", **more.pop("resources", {})}
        environment = self.batch.create_compute_environment(
            computeEnvironmentName=f"{name}-env", type="MANAGED", computeResources=resources
        )["computeEnvironmentArn"]
        order = [{"order": 1, "computeEnvironment": environment}]
        queue = self.batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order, **more)
        return str(queue["jobQueueArn"]), str(environment)

    def listen(
        self, name: str, pattern: dict[str, Any] | None, schedule: str = "", **target: Any
    ) -> Callable[[], list[Any]]:
        """A rule into a queue of its own; what fetches the bodies received so far."""
        queue, arn = self.open_queue(name)
        when = {"ScheduleExpression": schedule} if schedule else {"EventPattern": json.dumps(pattern)}
        self.events.put_rule(Name=name, **when)
        self.events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn, **target}])
        seen: list[Any] = []

        def received() -> list[Any]:
            messages = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            seen.extend(json.loads(message["Body"]) for message in messages)
            return seen

        return received

    def open_queue(self, name: str) -> tuple[str, str]:
        """A queue that lets rules in; its URL and ARN."""
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        return self.sqs.create_queue(QueueName=name, Attributes={"Policy": open_to_rules(arn)})["QueueUrl"], arn

    def fault(self, **plan: Any) -> None:
        """Plan something to go wrong."""
        self.cloud.ask("POST", "/faults", plan)


def client(endpoint: str, service: str) -> Any:
    """A boto3 client of a local cloud."""
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=32)
    return session.client(service, endpoint_url=endpoint, config=config)


def until(check: Callable[[], Any], within_s: float = 60.0) -> Any:
    """The first true value of `check`."""
    deadline = time.monotonic() + within_s
    while not (value := check()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
    return value


def _over(execution: dict[str, Any]) -> dict[str, Any] | None:
    return execution if execution["status"] != "RUNNING" else None


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The cloud with the stack in it."""
    home = tmp_path_factory.mktemp("cloud")
    cloud = start(home, vcpus=4, memory_mib=4096)
    try:
        made = Stack(cloud, deploy(cloud.endpoint, STACK, "one", {"MaxvCpus": "4"}))
        made.iam.create_role(RoleName="any", AssumeRolePolicyDocument="{}")
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        made.iam.put_role_policy(RoleName="any", PolicyName="everything", PolicyDocument=json.dumps(everything))
        yield made
    finally:
        stop(home)


@pytest.fixture(autouse=True)
def _no_plans_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test inherits another one's faults, environments or time."""
    yield
    if "stack" in request.fixturenames:
        cloud = request.getfixturevalue("stack").cloud
        cloud.ask("DELETE", "/faults")
        cloud.ask("DELETE", "/environments")
        cloud.ask("POST", "/clock", {"reset": True})
