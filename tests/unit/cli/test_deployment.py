"""`check` and `plan` with a deployment named: its config/defaults.yaml counts, and what is wrong with it is said."""

import io
import json
import re
import sys
from types import SimpleNamespace

import pytest
from tests.support.canned_aws import refused

from headrace_cli import deployment

SPEC = "processes: {a: {container: x, script: echo}, b: {container: x, cpus: 2, script: echo}}\n"
PARAMETERS = {
    "AllowedImages": "x,quay.io/*",
    "AllowedDefinitions": "",
    "AllowedRoles": "arn:aws:iam::123456789012:role/opened",
    "AllowedHostPaths": "/data/*",
    "AllowPrivileged": "no",
    "AllowedWriteBuckets": "arn:aws:s3:::ours,arn:aws:s3:::ours/*",
    "JobRoleArn": "",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/pulls",
}
URI = "s3://of-the-stack/config/defaults.yaml"


@pytest.fixture
def spec(tmp_path):
    """A pipeline where only one process says how many CPUs it needs."""
    place = tmp_path / "p.yaml"
    place.write_text(SPEC)
    return place


@pytest.fixture
def holds(monkeypatch):
    """A deployment whose bucket holds a text, or none; gives the deployments that were asked for."""
    asked = []

    def stands(text):
        def get_object(*, Bucket, Key):  # noqa: N803 - as boto3 spells it
            assert (Bucket, Key) == ("of-the-stack", "config/defaults.yaml")
            if isinstance(text, Exception):
                raise text
            return {"Body": io.BytesIO(text), "ContentLength": len(text)}

        def reach(**said):
            asked.append(said)
            return SimpleNamespace(
                stack=said["stack"],
                bucket="of-the-stack",
                parameters=PARAMETERS,
                client=lambda _: SimpleNamespace(get_object=get_object),
            )

        monkeypatch.setattr(deployment, "reach", reach)
        return asked

    return stands


def vcpus(said):
    """The CPUs that the requests of a plan ask for, by task."""
    found = {}
    for line in map(json.loads, said.out.splitlines()):
        if line["api"] == "SubmitJob":
            wants = line["request"]["containerOverrides"]["resourceRequirements"]
            found[line["task"]] = next(each["value"] for each in wants if each["type"] == "VCPU")
    return found


@pytest.mark.parametrize("named", [("--stack", "prod"), ("--local",)])
def test_the_directives_of_a_named_deployment_are_the_weakest_layer(headrace, spec, holds, named):
    """They hold where the pipeline is silent; which of them count is said beside the result."""
    asked = holds(b"cpus: 3\n")
    said = headrace("plan", spec, "--requests", *named)
    assert said.code == 0
    assert vcpus(said) == {"a": "3", "b": "2"}
    assert f"{URI} counts: cpus" in said.err
    assert (asked[0]["stack"], asked[0]["local"]) == (("prod", False) if "prod" in named else ("headrace", True))


def test_without_a_deployment_nothing_is_asked(headrace, spec, holds, monkeypatch):
    """HEADRACE_STACK names none: who has set it for `run` still checks without credentials."""
    asked = holds(b"cpus: 3\n")
    monkeypatch.setenv("HEADRACE_STACK", "prod")
    assert vcpus(headrace("plan", spec, "--requests")) == {"a": "1", "b": "2"}
    assert headrace("check", spec).code == 0
    assert asked == []


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_deployment_without_the_file_says_so(headrace, spec, holds, command, code):
    """Not there, or not to be read: the pipeline is looked at alone, aloud."""
    holds(refused(code))
    said = headrace(command, spec, "--stack", "prod")
    assert said.code == 0
    assert f"{URI} is not there, or may not be read" in said.err


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"cpus: 3\nmemmory: 1 GB\n", f"{URI}:2"),
        (b"label: x\n", "`label` for a whole deployment"),
        (b"[1, 2]\n", URI),
        (b"a: " + b"x" * (11 * 2**20), "bytes"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(headrace, spec, holds, command, text, expected):
    """As every launch would be refused; exit code 2."""
    holds(text)
    said = headrace(command, spec, "--local")
    assert said.code == 2
    assert expected in said.err


ROLE = "arn:aws:iam::123456789012:role"


@pytest.fixture
def check(headrace, tmp_path, holds):
    """`check` of a pipeline of one process with these directives, for a stack with PARAMETERS or for none."""
    holds(refused("NoSuchKey"))
    spec = tmp_path / "p.yaml"

    def run(directives, *named):
        process = {"container": "x", "outputs": {"n": "stdout"}, "script": "echo", **directives}
        params = {"image": "docker.io/z", "place": "s3://theirs/out"}
        spec.write_text(json.dumps({"params": params, "processes": {"a": process}}, indent=1))
        return headrace("check", spec, *named)

    return run


@pytest.mark.parametrize(
    ("directives", "refusal"),
    [
        ({"container": "docker.io/y"}, "AllowedImages"),
        ({"container": "job-definition://mine"}, "AllowedDefinitions"),
        ({"volumes": "/etc"}, "AllowedHostPaths"),
        ({"containerOptions": "--privileged"}, "AllowPrivileged"),
        ({"jobRole": f"{ROLE}/others"}, "AllowedRoles"),
        ({"publishDir": "s3://theirs/out"}, "AllowedWriteBuckets"),
        ({"publishDir": {"path": "s3://theirs/out", "saveAs": "${{ file.name }}"}}, "AllowedWriteBuckets"),
        ({"publishDir": "s3://of-the-stack/runs/x"}, "a folder Headrace keeps for itself"),
        ({"container": "${{ params.image }}"}, "AllowedImages"),
        ({"publishDir": "${{ params.place }}"}, "AllowedWriteBuckets"),
    ],
)
def test_what_the_stack_does_not_open_is_refused_with_its_place(check, directives, refusal):
    """Literally, or by an expression that is known; never where no stack is named."""
    found = check(directives, "--stack", "prod")
    assert found.code == 2
    assert refusal in found.err
    assert re.search(r"p\.yaml:\d+: processes\.a", found.err)
    assert check(directives).code == 0


def test_what_the_stack_opens_is_let_through(check, monkeypatch):
    """Its lists, its own roles whether it made them or was given them, and everything of a stack of an earlier release."""
    directives = {"container": "quay.io/y", "volumes": "/data/x", "publishDir": "s3://ours/out"}
    for role in ("opened", "pulls", "prod-JobRole-0A1B2C3D"):
        assert check({**directives, "jobRole": f"{ROLE}/{role}"}, "--stack", "prod").code == 0
    assert check({**directives, "jobRole": f"{ROLE}/staging-JobRole-0A1B2C3D"}, "--stack", "prod").code == 2
    monkeypatch.setattr(sys.modules[__name__], "PARAMETERS", {})
    directives = {"container": "z", "containerOptions": "--privileged", "volumes": "/etc", "jobRole": f"{ROLE}/any"}
    assert check(directives, "--stack", "prod").code == 0


def test_tasks_that_other_tasks_make_are_looked_at_too(headrace, tmp_path, holds):
    """What a process says literally is judged before it is known whether it has tasks."""
    holds(refused("NoSuchKey"))
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "processes:\n"
        "  a: {container: x, outputs: {n: {json: n.json}}, script: echo}\n"
        "  b:\n    each: {i: {json: '${{ a.n }}'}}\n    container: docker.io/y\n    publishDir: s3://theirs/out\n    script: echo\n"
    )
    found = headrace("check", spec, "--stack", "prod")
    assert found.code == 2
    assert "AllowedImages" in found.text
    assert "AllowedWriteBuckets" in found.text
