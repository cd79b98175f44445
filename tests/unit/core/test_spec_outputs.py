"""The syntax of `outputs` (rule 9)."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.spec_outputs import Output


def one(text: str, name: str = "x") -> Output:
    """One output."""
    return process(f"outputs: {{{name}: {text}}}").outputs["x"]


@pytest.mark.parametrize(
    ("text", "kind", "wildcard"),
    [
        ("a.bam", "path", False),
        ("'*.bam'", "path", True),
        ("'a[12].bam'", "path", True),
        ("'${{ key.s }}/*.bam'", "path", True),
        ("'${{ a[0] }}.bam'", "path", False),
        ("dir/", "dir", False),
        ("'${{ key.s }}/'", "dir", False),
        ("stdout", "stdout", False),
        ("{path: a.bam}", "path", False),
        ("{path: stdout}", "stdout", False),
        ("{json: a.json, at: a.b}", "json", False),
        ("{json: a.json}", "json", False),
    ],
)
def test_every_kind_of_output(text: str, kind: str, wildcard: bool) -> None:
    """Files, globs, folders, standard output and JSON values are told apart; a wildcard inside an expression is none."""
    output = one(text)
    assert (output.kind, output.wildcard) == (kind, wildcard)


def test_optional_in_both_forms() -> None:
    """`name?` and `optional: true` say the same, for every kind."""
    assert one("a", "x?").optional
    assert one("{path: a, optional: true}").optional
    assert one("{json: a, optional: true}").optional
    assert one("stdout", "x?").optional
    assert not one("a").optional


def test_a_value_in_a_json_file() -> None:
    """The file and the dotted path into it."""
    output = one("{json: stats.json, at: reads.0.n}")
    assert output.template is not None
    assert (output.template.literal, output.data_path) == ("stats.json", ("reads", "0", "n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("../a", "leaves"),
        ("a/../b", "leaves"),
        ("'${{ key.s }}/../b'", "leaves"),
        ("..", "leaves"),
        ("/a", "absolute"),
        ("'/${{ key.s }}'", "absolute"),
        ("s3://bucket/a", "URI"),
        ("''", "empty"),
        ("./", "empty"),
        (".headrace/x", "Headrace's own"),
        ('"a\\nb"', "newline"),
        ("3", "a number stands"),
        ("null", "nothing stands"),
        ("[a]", "a list stands"),
        ("{}", "either `path` or `json`"),
        ("{path: a, json: b}", "either `path` or `json`"),
        ("{path: a, at: b}", "without `json`"),
        ("{path: a, optinal: true}", "unknown key"),
        ("{json: '*.json'}", "wildcard"),
        ("'a*/'", "wildcard"),
        ("{json: a, at: ''}", "empty text"),
    ],
)
def test_paths_stay_inside_and_forms_are_known(text: str, said: str) -> None:
    """`..`, absolute and empty paths are errors, and so is every unknown form."""
    problems = refused(f"outputs: {{x: {text}}}")
    assert any(said in problem.message for problem in problems), problems
    assert all(problem.path.startswith("processes.p.outputs.x") for problem in problems)


def test_the_same_output_twice() -> None:
    """`x` and `x?` are one name."""
    assert "twice" in refused("outputs: {x: a, x?: b}")[0].message
