"""Rules on whole requests; each case breaks exactly one."""

import pytest

from headrace.core.batch_rules import definition_problems, pair_problems, submit_problems

DEFINITION = {"jobDefinitionName": "a", "containerProperties": {"image": "a"}, "platformCapabilities": ["EC2"]}
SUBMIT = {"jobName": "a", "containerOverrides": {}}


def rules(*patterns: str) -> dict:
    """A retry strategy."""
    return {"attempts": 2, "evaluateOnExit": [{"onReason": pattern, "action": "RETRY"} for pattern in patterns]}


def test_legal():
    """The smallest requests are legal."""
    assert definition_problems(DEFINITION) == submit_problems(SUBMIT, "EC2") == []


@pytest.mark.parametrize(
    "change",
    [
        {"jobDefinitionName": "a b"}, {"jobDefinitionName": ""}, {"tags": {"": ""}}, {"tags": {f"k{n}": "" for n in range(51)}}, {"platformCapabilities": ["FARGATE"]},
        {"containerProperties": {"image": "a", "command": ["x" * 25000]}},
    ],
)  # fmt: skip
def test_definitions(change):
    """Names, tags, platform, size."""
    assert len(definition_problems({**DEFINITION, **change})) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"jobName": "-a"}, {"containerOverrides": {"command": [""]}}, {"containerOverrides": {"environment": [{"name": "AWS_BATCH"}]}}, {"timeout": {"attemptDurationSeconds": 59}},
        {"retryStrategy": {"attempts": 11}}, {"retryStrategy": rules(*"abcdef")}, {"retryStrategy": rules("*x")}, {"retryStrategy": rules("a(b)")}, {"retryStrategy": rules("a" * 513)},
        {"tags": {"aws:a": ""}}, {"shareIdentifier": "a b"}, {"schedulingPriorityOverride": 1}, {"shareIdentifier": "a", "schedulingPriorityOverride": -1},
        {"consumableResourcePropertiesOverride": {"consumableResourceList": [{"consumableResource": "", "quantity": 1}]}},
    ],
)  # fmt: skip
def test_submissions(change):
    """Names, commands, variables, times, patterns, tags, shares."""
    assert len(submit_problems({**SUBMIT, **change}, "EC2")) == 1


def test_pairs():
    """A variable that is also a secret, and more than 50 tags together, are illegal only in the two."""
    definition = {
        "containerProperties": {"secrets": [{"name": "A", "valueFrom": "/a"}]},
        "tags": {f"d{n}": "" for n in range(26)},
    }
    submit = {
        "containerOverrides": {"environment": [{"name": "A"}, {"name": "B"}]},
        "tags": {f"s{n}": "" for n in range(25)},
        "propagateTags": True,
    }
    assert len(pair_problems(definition, submit)) == 2
    assert pair_problems(definition, {}) == []
