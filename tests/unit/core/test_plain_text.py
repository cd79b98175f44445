"""Text from outside, made fit to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.plain_text import one_line, plain

HIDDEN = ["\x1b", "\x00", "\x07", "\x9b", "\u202e", "\u200b", "\u2028", "\u2029", "\ud800", "\ufeff"]


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(HIDDEN))), st.integers(1, 300))
def test_one_line_is_one_line_of_visible_text_within_its_limit(text: str, limit: int) -> None:
    """Whatever is given: no line break, no hidden character, not too long, and writable as UTF-8."""
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert not any(char in line for char in HIDDEN)
    line.encode()


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("\x1b[1;31merror\x1b[0m: no", "error: no"),
        ("\x1b]0;title\x07text", "text"),
        ("a\tb", "a b"),
        ("a\u202eb\u200bc", "abc"),
        ("größe 東京", "größe 東京"),
    ],
)
def test_plain_takes_out_what_cannot_be_seen_and_keeps_the_rest(given_text: str, shown: str) -> None:
    """Colours, titles, overrides go; letters of any script stay."""
    assert plain(given_text) == shown


def test_what_is_cut_off_shows() -> None:
    """A reader sees that there was more."""
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert one_line("a \n\r b") == "a b"
