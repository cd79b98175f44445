"""The words of a nextflow.config: what each string means, where each word stands, and what is no text at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec
from headrace.core.groovy_words import MAX_CHARACTERS, MAX_NESTING, words


def kinds(text: str) -> list[tuple[str, str]]:
    """Kind and text of each word."""
    return [(word.kind, word.text) for word in words(text, "f")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'a$b'", "a$b"),
        ("'a\\'b\\\\c\\n\\t'", "a'b\\c\n\t"),
        ('"it\'s \\$5"', "it's $5"),
        ("'''two\n'lines'  '''", "two\n'lines'  "),
        ('"""a "quoted" word"""', 'a "quoted" word'),
        ("'joined \\\nline'", "joined line"),
        ("'\\u00e9\\ud83d\\ude00'", "é😀"),
        ("''", ""),
        ('"a // b /* c */"', "a // b /* c */"),
        ('"5 $"', "5 $"),
    ],
)
def test_strings(written, meant):
    """Quotes, escapes and line breaks mean what they mean in Groovy."""
    (word,) = words(written, "f")
    assert (word.kind, word.text, word.value) == ("string", written, meant)


@pytest.mark.parametrize("written", ['"${a}"', '"$a.b"', '"""x ${ y ? "}" : \'"\' } z"""', '"a ${ [b: "${c}"] } d"'])
def test_filled_strings(written):
    """What only Groovy can fill in is one word, whatever nests in it."""
    assert kinds(written) == [("filled", written)]


def test_comments_are_gone_and_lines_are_counted():
    """Comments of every kind, Windows line ends and a first line for the shell do not move the lines."""
    text = "#!/usr/bin/env nextflow\r\na /* x\r\n y */ b // c ' {\n\n'''p\nq''' z\r"
    assert [(word.text, word.line) for word in words(text, "f") if word.kind != "line end"] == [
        ("a", 2),
        ("b", 3),
        ("'''p\nq'''", 5),
        ("z", 6),
    ]


def test_numbers_names_and_marks():
    """A unit is a name behind a dot; long marks are one word; a slash after `=` begins a pattern."""
    assert [text for _, text in kinds("8.GB 1.5.h 1_000 2e3 0x1F x?.y ?: -> 3L $a é")] == [
        *("8", ".", "GB", "1.5", ".", "h", "1_000", "2e3", "0x1F", "x", "?.", "y", "?:", "->", "3L", "$a", "é"),
    ]
    assert kinds("= /a'b/")[1] == ("string", "/a'b/")
    assert [kind for kind, _ in kinds("6 / 3 / 2")] == ["number", "mark", "number", "mark", "number"]


@pytest.mark.parametrize(
    "text",
    [
        *("'a\nb'", '"a', "'''a''", '"${', "/* a", "{", "(]", ")", "'\\x'", "'\\ud800'", "'\\u0000'", "a\x00", "\x1b"),
        "(" * (MAX_NESTING + 1) + ")" * (MAX_NESTING + 1),
        "a" * (MAX_CHARACTERS + 1),
    ],
)
def test_no_config(text):
    """What cannot be split with certainty is refused with one problem."""
    with pytest.raises(InvalidSpec) as caught:
        words(text, "f")
    assert len(caught.value.problems) == 1


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("abc1 .'\"/\\*${}[]()\n\t=:,"), max_size=60))
def test_nothing_is_lost(text):
    """The words of a text that can be split stand in it, in order, and between them are only blanks and comments."""
    try:
        found = words(text, "f")
    except InvalidSpec:
        return
    at = 0
    for word in found:
        at = text.index(word.text, at) + len(word.text)
