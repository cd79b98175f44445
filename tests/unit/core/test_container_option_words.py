"""Words as a shell splits them, compared with the standard library's own splitter."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.container_option_words import split_words


def texts(text: str) -> list[str]:
    """The words' texts; no flaws allowed."""
    words, problems = split_words(text)
    assert problems == []
    return [word.text for word in words]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=5))
def test_quoted_words_come_back(words):
    """Whatever words a shell quotes, splitting gives them back."""
    assert texts(" ".join(shlex.quote(word) for word in words)) == words


@given(st.text("ab '\"\\\n\t=", max_size=20).filter(lambda text: "\\\n" not in text))
def test_agrees_with_posix(text):
    """Blanks, quotes and escapes are read as POSIX reads them, errors included."""
    words, problems = split_words(text)
    try:
        expected = shlex.split(text, posix=True)
    except ValueError:
        assert problems
        return
    assert (problems, [word.text for word in words]) == ([], expected)


def test_positions_and_variables():
    """A word knows where it starts and which variables a shell would have filled in."""
    words, _ = split_words("  a 'b $X' c$Y\"${Z}\"\\$W")
    assert [(word.position, word.variables) for word in words] == [(3, []), (5, []), (12, ["$Y", "${Z}"])]


def test_flaws_are_reported_and_splitting_goes_on():
    """A command substitution breaks its word only; an open quote takes the rest."""
    words, problems = split_words("a $(id -u):x b `ls` 'open c")
    assert [word.broken for word in words] == [False, True, False, True, True]
    assert len(problems) == 3
    assert "character 3" in problems[0].message


def test_single_quotes_and_escapes_keep_substitutions_literal():
    """What is quoted against the shell is text."""
    assert texts("'$(x)' \\$(x) \"\\$(x)\"") == ["$(x)", "$(x)", "$(x)"]
