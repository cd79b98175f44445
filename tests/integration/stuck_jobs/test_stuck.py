"""Stories of stuck jobs: what is wrong, how long it lasts, and the one alert that says so."""

from __future__ import annotations

import pytest
from tests.support.waiting_world import World

from headrace.core.outcome_classes import TERMINATE_STUCK
from headrace.core.stuck_limits import Limits

HALF_AN_HOUR = Limits(runnable_s=1800)


# ------------------------------------------------------------------ what Batch says itself
@pytest.mark.parametrize(
    ("reason", "code", "minutes"),
    [
        ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "no-capacity", 60),
        ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", "max-vcpus", 15),
        ("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "too-big", 60),
        ("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS", "service-role", 15),
        ("MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED", "instance-configuration", 15),
        ("ACTION_REQUIRED", "environment-invalid", 15),
        ("UNDETERMINED", "undetermined", 60),
    ],
)
def test_each_published_reason_is_told_when_it_lasts(here: World, reason: str, code: str, minutes: int) -> None:
    """What cannot heal by waiting after a quarter of an hour, what can after an hour; one alert for both jobs of the queue."""
    here.jobs(2)
    here.block(reason)
    here.minutes(minutes - 10, every=10)
    here.silent()
    here.minutes(15)
    here.told(code, jobs=2, state="RUNNABLE")


# ------------------------------------------------------------------ what Batch does not say
def test_a_job_that_fits_no_instance_type(here: World) -> None:
    """8 GiB do not fit an m5.large, which has 8 GiB less what system and agent keep."""
    here.resize(instanceTypes=["m5.large"])
    here.jobs(memory_mib=8192)
    here.minutes(20)
    here.told("too-big", jobs=1, cause="8192")


def test_an_environment_that_may_not_have_so_many_vcpus(here: World) -> None:
    """Batch does not always say it."""
    here.jobs(vcpus=96)
    here.minutes(20)
    here.told("max-vcpus", jobs=1)


def test_an_invalid_environment(here: World) -> None:
    """Its status reason is in the alert."""
    here.behave("invalid", statusReason="CLIENT_ERROR - Not authorized to perform sts:AssumeRole")
    here.jobs()
    here.minutes(20)
    here.told("environment-invalid", cause="sts:AssumeRole")


def test_a_disabled_environment(here: World) -> None:
    """Nobody pauses a queue that way: it is told."""
    here.client("batch").update_compute_environment(computeEnvironment=here.environment, state="DISABLED")
    here.jobs()
    here.minutes(20)
    here.told("environment-disabled")


def test_a_disabled_queue_whose_job_has_a_limit(here: World) -> None:
    """A paused queue is nobody's business, unless the process says how long it may wait."""
    here.jobs(limits=HALF_AN_HOUR)
    here.client("batch").update_job_queue(jobQueue=here.queue, state="DISABLED")
    here.minutes(25)
    here.silent()
    here.minutes(15)
    here.told("queue-disabled")


def test_instances_that_never_register(here: World) -> None:
    """They run, and ECS does not know them: network, agent or image."""
    here.behave("unregistered")
    here.jobs(4)
    here.minutes(30)
    here.told("never-registered", jobs=4)


@pytest.mark.parametrize(
    ("reason", "code", "text", "minutes"),
    [
        ("vcpu-limit", "quota", "vCPU limit of 32", 20),
        ("spot-limit", "quota", "Max spot instance count exceeded", 20),
        ("spot-capacity", "no-capacity", "UnfulfillableCapacity", 70),
        ("capacity", "no-capacity", "m5.4xlarge", 70),
    ],
)
def test_launches_that_are_refused(here: World, reason: str, code: str, text: str, minutes: int) -> None:
    """Auto Scaling's own words are in the alert; a quota is told soon, capacity may come back."""
    here.behave("refuse", reason=reason)
    here.jobs(3)
    here.minutes(minutes, every=10)
    here.told(code, jobs=3, cause=text)


def test_an_agent_that_is_gone(here: World) -> None:
    """The instances are there and nobody answers on them."""
    here.behave("disconnected")
    here.jobs()
    here.minutes(20)
    here.told("agent-disconnected")


def test_an_image_without_the_log_driver(here: World) -> None:
    """Jobs that log with awslogs are placed nowhere."""
    here.behave("no-log-driver")
    here.jobs()
    here.minutes(20)
    here.told("no-log-driver")


def test_one_job_too_large_in_a_queue_that_works(here: World) -> None:
    """The others start one after the other; the alert is about this one."""
    here.jobs(vcpus=96)
    others = here.jobs(5)

    def next_one() -> None:
        here.ends([others.pop(0)])
        here.move(others[:1], "RUNNING")

    here.move(others[:1], "RUNNING")
    here.minutes(20, meanwhile=next_one)
    here.told("max-vcpus", jobs=1)


def test_a_share_that_never_gets_its_turn(here: World) -> None:
    """The queue starts jobs of others all the time, and none of ours."""
    here.share_fairly(light=1.0, heavy=0.001)
    here.jobs(submit={"shareIdentifier": "light"})

    def others() -> None:
        running = here.jobs(4, "RUNNING", ours=False, submit={"shareIdentifier": "heavy"})
        here.move(running[:3], "SUCCEEDED", exitCode=0)

    here.minutes(75, meanwhile=others)
    here.told("starved", jobs=1, cause="share light")


def test_a_queue_whose_head_is_somebody_elses_and_blocked(here: World) -> None:
    """Ours wait behind it: the alert says for what."""
    here.jobs(ours=False)
    here.block("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    here.jobs(2)
    here.minutes(70, every=10)
    here.told("too-big", jobs=2, cause="somebody else")


# ------------------------------------------------------------------ other states than RUNNABLE
def test_a_job_that_waits_for_a_consumable_resource(here: World) -> None:
    """PENDING; the alert names the resource."""
    resource = f"{here.name}-licence"
    here.client("batch").create_consumable_resource(consumableResourceName=resource, totalQuantity=0)
    needs = {"consumableResourceList": [{"consumableResource": resource, "quantity": 1}]}
    here.jobs(status="PENDING", submit={"consumableResourcePropertiesOverride": needs})
    here.minutes(75, every=10)
    here.told("consumable-resource", state="PENDING", cause=resource)


def test_a_job_that_waits_for_another_job(here: World) -> None:
    """PENDING behind a job that does not end."""
    (before,) = here.jobs(status="RUNNING", ours=False)
    here.jobs(status="PENDING", submit={"dependsOn": [{"jobId": before}]})
    here.minutes(75, every=10)
    here.told("dependency", state="PENDING")


def test_a_job_that_stays_submitted(here: World) -> None:
    """Batch has never looked at it: no event tells of that, the sweep does."""
    here.jobs(status="SUBMITTED")
    here.minutes(75, every=10)
    here.told("submitted", state="SUBMITTED")


def test_a_container_that_does_not_start(here: World) -> None:
    """Half an hour of STARTING, counted from when it was first seen so."""
    (job,) = here.jobs()
    here.minutes(20)
    here.move([job], "STARTING")
    here.minutes(30)
    here.silent()
    here.minutes(10)
    here.told("start-hangs", state="STARTING", cause="alpine")


def test_a_running_job_without_a_line(here: World) -> None:
    """It wrote for a while and then no more, not even the line of each minute."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(40, every=20, meanwhile=lambda: here.writes(job))
    here.minutes(50, every=10)
    here.silent()
    here.minutes(40, every=10)
    here.told("silent", state="RUNNING", cause="wrote nothing")


def test_a_running_job_that_does_nothing(here: World) -> None:
    """It writes the line of each minute, and its seconds of CPU stay what they are: told when that has lasted four hours, and not before."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(230, every=10, meanwhile=lambda: here.writes(job, "headrace: running, 7 s of CPU"))
    here.silent()
    here.minutes(60, every=10, meanwhile=lambda: here.writes(job, "headrace: running, 7 s of CPU"))
    here.told("idle", jobs=1, state="RUNNING", cause="no CPU", action="alert")


def test_a_job_that_runs_past_its_time(here: World) -> None:
    """Batch should have ended it after an hour; it still writes."""
    (job,) = here.jobs(status="RUNNING", time_s=3600)
    here.minutes(90, every=10, meanwhile=lambda: here.writes(job))
    here.told("overdue", state="RUNNING", cause="1 h")


def test_a_job_batch_has_forgotten(here: World) -> None:
    """Neither listed nor described any more, and the engine still waits for it."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(15)
    here.deliver([here.event(job)])
    here.forget([job])
    here.minutes(40)
    here.told("forgotten", cause=job)


def test_an_end_that_nobody_heard_of(here: World) -> None:
    """Batch says it ended an hour ago, and the engine still waits for it; its job is found by its name."""
    (job,) = here.jobs(status="RUNNING")
    here.minutes(15)
    here.move([job], "FAILED", exitCode=1)
    here.minutes(55, every=10)
    here.silent()
    here.minutes(30, every=10)
    here.told("unheard", cause="FAILED")


def test_a_job_that_was_never_submitted(here: World) -> None:
    """It was prepared and nothing came of it, for longer than SubmitJob is tried again."""
    here.prepares()
    here.minutes(4 * 60, every=30)
    here.silent()
    here.minutes(60, every=15)
    here.told("unsubmitted")


# ------------------------------------------------------------------ what is done about it
@pytest.mark.parametrize(("action", "further"), [("terminate", 0), ("next-queue", 1)])
def test_a_process_may_have_its_stuck_jobs_ended(here: World, action: str, further: int) -> None:
    """At its own limit, with a reason that settling reads; the alert says what was done."""
    here.behave("refuse", reason="spot-capacity")
    (job,) = here.jobs(limits=Limits(runnable_s=1800, action=action, further=further))  # type: ignore[arg-type]
    (other,) = here.jobs()
    here.minutes(25)
    assert here.job(job)["status"] == "RUNNABLE"
    here.minutes(10)
    ended = here.job(job)
    assert ended["status"] == "FAILED"
    assert ended["statusReason"].startswith(TERMINATE_STUCK)
    assert "UnfulfillableCapacity" in ended["statusReason"]
    assert here.job(other)["status"] == "RUNNABLE"
    here.told("no-capacity", action=action)


def test_there_is_no_further_queue(here: World) -> None:
    """`next-queue` on the last queue of the ladder ends nothing: the job stays where it is, and it is told."""
    here.behave("refuse", reason="spot-capacity")
    (job,) = here.jobs(limits=Limits(runnable_s=1800, action="next-queue"))
    here.minutes(70, every=10)
    assert here.job(job)["status"] == "RUNNABLE"
    here.told("no-capacity", action="alert")


def test_a_cause_that_clears_is_told_to_be_over(here: World) -> None:
    """Capacity comes back, the jobs start: one notice, once."""
    here.behave("refuse", reason="spot-capacity")
    jobs = here.jobs(3)
    here.minutes(70, every=10)
    here.told("no-capacity", jobs=3)
    here.behave("launch", afterSeconds=60)
    here.move(jobs, "STARTING")
    here.move(jobs, "RUNNING")
    here.minutes(30)
    (over,) = here.said("Job Recovered")
    assert (over["code"], over["queue"]) == ("no-capacity", here.name)
    here.told("no-capacity")


def test_one_alert_for_five_hundred_jobs(here: World) -> None:
    """And not another one while it lasts, until a day is over."""
    here.behave("unregistered")
    here.jobs(500)
    here.minutes(30, every=10)
    here.told("never-registered", jobs=500)
    here.ask("/clock", advanceSeconds=23 * 3600)
    here.minutes(20, every=10)
    here.told("never-registered", jobs=500)
    here.ask("/clock", advanceSeconds=1800)
    here.minutes(30, every=10)
    here.told("never-registered", jobs=500, times=2)


def test_events_change_nothing_in_the_verdict(here: World) -> None:
    """All lost is how every story here is told; doubled, out of order and stale ones end the same, with one alert."""
    here.behave("unregistered")
    (job,) = here.jobs()
    waiting = here.event(job)
    here.move([job], "STARTING")
    starting = here.event(job)
    here.move([job], "RUNNABLE", statusReason="Host EC2 (instance i-0123456789abcdef0) terminated.")
    here.deliver([starting, waiting, starting, waiting])
    here.minutes(60, every=10, meanwhile=lambda: here.deliver([starting, waiting, here.event(job), here.event(job)]))
    here.told("never-registered", jobs=1)
