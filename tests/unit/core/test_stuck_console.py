"""Links into the console."""

import pytest

from headrace.core.stuck_console import link


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_a_queue_has_its_page(partition: str, domain: str):
    """In its own partition and region, the ARN quoted."""
    arn = f"arn:{partition}:batch:eu-west-1:123456789012:job-queue/a b"
    made = link(arn)
    assert made.startswith(f"https://{domain}/batch/home?region=eu-west-1#queues/detail/arn%3A")
    assert " " not in made


@pytest.mark.parametrize("text", ["", "default", "arn:aws-moon:batch:r:a:job-queue/q"])
def test_no_link_is_better_than_a_wrong_one(text: str):
    """A name, or a partition nobody knows."""
    assert link(text) == ""
