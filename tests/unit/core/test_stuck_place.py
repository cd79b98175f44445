"""A queue and its machines, read from what AWS answers."""

from headrace.core.stuck_place import Environment, Place, environment_of, front_of, instance_of, place_of, used_vcpus

ARN = "arn:aws:batch:eu-west-1:123456789012:job-queue/default"


def test_a_queue_is_read():
    """State, status, fair share, and what else is known of it."""
    place = place_of(
        {
            "jobQueueArn": ARN,
            "state": "DISABLED",
            "status": "INVALID",
            "statusReason": "why",
            "schedulingPolicyArn": "p",
        },
        [Environment(name="a"), Environment(name="b", state="DISABLED"), Environment(name="c", status="INVALID")],
        waiting=3,
    )
    assert (place.name, place.state, place.status, place.reason, place.fair_share) == (
        "default",
        "DISABLED",
        "INVALID",
        "why",
        True,
    )
    assert [each.name for each in place.usable] == ["a"]
    assert place.waiting == 3


def test_an_environment_is_read():
    """Of a managed one computeResources, of an unmanaged one what it says itself."""
    managed = environment_of(
        {
            "computeEnvironmentName": "spot",
            "ecsClusterArn": "arn:cluster",
            "computeResources": {"type": "SPOT", "maxvCpus": 64, "desiredvCpus": 8},
        }
    )
    assert (managed.kind, managed.max_vcpus, managed.desired_vcpus, managed.cluster) == ("SPOT", 64, 8, "arn:cluster")
    assert managed.has_instances
    fargate = environment_of(
        {"computeEnvironmentName": "f", "computeResources": {"type": "FARGATE_SPOT", "maxvCpus": 4}}
    )
    assert not fargate.has_instances
    own = environment_of({"computeEnvironmentName": "o", "type": "UNMANAGED", "unmanagedvCpus": 16})
    assert (own.managed, own.max_vcpus, own.desired_vcpus) == (False, 16, None)


def test_an_instance_is_read():
    """ECS counts CPU units; what it has is not what is left."""
    instance = instance_of(
        {
            "containerInstanceArn": "arn:i",
            "agentConnected": False,
            "registeredResources": [{"name": "CPU", "integerValue": 4096}, {"name": "MEMORY", "integerValue": 15743}],
            "remainingResources": [{"name": "CPU", "integerValue": 1024}, {"name": "MEMORY", "integerValue": 743}],
            "runningTasksCount": 3,
            "attributes": [{"name": "ecs.os-type"}],
        }
    )
    assert (instance.vcpus, instance.memory_mib, instance.vcpus_left, instance.memory_left_mib) == (4, 15743, 1, 743)
    assert not instance.connected
    assert not instance.writes_logs
    assert instance_of({}).writes_logs


def test_the_line_is_read():
    """Ids in the order of dispatch; a job's place counts from 1."""
    front = front_of(
        {"frontOfQueue": {"jobs": [{"jobArn": "arn:x:job/a", "earliestTimeAtPosition": 5}, {"jobArn": "arn:x:job/b"}]}}
    )
    assert front == (("a", 5), ("b", 0))
    place = Place(arn=ARN, head=front)
    assert (place.position("b"), place.position("c")) == (2, None)
    assert front_of({}) == ()


def test_what_a_queue_uses_is_read():
    """In vCPUs, when the snapshot says it."""
    usage = {"queueUtilization": {"totalCapacityUsage": [{"capacityUnit": "VCPU", "quantity": 6.0}]}}
    assert used_vcpus(usage) == 6.0
    assert used_vcpus({}) is None
