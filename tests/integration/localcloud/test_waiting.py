"""Jobs that wait: where they stand in their queue, why, and how tests put them there."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.core.errors import Refused

from .conftest import Stack, until

REASONS = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED",
    "ACTION_REQUIRED",
    "UNDETERMINED",
)
FOUR = {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "4"}]}}


def front(stack: Stack, queue: str) -> list[tuple[str, int]]:
    """The jobs at the front of a queue with the time (ms) they got there."""
    jobs = stack.batch.get_job_queue_snapshot(jobQueue=queue)["frontOfQueue"]["jobs"]
    return [(job["jobArn"].rsplit("/", 1)[-1], job["earliestTimeAtPosition"]) for job in jobs]


def hold(stack: Stack) -> int:
    """Stop the clock; the time in ms."""
    stack.cloud.ask("POST", "/clock", {"at": "2031-05-01T12:00:00Z", "stop": True})
    return 1935403200000


def test_the_snapshot_shows_the_first_hundred_and_what_is_used(stack: Stack) -> None:
    """In the order of submission; who moves up is at his place since then, who does not keeps his time."""
    queue, _ = stack.queue("in-line")
    now = hold(stack)
    running = stack.stage("runs", submit={"jobQueue": queue, **FOUR}, status="RUNNING", count=2)
    first, second, third, *_ = waiting = stack.stage("waits-{n}", submit={"jobQueue": queue}, count=120)
    assert front(stack, queue) == [(job, now) for job in waiting[:100]]
    stack.pass_time(600)
    stack.cloud.ask("POST", "/jobs/move", {"jobs": [second], "status": "STARTING"})
    assert front(stack, queue)[:2] == [(first, now), (third, now + 600_000)]
    snapshot = stack.batch.get_job_queue_snapshot(jobQueue=queue)["queueUtilization"]
    assert snapshot["totalCapacityUsage"] == [{"capacityUnit": "VCPU", "quantity": 8.25}]
    stack.cloud.ask("POST", "/jobs/move", {"jobs": running, "status": "SUCCEEDED", "exitCode": 0})
    assert stack.job(running[0])["container"]["exitCode"] == 0


def test_a_fair_share_queue_dispatches_by_share(stack: Stack) -> None:
    """The share that uses nothing goes first, then both in turn; within a share priority decides."""
    distribution = [
        {"shareIdentifier": "heavy", "weightFactor": 1.0},
        {"shareIdentifier": "light", "weightFactor": 1.0},
    ]
    policy = stack.batch.create_scheduling_policy(name="fair", fairsharePolicy={"shareDistribution": distribution})[
        "arn"
    ]
    queue, _ = stack.queue("fair", schedulingPolicyArn=policy)

    def stage(name: str, share: str, **more: Any) -> list[str]:
        submit = {"jobQueue": queue, "shareIdentifier": share, **more.pop("submit", {})}
        return stack.stage(name, submit=submit, **more)

    stage("heavy-runs", "heavy", status="RUNNING", count=2)
    heavy = stage("heavy-{n}", "heavy", count=2)
    light = stage("light-{n}", "light", count=3)
    urgent = stage("light-urgent", "light", submit={"schedulingPriorityOverride": 9})
    assert [job for job, _ in front(stack, queue)] == [*urgent, light[0], heavy[0], light[1], heavy[1], light[2]]
    shares = stack.batch.get_job_queue_snapshot(jobQueue=queue)["queueUtilization"]["fairshareUtilization"]
    assert shares["topCapacityUtilization"][0]["shareIdentifier"] == "heavy"
    with pytest.raises(ClientError, match="shareIdentifier"):
        stack.batch.submit_job(jobName="x", jobQueue=queue, jobDefinition=stack.outputs["JobDefinition"])
    listed = stack.batch.list_jobs(
        jobQueue=queue, jobStatus="RUNNABLE", filters=[{"name": "SHARE_IDENTIFIER", "values": ["heavy"]}]
    )
    assert {job["jobId"] for job in listed["jobSummaryList"]} == set(heavy)


@pytest.mark.parametrize("reason", REASONS)
def test_each_published_reason_is_on_the_head_and_in_an_event(stack: Stack, reason: str) -> None:
    """The head alone carries it, one event tells of it; it goes with the state, or when taken back."""
    queue, _ = stack.queue(f"blocked-{reason.replace(':', '-')[:40]}")
    received = stack.listen(
        queue.rsplit("/", 1)[-1], {"detail-type": ["Batch Job Queue Blocked"], "resources": [queue]}
    )
    head, behind = stack.stage("blocked-{n}", submit={"jobQueue": queue}, count=2)
    for _ in range(2):
        assert stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": reason}) == {"jobId": head}
    told = stack.job(head)["statusReason"]
    assert told.startswith(reason)
    assert "statusReason" not in stack.job(behind)
    (event,) = until(received)
    assert (event["detail"]["statusReason"], event["detail"]["status"]) == (told, "RUNNABLE")
    stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": ""})
    assert "statusReason" not in stack.job(head)
    stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": reason, "tell": False})
    stack.cloud.ask("POST", "/jobs/move", {"jobs": [head], "status": "STARTING"})
    assert "statusReason" not in stack.job(head)


def test_blocked_events_come_twice_or_never_when_planned(stack: Stack) -> None:
    """As every other event: the first is lost, the second comes twice."""
    queue, _ = stack.queue("lossy")
    received = stack.listen("lossy", {"detail-type": ["Batch Job Queue Blocked"], "resources": [queue]})
    stack.stage("blocked", submit={"jobQueue": queue})
    for fault, reason in (("lose", "UNDETERMINED"), ("duplicate", "ACTION_REQUIRED")):
        stack.fault(kind="event", detailType="Batch Job Queue Blocked", fault=fault)
        stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": reason})
    events = until(lambda: received() if len(received()) == 2 else None)
    assert len({event["id"] for event in events}) == 1


def test_a_queue_cancels_what_is_blocked_for_too_long(stack: Stack) -> None:
    """jobStateTimeLimitActions: after ten minutes at the head with that reason the job is cancelled, the next one is not."""
    reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
    limits = [{"reason": reason, "state": "RUNNABLE", "maxTimeSeconds": 600, "action": "CANCEL"}]
    queue, _ = stack.queue("limited", jobStateTimeLimitActions=limits)
    hold(stack)
    head, behind = stack.stage("limited-{n}", submit={"jobQueue": queue}, count=2)
    stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": reason})
    stack.pass_time(599)
    assert stack.job(head)["status"] == "RUNNABLE"
    stack.pass_time(1)
    ended = stack.job_ended(head)
    assert ended["statusReason"] == f"Canceled by JobStateTimeLimit action due to reason: {reason}"
    assert (ended["status"], ended["isCancelled"], stack.job(behind)["status"]) == ("FAILED", True, "RUNNABLE")
    with pytest.raises(ClientError, match="reason must be one of"):
        stack.batch.update_job_queue(jobQueue=queue, jobStateTimeLimitActions=[{**limits[0], "reason": "too slow"}])


def test_a_consumable_resource_keeps_a_job_pending(stack: Stack) -> None:
    """Two licences, two jobs that hold one each: the third waits in PENDING until one of them ends."""
    stack.batch.create_consumable_resource(consumableResourceName="licence", totalQuantity=2)
    needs = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]}
    jobs = [
        stack.submit(f"licensed-{n}", ["sleep", "30"], consumableResourcePropertiesOverride=needs) for n in range(3)
    ]
    until(lambda: stack.job(jobs[1])["status"] == "RUNNING")
    third = stack.job(jobs[2])
    assert (third["status"], third["consumableResourceProperties"]) == ("PENDING", needs)
    assert stack.batch.describe_consumable_resource(consumableResource="licence")["availableQuantity"] == 0
    stack.batch.terminate_jobs(jobs=jobs[:2], reason="done")
    until(lambda: stack.job(jobs[2])["status"] == "RUNNING")
    stack.batch.terminate_job(jobId=jobs[2], reason="done")
    stack.job_ended(jobs[2])
    assert stack.batch.describe_consumable_resource(consumableResource="licence")["inUseQuantity"] == 0


@pytest.mark.parametrize("status", ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"])
def test_a_job_can_be_staged_anywhere_and_be_terminated_there(stack: Stack, status: str) -> None:
    """It is where it was put, since when it was put there; TerminateJob ends it at once with the reason."""
    now = hold(stack)
    (job_id,) = stack.stage("staged", status=status, secondsAgo=7200)
    job = stack.job(job_id)
    assert (job["status"], job["createdAt"]) == (status, now - 7_200_000)
    assert job.get("startedAt") == (now - 7_200_000 if status == "RUNNING" else None)
    assert ("logStreamName" in job["container"], "taskArn" in job["container"]) == (
        status == "RUNNING",
        status in ("STARTING", "RUNNING"),
    )
    if status == "STARTING":
        environment = stack.batch.describe_job_queues(jobQueues=[stack.outputs["Queue"]])["jobQueues"][0][
            "computeEnvironmentOrder"
        ][0]
        named = {"computeEnvironments": [environment["computeEnvironment"]]}
        cluster = stack.batch.describe_compute_environments(**named)["computeEnvironments"][0]["ecsClusterArn"]
        hosts = stack.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
        assert job["container"]["containerInstanceArn"] in hosts
    listed = stack.batch.list_jobs(jobQueue=stack.outputs["Queue"], jobStatus=status)["jobSummaryList"]
    assert job_id in {one["jobId"] for one in listed}
    stack.batch.terminate_job(jobId=job_id, reason="enough")
    ended = stack.job(job_id)
    assert (ended["status"], ended["statusReason"], ended["stoppedAt"]) == ("FAILED", "enough", now)


def test_a_staged_array_waits_while_its_children_run(stack: Stack) -> None:
    """The parent is PENDING, the children are where they were put and are listed by it."""
    (parent,) = stack.stage("staged-array", submit={"arrayProperties": {"size": 3}}, status="RUNNING")
    assert stack.job(parent)["status"] == "PENDING"
    children = stack.batch.list_jobs(arrayJobId=parent)["jobSummaryList"]
    assert {child["jobId"] for child in children} == {f"{parent}:{n}" for n in range(3)}
    stack.batch.terminate_job(jobId=parent, reason="enough")
    assert {stack.job(f"{parent}:{n}")["status"] for n in range(3)} == {"FAILED"}


def test_a_lost_host_puts_a_job_back_into_the_queue(stack: Stack) -> None:
    """RUNNING to RUNNABLE: the attempt ends with the host's reason and the next one begins with STARTING."""
    (job_id,) = stack.stage("spot", status="RUNNING")
    lost = "Host EC2 (instance i-0123456789abcdef0) terminated."
    stack.cloud.ask("POST", "/jobs/move", {"jobs": [job_id], "status": "RUNNABLE", "statusReason": lost})
    assert [attempt["statusReason"] for attempt in stack.job(job_id)["attempts"]] == [lost]
    stack.cloud.ask("POST", "/jobs/move", {"jobs": [job_id], "status": "STARTING"})
    stack.cloud.ask("POST", "/jobs/move", {"jobs": [job_id], "status": "SUCCEEDED", "exitCode": 0})
    assert len(stack.job(job_id)["attempts"]) == 2


def test_batch_forgets_a_job(stack: Stack) -> None:
    """Neither described nor listed any more."""
    queue, _ = stack.queue("forgetful")
    (job_id,) = stack.stage("forgotten", submit={"jobQueue": queue}, status="RUNNING")
    stack.cloud.ask("POST", "/jobs/forget", {"jobs": [job_id]})
    assert stack.batch.describe_jobs(jobs=[job_id])["jobs"] == []
    assert stack.batch.list_jobs(jobQueue=queue)["jobSummaryList"] == []


def test_ten_thousand_jobs_are_staged_and_listed(stack: Stack) -> None:
    """A thousand a page by status, a hundred by filter, every job once, newest first."""
    queue, _ = stack.queue("crowded")
    staged = stack.stage("crowd-{n}", submit={"jobQueue": queue}, count=10_000, tell=False)
    pages = list(stack.batch.get_paginator("list_jobs").paginate(jobQueue=queue, jobStatus="RUNNABLE"))
    assert [len(page["jobSummaryList"]) for page in pages] == [1000] * 10
    assert [job["jobId"] for page in pages for job in page["jobSummaryList"]] == staged[::-1]
    named = stack.batch.list_jobs(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": ["crowd-*"]}])
    assert len(named["jobSummaryList"]) == 100
    both = [{"name": "JOB_NAME", "values": ["x"]}, {"name": "AFTER_CREATED_AT", "values": ["0"]}]
    with pytest.raises(ClientError, match="Only one filter"):
        stack.batch.list_jobs(jobQueue=queue, filters=both)
    stack.cloud.ask("POST", "/jobs/forget", {"jobs": staged})


def test_stagings_are_checked_by_name(stack: Stack) -> None:
    """Unknown fields, states, jobs and reasons are refused, and what SubmitJob would refuse."""
    for path, request, told in (
        ("/jobs", {"submit": {}, "state": "RUNNING"}, "state"),
        ("/jobs", {"submit": {"jobName": "x"}, "status": "WALKING"}, "WALKING"),
        ("/jobs", {"submit": {"jobName": "x", "jobQueue": "none"}}, "SubmitJob"),
        ("/jobs/move", {"jobs": ["none"], "status": "RUNNING"}, "none"),
        ("/blocked", {"queue": stack.outputs["Queue"], "reason": "BAD_LUCK"}, "BAD_LUCK"),
    ):
        with pytest.raises(Refused, match=told):
            stack.cloud.ask("POST", path, request)
