"""Copies of what a state machine carries."""

import copy
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as some

from headrace_local.json_values import as_json, deepcopy

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
)


@given(VALUES)
def test_a_copy_is_equal(value: object) -> None:
    """Both copies of a JSON value are the value."""
    assert (deepcopy(value), as_json(value)) == (value, value)


def test_a_copy_shares_nothing() -> None:
    """What is done to a copy, at any depth, the original does not see, be it JSON or not."""
    value = {"a": [{"b": [1]}], "set": {1}}
    for copied in (deepcopy(value), copy.deepcopy(value)):
        copied["a"][0]["b"].append(2)
        copied["set"].add(2)
    assert value == {"a": [{"b": [1]}], "set": {1}}


def test_what_is_not_json_becomes_text() -> None:
    """Dates as ISO text, keys and everything else as their text."""
    when = datetime(2026, 1, 2, tzinfo=UTC)
    assert as_json({1: (when, 2), "e": ValueError("no")}) == {"1": ["2026-01-02T00:00:00+00:00", 2], "e": "no"}
