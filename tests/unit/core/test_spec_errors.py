"""`errors`: failures the user knows by name."""

from __future__ import annotations

import pytest
from tests.support.spec_texts import process, refused, spec

from headrace.core.directives import evaluate, merge
from headrace.core.named_errors import NamedError
from headrace.core.outcome_classes import OutcomeClass

HEAP = "{name: heap, pattern: OutOfMemoryError, class: out-of-memory}"


def errors(text: str) -> tuple[NamedError, ...]:
    """The named errors of a process."""
    return evaluate(process(f"errors: {text}").directives, {}).errors


def test_every_part_of_a_named_error():
    """Name and pattern are needed; class, action and hint say what it means."""
    assert errors(f"[{HEAP}, {{name: no licence, pattern: 'check*out', action: ignore, hint: ask IT}}]") == (
        NamedError("heap", "OutOfMemoryError", OutcomeClass.OUT_OF_MEMORY),
        NamedError("no licence", "check*out", None, "ignore", "ask IT"),
    )


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("x", "errors", "text stands where a list is wanted"),
        ("[heap]", "errors[0]", "text names no error"),
        ("[{name: a}]", "errors[0]", "without `pattern`"),
        ("[{pattern: a}]", "errors[0]", "without `name`"),
        ("[{name: a, patern: b}]", "errors[0].patern", "did you mean 'pattern'?"),
        ("[{name: a, pattern: b, retry: true}]", "errors[0].retry", "Write action: retry"),
        ("[{name: a, pattern: b, ignore: true}]", "errors[0].ignore", "Write action: ignore"),
        ("[{name: a, pattern: b, regex: b}]", "errors[0].regex", "Write pattern"),
        ("[{name: a, pattern: b, class: oom}]", "errors[0].class", "out-of-memory"),
        ("[{name: a, pattern: b, class: cancelled}]", "errors[0].class", "not one of the words"),
        ("[{name: a, pattern: b, action: retri}]", "errors[0].action", "did you mean 'retry'?"),
        ("[{name: a, pattern: '* *'}]", "errors[0].pattern", "finds nothing"),
        ("[{name: a, pattern: 'no.*licence'}]", "errors[0].pattern", "Write * for any text"),
        ("[{name: a, pattern: 'exit \\d'}]", "errors[0].pattern", "regular expressions"),
        ('[{name: a, pattern: "two\\nlines"}]', "errors[0].pattern", "no line can hold"),
        ("[{name: 'a: b', pattern: b}]", "errors[0].name", "not a name"),
        ("[{name: a, pattern: b, hint: ''}]", "errors[0].hint", "not a hint"),
        ("[{name: a, pattern: b}, {name: a, pattern: c}]", "errors[1].name", "named twice"),
    ],
)
def test_what_is_wrong_is_refused_in_its_place(text: str, path: str, words: str):
    """With what to write instead."""
    problem = refused(f"errors: {text}")[0]
    assert problem.path == f"processes.p.{path}"
    assert words in str(problem)


def test_a_list_has_a_bound():
    """Every pattern is looked for in every line."""
    many = ", ".join(f"{{name: e{n}, pattern: x{n}}}" for n in range(51))
    assert "51 named errors" in refused(f"errors: [{many}]")[0].message


def test_layers_merge_by_name_the_stronger_first():
    """The first that matches wins, so the nearer one stands first; an empty list takes all back."""
    weak = {"errors": [{"name": "a", "pattern": "1"}, {"name": "b", "pattern": "2"}]}
    own = {"errors": [{"name": "b", "pattern": "3"}, {"name": "c", "pattern": "4"}]}
    assert [each["pattern"] for each in merge([weak, own])["errors"]] == ["3", "4", "1"]
    assert merge([weak, {"errors": []}])["errors"] == []
    assert merge([{}, weak]) == weak


def test_at_the_top_of_a_file_they_hold_for_all_processes():
    """As if they stood under `defaults`, which are stronger; problems are placed there."""
    read = spec(
        "errors: [{name: a, pattern: top}, {name: b, pattern: top}]\n"
        "defaults: {errors: [{name: b, pattern: defaults}]}\n"
        "processes:\n  p: {script: x, errors: [{name: c, pattern: own}]}\n  q: {script: x}\n"
    )
    found = {name: evaluate(merge(read.layers(name)), {}).errors for name in ("p", "q")}
    assert [(each.name, each.pattern) for each in found["p"]] == [("c", "own"), ("b", "defaults"), ("a", "top")]
    assert [(each.name, each.pattern) for each in found["q"]] == [("b", "defaults"), ("a", "top")]
