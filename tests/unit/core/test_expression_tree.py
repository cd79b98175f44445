"""A tree written again is the same expression."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.expression_tree import parse_source, refusal, unparse


@pytest.mark.parametrize(
    "source",
    [
        "a.b['c'][0][d.e]",
        "1 + 2 * -3 ** 2 // 4 % 5 / 6 - +7",
        "not a and b or c",
        "a < b <= c != d == e > f >= g",
        "a in b and c not in d",
        "a ~ 'b' ~ 1.5",
        "a if b else c if d else e",
        "a if b",
        "[1, (2, 3), []]",
        "{'a': {'b': none}, 'c': true}",
        "a | join(',') | default(b, x=1) | first",
        "a is none",
        "a is not gt 3",
        "'it\\'s \\\\ \\n\\t\\r\\x07 é'",
    ],
)
def test_unparse_gives_an_equal_tree(source):
    """The keys of `at(…)` travel as source, so nothing may change on the way."""
    tree = parse_source(source)
    again = parse_source(unparse(tree))
    assert unparse(again) == unparse(tree)
    assert str(again).replace("Tuple(", "List(").replace(", ctx='load'", "").replace(", 'load')", ")") == str(
        tree
    ).replace("Tuple(", "List(").replace(", ctx='load'", "").replace(", 'load')", ")")


def test_a_call_has_no_source_again():
    """Only what the language has is written."""
    with pytest.raises(InvalidValue, match="a call"):
        unparse(parse_source("f(x)"))
    assert "slice" in refusal(type(parse_source("a[1:2]").arg)).message


@pytest.mark.parametrize(
    ("source", "hint"), [("a && b", "`and`"), ("a || b", "`or`"), ("x for x in y", "statements"), ("a b", "")]
)
def test_a_syntax_error_says_what_to_write(source, hint):
    """Habits of other languages get a hint."""
    with pytest.raises(InvalidValue) as caught:
        parse_source(source)
    assert hint in caught.value.hint
