"""Rules on containerProperties; each case breaks exactly one."""

import pytest

from headrace.core.container_rules import container_problems, environment_problems, resource_problems

ROLE = "arn:aws:iam::123456789012:role/x"


def sizes(**values: str) -> dict:
    """Resource requirements."""
    return {"resourceRequirements": [{"type": kind, "value": value} for kind, value in values.items()]}


@pytest.mark.parametrize(
    ("platform", "properties"),
    [
        ("EC2", {"image": "a b"}), ("EC2", {"jobRoleArn": "x"}), ("EC2", {"executionRoleArn": "x"}),
        ("EC2", {"environment": [{"name": "AWS_BATCH_A", "value": ""}]}), ("EC2", {"environment": [{"name": "A"}], "secrets": [{"name": "A", "valueFrom": "/a"}]}),
        ("EC2", {"ulimits": [{"name": "x", "softLimit": 1, "hardLimit": 1}]}), ("EC2", {"ulimits": [{"name": "core", "softLimit": -2, "hardLimit": 1}]}),
        ("EC2", {"linuxParameters": {"devices": [{"hostPath": "/a", "permissions": ["rwm"]}]}}),
        ("EC2", {"linuxParameters": {"tmpfs": [{"containerPath": "/a", "size": 0}]}}),
        ("EC2", {"linuxParameters": {"tmpfs": [{"containerPath": "/a", "size": 1, "mountOptions": ["fast"]}]}}),
        ("EC2", {"linuxParameters": {"swappiness": 101}}), ("EC2", {"linuxParameters": {"maxSwap": -1}}), ("EC2", {"linuxParameters": {"sharedMemorySize": 0}}),
        ("EC2", {"volumes": [{"name": "a b"}]}), ("EC2", {"mountPoints": [{"sourceVolume": "x", "containerPath": "/a"}]}),
        ("EC2", {"volumes": [{"name": "a"}], "mountPoints": [{"sourceVolume": "a", "containerPath": "/a"}] * 2}),
        ("EC2", {"logConfiguration": {"logDriver": "local"}}), ("EC2", {"networkConfiguration": {}}), ("EC2", {"fargatePlatformConfiguration": {}}),
        ("EC2", {"ephemeralStorage": {"sizeInGiB": 21}}), ("EC2", {"runtimePlatform": {}}), ("EC2", sizes(VCPU="1.5")), ("EC2", sizes(VCPU="0")), ("EC2", sizes(MEMORY="3")),
        ("EC2", sizes(GPU="0")), ("EC2", sizes(MEMORY="x")), ("FARGATE", sizes(GPU="1")), ("FARGATE", sizes(VCPU="1", MEMORY="1024")), ("FARGATE", sizes(VCPU="x", MEMORY="1024")),
        ("FARGATE", {"image": "a"}), ("FARGATE", {"privileged": True}), ("FARGATE", {"ulimits": [{"name": "core", "softLimit": 1, "hardLimit": 1}]}),
        ("FARGATE", {"volumes": [{"name": "a", "host": {}}]}), ("FARGATE", {"logConfiguration": {"logDriver": "syslog"}}), ("FARGATE", {"ephemeralStorage": {"sizeInGiB": 20}}),
        *(("FARGATE", {"linuxParameters": {name: value}}) for name, value in {"devices": [], "sharedMemorySize": 1, "tmpfs": [], "maxSwap": 0, "swappiness": 1}.items()),
    ],
)  # fmt: skip
def test_one_rule_broken(platform, properties):
    """Exactly one problem, for exactly that."""
    assert len(container_problems(properties, platform)) == 1


@pytest.mark.parametrize(
    ("platform", "properties"),
    [
        ("EC2", {"image": "public.ecr.aws/a/b@sha256:0f"}),
        (
            "EC2",
            {"linuxParameters": {"tmpfs": [{"containerPath": "/a", "size": 1, "mountOptions": ["mode=1777", "ro"]}]}},
        ),
        ("EC2", sizes(VCPU="1", MEMORY="4", GPU="8")),
        ("FARGATE", {"image": "a", "executionRoleArn": ROLE, "linuxParameters": {"initProcessEnabled": True}}),
        (
            "FARGATE",
            {"volumes": [{"name": "a", "efsVolumeConfiguration": {}}], "logConfiguration": {"logDriver": "splunk"}},
        ),
        ("FARGATE", sizes(VCPU="0.25", MEMORY="512")),
        ("FARGATE", {}),
    ],
)
def test_legal(platform, properties):
    """What is legal has no problems."""
    assert container_problems(properties, platform) == []


def test_nearest_fargate_sizes_are_named():
    """An illegal pair is answered with the legal ones around it."""
    (problem,) = resource_problems(sizes(VCPU="2", MEMORY="20000")["resourceRequirements"], "FARGATE")
    assert problem.expected == "2 vCPU with 16384 MiB or 4 vCPU with 20480 MiB"


def test_headraces_own_names():
    """Headrace may set its own variables, the user may not."""
    fields = {"environment": [{"name": "HEADRACE_RUN_ID", "value": "r"}]}
    assert len(list(environment_problems(fields))) == 1
    assert list(environment_problems(fields, own=True)) == []
