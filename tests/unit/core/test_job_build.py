"""Directives to requests: what one task asks of Batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.tasks import Pipeline

from headrace.core import job_build
from headrace.core.errors import InvalidSpec
from headrace.core.job_build import PLACEHOLDER, Deployment
from headrace.core.task_work import Work

ARN = "arn:aws:batch:eu-west-1:123456789012:job-definition/hr-x:1"
HERE = Deployment(
    queue="default",
    job_role="arn:aws:iam::123456789012:role/job",
    execution_role="arn:aws:iam::123456789012:role/execution",
    log_group="/stack/jobs",
    region="eu-west-1",
    secret_arns={},
)


def work(directives: str, deployment: dict[str, Any] | None = None) -> Work:
    """The work of a process with these directives."""
    lines = "\n".join(f"    {line}" for line in ("container: alpine\n" + directives).splitlines())
    if "container:" in directives:
        lines = "\n".join(f"    {line}" for line in directives.splitlines())
    return Pipeline(f"processes:\n  p:\n{lines}\n    script: echo x\n").work("p", deployment=deployment or {})


def definition(text: str, at: Deployment = HERE) -> dict[str, Any]:
    """The container of its definition."""
    found = job_build.definition(work(text), at)
    assert found is not None
    return found["containerProperties"]


def submission(text: str, deployment: dict[str, Any] | None = None, at: Deployment = HERE) -> dict[str, Any]:
    """Its SubmitJob request."""
    task = work(text, deployment)
    return job_build.submission(
        task,
        at,
        run="r",
        epoch=1,
        definition_arn=ARN,
        command=("/bin/sh", "-c", "true"),
        labels={},
        registered=job_build.definition(task, at),
    )


def sizes(request: dict[str, Any]) -> dict[str, str]:
    """vCPUs, memory and GPUs of a submission."""
    return {each["type"]: each["value"] for each in request["containerOverrides"]["resourceRequirements"]}


def problems(text: str) -> str:
    """What is wrong with it."""
    with pytest.raises(InvalidSpec) as refusal:
        submission(text)
    return str(refusal.value)


def test_the_deployment_gives_what_nobody_says():
    """Queue, roles and log group of the stack."""
    found = definition("cpus: 1")
    assert found["jobRoleArn"] == HERE.job_role
    assert found["executionRoleArn"] == HERE.execution_role
    assert found["logConfiguration"]["options"]["awslogs-group"] == "/stack/jobs"
    assert submission("cpus: 1")["jobQueue"] == "default"


def test_a_process_says_otherwise():
    """Roles, log group, tool and queue for one process."""
    found = definition(
        "jobRole: arn:aws:iam::123456789012:role/a\nexecutionRole: arn:aws:iam::123456789012:role/b\n"
        "logsGroup: /team/x\ncliPath: /opt/aws-cli/bin/aws"
    )
    assert found["jobRoleArn"].endswith("role/a")
    assert found["executionRoleArn"].endswith("role/b")
    assert found["logConfiguration"]["options"]["awslogs-group"] == "/team/x"
    assert found["volumes"] == [{"name": "vol-1", "host": {"sourcePath": "/opt/aws-cli"}}]


def environment(request: dict[str, Any]) -> dict[str, str]:
    """The variables of a submission."""
    return {each["name"]: each["value"] for each in request["containerOverrides"]["environment"]}


def test_the_job_is_told_where_its_tool_is():
    """Where it is mounted, and only there: not on Fargate, and not with a definition of the user's own."""
    tool = "cliPath: /opt/aws-cli/bin/aws"
    assert environment(submission(tool))["HEADRACE_CLI"] == "/opt/aws-cli/bin/aws"
    assert "HEADRACE_CLI" not in environment(submission(f"{tool}\nplatformType: fargate"))
    own = submission("container: job-definition://mine:3", {"cliPath": "/opt/aws-cli/bin/aws"})
    assert "HEADRACE_CLI" not in environment(own)


def test_shares_priorities_and_spot_attempts():
    """What a fair-share queue wants, and how often Batch starts a job whose machine is lost."""
    found = submission("shareIdentifier: blue\nschedulingPriority: 7\nmaxSpotAttempts: 5")
    assert (found["shareIdentifier"], found["schedulingPriorityOverride"]) == ("blue", 7)
    assert found["retryStrategy"]["attempts"] == 5
    assert submission("maxSpotAttempts: 0")["retryStrategy"]["attempts"] == 1
    assert submission("cpus: 1")["retryStrategy"]["attempts"] == 3
    assert "together with a shareIdentifier" in problems("schedulingPriority: 7")


def test_fargate_is_rounded_up_and_says_so():
    """The next size there is, never a smaller one; disk and architecture stand in the definition."""
    text = "platformType: fargate\ncpus: 1\nmemory: 9 GB\ndisk: 50 GB\narch: arm64"
    assert sizes(submission(text)) == {"VCPU": "2", "MEMORY": "9216"}
    assert any("raised to 2" in note for note in job_build.notes(work(text)))
    found = definition(text)
    assert found["ephemeralStorage"] == {"sizeInGiB": 50}
    assert found["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    assert job_build.definition(work(text), HERE)["platformCapabilities"] == ["FARGATE"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ("accelerator: 1", "GPU"),
        ("disk: 300 GB", "21"),
        ("cpus: 64", "more than any Fargate job has"),
        ("containerOptions: --privileged", "--privileged"),
        ("volumes: /data", "host"),
    ],
)
def test_what_fargate_lacks_is_refused(more, word):
    """By its name, before anything is submitted."""
    assert word in problems(f"platformType: fargate\n{more}")


def test_on_ec2_disk_and_architecture_are_explained():
    """They have no field there; the notes say who decides."""
    said = " ".join(job_build.notes(work("disk: 50 GB\narch: arm64\naccelerator: {count: 1, type: a100}")))
    assert "launch template" in said
    assert "queue of that architecture" in said
    assert "a100" in said


def test_caps_hold():
    """`resourceLimits` cap cpus, memory, time and disk."""
    text = "cpus: 8\nmemory: 64 GB\ntime: 5h\nresourceLimits: {cpus: 4, memory: 16 GB, time: 1h, disk: 30 GB}"
    found = submission(text)
    assert sizes(found) == {"VCPU": "4", "MEMORY": "16384"}
    assert found["timeout"] == {"attemptDurationSeconds": 3600}
    on_fargate = definition("platformType: fargate\ndisk: 100 GB\nresourceLimits: {disk: 30 GB}")
    assert on_fargate["ephemeralStorage"] == {"sizeInGiB": 30}


def test_a_secret_by_name_becomes_its_arn():
    """Batch takes nothing less; without a deployment a placeholder stands there."""
    text = "secrets: {T: 'secretsmanager:team/token', U: 'ssm:/a/b'}"
    assert job_build.secret_names(work(text)) == ("team/token",)
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/token-AbCdEf"
    found = definition(text, replace(HERE, secret_arns={"team/token": arn}))
    assert found["secrets"] == [{"name": "T", "valueFrom": arn}, {"name": "U", "valueFrom": "/a/b"}]
    assert ":secret:team/token-SUFFIX" in definition(text, PLACEHOLDER)["secrets"][0]["valueFrom"]


def test_a_variable_cannot_also_be_a_secret():
    """Illegal only in definition and submission together."""
    assert "T is both a secret and a variable" in problems("secrets: {T: 'ssm:/a'}\nenv: {T: x}")


def test_a_definition_of_ones_own_takes_nothing_only_a_definition_can_hold():
    """What the pipeline asks beside it is refused; what the deployment says for everybody is not meant for it."""
    text = "container: job-definition://mine"
    assert "volumes cannot apply" in problems(f"{text}\nvolumes: /data")
    assert "executionRole cannot apply" in problems(f"{text}\nexecutionRole: arn:aws:iam::123456789012:role/b")
    everybody = {"executionRole": "arn:aws:iam::123456789012:role/b", "logsGroup": "/x", "cpus": 4, "disk": "50 GB"}
    found = submission(text, everybody)
    assert found["jobDefinition"] == "mine"
    assert "resourceRequirements" not in found["containerOverrides"]


def test_an_endpoint_is_a_variable_of_the_job():
    """Both transfer tools find it."""
    found = environment(submission("transfer: {endpoint: 'https://s3.example.org'}"))
    assert found["S3_ENDPOINT_URL"] == found["AWS_ENDPOINT_URL_S3"] == "https://s3.example.org"


def test_the_weakest_layer():
    """A deployment's directive holds until anybody says otherwise."""
    assert submission("cpus: 2", {"queue": "spot", "cpus": 8})["jobQueue"] == "spot"
    assert sizes(submission("cpus: 2", {"cpus": 8}))["VCPU"] == "2"


def test_a_ladder_of_one_queue_has_no_next():
    """A job cannot be moved where there is nothing to move to."""
    limit = "waitLimit: {runnable: 30m, action: next-queue}"
    assert "no further queue" in " ".join(job_build.notes(work(limit)))
    assert job_build.notes(work(f"{limit}\nqueue: [a, b]")) == ()
    assert job_build.notes(work("waitLimit: {runnable: 30m, action: terminate}")) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("maxErrors: 3", True),
        ("maxErrors: 3\nerrorStrategy: finish", True),
        ("maxErrors: 3\nerrorStrategy: ignore", False),
        ("maxErrors: 3\nerrorStrategy: retry", False),
        ("maxErrors: 3\nmaxRetries: 2", False),
        ("maxErrors: 3\nerrors: [{name: a, pattern: b, action: ignore}]", False),
        ("maxErrors: 3\nerrors: [{name: a, pattern: b, action: retry}]", True),
        ("errorStrategy: ignore", False),
    ],
)
def test_max_errors_that_bound_nothing_are_said(body: str, said: bool):
    """Where the first failure ends the run there is nothing to count."""
    assert ("maxErrors bounds nothing" in " ".join(job_build.notes(work(body)))) is said


def test_a_public_address_is_the_deployments_choice():
    """Fargate jobs ask for one in public subnets alone; on EC2 nothing is said of it."""
    private = replace(HERE, public_ips=False)
    assert definition("platformType: fargate")["networkConfiguration"] == {"assignPublicIp": "ENABLED"}
    assert definition("platformType: fargate", private)["networkConfiguration"] == {"assignPublicIp": "DISABLED"}
    assert "networkConfiguration" not in definition("cpus: 1", private)


def test_jobs_without_a_share_have_the_deployments():
    """A fair-share queue takes no job without one; what a task says is stronger."""
    shared = replace(HERE, share="teama")
    assert submission("cpus: 1", at=shared)["shareIdentifier"] == "teama"
    assert submission("shareIdentifier: blue", at=shared)["shareIdentifier"] == "blue"
    assert "shareIdentifier" not in submission("cpus: 1")
