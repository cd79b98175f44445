"""A stuck job in the deployed stack: events, sweeps, the alert, and the next queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.support.live_stack import LiveStack, until

from headrace.aws import ledger_watch
from headrace.core.outcome_classes import TERMINATE_STUCK
from headrace.core.records import Epoch

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


FORGOTTEN = """\
name: PIPELINE
processes:
  p:
    queue: QUEUE
    outputs: {o: o.txt}
    script: |
      test -e HEARD || sleep 300
      echo done > o.txt
  after:
    inputs: {i: "${{ p.o }}"}
    outputs: {o: after.txt}
    script: cp ${{ i }} after.txt
defaults: {container: any}
outputs: {o: "${{ after.o }}"}
"""


@pytest.fixture
def own_queue(live: LiveStack) -> Iterator[str]:
    """A queue that no sweep has seen yet; the time that its test moves is put back afterwards."""
    batch, name = live.client("batch"), f"own-{uuid.uuid4().hex[:8]}"
    resources = {"type": "SPOT", "maxvCpus": 16, "instanceTypes": ["optimal"], "subnets": ["s"], "instanceRole": "r"}
    environment = batch.create_compute_environment(
        computeEnvironmentName=f"{name}-env", type="MANAGED", computeResources=resources
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName=name, priority=1, computeEnvironmentOrder=order)
    yield name
    live.cloud.ask("POST", "/clock", {"reset": True})


@pytest.fixture
def without_capacity(live: LiveStack, own_queue: str) -> Iterator[str]:
    """A queue whose environment is refused every instance."""
    plan = {"environment": f"{own_queue}-env", "behaviour": "refuse", "reason": "spot-capacity"}
    live.cloud.ask("POST", "/environments", plan)
    yield own_queue
    live.cloud.ask("DELETE", "/environments")


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


def test_a_job_that_batch_forgets_fails_its_run_and_resume_goes_on(
    live: LiveStack, own_queue: str, tmp_path: Path
) -> None:
    """Nobody will hear of the job: its task fails by JobLost, its child execution is stopped, the run ends; a resume succeeds."""
    heard, name = tmp_path / "heard", f"lost-{uuid.uuid4().hex[:8]}"
    epoch = live.begin(FORGOTTEN.replace("PIPELINE", name).replace("QUEUE", own_queue).replace("HEARD", str(heard)))
    live.until_running(epoch)
    (lost,) = until(lambda: [job for job in ledger_watch.live_of(live.table, epoch) if job.job and job.execution])
    live.cloud.ask("POST", "/jobs/forget", {"jobs": [lost.job]})

    def given_up() -> bool:
        """One sweep gives it up, and a later one, that finds the record, stops the execution."""
        waiting = ledger_watch.live_of(live.table, epoch)
        if any(job.given_up for job in waiting):
            live.until_record(epoch, "p")
        return not waiting

    _sweep_until(live, own_queue, given_up)
    run = live.ended(epoch)
    child = live.client("stepfunctions").describe_execution(executionArn=lost.execution)
    assert (child["status"], child["error"]) == ("ABORTED", "JobLost")
    assert run.status == "FAILED"
    assert run.statuses() == {"p": "failed"}
    assert run.cause == f"p: Batch does not know its job {lost.job} any more"
    heard.touch()
    live.start({"resume": epoch.run}, name=f"{epoch.run}-2")
    resumed = live.ended(Epoch(epoch.run, 2))
    assert resumed.status == "SUCCEEDED", resumed.cause
    assert resumed.result("o") == "done\n"


def _sweep_until_ended(live: LiveStack, queue: str, job: str) -> dict[str, str]:
    """Sweep until Batch has ended the job."""

    def described() -> dict[str, str]:
        return dict(live.client("batch").describe_jobs(jobs=[job])["jobs"][0])

    _sweep_until(live, queue, lambda: described()["status"] == "FAILED")
    return described()


def _sweep_until(live: LiveStack, queue: str, over: Callable[[], bool]) -> None:
    """Let five minutes pass again and again, each with its schedule."""
    for _ in range(9):
        moved = live.cloud.ask("POST", "/clock", {"advanceSeconds": 300, "schedules": True, "stop": True})
        assert moved["scheduledEvents"]
        second = int(datetime.fromisoformat(moved["now"]).timestamp()) * 1000
        until(lambda now=second: [each for each in _sweeps(live, queue) if each >= now], what="the sweep")
        if over():
            return
    raise AssertionError("not over after 45 minutes of sweeps")


def _sweeps(live: LiveStack, queue: str) -> list[int]:
    """When (ms) a queue was last swept."""
    found = ledger_watch.watched_queues(live.table).values()
    return [each.swept_ms for each in found if each.queue.endswith(f"/{queue}")]
