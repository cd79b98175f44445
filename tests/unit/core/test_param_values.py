"""Params from a command line's text (rule 11)."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.param_values import from_text
from headrace.core.params import Param


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (Param(name="x", type="string"), "007", "007"),
        (Param(name="x", type="file"), "a.fa", "a.fa"),
        (Param(name="x", type="number"), "8", 8),
        (Param(name="x", type="boolean"), "true", True),
        (Param(name="x", type="list"), "a, b,c", ["a", "b", "c"]),
        (Param(name="x", type="list", of="number"), "1,2.5", [1, 2.5]),
        (Param(name="x", type="list"), '["a,b"]', ["a,b"]),
        (Param(name="x", type="list"), "", []),
        (Param(name="x", type="map"), '{"a": [1]}', {"a": [1]}),
        (Param(name="x", type="table"), "s.csv", "s.csv"),
        (Param(name="x", type="table"), '[{"id": "a"}]', [{"id": "a"}]),
        (Param(name="x", type="string", secret=True), "ssm:/a", "ssm:/a"),
    ],
)
def test_the_declared_type_reads_the_text(param: Param, text: str, value: Any) -> None:
    """A command line has only text; what it means, the declaration says."""
    found = from_text(param, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("param", "text"),
    [
        (Param(name="x", type="number"), "many"),
        (Param(name="x", type="boolean"), "yes"),
        (Param(name="x", type="list", of="number"), "1,x"),
        (Param(name="x", type="list"), "[1"),
        (Param(name="x", type="list"), "[" * 100_000),
        (Param(name="x", type="map"), "a=b"),
        (Param(name="x", type="map"), "[1]"),
        (Param(name="x", type="table"), "[1"),
    ],
)
def test_text_that_means_nothing_is_refused(param: Param, text: str) -> None:
    """Bad text is an error, never a guess."""
    with pytest.raises(InvalidValue):
        from_text(param, text)


@pytest.mark.parametrize(
    "text", ['{"a":' * 40 + "1" + "}" * 40, '{"a":' * 980 + "1" + "}" * 980, '{"a": {"$file": "x"}}']
)
def test_a_map_is_held_to_what_values_are(text: str) -> None:
    """Not too deep, and no file in disguise."""
    with pytest.raises(InvalidValue):
        from_text(Param(name="x", type="map"), text)
