"""`headrace schema`."""

import json

from headrace.core.filters import describe_filters


def test_it_is_the_schema(headrace):
    """Plain JSON on standard output, with the directives in it."""
    schema = json.loads(headrace("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "containerOptions" in schema["$defs"]["directives"]["properties"]


def test_filters_are_listed(headrace):
    """Every filter has a line."""
    said = headrace("schema", "--filters")
    assert said.code == 0
    assert all(each["usage"].split("(")[0] in said.out for each in describe_filters())
