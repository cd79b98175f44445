"""A stuck job in the deployed stack: events, sweeps, the alert, and the next queue."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest
from tests.support.live_stack import LiveStack, until

from headrace.aws import ledger_watch
from headrace.core.outcome_classes import TERMINATE_STUCK

SPEC = """\
name: PIPELINE
processes:
  p:
    container: any
    queue: [SLOW, DEFAULT]
    waitLimit: {runnable: 30m, action: next-queue}
    outputs: {o: o.txt}
    script: echo "$AWS_BATCH_JQ_NAME" > o.txt
outputs: {o: "${{ p.o }}"}
"""


@pytest.fixture
def without_capacity(live: LiveStack) -> Iterator[str]:
    """A queue whose environment is refused every instance; time and environments are put back afterwards."""
    batch, name = live.client("batch"), f"slow-{uuid.uuid4().hex[:8]}"
    resources = {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["optimal"], "subnets": ["s"], "instanceRole": "r"}
    environment = batch.create_compute_environment(
        computeEnvironmentName=f"{name}-env", type="MANAGED", computeResources=resources
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
    plan = {"environment": environment, "behaviour": "refuse", "reason": "spot-capacity"}
    live.cloud.ask("POST", "/environments", plan)
    yield name
    live.cloud.ask("DELETE", "/environments")
    live.cloud.ask("POST", "/clock", {"reset": True})


def test_a_job_without_capacity_goes_to_the_next_queue(live: LiveStack, without_capacity: str) -> None:
    """Events tell the live view, the schedule sweeps, half an hour passes: one alert, the job ends, its task succeeds elsewhere."""
    default = live.client("batch").describe_job_queues(jobQueues=[live.outputs["Queue"]])["jobQueues"][0][
        "jobQueueName"
    ]
    name = f"s{uuid.uuid4().hex[:8]}"
    epoch = live.begin(SPEC.replace("PIPELINE", name).replace("SLOW", without_capacity).replace("DEFAULT", default))
    waiting = until(lambda: [job for job in ledger_watch.live_of(live.table, epoch) if job.state == "RUNNABLE"])
    assert waiting[0].job
    ended = _sweep_until_ended(live, without_capacity, waiting[0].job)
    assert ended["statusReason"].startswith(TERMINATE_STUCK)
    run = live.ended(epoch)
    assert run.status == "SUCCEEDED"
    assert run.result("o") == f"{default}\n"
    assert [attempt.queue.rsplit("/", 1)[-1] for attempt in run.attempts("p")] == [without_capacity, default]
    (told,) = live.events(epoch.run, "Job Stuck")
    assert (told["code"], told["queue"], told["jobs"], told["action"]) == (
        "no-capacity",
        without_capacity,
        1,
        "next-queue",
    )
    assert until(lambda: live.alerts(without_capacity))[0].count("UnfulfillableCapacity")
    assert ledger_watch.live_of(live.table, epoch) == []


def _sweep_until_ended(live: LiveStack, queue: str, job: str) -> dict[str, str]:
    """Let five minutes pass again and again, each with its schedule, until Batch has ended the job."""
    for _ in range(9):
        moved = live.cloud.ask("POST", "/clock", {"advanceSeconds": 300, "schedules": True, "stop": True})
        assert moved["scheduledEvents"]
        second = int(datetime.fromisoformat(moved["now"]).timestamp()) * 1000
        until(lambda now=second: [each for each in _sweeps(live, queue) if each >= now], what="the sweep")
        (found,) = live.client("batch").describe_jobs(jobs=[job])["jobs"]
        if found["status"] == "FAILED":
            return dict(found)
    raise AssertionError(f"{job} is {found['status']} after 45 minutes")


def _sweeps(live: LiveStack, queue: str) -> list[int]:
    """When (ms) a queue was last swept."""
    found = ledger_watch.watched_queues(live.table).values()
    return [each.swept_ms for each in found if each.queue.endswith(f"/{queue}")]
