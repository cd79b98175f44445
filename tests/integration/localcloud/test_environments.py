"""Compute environments that behave as planned: what Batch, ECS and Auto Scaling say of them."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.errors import Refused

from .conftest import Stack, until

VCPU_4 = {
    "containerOverrides": {
        "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "8192"}]
    }
}


def described(stack: Stack, environment: str) -> dict[str, Any]:
    """The environment as Batch describes it."""
    return dict(stack.batch.describe_compute_environments(computeEnvironments=[environment])["computeEnvironments"][0])


def instances(stack: Stack, environment: str) -> list[dict[str, Any]]:
    """Its container instances."""
    cluster = described(stack, environment)["ecsClusterArn"]
    arns = stack.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    found = stack.ecs.describe_container_instances(cluster=cluster, containerInstances=arns or ["none"])
    return list(found["containerInstances"])


def activities(stack: Stack, environment: str) -> list[dict[str, Any]]:
    """The scaling activities of its group, found by the tag of Batch and the environment's name."""
    tagged = [{"Name": "tag:AWSBatchServiceTag", "Values": ["batch"]}]
    groups = stack.autoscaling.describe_auto_scaling_groups(Filters=tagged)["AutoScalingGroups"]
    name = environment.rsplit("/", 1)[-1]
    (group,) = [
        one["AutoScalingGroupName"] for one in groups if one["AutoScalingGroupName"].startswith(f"AWSBatch-{name}-asg-")
    ]
    return list(stack.autoscaling.describe_scaling_activities(AutoScalingGroupName=group)["Activities"])


def test_an_environment_scales_from_zero_and_then_runs_the_job(stack: Stack) -> None:
    """Nothing, then an instance that starts, then one that has registered; only then the job, which is a real one, runs."""
    queue, environment = stack.queue("scaling")
    stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": "launch", "afterSeconds": 240})
    assert described(stack, environment)["computeResources"]["desiredvCpus"] == 0
    job_id = stack.batch.submit_job(
        jobName="late",
        jobQueue=queue,
        jobDefinition=stack.outputs["JobDefinition"],
        containerOverrides={"command": ["true"]},
    )["jobId"]
    until(lambda: stack.job(job_id)["status"] == "RUNNABLE")
    assert described(stack, environment)["computeResources"]["desiredvCpus"] == 16
    assert (instances(stack, environment), activities(stack, environment)[0]["StatusCode"]) == ([], "PreInService")
    stack.pass_time(130)
    assert (instances(stack, environment), activities(stack, environment)[0]["StatusCode"]) == ([], "Successful")
    assert stack.job(job_id)["status"] == "RUNNABLE"
    stack.pass_time(120)
    (one,) = instances(stack, environment)
    assert one["agentConnected"]
    assert {"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"} in one["attributes"]
    assert stack.job_ended(job_id)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("spot-capacity", "UnfulfillableCapacity"),
        ("capacity", "We currently do not have sufficient m5.4xlarge capacity"),
        ("vcpu-limit", "You have requested more vCPU capacity than your current vCPU limit of 32"),
        ("spot-limit", "Max spot instance count exceeded"),
    ],
)
def test_refused_launches_are_failed_activities_in_awss_words(stack: Stack, reason: str, text: str) -> None:
    """One every five minutes since the first job wanted the environment, newest first, and no instance ever."""
    queue, environment = stack.queue(f"refused-{reason}")
    stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": "refuse", "reason": reason})
    assert activities(stack, environment) == []
    stack.stage("wanting", submit={"jobQueue": queue, **VCPU_4})
    stack.pass_time(3600)
    found = activities(stack, environment)
    assert len(found) == 13
    assert {one["StatusCode"] for one in found} == {"Failed"}
    assert all(text in one["StatusMessage"] for one in found)
    assert found[0]["StartTime"] > found[-1]["StartTime"]
    since = [{"Name": "StartTimeLowerBound", "Values": [found[2]["StartTime"].isoformat()]}]
    own = [found[0]["AutoScalingGroupName"]]
    recent = stack.autoscaling.describe_scaling_activities(Filters=since)["Activities"]
    assert [one["StartTime"] for one in recent if one["AutoScalingGroupName"] in own] == [
        one["StartTime"] for one in found[:3]
    ]
    assert (instances(stack, environment), described(stack, environment)["computeResources"]["desiredvCpus"]) == (
        [],
        16,
    )


def test_instances_may_launch_and_never_register(stack: Stack) -> None:
    """Auto Scaling has them in service, ECS does not know them, hours later too."""
    queue, environment = stack.queue("unregistered")
    stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": "unregistered"})
    stack.stage("wanting", submit={"jobQueue": queue, **VCPU_4})
    stack.pass_time(7200)
    assert instances(stack, environment) == []
    assert [one["StatusCode"] for one in activities(stack, environment)] == ["Successful"]


@pytest.mark.parametrize(
    ("behaviour", "connected", "cpu_left", "logs"),
    [("disconnected", False, 16384, True), ("full", True, 0, True), ("no-log-driver", True, 16384, False)],
)
def test_registered_instances_may_be_of_no_use(
    stack: Stack, behaviour: str, connected: bool, cpu_left: int, logs: bool
) -> None:
    """Their agent is gone, everything is taken, or they lack the log driver; a job waits all the same."""
    queue, environment = stack.queue(f"useless-{behaviour}")
    stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": behaviour})
    stack.stage("wanting", submit={"jobQueue": queue, **VCPU_4})
    stack.pass_time(600)
    one = instances(stack, environment)[0]
    left = {resource["name"]: resource["integerValue"] for resource in one["remainingResources"]}
    drivers = {attribute["name"].rsplit(".", 1)[-1] for attribute in one["attributes"]}
    assert (one["agentConnected"], left["CPU"], "awslogs" in drivers) == (connected, cpu_left, logs)


def test_an_environment_may_be_invalid_or_disabled(stack: Stack) -> None:
    """INVALID with its reason, DISABLED by its update; neither takes a job."""
    queue, environment = stack.queue("broken")
    reason = (
        "CLIENT_ERROR - Not authorized to perform sts:AssumeRole (Service: AmazonIdentityManagement; Status Code: 403)"
    )
    stack.cloud.ask(
        "POST", "/environments", {"environment": environment, "behaviour": "invalid", "statusReason": reason}
    )
    job_id = stack.batch.submit_job(jobName="waits", jobQueue=queue, jobDefinition=stack.outputs["JobDefinition"])[
        "jobId"
    ]
    stack.pass_time(600)
    shown = described(stack, environment)
    assert (shown["status"], shown["statusReason"], shown["state"]) == ("INVALID", reason, "ENABLED")
    stack.cloud.ask("DELETE", "/environments")
    assert described(stack, environment)["status"] == "VALID"
    assert stack.job_ended(job_id)["status"] == "SUCCEEDED"
    stack.batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
    waits = stack.batch.submit_job(jobName="waits", jobQueue=queue, jobDefinition=stack.outputs["JobDefinition"])[
        "jobId"
    ]
    until(lambda: stack.job(waits)["status"] == "RUNNABLE")
    assert described(stack, environment)["state"] == "DISABLED"
    stack.batch.update_compute_environment(computeEnvironment=environment, state="ENABLED")
    assert stack.job_ended(waits)["status"] == "SUCCEEDED"


def test_a_job_larger_than_every_instance_type_says_so(stack: Stack) -> None:
    """An m5.large has 8 GiB less what system and agent keep: a job of 8 GiB stays RUNNABLE with the reason and an event."""
    queue, _ = stack.queue("small", resources={"instanceTypes": ["m5.large"]})
    received = stack.listen(
        "too-large", {"source": ["aws.batch"], "detail-type": ["Batch Job Queue Blocked"], "resources": [queue]}
    )
    eight = {"resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "8192"}]}
    job_id = stack.batch.submit_job(
        jobName="large", jobQueue=queue, jobDefinition=stack.outputs["JobDefinition"], containerOverrides=eight
    )["jobId"]
    reason = until(lambda: stack.job(job_id).get("statusReason"))
    assert reason.startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - ")
    (event,) = until(received)
    assert event["resources"] == [stack.job(job_id)["jobArn"], queue]
    assert (event["detail"]["status"], event["detail"]["statusReason"]) == ("RUNNABLE", reason)
    stack.batch.terminate_job(jobId=job_id, reason="too large")
    stack.job_ended(job_id)


def test_plans_of_environments_are_checked_by_name(stack: Stack) -> None:
    """Unknown behaviours, fields, reasons, types and environments are refused."""
    _, environment = stack.queue("planned")
    for plan, told in (
        ({"behaviour": "vanish"}, "vanish"),
        ({"behaviour": "launch", "after": 3}, "after"),
        ({"behaviour": "refuse"}, "reason"),
        ({"behaviour": "refuse", "reason": "mood"}, "mood"),
        ({"behaviour": "launch", "instanceType": "m5.tiny"}, "m5.tiny"),
        ({"behaviour": "launch", "environment": "nowhere"}, "nowhere"),
    ):
        with pytest.raises(Refused, match=told):
            stack.cloud.ask("POST", "/environments", {"environment": environment, **plan})
