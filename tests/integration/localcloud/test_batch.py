"""Jobs on the local cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Stack, until


def test_a_job_runs_with_its_environment(stack: Stack) -> None:
    """Batch's variables, the job's own and the endpoint are there, and the output is in the job's stream."""
    line = 'echo "$AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ATTEMPT $MINE $AWS_ENDPOINT_URL $S3_ENDPOINT_URL"; command -v s5cmd >/dev/null'
    overrides = {"environment": [{"name": "MINE", "value": "my own"}]}
    job = stack.job_ended(stack.submit("env", ["sh", "-c", line], overrides=overrides))
    assert (job["status"], job["container"]["exitCode"], job["statusReason"]) == (
        "SUCCEEDED",
        0,
        "Essential container in task exited",
    )
    stream = job["container"]["logStreamName"]
    events = until(lambda: stack.logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream)["events"])
    endpoint = stack.cloud.endpoint
    assert events[0]["message"] == f"{job['jobId']} 1 my own {endpoint} {endpoint}"
    assert stream.split("/")[1] == "default"


def test_only_the_exit_codes_named_are_retried(stack: Stack) -> None:
    """evaluateOnExit: 75 is retried to the last attempt, 7 is not."""
    again, once = (stack.submit(f"exit-{code}", ["sh", "-c", f"exit {code}"]) for code in (75, 7))
    assert [len(stack.job_ended(job)["attempts"]) for job in (again, once)] == [3, 1]
    assert stack.job(once)["attempts"][0]["container"]["exitCode"] == 7


@pytest.mark.parametrize(
    ("fault", "attempts", "told"),
    [
        ("spot", 2, {"statusReason": "Host EC2 (instance i-"}),
        ("pull", 2, {"reason": "CannotPullContainerError"}),
        ("oom", 1, {"reason": "OutOfMemoryError: Container killed due to memory usage", "exitCode": 137}),
    ],
)
def test_planned_misfortune_looks_as_on_aws(stack: Stack, fault: str, attempts: int, told: dict[str, Any]) -> None:
    """The first attempt fails with Batch's own words; what the definition retries is retried."""
    stack.fault(kind="batch", job=f"bad-{fault}", fault=fault)
    job = stack.job_ended(stack.submit(f"bad-{fault}", ["sleep", "0.3"]))
    first = {**job["attempts"][0], **job["attempts"][0]["container"]}
    assert len(job["attempts"]) == attempts
    for name, text in told.items():
        assert str(first[name]).startswith(str(text))


def test_a_job_that_hangs_in_starting_can_be_terminated(stack: Stack) -> None:
    """STARTING does not end by itself; TerminateJob ends it with the reason given."""
    stack.fault(kind="batch", job="hangs", fault="hang")
    job_id = stack.submit("hangs", ["true"])
    until(lambda: stack.job(job_id)["status"] == "STARTING")
    stack.batch.terminate_job(jobId=job_id, reason="enough")
    assert stack.job_ended(job_id)["statusReason"] == "enough"


def test_a_time_limit_ends_the_attempt_without_a_retry(stack: Stack) -> None:
    """A timed-out attempt is not retried, whatever the strategy."""
    job = stack.job_ended(stack.submit("late", ["sleep", "60"], timeout={"attemptDurationSeconds": 1}))
    assert (job["statusReason"], len(job["attempts"]), job["status"]) == (
        "Job attempt duration exceeded timeout",
        1,
        "FAILED",
    )


def test_jobs_wait_for_room(stack: Stack) -> None:
    """Jobs of four cores on a machine of four run one after the other; a cancelled one never starts."""
    four = {"resourceRequirements": [{"type": "VCPU", "value": "4"}]}
    first = stack.submit("room-1", ["sleep", "30"], overrides=four)
    until(lambda: stack.job(first)["status"] == "RUNNING")
    second = stack.submit("room-2", ["true"], overrides=four)
    assert stack.job(second)["status"] == "RUNNABLE"
    stack.batch.cancel_job(jobId=second, reason="no longer wanted")
    assert stack.job_ended(second)["statusReason"] == "no longer wanted"
    stack.batch.terminate_job(jobId=first, reason="done with it")
    ended = stack.job_ended(first)
    assert (ended["status"], ended["container"]["exitCode"]) == ("FAILED", 143)


def test_a_job_too_big_for_its_environment_says_so(stack: Stack) -> None:
    """It stays RUNNABLE with the misconfiguration's name."""
    job_id = stack.submit("huge", ["true"], overrides={"resourceRequirements": [{"type": "VCPU", "value": "64"}]})
    assert until(lambda: stack.job(job_id).get("statusReason", "")).startswith(
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
    )
    assert stack.job(job_id)["status"] == "RUNNABLE"
    stack.batch.terminate_job(jobId=job_id, reason="too big")
    stack.job_ended(job_id)


def test_overrides_over_the_limit_fail_the_job_as_on_aws(stack: Stack) -> None:
    """The job is accepted and then fails with ECS's words, without an attempt."""
    job = stack.job_ended(stack.submit("long-command", ["sh", "-c", "true", "x" * 8200]))
    told = (job["status"], job["statusReason"], job["attempts"])
    assert told == ("FAILED", "Container Overrides length must be at most 8192", [])


def test_dependent_jobs_wait_and_share_the_failure(stack: Stack) -> None:
    """A job starts after the one it names, and fails with it."""
    good, bad = stack.submit("good", ["sleep", "0.2"]), stack.submit("bad", ["false"])
    after_good = stack.submit("after-good", ["true"], dependsOn=[{"jobId": good}])
    after_bad = stack.submit("after-bad", ["true"], dependsOn=[{"jobId": bad}])
    assert stack.job_ended(after_good)["startedAt"] >= stack.job(good)["stoppedAt"]
    assert stack.job_ended(after_bad)["statusReason"] == "Dependent Job failed"


def test_an_array_ends_as_its_children_do(stack: Stack) -> None:
    """Children know their index; the parent sums them up."""
    parent = stack.submit(
        "array",
        ["sh", "-c", 'test "$AWS_BATCH_JOB_ARRAY_INDEX" != 2'],
        arrayProperties={"size": 3},
        retryStrategy={"attempts": 1},
    )
    job = stack.job_ended(parent)
    assert (job["status"], job["arrayProperties"]["statusSummary"]["SUCCEEDED"]) == ("FAILED", 2)
    children = stack.batch.list_jobs(arrayJobId=parent, jobStatus="FAILED")["jobSummaryList"]
    assert [child["jobId"] for child in children] == [f"{parent}:2"]


def test_jobs_are_listed_by_filter_and_page(stack: Stack) -> None:
    """A prefix finds jobs of every status, page by page; without filter only running ones are listed."""
    jobs = {stack.submit(f"listed-{n}", ["true"]) for n in range(5)}
    for job in jobs:
        stack.job_ended(job)
    found, token = [], {}
    while True:
        page = stack.batch.list_jobs(
            jobQueue=stack.outputs["Queue"],
            filters=[{"name": "JOB_NAME", "values": ["LISTED-*"]}],
            maxResults=2,
            **token,
        )
        found += [job["jobId"] for job in page["jobSummaryList"]]
        assert len(page["jobSummaryList"]) <= 2
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert set(found) == jobs
    running = stack.batch.list_jobs(jobQueue=stack.outputs["Queue"])["jobSummaryList"]
    assert not jobs & {job["jobId"] for job in running}


def test_definitions_are_kept_as_registered(stack: Stack) -> None:
    """Everything registered is described; revisions count up, and inactive ones can be told apart."""
    properties = {
        "image": "x",
        "linuxParameters": {"initProcessEnabled": True},
        "ulimits": [{"name": "nofile", "hardLimit": 1, "softLimit": 1}],
    }
    arns = [
        stack.batch.register_job_definition(
            jobDefinitionName="kept", type="container", containerProperties=properties, schedulingPriority=3
        )["jobDefinitionArn"]
        for _ in range(3)
    ]
    stack.batch.deregister_job_definition(jobDefinition=arns[0])
    active = stack.batch.describe_job_definitions(jobDefinitionName="kept", status="ACTIVE")["jobDefinitions"]
    assert [d["revision"] for d in active] == [3, 2]
    assert (active[0]["containerProperties"]["ulimits"], active[0]["schedulingPriority"]) == (properties["ulimits"], 3)
    with pytest.raises(ClientError, match="not active"):
        stack.batch.submit_job(jobName="x", jobQueue=stack.outputs["Queue"], jobDefinition=arns[0])


def test_a_throttled_call_is_told_as_such(stack: Stack) -> None:
    """The planned number of calls is refused with 429, no more; a state machine retries them."""
    stack.fault(kind="api", operation="batch:SubmitJob", fault="throttle", times=2)
    execution = stack.start(
        stack.outputs["Pipeline"], stack.plan("throttled", [{"id": "throttled", "command": ["true"]}])
    )
    assert stack.ended(execution)["status"] == "SUCCEEDED"
    plan = stack.cloud.ask("GET", "/faults")[0]
    assert (plan["struck"], plan["left"]) == (2, 0)
    history = stack.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    assert stack.stepfunctions.describe_map_run(mapRunArn=history)["itemCounts"]["succeeded"] == 1


def test_every_transition_but_the_first_is_an_event(stack: Stack) -> None:
    """RUNNABLE, STARTING, RUNNING and the end, in the documented shape; SUBMITTED emits none."""
    queue, arn = stack.open_queue("transitions")
    pattern = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": {"jobName": ["watched"]}}
    stack.events.put_rule(Name="watched", EventPattern=json.dumps(pattern))
    stack.events.put_targets(Rule="watched", Targets=[{"Id": "q", "Arn": arn}])
    job_id = stack.submit("watched", ["true"])
    events: list[dict[str, Any]] = []

    def all_there() -> bool:
        messages = stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        events.extend(json.loads(message["Body"]) for message in messages)
        return len(events) >= 4

    until(all_there)
    assert sorted(event["detail"]["status"] for event in events) == ["RUNNABLE", "RUNNING", "STARTING", "SUCCEEDED"]
    assert {event["detail"]["jobId"] for event in events} == {job_id}
    assert all(event["resources"] == [event["detail"]["jobArn"]] for event in events)
    assert len({event["id"] for event in events}) == 4


def test_a_secret_comes_into_the_environment_and_a_missing_one_fails_the_start(stack: Stack) -> None:
    """Of both services, a key of a JSON secret too; the reason names what could not be pulled, as the agent's does."""
    arn = stack.secretsmanager.create_secret(Name="pair", SecretString='{"user": "me", "pass": "word"}')["ARN"]
    stack.ssm.put_parameter(Name="/one", Value="first", Type="SecureString")

    def ended(name: str, secrets: dict[str, str]) -> dict[str, Any]:
        container = {
            "image": "any",
            "command": ["sh", "-c", 'test "$USER_NAME $ONE ${#WHOLE}" = "me first 30"'],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}],
            "secrets": [{"name": key, "valueFrom": place} for key, place in secrets.items()],
        }
        made = stack.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container
        )
        job = stack.batch.submit_job(
            jobName=name, jobQueue=stack.outputs["Queue"], jobDefinition=made["jobDefinitionArn"]
        )
        return until(lambda: found if (found := stack.job(job["jobId"]))["status"] in ("SUCCEEDED", "FAILED") else None)

    found = {"USER_NAME": f"{arn}:user::", "WHOLE": arn, "ONE": "/one"}
    assert ended("with-secrets", found)["status"] == "SUCCEEDED"
    broken = ended("without-secrets", {**found, "ONE": "/nobody"})
    assert broken["status"] == "FAILED"
    assert broken["container"]["reason"].startswith("ResourceInitializationError: unable to pull secrets")
    assert "/nobody" in broken["container"]["reason"]
