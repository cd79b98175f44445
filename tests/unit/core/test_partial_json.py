"""JSON that was cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.partial_json import read

DETAIL = {
    "JobId": "j-1",
    "StatusReason": 'Essential "container" in task exited',
    "Attempts": [{"Container": {"ExitCode": 7, "Reason": "a, b } ] \\ c"}}, {"Container": {"ExitCode": 8}}],
    "Container": {"Command": ["sh", "-c", "x" * 50]},
}


def test_whole_json_is_read_whole() -> None:
    """Nothing is lost where nothing is missing."""
    assert read(json.dumps(DETAIL)) == DETAIL


def test_every_cut_keeps_the_members_before_it() -> None:
    """Wherever the text ends, what was complete before is there, and nothing else."""
    text = json.dumps(DETAIL)
    for end in range(1, len(text)):
        value = read(text[:end])
        assert value is not None
        assert set(value) <= set(DETAIL)
        if end > text.index('"Attempts"'):
            assert value["JobId"] == "j-1"
            assert value["StatusReason"] == DETAIL["StatusReason"]


def test_a_damaged_middle_is_read_up_to_it() -> None:
    """A tool that replaces the middle by dots does not hide the beginning."""
    assert read('{"JobId": "j-1", "Status": "FAILED", ... cut ..., "x": 1}') == {"JobId": "j-1", "Status": "FAILED"}


@pytest.mark.parametrize(
    "text", ["", "   ", "[1]", "null", "Error executing request", '"x"', "[" * 100_000, "1" * 10_000]
)
def test_what_is_no_object_is_none(text: str) -> None:
    """A plain message is no job detail."""
    assert read(text) is None


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text raises."""
    value = read("{" + text)
    assert value is None or isinstance(value, dict)
