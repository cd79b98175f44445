"""Scripts as they are written (rules 7 and 16)."""

from __future__ import annotations

import json

import pytest
from tests.support.spec_texts import process, refused, refused_spec, spec

from headrace.core import yaml_source
from headrace.core.spec import read_spec


def text(body: str) -> str:
    """The script of a process."""
    script = process(body).script
    assert script is not None
    return script.text


def test_a_block_a_line_and_a_list_of_lines() -> None:
    """A `|` block, one line, and a list of lines are the forms of a script."""
    assert text("script: |\n  a # kept\n  b\n") == "a # kept\nb\n"
    assert text("script: |-\n  a\n  b\n") == "a\nb"
    assert text("script: echo hi") == "echo hi"
    assert text("script: 'echo hi'") == "echo hi"
    assert text("script:\n  - a\n  - 'b: c'\n  - |\n    d\n    e") == "a\nb: c\nd\ne\n"


@pytest.mark.parametrize(
    "body",
    [
        "script: >\n  a\n  b",
        "script: a\n  b",
        'script: "a\n  b"',
        "script: 'a\n\n  b'",
        'script: "a\\nb"',
        "script:\n  - a\n    b",
    ],
)
def test_several_lines_are_a_block(body: str) -> None:
    """YAML would fold them into one: an error that shows the block."""
    problem = refused(body)[0]
    assert "`|` block" in problem.expected
    assert "script: |" in problem.hint


@pytest.mark.parametrize("body", ["script: echo a # b", "script: 'echo a' # b", "script:\n  - echo a # b\n  - c"])
def test_a_comment_behind_a_line_is_an_error(body: str) -> None:
    """YAML drops what may be part of the script."""
    assert "comment" in refused(body)[0].message


def test_a_hash_inside_the_script_is_no_comment() -> None:
    """Only what YAML would drop is refused."""
    assert text("script: 'echo a # b'") == "echo a # b"
    assert text("script: ls x#y") == "ls x#y"


def test_json_has_no_blocks() -> None:
    """In a JSON file a text with newlines is the only way."""
    document = json.dumps({"processes": {"p": {"script": "a\nb # c"}}})
    script = read_spec(yaml_source.read(document, "p.json")).processes["p"].script
    assert script is not None
    assert script.text == "a\nb # c"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("script: ''", "empty"),
        ("script: |\n  \n", "empty"),
        ("script: []", "without lines"),
        ("script: 3", "a number stands"),
        ("script: null", "nothing stands"),
        ("script: {a: b}", "a map stands"),
        ("script:\n  - echo a: b", "a map stands where a line"),
        ("script:\n  - 3", "a number stands where a line"),
    ],
)
def test_what_is_no_script(body: str, said: str) -> None:
    """Everything but text is named."""
    assert any(said in problem.message for problem in refused(body))


def test_a_problem_in_a_script_has_its_own_line() -> None:
    """The line is that of the expression in the file, for places and for expressions that do not end."""
    text_of_spec = "processes:\n  p:\n    inputs: {x: y}\n    script: |\n      echo\n\n      echo '${{ x }}'\n"
    assert [(p.line, p.path) for p in refused_spec(text_of_spec)] == [(7, "processes.p.script")]
    unended = "processes:\n  p:\n    script: |\n      echo\n      echo ${{ x\n"
    assert [p.line for p in refused_spec(unended)] == [5]


def test_a_script_sees_no_process() -> None:
    """Data enters through inputs; an input of a process's name hides it."""
    assert "q" in refused("script: cat ${{ q.o }}")[0].message
    assert text("inputs: {q: a.txt}\nscript: cat ${{ q }}") == "cat ${{ q }}"


def test_the_shell_that_is_judged_is_the_one_that_applies() -> None:
    """A script is read for the shell of the process, its labels or the defaults."""
    body = "  p: {label: l, script: 'echo ${{ key.x }}'}\n"
    for defaults in ("{shell: dash}", "{withLabel: {l: {shell: dash}}}", "{withName: {p: {shell: dash}}}"):
        assert spec(f"defaults: {defaults}\nprocesses:\n{body}").processes["p"].script is not None
