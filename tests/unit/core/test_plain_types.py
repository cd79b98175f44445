"""Plain types, never converted by guess (rules 6 and 11)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.plain_types import PLAIN_TYPES, convert, from_text
from headrace.core.values import File


@pytest.mark.parametrize(
    ("wanted", "value"), [("string", "1"), ("number", 1), ("number", 1.5), ("boolean", True), ("boolean", False)]
)
def test_a_value_of_its_type_is_itself(wanted: Any, value: Any) -> None:
    """No conversion happens."""
    found = convert(wanted, value, "")
    assert found == value
    assert type(found) is type(value)


def test_a_file_is_a_location_made_whole() -> None:
    """A location becomes a File; a File stays."""
    file = convert("file", "x.fa", "s3://bucket/a/p.yaml")
    assert file == File(uri="s3://bucket/a/x.fa")
    assert convert("file", file, "") is file


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("string", 1),
        ("string", True),
        ("string", None),
        ("number", "1"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("boolean", "true"),
        ("boolean", 1),
        ("file", 3),
        ("file", ["x"]),
    ],
)
def test_a_value_of_another_type_is_refused(wanted: Any, value: Any) -> None:
    """Text that looks like a number is text, and true is no number."""
    with pytest.raises(InvalidValue):
        convert(wanted, value, "s3://bucket/p.yaml")


@pytest.mark.parametrize(
    ("wanted", "text", "value"),
    [
        ("number", "3", 3),
        ("number", "-1", -1),
        ("number", "1e-3", 0.001),
        ("number", "1.5", 1.5),
        ("boolean", "true", True),
        ("boolean", " FALSE ", False),
        ("string", "3", "3"),
        ("file", "x", "x"),
    ],
)
def test_text_of_a_command_line_or_a_cell(wanted: Any, text: str, value: Any) -> None:
    """Where there is nothing but text, the declared type reads it."""
    found = from_text(wanted, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("number", "x"),
        ("number", ""),
        ("number", "nan"),
        ("number", "inf"),
        ("number", "1_000"),
        ("number", "0x1F"),
        ("number", "9" * 400),
        ("boolean", "yes"),
        ("boolean", "1"),
        ("boolean", ""),
    ],
)
def test_text_that_means_nothing(wanted: Any, text: str) -> None:
    """Text that is not of the declared type is refused."""
    with pytest.raises(InvalidValue):
        from_text(wanted, text)


@given(st.sampled_from(PLAIN_TYPES), st.text(max_size=400) | st.text("0123456789_.e+-", max_size=30))
def test_nothing_but_our_error(wanted: Any, text: str) -> None:
    """Whatever the text: a value of the type, or InvalidValue; what is read is taken."""
    try:
        value = from_text(wanted, text)
        convert(wanted, value, "s3://bucket/p.yaml")
    except InvalidValue:
        return
    assert isinstance(value, {"number": int | float, "boolean": bool}.get(wanted, str))
