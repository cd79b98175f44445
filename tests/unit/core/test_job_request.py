"""SubmitJob requests and their Step Functions form."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.container_options import parse
from headrace.core.errors import InvalidSpec
from headrace.core.job_request import RequestFacts, job_size, retry_strategy, step_functions_form, submit_request

FACTS = RequestFacts(
    name="hr-r-1-0123456789abcdef-1",
    queue="spot",
    definition="hr-x:1",
    command=("/bin/sh", "-c", "true"),
    memory_mib=2048,
)


def sizes(facts: RequestFacts) -> dict:
    """The resource requirements as a map."""
    return {item["type"]: item["value"] for item in submit_request(facts)["containerOverrides"]["resourceRequirements"]}


def test_the_smallest_request():
    """Every member, nothing else."""
    assert submit_request(FACTS) == {
        "jobName": "hr-r-1-0123456789abcdef-1",
        "jobQueue": "spot",
        "jobDefinition": "hr-x:1",
        "containerOverrides": {
            "command": ["/bin/sh", "-c", "true"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
        },
        "retryStrategy": retry_strategy(1),
    }


def test_everything():
    """Variables, GPUs, timeout, tags, share, consumable resources."""
    facts = replace(
        FACTS,
        options=parse("-e A=1 -e B -e C=1 --gpus 2 --label team=x"),
        environment={"C": "2", "HEADRACE_RUN_ID": "r"},
        time_s=60.5,
        attempts=5,
        tags={"k": "v"},
        share_identifier="blue",
        scheduling_priority=7,
        consumable_resources={"licence": 2},
    )
    request = submit_request(facts)
    assert request["containerOverrides"]["environment"] == [
        {"name": "A", "value": "1"},
        {"name": "B"},
        {"name": "C", "value": "2"},
        {"name": "HEADRACE_RUN_ID", "value": "r"},
    ]
    assert sizes(facts)["GPU"] == "2"
    assert request["timeout"] == {"attemptDurationSeconds": 61}
    assert (request["tags"], request["propagateTags"]) == ({"team": "x", "k": "v"}, True)
    assert (request["shareIdentifier"], request["schedulingPriorityOverride"]) == ("blue", 7)
    assert request["consumableResourcePropertiesOverride"] == {
        "consumableResourceList": [{"consumableResource": "licence", "quantity": 2}]
    }


def test_retries_are_for_infrastructure_and_end_in_exit():
    """Lost hosts, both spot texts, pulls that time out; at most five rules; whatever else happens ends the job."""
    rules = retry_strategy(10)["evaluateOnExit"]
    assert len(rules) <= 5
    assert rules[-1] == {"onReason": "*", "action": "EXIT"}
    assert all(rule["action"] == "RETRY" for rule in rules[:-1])
    starts = [(rule.get("onStatusReason") or rule.get("onReason")).rstrip("*") for rule in rules[:-1]]
    reasons = [
        "Host EC2 (instance i-0123) terminated.",
        "Your Spot Task was interrupted.",
        "DockerTimeoutError: Could not transition to created",
        "CannotPullContainerError: context deadline exceeded",
    ]
    assert [sum(reason.startswith(start) for start in starts) for reason in reasons] == [1, 1, 1, 1]
    own = [
        "Essential container in task exited",
        "OutOfMemoryError: Container killed",
        "CannotPullContainerError: pull access denied",
        "Task failed to start",
    ]
    assert not [reason for reason in own if any(reason.startswith(start) for start in starts)]


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, name="-x"), replace(FACTS, name="x" * 129), replace(FACTS, name="a b"), replace(FACTS, vcpus=0.5), replace(FACTS, vcpus=0), replace(FACTS, vcpus=-1),
        replace(FACTS, vcpus=math.inf), replace(FACTS, vcpus=math.nan), replace(FACTS, time_s=math.inf), replace(FACTS, memory_mib=3), replace(FACTS, time_s=59), replace(FACTS, attempts=0),
        replace(FACTS, attempts=11), replace(FACTS, command=("a", "")), replace(FACTS, environment={"AWS_BATCH_X": "1"}), replace(FACTS, environment={"A": "x" * 8192}),
        replace(FACTS, tags={f"k{n}": "" for n in range(51)}), replace(FACTS, tags={"aws:x": ""}), replace(FACTS, scheduling_priority=1), replace(FACTS, share_identifier="a-b"),
        replace(FACTS, share_identifier="a", scheduling_priority=10000), replace(FACTS, gpus=-1), replace(FACTS, gpus=1, options=parse("--gpus 2")), replace(FACTS, consumable_resources={"a": 0}),
        replace(FACTS, platform="FARGATE", gpus=1), replace(FACTS, platform="FARGATE", vcpus=64),
    ],
)  # fmt: skip
def test_refused(facts):
    """What Batch would refuse, or accept and fail later, is refused here."""
    with pytest.raises(InvalidSpec):
        submit_request(facts)


def test_all_problems_at_once():
    """A request wrong in several ways says so once."""
    with pytest.raises(InvalidSpec) as caught:
        submit_request(replace(FACTS, name="-", memory_mib=1, time_s=1, tags={"aws:x": "y"}, attempts=99))
    assert len(caught.value.problems) == 5


def test_fargate_sizes_are_rounded_up_and_said():
    """3 vCPUs become 4, and the memory the next size; EC2 sizes stay as they are."""
    facts = replace(FACTS, platform="FARGATE", vcpus=3, memory_mib=8500)
    assert sizes(facts) == {"VCPU": "4", "MEMORY": "9216"}
    size = job_size(facts)
    assert size is not None
    assert len(size.notes) == 2
    assert job_size(replace(facts, platform="EC2")) is None
    assert sizes(replace(FACTS, platform="FARGATE", vcpus=0.25, memory_mib=None)) == {"VCPU": "0.25", "MEMORY": "512"}


def test_sizes_left_to_the_users_own_definition():
    """What is not asked for is not sent."""
    assert (
        "resourceRequirements" not in submit_request(replace(FACTS, vcpus=None, memory_mib=None))["containerOverrides"]
    )


def test_step_functions_form():
    """Keys in PascalCase; the user's own keys and every value stay."""
    form = step_functions_form(
        submit_request(replace(FACTS, tags={"team": "x"}, time_s=60, environment={"lower": "v"}))
    )
    assert form["Tags"] == {"team": "x"}
    assert form["ContainerOverrides"]["Environment"] == [{"Name": "lower", "Value": "v"}]
    assert form["Timeout"] == {"AttemptDurationSeconds": 60}
    assert form["RetryStrategy"]["EvaluateOnExit"][-1] == {"OnReason": "*", "Action": "EXIT"}
    assert step_functions_form({"parameters": {"aB": "c"}}) == {"Parameters": {"aB": "c"}}


@given(
    st.builds(
        RequestFacts,
        name=st.text(max_size=5), queue=st.just("q"), definition=st.just("d"), command=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        platform=st.sampled_from(["EC2", "FARGATE"]), environment=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
        vcpus=st.one_of(st.none(), st.floats(), st.integers()), memory_mib=st.one_of(st.none(), st.integers()), gpus=st.integers(),
        time_s=st.one_of(st.none(), st.floats(), st.integers()), attempts=st.integers(), tags=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
        share_identifier=st.text(max_size=3), scheduling_priority=st.one_of(st.none(), st.integers()), consumable_resources=st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    )
)  # fmt: skip
def test_wild_facts(facts):
    """Whatever the facts, a request comes out or our own error."""
    try:
        request = submit_request(facts)
    except InvalidSpec:
        return
    assert request["retryStrategy"]["evaluateOnExit"][-1]["action"] == "EXIT"
