"""Names (rule 10)."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import cursor, refused, refused_spec

from headrace.core.spec_names import optional_name, read_name


@pytest.mark.parametrize("name", ["a", "A", "align_1", "x" * 64])
def test_letters_digits_and_underscores(name: str) -> None:
    """A name begins with a letter and goes on with letters, digits and underscores."""
    at = cursor(name)
    assert read_name(at, name, "a process") == name
    assert not at.book.problems


@pytest.mark.parametrize("name", ["", "1a", "_a", "a-b", "a b", "a.b", "é", "a\n", "x" * 65])
def test_everything_else_is_no_name(name: str) -> None:
    """Anything else cannot be used in an expression."""
    at = cursor(name)
    assert read_name(at, name, "a process") is None
    assert len(at.book.problems) == 1


@pytest.mark.parametrize(
    "name",
    [
        "params",
        "task",
        "key",
        "run",
        "outputs",
        "file",
        "true",
        "false",
        "none",
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
    ],
)
def test_reserved_words_name_nothing(name: str) -> None:
    """Reserved words cannot name a process, an axis, a param, an input or an output."""
    assert "reserved" in refused_spec(f"processes: {{{name}: {{script: x}}}}")[0].message
    assert "reserved" in refused_spec(f"params: {{{name}: 1}}\nprocesses: {{p: {{script: x}}}}")[0].message
    assert "reserved" in refused(f"each: {{{name}: [1]}}")[0].message
    assert "reserved" in refused(f"inputs: {{{name}: x}}")[0].message
    assert "reserved" in refused(f"outputs: {{{name}: x}}")[0].message


def test_at_and_all_are_no_outputs() -> None:
    """`align.at(…)` and `align.all` would be ambiguous."""
    assert "reserved" in refused("outputs: {at: x}")[0].message
    assert "reserved" in refused("outputs: {all?: x}")[0].message


def test_a_near_name_is_proposed() -> None:
    """A dash is the usual mistake."""
    at = cursor("a-b")
    read_name(at, "a-b", "a process")
    assert at.book.problems[0].hint == "Try 'a_b'"


def test_processes_and_axes_share_one_namespace() -> None:
    """An axis may not have a process's name, wherever the process stands."""
    problem = refused("each: {q: [1, 2]}")[0]
    assert (problem.path, problem.line) == ("processes.p.each.q", 4)
    assert "names a process" in problem.message


def test_a_question_mark_means_optional() -> None:
    """`name?` is `name`, optional."""
    assert optional_name("r2?") == ("r2", True)
    assert optional_name("r2") == ("r2", False)
