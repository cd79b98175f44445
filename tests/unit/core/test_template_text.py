"""Expressions are found where a reader would find them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.template_text import MAX_EXPRESSION, MAX_EXPRESSIONS, MAX_TEMPLATE, Found, split


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("plain {{ }} {% %} {# #} ${x} $ {", ["plain {{ }} {% %} {# #} ${x} $ {"]),
        ("${{a}}", [Found("a", 1)]),
        ("x${{ a }}y${{ b }}", ["x", Found("a", 1), "y", Found("b", 1)]),
        ("\n${{ a\n }}\n${{ b }}", ["\n", Found("a", 1 + 1), "\n", Found("b", 4)]),
        ("${{ '}}' }}", [Found("'}}'", 1)]),
        ('${{ "\\"}}" }}', [Found('"\\"}}"', 1)]),
        ("${{ {'a': {'b': 1}} }}", [Found("{'a': {'b': 1}}", 1)]),
        ("${{ {'a': {'b': 1}}}}", [Found("{'a': {'b': 1}}", 1)]),
        ("${{ x[{'a': 1}['a']] }}}}", [Found("x[{'a': 1}['a']]", 1), "}}"]),
        ("\\${{ a }}", ["${{ a }}"]),
        ("\\\\${{ a }}", ["\\\\", Found("a", 1)]),
        ("\\\\\\${{ a }}", ["\\\\${{ a }}"]),
        ("\\${{ ${{ a }}", ["${{ ", Found("a", 1)]),
        ("$${{ a }}", ["$", Found("a", 1)]),
        ("${{}}", [Found("", 1)]),
    ],
)
def test_text_is_split(text, pieces):
    """Strings, brackets and backslashes are followed as a reader follows them."""
    assert split(text) == pieces


@pytest.mark.parametrize(
    "text", ["${{", "${{ a", "${{ a }", "${{ 'a }}", "${{ (a }}", "${{ a) }}", "${{ {a }}", "${{ a } }}"]
)
def test_an_expression_that_does_not_end_is_named_with_its_line(text):
    """The message quotes the beginning and says how to write a plain `${{`."""
    with pytest.raises(InvalidValue, match=r"line 2: the expression that starts .\$\{\{.* does not end") as caught:
        split("x\n" + text)
    assert "\\${{" in caught.value.hint


def test_size_is_bounded():
    """Too long an expression, too many, too long a text: all are refused."""
    for text in ("${{ " + "a" * MAX_EXPRESSION + " }}", "${{a}}" * (MAX_EXPRESSIONS + 1), "x" * (MAX_TEMPLATE + 1)):
        with pytest.raises(InvalidValue):
            split(text)


@given(st.text(st.sampled_from("$ {}\\'\"()a\n"), max_size=40))
def test_any_text_is_split_or_refused(text):
    """Nothing is lost: without expressions and escapes the pieces are the text."""
    try:
        pieces = split(text)
    except InvalidValue:
        return
    if "${{" not in text:
        assert "".join(piece for piece in pieces if isinstance(piece, str)) == text
