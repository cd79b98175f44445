"""The language as JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.support.spec_texts import EXAMPLE
from tests.unit.core.test_directives import GOOD

from headrace.core import yaml_source
from headrace.core.directives import DIRECTIVES
from headrace.core.errors import InvalidSpec
from headrace.core.filters import FILTERS
from headrace.core.schema import json_schema, launch_schema
from headrace.core.spec import PROCESS_KEYS, TOP_KEYS, read_spec

SPEC = Draft202012Validator(json_schema())
LAUNCH = Draft202012Validator(launch_schema())


def valid(text: str) -> bool:
    """Whether a pipeline's text has the published form."""
    return SPEC.is_valid(yaml_source.read(text, "x").value)


def body_valid(body: str) -> bool:
    """Whether a process's text has it."""
    return valid(f"processes:\n  p:\n    script: x\n    {body}\n")


def test_the_schemas_are_schemas() -> None:
    """Both hold against the dialect they name."""
    Draft202012Validator.check_schema(json_schema())
    Draft202012Validator.check_schema(launch_schema())


def test_the_example_has_the_published_form() -> None:
    """The full example of the language."""
    assert [error.message for error in SPEC.iter_errors(yaml_source.read(EXAMPLE, "x").value)] == []


@pytest.mark.parametrize("name", DIRECTIVES)
def test_every_directive_has_a_form(name: str) -> None:
    """A good value fits, with its description; nothing does not."""
    text, _ = GOOD[name]
    assert body_valid(f"{name}: {text}")
    assert not body_valid(f"{name}: null")
    assert DIRECTIVES[name].about in json_schema()["$defs"]["directives"]["properties"][name]["description"]


@pytest.mark.parametrize("name", [name for name, directive in DIRECTIVES.items() if directive.moment == "attempt"])
def test_an_expression_fits_wherever_one_may_stand(name: str) -> None:
    """Editors must not underline what the language allows."""
    assert body_valid(f"{name}: ${{{{ params.x }}}}")


def test_the_closed_lists_are_shown() -> None:
    """Filters and directives are closed lists, and the schema shows them."""
    schema = json_schema()
    assert set(FILTERS) <= {each["name"] for each in schema["x-filters"]}
    assert set(schema["$defs"]["directives"]["properties"]) == set(DIRECTIVES)
    assert set(schema["properties"]) == set(TOP_KEYS)
    script, uses = schema["$defs"]["process"]["anyOf"]
    assert set(script["properties"]) | set(uses["properties"]) == set(PROCESS_KEYS) | set(DIRECTIVES)


@pytest.mark.parametrize(
    "body",
    [
        "each: sample",
        "each: [sample, {c: '${{ params.c }}'}]",
        "each: {a: [1], b: {glob: '*.fq'}}",
        "each: {a: {range: [1, 3]}}",
        "each: {a: {chunk: '${{ x }}', size: 3}}",
        "each: {a: {json: f, at: a.b}}",
        "inputs: {a: x, b?: '${{ q.o }}', c: [x], d: {from: x, stageAs: y/, stage: true}}",
        "outputs: {a: x, b?: '*.y', c: stdout, d: {json: f, at: a}, e: {path: x, optional: true}}",
        "when: ${{ params.x }}",
        "after: [q]",
    ],
)
def test_every_form_of_a_process_fits(body: str) -> None:
    """What the reader takes, the schema takes."""
    assert body_valid(body)


@pytest.mark.parametrize(
    "body",
    [
        "each: '*.fq'",
        "each: {a: '*.fq'}",
        "each: {params: [1]}",
        "inputs: {a-b: x}",
        "inputs: {a: 3}",
        "inputs: {key: x}",
        "outputs: {a: {json: f, path: g}}",
        "when: true",
        "wehn: x",
        "memory: 8",
        "cpus: 1.5",
        "executor: local",
        "each: {a: {range: [1]}}",
    ],
)
def test_what_is_wrong_at_a_glance_does_not_fit(body: str) -> None:
    """The schema refuses unknown keys, bad names and wrong types."""
    assert not body_valid(body)


def test_requests_have_a_schema_of_their_own() -> None:
    """All keys of a launch request, and no others."""
    good = {
        "pipeline": "a@1",
        "name": "x",
        "params": {"n": 1},
        "outdir": "s3://b/o",
        "process": {"cpus": 1, "withName": {"a": {"memory": "1 GB"}}},
        "labels": {"a": "b"},
        "resume": "r-1",
    }
    assert LAUNCH.is_valid(good)
    assert not LAUNCH.is_valid({**good, "processes": {}})


VALUES = st.sampled_from(
    [
        None,
        True,
        3,
        1.5,
        "x",
        "",
        "8 GB",
        "1h",
        "10%",
        "${{ params.x }}",
        [],
        ["x"],
        {},
        {"a": 1},
        {"count": 1},
        {"image": "x"},
    ]
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*PROCESS_KEYS, *DIRECTIVES]), VALUES, max_size=3))
def test_what_is_read_fits(process: dict[str, Any]) -> None:
    """A spec that is read without a problem has the published form."""
    import json

    value = {"processes": {"p": {"script": "x", **process} if "uses" not in process else process}}
    try:
        read_spec(yaml_source.read(json.dumps(value), "x.json"))
    except InvalidSpec:
        return
    assert [error.message for error in SPEC.iter_errors(value)] == []
