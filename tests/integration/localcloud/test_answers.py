"""What Batch, ECS and Auto Scaling answer here has the shape that botocore knows: nothing missing, nothing made up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from .conftest import Stack, client

# The model requires it, but what has not started has none: the events in the Batch user guide show it so.
_NOT_STARTED = re.compile(r'Missing required parameter in jobs\[\d+\]: "startedAt"')


def faults_of(answer: Any, model: OperationModel) -> str:
    """What an answer has that its shape does not, and the other way round."""
    shape: Shape | None = model.output_shape
    if shape is None or not shape.members:
        return "" if answer in ({}, None) else f"{model.name} answers nothing, not {answer}"
    report = str(ParamValidator().validate(answer, shape).generate_report())
    return "\n".join(line for line in report.splitlines() if not _NOT_STARTED.fullmatch(line))


@pytest.fixture
def heard(stack: Stack) -> Iterator[Any]:
    """Clients whose answers are checked as they come over the wire; how many there were, by operation."""
    seen: dict[str, str] = {}

    def check(http_response: Any, model: OperationModel, **_more: Any) -> None:
        seen[model.name] = faults_of(json.loads(http_response.content or b"{}"), model)

    def checked(service: str) -> Any:
        made = client(stack.cloud.endpoint, service)
        made.meta.events.register(f"after-call.{service}", check)
        return made

    yield seen, checked
    assert {name: told for name, told in seen.items() if told} == {}


def test_batch_answers_in_batchs_shape(stack: Stack, heard: Any) -> None:
    """Jobs in every state, arrays, shares, consumable resources, queues and environments with everything on."""
    seen, checked = heard
    batch = checked("batch")
    policy = batch.create_scheduling_policy(name="shaped", fairsharePolicy={"shareDistribution": []})["arn"]
    batch.create_consumable_resource(consumableResourceName="shaped", totalQuantity=5)
    limit = {
        "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    queue, environment = stack.queue("shaped", schedulingPolicyArn=policy, jobStateTimeLimitActions=[limit])
    needs = {"consumableResourceList": [{"consumableResource": "shaped", "quantity": 1}]}
    submit = {
        "jobQueue": queue,
        "shareIdentifier": "s",
        "schedulingPriorityOverride": 1,
        "consumableResourcePropertiesOverride": needs,
    }
    jobs = []
    for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"):
        jobs += stack.stage(f"shaped-{status}", submit=submit, status=status)
        batch.list_jobs(jobQueue=queue, jobStatus=status)
    stack.cloud.ask("POST", "/blocked", {"queue": queue, "reason": "UNDETERMINED"})
    jobs += stack.stage("shaped-array", submit={**submit, "arrayProperties": {"size": 2}})
    batch.list_jobs(arrayJobId=jobs[-1], jobStatus="RUNNABLE")
    assert len(batch.get_job_queue_snapshot(jobQueue=queue)["frontOfQueue"]["jobs"]) == 3
    batch.terminate_jobs(jobs=jobs[:1], reason="shape")
    batch.cancel_jobs(jobs=jobs[1:2], reason="shape")
    assert len(batch.describe_jobs(jobs=jobs)["jobs"]) == 6
    batch.describe_job_queues(jobQueues=[queue])
    batch.describe_scheduling_policies(arns=[policy])
    batch.describe_consumable_resource(consumableResource="shaped")
    batch.list_consumable_resources()
    batch.update_consumable_resource(consumableResource="shaped", operation="ADD", quantity=1)
    batch.update_compute_environment(computeEnvironment=environment, state="ENABLED")
    batch.update_job_queue(jobQueue=queue, state="ENABLED")
    for behaviour in ("launch", "invalid"):
        more = {"statusReason": "CLIENT_ERROR"} if behaviour == "invalid" else {}
        stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": behaviour, **more})
        batch.describe_compute_environments(computeEnvironments=[environment])
    batch.delete_consumable_resource(consumableResource="shaped")
    assert len(seen) == 16


def test_ecs_answers_in_its_shape(stack: Stack, heard: Any) -> None:
    """Clusters and container instances, this machine and planned ones, and one that is not there."""
    seen, checked = heard
    ecs = checked("ecs")
    _, environment = stack.queue("shaped-ecs")
    (detail,) = stack.batch.describe_compute_environments(computeEnvironments=[environment])["computeEnvironments"]
    cluster = detail["ecsClusterArn"]
    assert cluster in ecs.list_clusters()["clusterArns"]
    assert ecs.describe_clusters(clusters=[cluster])["clusters"][0]["registeredContainerInstancesCount"] == 1
    plan = {"environment": environment, "behaviour": "full", "instanceType": "g4dn.xlarge", "afterSeconds": 0}
    for request in (None, plan):
        if request:
            stack.cloud.ask("POST", "/environments", request)
        arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
        found = ecs.describe_container_instances(cluster=cluster, containerInstances=[*arns[:99], "missing"])
        assert found["containerInstances"][0]["attributes"]
        assert found["failures"][0]["reason"] == "MISSING"
    assert len(seen) == 4


def test_auto_scaling_answers_in_its_shape(stack: Stack) -> None:
    """Groups and activities; the answers are XML that botocore reads, so what is missing is what can be wrong."""
    _, environment = stack.queue("shaped-asg")
    scaling = stack.autoscaling
    model = scaling.meta.service_model
    for behaviour, more in (("unregistered", {}), ("refuse", {"reason": "vcpu-limit"})):
        stack.cloud.ask("POST", "/environments", {"environment": environment, "behaviour": behaviour, **more})
        stack.stage(
            "shaped", submit={"jobQueue": environment.replace("compute-environment", "job-queue").removesuffix("-env")}
        )
        for operation, answer in (
            ("DescribeAutoScalingGroups", scaling.describe_auto_scaling_groups()),
            ("DescribeScalingActivities", scaling.describe_scaling_activities()),
        ):
            answer.pop("ResponseMetadata")
            assert faults_of(answer, model.operation_model(operation)) == ""
            assert next(iter(answer.values()))


def test_an_answer_of_the_wrong_shape_is_found(stack: Stack) -> None:
    """The check can fail: a field too many, one of the wrong kind, one missing."""
    model = stack.batch.meta.service_model.operation_model("ListJobs")
    assert "madeUp" in faults_of({"jobSummaryList": [], "madeUp": 1}, model)
    assert "createdAt" in faults_of({"jobSummaryList": [{"jobId": "j", "jobName": "n", "createdAt": "now"}]}, model)
    assert "jobSummaryList" in faults_of({}, model)
