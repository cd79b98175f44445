"""RegisterJobDefinition requests."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.cli_path import cli_folder
from headrace.core.container_options import parse
from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.job_definition import (
    TOOLS_PATH,
    DefinitionFacts,
    content_hash,
    definition_notes,
    job_definition,
    value_from,
)
from headrace.core.volumes import parse_volumes

ROLE = "arn:aws:iam::123456789012:role/x"
FACTS = DefinitionFacts(image="quay.io/biocontainers/salmon:1.10")
FARGATE = DefinitionFacts(image="alpine", platform="FARGATE", execution_role=ROLE)


def properties(facts: DefinitionFacts) -> dict:
    """The container of the definition."""
    return job_definition(facts)["containerProperties"]


def test_the_smallest_definition():
    """Image, placeholders, and the tool folder mounted read-only."""
    request = job_definition(FACTS)
    assert request.pop("jobDefinitionName").startswith("hr-quay-io-biocontainers-salmon-1-10-")
    assert request == {
        "type": "container",
        "platformCapabilities": ["EC2"],
        "containerProperties": {
            "image": "quay.io/biocontainers/salmon:1.10",
            "command": ["true"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}],
            "volumes": [{"name": "vol-1", "host": {"sourcePath": TOOLS_PATH}}],
            "mountPoints": [{"sourceVolume": "vol-1", "containerPath": TOOLS_PATH, "readOnly": True}],
        },
    }


def test_the_reference_pages_cli_path():
    """The grandparent folder of the tool is mounted at its own path, read-only."""
    found = properties(replace(FACTS, cli_path="/home/ec2-user/miniconda/bin/aws"))
    assert found["volumes"] == [{"name": "vol-1", "host": {"sourcePath": "/home/ec2-user/miniconda"}}]
    assert found["mountPoints"][0] == {
        "sourceVolume": "vol-1",
        "containerPath": "/home/ec2-user/miniconda",
        "readOnly": True,
    }


@pytest.mark.parametrize(
    "path",
    ["aws", "/bin/aws", "/usr/bin/aws", "/usr/local/bin/aws", "/opt/bin/s5cmd", "/a/../bin/aws", "/home/bin/aws"],
)
def test_cli_paths_that_would_hide_the_image(path):
    """A tool among the system's own folders cannot be mounted; nor can what is not the aws tool."""
    with pytest.raises(InvalidValue):
        cli_folder(path)
    with pytest.raises(InvalidSpec):
        job_definition(replace(FACTS, cli_path=path))


def test_the_reference_pages_volumes():
    """`['/tmp', '/host/path:/mnt/path:ro']`."""
    found = properties(replace(FACTS, tools_path="", volumes=parse_volumes(["/tmp", "/host/path:/mnt/path:ro"])))
    assert [volume["host"]["sourcePath"] for volume in found["volumes"]] == ["/tmp", "/host/path"]
    assert [(point["containerPath"], point["readOnly"]) for point in found["mountPoints"]] == [
        ("/tmp", False),
        ("/mnt/path", True),
    ]


def test_mounts_of_options_and_directive_may_not_meet():
    """Two mounts at one path are refused wherever they come from."""
    with pytest.raises(InvalidSpec, match="two mounts at /x"):
        job_definition(replace(FACTS, options=parse("-v /a:/x"), volumes=parse_volumes("/b:/x")))


def test_equal_content_has_an_equal_name():
    """Spellings, variables, labels and GPUs make no other definition; every other option does."""
    base = job_definition(replace(FACTS, options=parse("--shm-size 64m")))
    assert (
        job_definition(
            replace(FACTS, options=parse("--shm-size=65536k --rm -e A=1 --label a=b --gpus 1 --privileged=false"))
        )
        == base
    )
    others = [parse("--shm-size 65m"), parse("--shm-size 64m --init"), parse("--shm-size 64m -u root")]
    assert (
        len(
            {job_definition(replace(FACTS, options=options))["jobDefinitionName"] for options in others}
            | {base["jobDefinitionName"]}
        )
        == 4
    )
    assert content_hash(base) == content_hash({**dict(reversed(base.items())), "jobDefinitionName": "x"})


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/@#-]{0,254}", fullmatch=True).filter(lambda image: "://" not in image))
def test_names_fit(image):
    """Any image makes a name Batch takes, and different images make different names."""
    name = job_definition(DefinitionFacts(image=image))["jobDefinitionName"]
    assert len(name) <= 128
    assert name != job_definition(DefinitionFacts(image=f"{image[:200]}.other"))["jobDefinitionName"]


@pytest.mark.parametrize("image", ["", "a b", "-x", "a" * 256, "docker://x", "a;b", "a\n"])
def test_images_that_are_none(image):
    """An image Batch would refuse is refused before."""
    with pytest.raises(InvalidSpec, match="is no image"):
        job_definition(DefinitionFacts(image=image))


def test_roles_secrets_credentials_logs_tags():
    """Each facet in its field."""
    found = job_definition(
        replace(
            FACTS,
            job_role=ROLE,
            execution_role=ROLE,
            secrets={"B": "ssm:/b", "A": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:key::"},
            credentials="arn:aws:secretsmanager:eu-west-1:123456789012:secret:quay-AbCdEf",
            log_group="/headrace/jobs",
            log_region="eu-west-1",
            tags={"z": "1", "a": "2"},
        )
    )
    container = found["containerProperties"]
    assert (container["jobRoleArn"], container["executionRoleArn"]) == (ROLE, ROLE)
    assert [(s["name"], s["valueFrom"][:8]) for s in container["secrets"]] == [("A", "arn:aws:"), ("B", "/b")]
    assert container["repositoryCredentials"]["credentialsParameter"].endswith("quay-AbCdEf")
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/headrace/jobs",
        "awslogs-region": "eu-west-1",
    }
    assert found["tags"] == {"a": "2", "z": "1"}


def test_streams_of_a_team_begin_with_its_name():
    """So that the right to read them can be given by it; other teams' tasks have definitions of their own."""
    plain = job_definition(replace(FACTS, log_group="/g"))
    parted = job_definition(replace(FACTS, log_group="/g", log_prefix="genomics"))
    options = parted["containerProperties"]["logConfiguration"]["options"]
    assert options == {"awslogs-group": "/g", "awslogs-stream-prefix": "genomics"}
    assert parted["jobDefinitionName"] != plain["jobDefinitionName"]
    assert job_definition(replace(FACTS, log_prefix="genomics")) == job_definition(FACTS)


@pytest.mark.parametrize("text", ["", "plain", "secretsmanager:name", "ssm:", "arn:aws:s3:::b", "ssm:a b", "hunter2"])
def test_secrets_never_show_their_text(text):
    """What is no reference is refused without being quoted: it may be the secret itself."""
    with pytest.raises(InvalidValue) as caught:
        value_from(text)
    assert not text or text not in f"{caught.value.message} {caught.value.hint}".split()


def test_fargate():
    """What only Fargate has, and no host path."""
    container = properties(replace(FARGATE, disk_gib=100, arch="arm64", public_ip=False, cli_path="/x/y/bin/aws"))
    assert container["networkConfiguration"] == {"assignPublicIp": "DISABLED"}
    assert container["fargatePlatformConfiguration"] == {"platformVersion": "LATEST"}
    assert container["ephemeralStorage"] == {"sizeInGiB": 100}
    assert container["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert "volumes" not in container
    assert "ephemeralStorage" not in properties(replace(FARGATE, disk_gib=20))


@pytest.mark.parametrize(
    "facts",
    [
        replace(FARGATE, disk_gib=201),
        replace(FARGATE, execution_role=""),
        replace(FARGATE, arch="riscv"),
        replace(FARGATE, volumes=parse_volumes("/tmp")),
        *(replace(FARGATE, options=parse(text)) for text in ("--privileged", "--shm-size 1m", "--ulimit core=1", "--tmpfs /a:size=1", "--memory-swap 0", "--memory-swappiness 1", "--device /dev/a", "--log-driver syslog", "-v /a:/b")),
    ],
)  # fmt: skip
def test_fargate_conflicts(facts):
    """What Fargate does not have is refused."""
    with pytest.raises(InvalidSpec):
        job_definition(facts)


def test_every_conflict_at_once():
    """A definition wrong in several ways says so once."""
    with pytest.raises(InvalidSpec) as caught:
        job_definition(
            replace(
                FARGATE, image="a b", execution_role="x", disk_gib=1000, options=parse("--privileged --ulimit core=1")
            )
        )
    assert len(caught.value.problems) == 5


def test_too_large():
    """More than 24 KiB is refused with the part to blame."""
    options = parse([f"-v /{'h' * 200}{n}:/{'c' * 200}{n}" for n in range(60)])
    with pytest.raises(InvalidSpec, match=r"24576.*largest part is (mountPoints|volumes)"):
        job_definition(replace(FACTS, options=options))


def test_notes():
    """What is decided elsewhere is said."""
    text = " ".join(definition_notes(replace(FACTS, disk_gib=100, arch="arm64", options=parse("--rm"))))
    assert "launch template" in text
    assert "queue of that architecture" in text
    assert "--rm" in text
    assert len(definition_notes(replace(FARGATE, disk_gib=10, cli_path="/a/b/bin/aws"))) == 2
