"""Queues as the pre-flight sees them: Batch's answers, instance types from EC2, and what happens when neither answers."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from headrace.aws import queues
from headrace.aws.queues import Queues
from headrace.core.errors import InvalidSpec
from headrace.core.preflight import Demand


class Batch:
    """Batch with one queue of one environment; counts the questions, and answers with `error` when there is one."""

    def __init__(self, *types: str, kind: str = "EC2", error: Exception | None = None, policy: str = "") -> None:
        self.resources = {"type": kind, "maxvCpus": 64, "instanceTypes": list(types)}
        self.error = error
        self.policy = {"schedulingPolicyArn": policy} if policy else {}
        self.asked = 0

    def describe_job_queues(self, jobQueues: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """DescribeJobQueues."""
        self.asked += 1
        if self.error:
            raise self.error
        order = [{"order": 1, "computeEnvironment": "ce"}]
        queue = {"jobQueueName": "q", "state": "ENABLED", "status": "VALID", "computeEnvironmentOrder": order}
        return {"jobQueues": [queue | self.policy] if jobQueues == ["q"] else []}

    def describe_compute_environments(self, computeEnvironments: list[str]) -> dict[str, Any]:  # noqa: N803
        """DescribeComputeEnvironments."""
        assert computeEnvironments == ["ce"]
        return {"computeEnvironments": [{"computeEnvironmentName": "ce", "computeResources": self.resources}]}

    def get_paginator(self, operation: str) -> Any:
        """Pages of DescribeJobQueues."""
        assert operation == "describe_job_queues"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        """One page."""
        return [{"jobQueues": [{"jobQueueName": "q"}]}]


@pytest.fixture
def ec2():
    """EC2 with its list of instance types."""
    with mock_aws():
        yield boto3.client("ec2", region_name="eu-west-1")


def test_instance_types_come_from_ec2(ec2):
    """Types and families, with vCPUs, memory, GPUs and architecture."""
    (environment,) = queues.read(Batch("c5.large", "g4dn"), ec2, "q").environments
    types = {each.name: each for each in environment.types}
    assert types["c5.large"].vcpus == 2
    assert types["c5.large"].memory_mib == 4096
    assert types["g4dn.xlarge"].gpus == 1
    assert "g4dn.12xlarge" in types
    assert environment.arch == "x86_64"
    (graviton,) = queues.read(Batch("m6g.large"), ec2, "q").environments
    assert graviton.arch == "arm64"


@pytest.mark.parametrize(
    ("family", "arch"), [("optimal", "x86_64"), ("default_arm64", "arm64"), ("default_x86_64", "x86_64")]
)
def test_of_what_batch_chooses_only_the_architecture_is_known(ec2, family, arch):
    """No list of types, so no size is judged."""
    (environment,) = queues.read(Batch(family), ec2, "q").environments
    assert environment.types is None
    assert environment.arch == arch


def test_fargate(ec2):
    """An environment of Fargate has no instance types."""
    (environment,) = queues.read(Batch(kind="FARGATE_SPOT"), ec2, "q").environments
    assert (environment.platform, environment.types) == ("FARGATE", None)


def test_names_ec2_does_not_know_stop_nothing(ec2):
    """An empty answer is no knowledge."""
    (environment,) = queues.read(Batch("x99.large"), ec2, "q").environments
    assert environment.types is None


def test_a_queue_is_asked_for_once_in_five_minutes(ec2):
    """Thousands of tasks in a warm function cost one question."""
    now, batch = [0.0], Batch("c5.large")
    kept = Queues({"batch": batch, "ec2": ec2}.__getitem__, "eu-west-1", clock=lambda: now[0])
    for now[0] in (1.0, 2.0, 299.0):
        kept.check(Demand(vcpus=1, memory_mib=1024), "q")
    assert batch.asked == 1
    now[0] = 400.0
    kept.check(Demand(vcpus=1, memory_mib=1024), "q")
    assert batch.asked == 2


def test_what_does_not_fit_is_refused(ec2):
    """The largest instance is named; so are the queues there are, for one that is not."""
    kept = Queues({"batch": Batch("c5.large"), "ec2": ec2}.__getitem__, "eu-west-1")
    with pytest.raises(InvalidSpec, match=r"c5\.large, has 2 vCPUs and 4096 MiB"):
        kept.check(Demand(vcpus=1, memory_mib=4096), "q")
    with pytest.raises(InvalidSpec, match=r"no job queue 'other' in eu-west-1 \(expected one of q\)"):
        kept.check(Demand(vcpus=1), "other")


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeJobQueues"),
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "DescribeJobQueues"),
        EndpointConnectionError(endpoint_url="https://batch"),
    ],
)
def test_a_question_without_an_answer_stops_nothing(ec2, error):
    """Submission goes on when Batch does not say, whatever the reason."""
    batch = Batch("c5.large", error=error)
    Queues({"batch": batch, "ec2": ec2}.__getitem__, "eu-west-1").check(Demand(vcpus=1000, memory_mib=10**7), "q")
    assert batch.asked == 1


def test_ec2_without_an_answer_leaves_types_unknown():
    """The environment's limit still counts."""
    kept = Queues({"batch": Batch("c5.large"), "ec2": Silent()}.__getitem__, "eu-west-1")
    kept.check(Demand(vcpus=64, memory_mib=10**7), "q")
    with pytest.raises(InvalidSpec, match="maxvCpus is 64"):
        kept.check(Demand(vcpus=65), "q")


def test_a_fair_share_queue_is_known_by_its_policy(ec2):
    """Its jobs must name a share; where Batch may not be asked, none is named."""
    clients = {"ec2": ec2}
    fair = Batch("c5.large", policy="arn:aws:batch:eu-west-1:123456789012:scheduling-policy/p")
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeJobQueues")
    answers = [
        Queues({**clients, "batch": each}.__getitem__, "eu-west-1").shares_fairly("q")
        for each in (fair, Batch("c5.large"), Batch("c5.large", error=denied))
    ]
    assert answers == [True, False, False]


def test_batch_without_time_is_asked_for_the_share_again(ec2):
    """First patiently; no share would be named for want of an answer, and the job refused for good."""
    busy = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "DescribeJobQueues")
    hasty, fair = Batch("c5.large", error=busy), Batch("c5.large", policy="arn:aws:batch:::scheduling-policy/p")
    kept = Queues({"ec2": ec2, "batch": hasty}.__getitem__, "eu-west-1", patient={"batch": fair}.__getitem__)
    assert (kept.shares_fairly("q"), kept.shares_fairly("q"), hasty.asked, fair.asked) == (True, True, 1, 1)
    for patient in (None, {"batch": hasty}.__getitem__):
        with pytest.raises(ClientError, match="TooManyRequests"):
            Queues({"ec2": ec2, "batch": hasty}.__getitem__, "eu-west-1", patient=patient).shares_fairly("q")


class Silent:
    """EC2 that cannot be reached."""

    def get_paginator(self, _operation: str) -> Any:
        """No answer."""
        raise EndpointConnectionError(endpoint_url="https://ec2")
