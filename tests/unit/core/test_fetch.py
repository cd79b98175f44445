"""What the core wants read."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.fetch import Fetch, NotFetched, Unreadable, take


def test_what_was_read_is_taken():
    """Content that is there is given, also when it is empty."""
    assert take({Fetch("text", "s3://b/x"): ""}, "text", "s3://b/x") == ""


def test_what_was_not_read_is_asked_for():
    """Content that is not there is asked for by kind and place; another kind of the same place is not it."""
    with pytest.raises(NotFetched) as caught:
        take({Fetch("text", "s3://b/x"): ""}, "json", "s3://b/x")
    assert caught.value.fetch == Fetch("json", "s3://b/x")


def test_what_cannot_be_read_says_why():
    """A place that could not be read is an error with the reason."""
    with pytest.raises(InvalidValue, match="cannot read s3://b/x: not allowed"):
        take({Fetch("text", "s3://b/x"): Unreadable("not allowed")}, "text", "s3://b/x")
