"""What a deployment lets its pipelines ask for, and how the rest is refused."""

from dataclasses import replace

import pytest
from tests.support.tasks import Pipeline

from headrace.core.allowed import Allowed, listed, of_program, of_queue, of_work, said_literally
from headrace.core.errors import Problem

ROLE = "arn:aws:iam::123456789012:role"
OPEN = Allowed(
    privileged=True,
    images=("*",),
    definitions=("arn:aws:batch:eu-west-1:123456789012:job-definition/*",),
    roles=("*",),
    host_paths=("*",),
)
# What the template says when nobody says anything.
PLAIN = Allowed(images=("*",), host_paths=("/tmp", "/tmp/*"))


def pipeline(directives: str) -> Pipeline:
    """A pipeline of one process with these directives."""
    lines = "\n".join(f"    {line}" for line in directives.splitlines())
    image = "" if "container:" in directives else "    container: alpine\n"
    return Pipeline(
        f"params: {{flag: text}}\nprocesses:\n  p:\n{image}{lines}\n    script: echo x\n",
        params={"flag": "--privileged"},
    )


def refused(directives: str, allowed: Allowed) -> list[Problem]:
    """What is refused of a task; what is said literally is refused at the launch already, in the same words."""
    made = pipeline(directives)
    found = of_work(made.work("p"), allowed)
    if "${{" not in directives:
        early = of_program(made.program, {}, None, allowed)
        assert [(each.path, each.message) for each in early] == [(each.path, each.message) for each in found]
        assert all(each.line for each in early)
    return found


@pytest.mark.parametrize(
    ("directives", "opens", "place", "parameter"),
    [
        ("container: quay.io/x:1", {"images": ("quay.io/*",)}, "container", "AllowedImages"),
        ("container: quay.io/x:1", {"images": ("quay.io/x:1",)}, "container", "AllowedImages"),
        (
            "container: job-definition://mine:3",
            {"definitions": ("arn:aws:batch:eu-west-1:123456789012:job-definition/mine*",)},
            "container",
            "AllowedDefinitions",
        ),
        (f"jobRole: {ROLE}/a", {"roles": (f"{ROLE}/a",)}, "jobRole", "AllowedRoles"),
        (f"executionRole: {ROLE}/a", {"roles": (f"{ROLE}/*",)}, "executionRole", "AllowedRoles"),
        ("volumes: /data/x", {"host_paths": ("/data/*",)}, "volumes", "AllowedHostPaths"),
        ("containerOptions: -v /data:/d", {"host_paths": ("/data",)}, "containerOptions", "AllowedHostPaths"),
        ("containerOptions: --privileged", {"privileged": True}, "containerOptions", "AllowPrivileged"),
        ("containerOptions: --device /dev/fuse", {"privileged": True}, "containerOptions", "AllowPrivileged"),
    ],
)
def test_what_is_not_opened_is_refused_by_name(directives: str, opens: dict, place: str, parameter: str):
    """With its place and the parameter that opens it; opened, it is nothing to speak of."""
    closed = Allowed(images=("alpine",))
    (problem,) = refused(directives, closed)
    assert problem.path == f"processes.p.{place}"
    assert parameter in problem.hint
    assert refused(directives, replace(closed, **opens)) == []
    assert refused(directives, OPEN) == []


def test_a_queue_is_one_that_jobs_may_go_to():
    """By its name or its ARN; where no queues are told nothing is refused."""
    at = "arn:aws:batch:eu-west-1:123456789012:job-queue"
    queues = (f"{at}/headrace-*", f"{at}/lab")
    for known in ("lab", f"{at}/lab", "headrace-default", f"{at}/headrace-gpu"):
        assert of_queue("p", known, queues) == []
    for unknown in ("labs", f"{at}/mine", "arn:aws:batch:us-east-1:123456789012:job-queue/lab"):
        (problem,) = of_queue("p", unknown, queues)
        assert problem.path == "processes.p.queue"
        assert "AllowedQueues" in problem.hint
        assert of_queue("p", unknown, ()) == []


def test_what_the_template_allows_by_itself():
    """Any image, folders of scratch data, no power over the host."""
    assert refused("volumes: /tmp/x\ncontainerOptions: --init --shm-size 64m", PLAIN) == []
    assert refused("containerOptions: -v /scratch", PLAIN) == []  # an anonymous volume, not the host's
    assert len(refused("volumes: /var/run/docker.sock\ncontainerOptions: --privileged", PLAIN)) == 2


def test_an_expression_is_refused_when_it_is_known():
    """At the launch it may still be anything; the task that asks for it is refused."""
    made = pipeline('containerOptions: "${{ params.flag }}"')
    assert of_program(made.program, {}, None, PLAIN) == []
    assert [each.path for each in of_work(made.work("p"), PLAIN)] == ["processes.p.containerOptions"]


def test_layers_below_a_process_count():
    """What the deployment's file and the launch say is what the task gets."""
    made = pipeline("cpus: 1")
    found = of_program(made.program, {"containerOptions": "--privileged"}, None, PLAIN)
    assert [each.path for each in found] == ["processes.p.containerOptions"]


def test_lists_are_as_cloudformation_joins_them():
    """With nothing between some of the commas."""
    assert listed("a, b,,c") == ("a", "b", "c")
    assert listed("") == ()


def test_what_waits_for_the_tasks_end_leaves_the_rest_literal():
    """A `saveAs` does not hide where a process publishes to; an expression that is the path does."""
    for directive, paths in (
        ('publishDir: [a, {path: "s3://b/c", saveAs: "${{ file.name }}"}]', ["a", "s3://b/c"]),
        ('publishDir: [a, "${{ params.flag }}"]', []),
    ):
        made = pipeline(directive)
        ((process, said),) = said_literally(made.program, {}, None, ("publishDir",))
        assert (process.name, [place.path for place in said.publish]) == ("p", paths)
