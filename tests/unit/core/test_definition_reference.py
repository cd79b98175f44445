"""Job definitions of the user's own."""

import pytest

from headrace.core.container_options import parse
from headrace.core.definition_reference import DefinitionReference, cannot_apply, definition_reference
from headrace.core.errors import InvalidValue
from headrace.core.job_definition import DefinitionFacts
from headrace.core.volumes import parse_volumes

ARN = "arn:aws:batch:eu-west-1:123456789012:job-definition/x:3"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("job-definition://your-job-definition-name", "your-job-definition-name"),
        ("job-definition://a:3", "a:3"),
        (f"job-definition://{ARN}", ARN),
    ],
)
def test_references(image, name):
    """The reference page's example, a revision, an ARN."""
    assert definition_reference(image) == DefinitionReference(name)


@pytest.mark.parametrize(
    "image",
    ["job-definition://", "job-definition://a:0", "job-definition://a:x", "job-definition://a b", "job-definition:a"],
)
def test_broken_references(image):
    """A broken reference is never taken for an image."""
    with pytest.raises(InvalidValue):
        definition_reference(image)


def test_images_are_no_references():
    """An image is left alone."""
    assert definition_reference("quay.io/a/b:1") is None


def test_what_cannot_apply_is_named():
    """Each wish only a definition can hold is a problem of its own."""
    facts = DefinitionFacts(
        image="job-definition://a",
        options=parse("--init --log-driver syslog"),
        volumes=parse_volumes("/a"),
        cli_path="/a/b/bin/aws",
        job_role="r",
        execution_role="r",
        log_group="g",
        secrets={"A": "ssm:/a"},
        credentials="c",
        arch="arm64",
        disk_gib=30,
    )
    assert len(cannot_apply(facts)) == 11
    assert (
        cannot_apply(DefinitionFacts(image="job-definition://a", options=parse("-e A=1 --gpus 1 --label a=b --rm")))
        == []
    )
