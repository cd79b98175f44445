"""Sizes of requests, at their limits."""

from headrace.core.request_size import (
    DEFINITION_BYTES,
    OVERRIDE_CHARACTERS,
    definition_size_problems,
    json_size,
    override_size,
    submit_size_problems,
)


def submit(value: str) -> dict[str, object]:
    """A request with one large variable."""
    return {
        "jobName": "j",
        "containerOverrides": {
            "command": ["x"],
            "environment": [{"name": "BIG", "value": value}, {"name": "A", "value": "1"}],
        },
    }


def test_override_at_its_limit():
    """8,192 characters pass, one more does not, and the largest variable is named."""
    room = OVERRIDE_CHARACTERS - override_size(submit(""))
    assert list(submit_size_problems(submit("x" * room))) == []
    (problem,) = submit_size_problems(submit("x" * (room + 1)))
    assert "8193 characters" in problem.message
    assert "BIG" in problem.hint


def test_room_for_what_batch_and_step_functions_add():
    """Their variables count although the request does not hold them."""
    assert override_size(submit("")) > json_size(submit("")) + 400


def test_request_limit():
    """30 KiB of request are counted too."""
    problems = list(submit_size_problems(submit("x" * 40000)))
    assert ["SubmitJob request" in problem.message for problem in problems] == [True, False]


def test_characters_beyond_ascii_count_as_escapes():
    """One such character may take six on the wire."""
    assert override_size(submit("é")) == override_size(submit("")) + 6


def test_definition_limit():
    """24 KiB, and the part to blame."""
    request = {"containerProperties": {"image": "i", "mountPoints": ["x" * DEFINITION_BYTES]}}
    (problem,) = definition_size_problems(request)
    assert "mountPoints" in problem.hint
    assert list(definition_size_problems({"containerProperties": {}})) == []
