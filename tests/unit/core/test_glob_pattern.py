"""Wildcards mean what a shell's mean, with ** across folders."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.glob_pattern import matches, prefix


@pytest.mark.parametrize(
    ("pattern", "uri", "yes"),
    [
        ("s3://b/x/*.fq", "s3://b/x/a.fq", True),
        ("s3://b/x/*.fq", "s3://b/x/y/a.fq", False),
        ("s3://b/x/**/*.fq", "s3://b/x/y/z/a.fq", True),
        ("s3://b/x/**/*.fq", "s3://b/x/a.fq", True),
        ("s3://b/**", "s3://b/x/y", True),
        ("s3://b/a?.fq", "s3://b/a1.fq", True),
        ("s3://b/a?.fq", "s3://b/a/.fq", False),
        ("s3://b/a[12].fq", "s3://b/a1.fq", True),
        ("s3://b/a[!12].fq", "s3://b/a3.fq", True),
        ("s3://b/a[!12].fq", "s3://b/a1.fq", False),
        ("s3://b/a[!1]c", "s3://b/a/c", False),
        ("s3://b/a+(x).fq", "s3://b/a+(x).fq", True),
        ("s3://b/a.fq", "s3://b/aXfq", False),
        ("s3://b/[", "s3://b/[", True),
        ("s3://b/a[0-9]", "s3://b/a7", True),
        ("s3://b/a[^1]", "s3://b/a^", True),
    ],
)
def test_matches(pattern: str, uri: str, yes: bool):
    """Each wildcard stays within its path component, `**` does not, everything else is plain text."""
    assert matches(pattern, uri) is yes


def test_prefix_is_all_before_the_first_wildcard():
    """A listing starts as deep as it can."""
    assert prefix("s3://b/x/y*/z") == "s3://b/x/y"
    assert prefix("s3://b/x") == "s3://b/x"


@pytest.mark.parametrize(
    ("pattern", "uri", "yes"),
    [
        ("s3://b/[!]", "s3://b/!", True),
        ("s3://b/[z-a]", "s3://b/m", False),
        ("s3://b/[!z-a]", "s3://b/m", True),
        ("s3://b/[!z-a]", "s3://b//", False),
        ("s3://b/[a-]", "s3://b/-", True),
        ("s3://b/[[x]", "s3://b/[", True),
        ("s3://b/a**/c", "s3://b/ac", False),
        ("s3://b/a**/c", "s3://b/ab/x/c", True),
        ("s3://b/**/**/c", "s3://b/c", True),
        ("s3://b/**.fq", "s3://b/x/y.fq", True),
        ("s3://b/*a*b*", "s3://b/xaxbx", True),
        ("s3://b/**a*b", "s3://b/a/xab", True),
    ],
)
def test_odd_patterns(pattern: str, uri: str, yes: bool):
    """Empty and backward sets, dashes, and wildcards beside each other have the meaning a shell gives them."""
    assert matches(pattern, uri) is yes


def plainly(pattern: str, text: str) -> bool:
    """What a pattern of `*`, `**`, `?` and letters means, by trying everything."""
    if not pattern:
        return not text
    if pattern.startswith("**"):
        return any(plainly(pattern[2:], text[at:]) for at in range(len(text) + 1))
    if pattern[0] == "*":
        longest = text.find("/") if "/" in text else len(text)
        return any(plainly(pattern[1:], text[at:]) for at in range(longest + 1))
    fits = bool(text) and (pattern[0] == text[0] or (pattern[0] == "?" and text[0] != "/"))
    return fits and plainly(pattern[1:], text[1:])


@given(
    st.lists(st.sampled_from(["*", "a", "b", "?", "/a", "/b"]), max_size=7).map("".join),
    st.text("ab/", max_size=8),
)
def test_never_trying_again_loses_nothing(pattern: str, text: str):
    """The quick matcher says what trying every way says."""
    pattern = re.sub(r"\*{2,}", "*", pattern)
    assert matches(pattern, text) is plainly(pattern, text)


@given(st.text("[]!^-az&|~*?/\\", max_size=12), st.text("[]!^-az/\\", max_size=6))
def test_no_pattern_breaks_the_matcher(pattern: str, uri: str):
    """Whatever is typed is a pattern, and the text before its wildcards is where a match begins."""
    if matches(pattern, uri):
        assert uri.startswith(prefix(pattern))


def test_many_stars_take_no_time():
    """A hostile pattern costs no more than a plain one: no second try of a place that fitted."""
    assert not matches("*a" * 40 + "b", "a" * 900)
