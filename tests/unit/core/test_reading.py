"""A cursor that knows its place and goes on after a problem."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import cursor

from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.reading import At, Book, holds_template, kind


def test_problems_come_in_document_order_with_their_places() -> None:
    """Whatever the order they are found in, problems are told from top to bottom."""
    book = Book(yaml_source.read("a: 1\nb: {c: 2}\n", "f.yaml"))
    At(2, "b.c", book).refuse("second")
    At(1, "a", book).refuse("first")
    with pytest.raises(InvalidSpec) as refusal:
        book.close()
    assert [(p.file, p.line, p.path, p.message, p.value) for p in refusal.value.problems] == [
        ("f.yaml", 1, "a", "first", 1),
        ("f.yaml", 2, "b.c", "second", 2),
    ]


def test_one_problem_is_told_once_and_a_flood_ends_the_reading() -> None:
    """The same problem twice is one; at the hundredth nobody reads on."""
    at = cursor(1)
    at.refuse("wrong 0")
    at.refuse("wrong 0")
    assert len(at.book.problems) == 1
    for number in range(1, 99):
        at.refuse(f"wrong {number}")
    with pytest.raises(InvalidSpec) as refusal:
        at.refuse("wrong 99")
    assert len(refusal.value.problems) == 100


def test_a_problem_of_a_reader_is_placed_by_the_cursor() -> None:
    """InvalidValue becomes a problem here; an InvalidSpec's problems keep a path of their own."""
    at = cursor("v")

    def one(_value: object) -> None:
        raise InvalidValue("bad", expected="good", hint="do")

    def several(_value: object) -> None:
        raise InvalidSpec([Problem("", "here"), Problem("there", "known")])

    assert at.attempt(one) is None
    assert at.attempt(several) is None
    assert [(p.path, p.message) for p in at.book.problems] == [("x", "bad"), ("x", "here"), ("there", "known")]


def test_a_secret_is_not_shown() -> None:
    """A value that may be a secret stays out of the message."""
    at = cursor("hunter2")
    at.refuse("no reference", show=False)
    assert "hunter2" not in str(at.book.problems[0])


def test_an_unknown_key_suggests_the_nearest_known_one() -> None:
    """The suggestion names the key the user most likely meant."""
    at = cursor({"scrpit": 1, "zzzzz": 2})
    at.known(("script", "inputs"))
    assert [p.hint for p in at.book.problems] == ["did you mean 'script'?", ""]
    assert at.book.problems[0].expected == "one of script, inputs"


def test_templates_are_found_wherever_they_stand() -> None:
    """Texts with an expression become Templates, an escaped sign becomes plain text, all else stays."""
    value = cursor({"a": ["${{ x }}", 1, r"\${{ y }}"], "b": "plain", "c": None}).templated()
    assert isinstance(value["a"][0], Template)
    assert value == {"a": [value["a"][0], 1, "${{ y }}"], "b": "plain", "c": None}
    assert holds_template(value)
    assert not holds_template({"a": [1, "x"]})


def test_kinds_are_named_in_the_words_of_the_file() -> None:
    """Messages speak of nothing, text, numbers, lists and maps."""
    assert [kind(value) for value in (None, True, False, 1, 1.5, "x", [], {})] == [
        "nothing", "true", "false", "a number", "a number", "text", "a list", "a map",
    ]  # fmt: skip


def test_yes_is_told_from_true() -> None:
    """Who writes `yes` meant a boolean and learns that it is text."""
    at = cursor("yes")
    assert at.boolean() is None
    assert "text here" in at.book.problems[0].hint


def test_big_values_are_left_out_of_messages() -> None:
    """A problem never carries a megabyte with it."""
    at = cursor("x" * 10_000)
    at.refuse("too long")
    assert len(str(at.book.problems[0])) < 200
