"""Patterns as IAM reads them."""

import pytest

from headrace.core.iam_pattern import matches


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("quay.io/bio/*", "quay.io/bio/a/b:1", True),
        ("quay.io/bio/*", "quay.io/biox/a", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("alpine", "alpine:3", False),
        ("Alpine", "alpine", False),
        ("[a]", "a", False),
        ("[a]", "[a]", True),
        ("a.c", "abc", False),
        ("*x", "a\nx", True),
    ],
)
def test_star_and_question_mark_are_all(pattern: str, text: str, fits: bool):
    """The whole text, case counts, slashes are nothing special, and neither are brackets and dots."""
    assert matches(text, [pattern]) is fits


def test_one_of_several_is_enough():
    """And none opens nothing."""
    assert matches("b", ["a", "b"])
    assert not matches("b", [])
