"""A task as Batch requests: where its facts meet the deployment's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tasks import Pipeline

from headrace.core.errors import InvalidSpec
from headrace.core.job_build import PLACEHOLDER, Deployment, definition, queue_of, submission, tag_value
from headrace.core.names import parse_job_name
from headrace.core.task_work import Attempt, Work

DEPLOYMENT = Deployment(
    queue="default-queue",
    job_role="arn:aws:iam::123456789012:role/job",
    execution_role="arn:aws:iam::123456789012:role/execution",
    log_group="/headrace/s/jobs",
    region="eu-west-1",
)


def work_of(directives: str, attempt: Attempt | None = None) -> Work:
    """The work of a process with these directives."""
    return Pipeline(f"processes: {{p: {{{directives}, script: 'true'}}}}").work("p", attempt)


def submitted(work: Work, **labels: str) -> dict[str, object]:
    """Its submission."""
    return submission(
        work,
        DEPLOYMENT,
        run="r",
        epoch=2,
        definition_arn="arn:definition:3",
        command=("/bin/sh", "-c", "true"),
        labels=labels,
    )


def sizes(request: dict[str, object]) -> dict[str, str]:
    """What a request asks for."""
    overrides = request["containerOverrides"]
    assert isinstance(overrides, dict)
    return {each["type"]: each["value"] for each in overrides.get("resourceRequirements", [])}


def test_a_job_is_found_by_its_name():
    """Run, epoch, task and submission are in it."""
    name = parse_job_name(str(submitted(work_of("container: d", Attempt(4, 2)))["jobName"]))
    assert name is not None
    assert (name.run, name.epoch, name.submission) == ("r", 2, 4)


def test_roles_and_logs_are_the_deployments_unless_said():
    """A process's own role wins; the execution role and the log group are never its business."""
    own = definition(work_of("container: d"), DEPLOYMENT)
    assert own is not None
    facts = own["containerProperties"]
    assert (facts["jobRoleArn"], facts["executionRoleArn"]) == (DEPLOYMENT.job_role, DEPLOYMENT.execution_role)
    assert facts["logConfiguration"]["options"]["awslogs-group"] == "/headrace/s/jobs"
    other = definition(work_of("container: d, jobRole: 'arn:aws:iam::123456789012:role/mine'"), DEPLOYMENT)
    assert other is not None
    assert other["containerProperties"]["jobRoleArn"].endswith("role/mine")


def test_sizes_ride_on_the_submission():
    """So that tasks of every size share one definition."""
    small, big = work_of("container: d, cpus: 1"), work_of("container: d, cpus: 8, memory: 4 GB, time: 2h")
    assert definition(small, DEPLOYMENT) == definition(big, DEPLOYMENT)
    assert sizes(submitted(big)) == {"VCPU": "8", "MEMORY": "4096"}
    assert submitted(big)["timeout"] == {"attemptDurationSeconds": 7200}
    assert sizes(submitted(small)) == {"VCPU": "1", "MEMORY": "1024"}


def test_a_definition_of_ones_own_is_used_as_it_is():
    """Nothing is registered, and only what the process says is overridden; what cannot apply beside it is refused."""
    work = work_of("container: 'job-definition://mine:3'")
    assert definition(work, DEPLOYMENT) is None
    request = submitted(work)
    assert request["jobDefinition"] == "mine:3"
    assert sizes(request) == {}
    assert sizes(submitted(work_of("container: 'job-definition://mine:3', cpus: 2"))) == {"VCPU": "2"}
    with pytest.raises(InvalidSpec, match=r"processes\.p\.container"):
        definition(work_of("container: 'job-definition://mine:3', volumes: ['/a:/b']"), DEPLOYMENT)


def test_the_queue_is_the_rung_of_the_ladder():
    """Each move goes one queue further and stays on the last; without a ladder it is the deployment's."""
    ladder = "container: d, queue: [spot, big, huge]"
    assert [queue_of(work_of(ladder, Attempt(queue_index=index)), DEPLOYMENT) for index in (0, 1, 5)] == [
        "spot",
        "big",
        "huge",
    ]
    assert queue_of(work_of("container: d"), DEPLOYMENT) == "default-queue"


def test_labels_are_tags_and_ours_cannot_be_taken():
    """The process's labels win over the launch's; run and process are always true."""
    request = submitted(
        work_of("container: d, resourceLabels: {team: bio, n: 3}"), team="launch", cost="a,b", **{"headrace:run": "x"}
    )
    assert request["tags"] == {
        "team": "bio",
        "n": "3",
        "cost": "a_b",
        "headrace:run": "r",
        "headrace:process": "p",
    }
    assert request["propagateTags"] is True


def test_the_tasks_environment_rides_on_the_submission():
    """Both its own and Headrace's are there."""
    request = submitted(work_of("container: d, env: {A: '1'}"))
    overrides = request["containerOverrides"]
    assert isinstance(overrides, dict)
    there = {each["name"]: each["value"] for each in overrides["environment"]}
    assert there.items() >= {"A": "1", "HEADRACE_TASK": "p"}.items()


def test_placeholders_are_legal():
    """`plan --requests` shows requests that Batch would take, but for the words that say what is missing."""
    assert definition(work_of("container: d"), PLACEHOLDER)


@given(st.text(max_size=400))
def test_any_text_becomes_a_tag(text: str):
    """Of the characters tags may have, at most 256, and unchanged where it was one already."""
    made = tag_value(text)
    assert re.fullmatch(r"[\w .:/=+@-]{0,256}", made)
    assert tag_value(made) == made
    if re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{0,256}", text):
        assert made == text
