"""The shortcut of plain paths says what JSONata says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from headrace.core.errors import InvalidValue
from headrace_local.jsonata_expressions import evaluate, looked_up

ATOMS = some.none() | some.booleans() | some.integers(-5, 5) | some.sampled_from(["x", "submit", "", 1.0, 2.5])
VALUES = some.recursive(
    ATOMS,
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
PATHS = ["$states.input", "$states.input.a", "$states.input.a.b", "$states.input.a.b.c", "$states.result.Payload"]
EXPRESSIONS = [*PATHS, *(f'{path} = "x"' for path in PATHS), *(f'{path} = "submit"' for path in PATHS)]


@given(some.sampled_from(EXPRESSIONS), VALUES, VALUES)
def test_whatever_it_answers_jsonata_answers_too(expression: str, given_in: object, payload: object) -> None:
    """For any input, to the byte; where it has no answer nothing is claimed."""
    states = {"input": given_in, "result": {"Payload": payload}}
    said = looked_up(expression, states)
    if said is not None:
        assert json.dumps(said) == json.dumps(evaluate(expression, {"states": states}))


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("$states.input.verdict", "submit"),
        ('$states.input.verdict = "submit"', True),
        ('$states.input.verdict = "expand"', False),
        ("$states.context.Execution", {"Id": "arn"}),
        ("$states.input.many", None),
        ("$states.input.missing", None),
        ("$states.input.verdict & 'x'", None),
        ('$states.input.verdict != "submit"', None),
        ("$states.input[0]", None),
    ],
)
def test_what_it_has_an_answer_to(expression: str, answer: object) -> None:
    """Paths to texts, numbers and objects, and whether a text is another one; lists, what is missing and anything more it leaves alone."""
    states = {"input": {"verdict": "submit", "many": [1]}, "context": {"Execution": {"Id": "arn"}}}
    assert looked_up(expression, states) == answer


def test_what_is_missing_fails_by_its_expression() -> None:
    """The engine says so, not the shortcut."""
    with pytest.raises(InvalidValue, match=r"\$states.input.a"):
        evaluate("$states.input.a", {"states": {"input": {}}})
