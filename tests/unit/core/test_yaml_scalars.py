"""What a plain scalar means (rule 6)."""

from __future__ import annotations

import math

import yaml
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.yaml_scalars import scalar

WILD = st.text(st.sampled_from("0123456789+-.eExoabcdefINFinfnNuUlLtTrR~_:"), max_size=12)


@given(WILD | st.text(max_size=6))
def test_a_scalar_is_text_or_a_value_json_can_hold(text: str) -> None:
    """Whatever is written: null, a boolean, a finite number, the text itself, or a refusal."""
    try:
        value = scalar(text)
    except ValueError:
        return
    assert (
        value is None
        or isinstance(value, bool | int)
        or (isinstance(value, float) and math.isfinite(value))
        or value == text
    )


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none())
def test_what_json_writes_is_read_as_itself(value: object) -> None:
    """The scalars of JSON have their own types."""
    import json

    found = scalar(json.dumps(value))
    assert found == value
    assert type(found) is type(value)


@given(WILD)
def test_nothing_is_a_number_that_yaml_1_1_reads_otherwise(text: str) -> None:
    """A number here has the same value to a YAML 1.1 reader, or is text to it; leading zeros never make eight out of 010."""
    try:
        value = scalar(text)
        other = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return
    if isinstance(value, int | float) and isinstance(other, int | float) and not isinstance(value, bool):
        assert value == other
