"""Stories of jobs that are slow and well: hours pass, and nobody is told anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from tests.support.waiting_world import World

from headrace.core.stuck_limits import Limits


@pytest.fixture(autouse=True)
def _nobody_is_told(here: World) -> Iterator[None]:
    """Every story here ends in silence."""
    yield
    here.silent()


def test_scaling_from_zero_in_four_minutes(here: World) -> None:
    """With the reason Batch gives meanwhile, which says that the job fits nowhere."""
    here.behave("launch", afterSeconds=240)
    (job,) = here.jobs(vcpus=4)
    here.block("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    here.minutes(5)
    here.move([job], "STARTING")
    here.minutes(5)
    here.move([job], "RUNNING")
    here.minutes(40)
    here.ends([job])
    here.minutes(10)


def test_a_reason_that_goes_while_the_environment_scales_slowly(here: World) -> None:
    """It stands there for twenty-five minutes, longer than what is told at once; then the jobs start."""
    here.behave("launch", afterSeconds=1700)
    jobs = here.jobs(3)
    here.block("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    here.minutes(25)
    here.block("")
    here.minutes(10)
    here.move(jobs, "STARTING")
    here.minutes(20)


def test_five_hundred_jobs_behind_eight_vcpus(here: World) -> None:
    """Fifty minutes each, eight at a time, nothing starts in between: the queue is busy and nothing else."""
    here.resize(maxvCpus=8)
    running = here.jobs(8, "RUNNING")
    waiting = here.jobs(500)
    for every in (5, 10, 25):
        here.minutes(50, every=every)
        here.ends(running)
        running, waiting = waiting[:8], waiting[8:]
        here.move(running, "STARTING")
        here.move(running, "RUNNING")


def test_a_pull_of_forty_minutes_under_a_limit_of_sixty(here: World) -> None:
    """The process says that its image is large."""
    (job,) = here.jobs(status="STARTING", limits=Limits(starting_s=3600))
    here.minutes(40)
    here.move([job], "RUNNING")
    here.minutes(20)


def test_a_pull_of_twenty_minutes(here: World) -> None:
    """Under the deployment's own limit."""
    (job,) = here.jobs(status="STARTING")
    here.minutes(20)
    here.move([job], "RUNNING")
    here.minutes(10)


def test_a_queue_paused_on_purpose(here: World) -> None:
    """Over a night."""
    here.jobs(20)
    here.client("batch").update_job_queue(jobQueue=here.queue, state="DISABLED")
    here.minutes(60)
    here.minutes(8 * 60, every=30)


def test_capacity_that_comes_after_half_an_hour(here: World) -> None:
    """Spot was refused six times, then it is there."""
    here.behave("refuse", reason="spot-capacity")
    jobs = here.jobs(5)
    here.minutes(35)
    here.behave("launch", afterSeconds=120)
    here.minutes(5)
    here.move(jobs, "STARTING")
    here.move(jobs, "RUNNING")
    here.minutes(50)


def test_a_lost_host_puts_a_job_back_into_the_queue(here: World) -> None:
    """RUNNING for an hour, RUNNABLE again: what counts is how long it waits since."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(50)
    here.move([job], "RUNNABLE", statusReason="Host EC2 (instance i-0123456789abcdef0) terminated.")
    here.minutes(50)
    here.move([job], "STARTING")
    here.move([job], "RUNNING")
    here.minutes(50)


def test_a_long_job_that_only_says_it_is_alive(here: World) -> None:
    """Four hours with the bootstrap's line and nothing else."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(240, every=10, meanwhile=lambda: here.writes(job))


def test_a_long_job_that_computes_and_writes_nothing(here: World) -> None:
    """Five hours in which only its seconds of CPU grow."""
    (job,) = here.jobs(status="RUNNING")
    used = count(7, 300)
    here.minutes(300, every=10, meanwhile=lambda: here.writes(job, f"headrace: running, {next(used)} s of CPU"))


def test_a_long_job_that_writes_and_computes_next_to_nothing(here: World) -> None:
    """Five hours in which it waits for something, and says so every hour."""
    (job,) = here.jobs(status="RUNNING")
    said = count()

    def writes() -> None:
        here.writes(job, "headrace: running, 7 s of CPU" if next(said) % 6 else "still waiting for the download")

    here.minutes(300, every=10, meanwhile=writes)


def test_an_array_whose_children_run(here: World) -> None:
    """Its parent is PENDING as long as they do."""
    here.jobs(status="RUNNING", submit={"arrayProperties": {"size": 4}})
    here.minutes(150, every=10)


def test_a_dependency_that_ends_in_time(here: World) -> None:
    """PENDING for fifty minutes."""
    (before,) = here.jobs(status="RUNNING", ours=False)
    (job,) = here.jobs(status="PENDING", submit={"dependsOn": [{"jobId": before}]})
    here.minutes(50)
    here.move([before], "SUCCEEDED", exitCode=0)
    here.move([job], "RUNNABLE")
    here.move([job], "RUNNING")
    here.minutes(20)


def test_jobs_that_move_on_between_sweeps(here: World) -> None:
    """Each sweep finds every job in another state than the last."""
    order = ["RUNNABLE", "STARTING", "RUNNING"]
    jobs = here.jobs(12)
    for number in range(15):
        here.minutes(5)
        for place in range(3):
            here.move(jobs[place::3], order[(number + place) % 3])


def test_an_environment_that_others_have_filled(here: World) -> None:
    """It is as large as it may be, and other queues' jobs run on it."""
    here.behave("full")
    here.jobs(10)
    here.minutes(60)
    here.minutes(240, every=30)


def test_another_stacks_stuck_job_in_the_same_queue(here: World) -> None:
    """Nobody here hears of it while ours start."""
    here.jobs(ours=False)
    here.block("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    for _ in range(8):
        (job,) = here.jobs()
        here.minutes(5)
        here.move([job], "STARTING")
        here.move([job], "RUNNING")
        here.minutes(5)
        here.ends([job])


def test_a_schedule_that_fires_twice_late_and_early(here: World) -> None:
    """A sweep is not another observation because it is delivered again, nor by a clock that runs behind."""
    here.behave("refuse", reason="vcpu-limit")
    here.jobs()
    here.minutes(5)
    early = datetime.fromisoformat(here.now()) - timedelta(minutes=4)
    for at in ("", "", early.isoformat(), "", early.isoformat()):
        here.sweep(at)


def test_sweeps_that_pause_for_hours(here: World) -> None:
    """What was found once before the pause is not found in a row with what is found after it."""
    here.behave("unregistered")
    first = here.jobs(2)
    here.minutes(5)
    here.move(first, "RUNNING")
    here.ask("/clock", advanceSeconds=3 * 3600)
    here.ends(first)
    here.jobs(2)
    here.minutes(10)


def test_events_of_all_kinds_and_no_trouble(here: World) -> None:
    """Doubled, late, out of order, of others, of jobs that are over."""
    (job,), (foreign,) = here.jobs(), here.jobs(ours=False)
    seen = [here.event(job), here.event(foreign)]
    here.move([job], "STARTING")
    seen.append(here.event(job))
    here.move([job], "RUNNING")
    seen += [here.event(job), *seen]
    here.deliver(seen[::-1])
    here.minutes(30, meanwhile=lambda: here.deliver(seen))
    here.ends([job])
    here.deliver([here.event(job), *seen])
    here.forget([job])
    here.minutes(40, meanwhile=lambda: here.deliver(seen))


def test_a_submission_that_is_throttled_for_two_hours(here: World) -> None:
    """SubmitJob is tried again for hours; until it succeeds Batch knows no job."""
    here.prepares()
    here.minutes(120, every=10)


def test_batch_does_not_answer(here: World) -> None:
    """Throttled for a while: nothing is concluded from what was not read."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(10)
    here.ask("/faults", kind="api", operation="batch:ListJobs", fault="throttle", times=40)
    here.minutes(10)
    here.cloud.ask("DELETE", "/faults")
    here.writes(job)
    here.minutes(30)
