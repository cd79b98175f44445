"""The syntax of `inputs` (rules 4, 5, 10)."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.spec_inputs import Input


def one(text: str, name: str = "x") -> Input:
    """One input."""
    return process(f"inputs: {{{name}: {text}}}").inputs["x"]


def test_text_is_a_location_and_an_expression_a_value() -> None:
    """Both are templates: one with a literal, one without."""
    location, value = one("reads/*.fq"), one("'${{ q.o }}'")
    assert isinstance(location.value, tuple) is False
    assert [template.literal for template in location.templates + value.templates] == ["reads/*.fq", None]
    assert value.templates[0].references[0].process == "q"


def test_a_list_stays_a_list() -> None:
    """An input written as a list is a list also with one element."""
    assert one("[a.txt]").is_list
    assert not one("a.txt").is_list
    assert [template.text for template in one("[a.txt, '${{ q.o }}']").templates] == ["a.txt", "${{ q.o }}"]


def test_optional_in_both_forms() -> None:
    """`name?` and `optional: true` say the same."""
    assert one("a.txt", "x?").optional
    assert one("{from: a.txt, optional: true}").optional
    assert one("{from: a.txt, optional: true}", "x?").optional
    assert not one("{from: a.txt, optional: false}").optional


def test_the_long_form() -> None:
    """`from` with stageAs, optional and stage."""
    long_form = one("{from: ['${{ q.o }}'], stageAs: 'in/${{ file.name }}', optional: true}")
    assert long_form.is_list
    assert long_form.stage_as is not None
    assert long_form.stage_as.names == {"file"}
    assert one("{from: a, stage: false}").stage is False
    assert one("a").stage is True


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ("inputs: [a]", "inputs", "a list stands where a map"),
        ("inputs: {x: 3}", "inputs.x", "a number stands"),
        ("inputs: {x: null}", "inputs.x", "nothing stands"),
        ("inputs: {x: ''}", "inputs.x", "empty text"),
        ("inputs: {x: []}", "inputs.x", "without any location"),
        ("inputs: {x: [3]}", "inputs.x[0]", "a number stands"),
        ("inputs: {x: {}}", "inputs.x", "without `from`"),
        ("inputs: {x: {form: a}}", "inputs.x.form", "unknown key"),
        ("inputs: {x: {from: a, stage: yes}}", "inputs.x.stage", "neither true nor false"),
        ("inputs: {x: {from: a, stage: false, stageAs: b}}", "inputs.x", "nothing is staged"),
        ("inputs: {x: {from: a, stageAs: ../b}}", "inputs.x.stageAs", "leaves the task's folder"),
        ("inputs: {x: {from: a, stageAs: /b}}", "inputs.x.stageAs", "absolute"),
        ("inputs: {x?: {from: a, optional: false}}", "inputs.x?.optional", "ends with '?'"),
        ("inputs: {x: a, x?: b}", "inputs.x?", "twice"),
        ("inputs: {a-b: x}", "inputs.a-b", "cannot name"),
        ("inputs: {x: '${{ q. }}'}", "inputs.x", "in `${{ q. }}`"),
    ],
)
def test_what_is_refused_and_where(body: str, path: str, said: str) -> None:
    """Every mistake under `inputs` is named at its place."""
    found = [problem for problem in refused(body) if said in problem.message]
    assert [problem.path for problem in found] == [f"processes.p.{path}"]
