"""What of a config is a value without running Groovy: constants, trivial closures; the rest is refused with its text."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.groovy_tree import Amount, Arguments, Closure, Code, Filled
from headrace.core.import_literals import Grown, OnlyGroovy, opened, plain


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8 . GB * task . attempt", Grown("8", "GB")),
        ("task . attempt * 2", Grown("2")),
        ("1.5 . h * task . attempt", Grown("1.5", "h")),
        ("8 . GB", Amount("8", "GB")),
        ("4", 4),
        ("'spot'", "spot"),
        ("; 4 ;", 4),
    ],
)
def test_trivial_closures(text, meant):
    """A constant, or an amount times the attempt, in either order."""
    assert opened(Closure(text)) == meant


@pytest.mark.parametrize(
    "text",
    ["2 * 3", "task . attempt * task . attempt", "8 . GB * task . attempt * 2", "f ( )", "'a' + 'b'", '"${x}"', ""],
)
def test_other_closures_stay_closures(text):
    """Everything else is for Groovy, and refused with its text."""
    assert opened(Closure(text)) == Closure(text)
    with pytest.raises(InvalidValue, match="closure"):
        plain(Closure(text))


@pytest.mark.parametrize("given", [Code("x"), Closure("x"), Filled('"$x"'), ["a", Code("x")], {"a": [Closure("x")]}])
def test_code_is_code_wherever_it_stands(given):
    """Code inside lists and maps is found."""
    with pytest.raises(OnlyGroovy):
        plain(given)


@pytest.mark.parametrize("given", [None, Amount("1", "GB"), Grown("1"), Arguments(("a",), {}), "${{ x }}"])
def test_what_is_no_plain_value(given):
    """Nothing, amounts where none is meant, several values, text that would be an expression."""
    with pytest.raises(InvalidValue) as caught:
        plain(given)
    assert caught.value.expected or caught.value.hint


def test_a_param_in_a_string_is_pointed_out():
    """A string that is one param says how it is written here."""
    with pytest.raises(InvalidValue) as caught:
        plain(Filled('"${params.queue}"'))
    assert "${{ params.queue }}" in caught.value.hint
