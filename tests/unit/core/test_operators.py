"""Operators: strict types, bounded results."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import operators
from headrace.core.errors import InvalidValue

NUMBERS = st.integers(-(2**40), 2**40) | st.floats(-1e100, 1e100)
ARITHMETIC = {
    operators.add: lambda a, b: a + b,
    operators.subtract: lambda a, b: a - b,
    operators.multiply: lambda a, b: a * b,
    operators.divide: lambda a, b: a / b,
    operators.divide_whole: lambda a, b: a // b,
    operators.remainder: lambda a, b: a % b,
    operators.power: lambda a, b: a**b,
}


@pytest.mark.parametrize(("operator", "plain"), ARITHMETIC.items())
@given(left=NUMBERS, right=NUMBERS)
def test_numbers_compute_as_in_python_or_are_refused(operator, plain, left, right):
    """A result is Python's, and what passes 64 bits, is infinite or not real is an error."""
    try:
        result = operator(left, right)
    except InvalidValue:
        return
    assert result == plain(left, right)
    assert operators.is_number(result)
    assert isinstance(result, float) or abs(result) < 2**63


@pytest.mark.parametrize("operator", ARITHMETIC)
@pytest.mark.parametrize("pair", [(True, 1), (1, None), ("a", 1), ([1], 1), ({}, {})])
def test_only_numbers_are_computed_with(operator, pair):
    """A boolean is no number, a text is not repeated, none is not zero."""
    with pytest.raises(InvalidValue) as caught:
        operator(*pair)
    assert caught.value.expected == "two numbers"


def test_presence():
    """None and [] are absent, a boolean is itself, all else is present."""
    assert [operators.present(value) for value in (None, [], False, True, 0, "", {}, [None])] == [
        False, False, False, True, True, True, True, True,
    ]  # fmt: skip


def test_unary_signs():
    """Signs are for numbers."""
    assert (operators.negative(2), operators.positive(-2)) == (-2, -2)
    with pytest.raises(InvalidValue):
        operators.negative("2")
