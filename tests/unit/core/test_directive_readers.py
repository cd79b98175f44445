"""The readers that values of directives are made of."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.support.spec_texts import cursor

from headrace.core import directive_readers as readers
from headrace.core.expressions import parse

WORD = readers.matching(re.compile("[a-z]+"), "a word")
READERS = {
    "one of a form": (WORD, "abc", "abc", "A B"),
    "a word": (readers.choice("a", "b"), "b", "b", "c"),
    "a list": (readers.several(WORD), ["a", "b"], ("a", "b"), ["a", 3]),
    "one for a list": (readers.several(WORD), "a", ("a",), 3),
    "a map": (readers.mapping(WORD, re.compile("[A-Z]"), "a capital", most=2), {"A": "b"}, {"A": "b"}, {"a": "b"}),
    "a number": (readers.whole(1, 3), 2, 2, 4),
    "a boolean": (readers.boolean, True, True, "true"),
}


@pytest.mark.parametrize(("read", "good", "wanted", "bad"), READERS.values(), ids=READERS)
def test_every_reader_takes_refuses_and_lets_templates_through(
    read: readers.Reader, good: Any, wanted: Any, bad: Any
) -> None:
    """A good value is normalised, a bad one is a problem, a template passes without one."""
    at = cursor(good)
    assert (read(at), at.book.problems) == (wanted, [])
    at = cursor(bad)
    read(at)
    assert at.book.problems
    template = parse("${{ x }}")
    at = cursor(template)
    assert (read(at), at.book.problems) == (template, [])


def test_bounds_of_lists_and_maps() -> None:
    """Too many entries are one problem."""
    at = cursor(["a"] * 3)
    readers.several(WORD, most=2)(at)
    assert len(at.book.problems) == 1
    at = cursor({"A": "a", "B": "b", "C": "c"})
    readers.mapping(WORD, re.compile("[A-Z]"), "a capital", most=2)(at)
    assert len(at.book.problems) == 1


def test_known_keys() -> None:
    """A map with known keys gives its values when all are good and known, and names unknown keys."""
    parts = {"a": WORD, "n": readers.whole(0)}
    assert readers.fields(cursor({"a": "x", "n": 1}), parts) == {"a": "x", "n": 1}
    assert readers.fields(cursor({"a": "x"}), parts) == {"a": "x"}
    assert readers.fields(cursor({"a": parse("${{ x }}")}), parts) is None
    at = cursor({"b": "x"})
    readers.fields(at, parts)
    assert "unknown key" in at.book.problems[0].message
