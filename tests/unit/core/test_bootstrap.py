"""The command of a job."""

import re

import pytest

from headrace.core.bootstrap import command
from headrace.core.errors import InvalidValue

URI = "s3://my-bucket/work/default/ab/abab/j/run-1.1.1/run.sh"


def test_the_command_leaves_room_for_the_rest_of_the_override():
    """8,192 characters hold the command and the environment; it takes a quarter of them, with the longest prefix."""
    longest = "s3://" + "b" * 63 + "/" + "w" * 500 + "/run.sh"
    assert len("".join(command(longest))) < 8192 / 3


def test_the_first_line_printed_is_the_mark():
    """Nothing comes before it: what can fail must be told from what never ran."""
    assert command(URI)[:2] == ["/bin/sh", "-c"]
    assert command(URI)[2].startswith("printf 'headrace: ")


def test_no_placeholder_is_left():
    """Every mark of the text is filled."""
    assert not re.search(r"@[A-Z0-9]+@", command(URI)[2])


def test_scratch_chooses_the_folder():
    """True: the machine's temporary folder; false: where the image works."""
    assert "b=${TMPDIR:-/tmp}" in command(URI)[2]
    assert "b=$PWD" in command(URI, scratch=False)[2]


@pytest.mark.parametrize(
    "uri",
    [
        "s3://b/run.sh",
        "s3://my-bucket/j/x*/run.sh",
        "s3://my-bucket/j'/run.sh",
        "/tmp/run.sh",
        "s3://my-bucket/j/other.sh",
    ],
)
def test_a_prefix_that_a_tool_could_misread_is_refused(uri):
    """It stands in a wildcard for s5cmd."""
    with pytest.raises(InvalidValue):
        command(uri)
