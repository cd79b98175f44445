"""`check` and `plan` with a deployment named: its config/defaults.yaml counts, and what is wrong with it is said."""

import io
import json
from types import SimpleNamespace

import pytest
from tests.support.canned_aws import refused

from headrace_cli import deployment

SPEC = "processes: {a: {container: x, script: echo}, b: {container: x, cpus: 2, script: echo}}\n"
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
            return SimpleNamespace(bucket="of-the-stack", client=lambda _: SimpleNamespace(get_object=get_object))

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
