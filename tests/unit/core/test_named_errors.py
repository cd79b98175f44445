"""Failures the user names in the spec."""

import pytest

from headrace.core.named_errors import NamedError, first_match, matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a*c", "xABBCx", True),
        ("a*c", "c a", False),
        ("(x+)+$", "say (x+)+$", True),
        ("*", "anything", False),
        ("", "anything", False),
    ],
)
def test_patterns_are_plain_text_with_stars(pattern: str, text: str, found: bool) -> None:
    """No regular expression, so none that runs for ever; a pattern of nothing matches nothing."""
    assert matches(pattern, text) is found


def test_the_first_name_with_a_match_wins_and_the_last_line_is_shown() -> None:
    """The user's order decides; the line nearest the end is the evidence."""
    named = (NamedError("a", "not here"), NamedError("b", "two"), NamedError("c", "one"))
    assert first_match(named, ("one", "two first", "", "two last")) == (named[1], "two last")
    assert first_match(named, ("three",)) is None


def test_a_long_pattern_on_a_long_text_ends() -> None:
    """A thousand stars over a hundred thousand characters are found or not at once."""
    assert not matches("a*" * 1000 + "b", "a" * 100_000)
