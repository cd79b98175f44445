"""The syntax of `each` (rule 1)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.spec_texts import process, refused

from headrace.core.expressions import Template
from headrace.core.spec_each import (
    ChunkSource,
    Define,
    GlobSource,
    JsonSource,
    LinesSource,
    ListSource,
    RangeSource,
    Reuse,
    RowsSource,
    TemplateSource,
)


def axes(body: str) -> list[str]:
    """The axes of a process, definitions marked."""
    return [item.axis + ("=" if isinstance(item, Define) else "") for item in process(body).each]


def source(text: str) -> Any:
    """One source."""
    item = process(f"each: {{s: {text}}}").each[0]
    assert isinstance(item, Define)
    return item.source


def test_a_list_of_reuses_and_definitions_in_order() -> None:
    """A list holds names (reuse) and one-key maps (definition)."""
    assert axes("each: [b, {a: [1]}, c]") == ["b", "a=", "c"]
    item = process("each: [b, {a: [1]}]").each
    assert item[0] == Reuse(axis="b", path="processes.p.each[0]")
    assert item[1].path == "processes.p.each[1].a"


def test_one_name_or_a_map_are_short_forms() -> None:
    """A name is one reuse; several keys are their product in written order."""
    assert axes("each: sample") == ["sample"]
    assert axes("each: {b: [1], a: [2]}") == ["b=", "a="]
    assert axes("when: ${{ params.x }}") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[1, x, {id: a}]", ListSource),
        ("'${{ params.x }}'", TemplateSource),
        ("{glob: 'reads/*.fq'}", GlobSource),
        ("{range: [1, 22]}", RangeSource),
        ("{range: ['${{ params.a }}', '${{ params.b }}']}", RangeSource),
        ("{lines: ids.txt}", LinesSource),
        ("{rows: samples.csv}", RowsSource),
        ("{json: x.json, at: a.b}", JsonSource),
        ("{json: '${{ q.o }}'}", JsonSource),
        ("{chunk: [1, 2, 3], size: 2}", ChunkSource),
        ("{chunk: '${{ params.x }}', size: '${{ params.n }}'}", ChunkSource),
    ],
)
def test_every_kind_of_source(text: str, kind: type) -> None:
    """Each source of the language is read as its own kind."""
    assert isinstance(source(text), kind)


def test_what_sources_hold() -> None:
    """Items keep their types; texts with an expression are Templates."""
    items = source("[1, x, '${{ params.x }}', {id: a, n: 1.5}]").items
    assert items[:2] == (1, "x")
    assert isinstance(items[2], Template)
    assert items[3] == {"id": "a", "n": 1.5}
    assert (source("{range: [1, 22]}").first, source("{range: [-3, 3]}").first) == (1, -3)
    assert source("{json: x.json, at: a.0.b}").at == ("a", "0", "b")
    assert source("{chunk: [1, 2, 3], size: 2}").size == 2


def test_plain_text_is_an_error_that_asks() -> None:
    """Plain text might be a glob or one item: both ways are shown."""
    hint = refused("each: {s: '*.fq'}")[0].hint
    assert "glob: '*.fq'" in hint
    assert "['*.fq']" in hint


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ("each: []", "each", "no axis"),
        ("each: {}", "each", "no axis"),
        ("each: [{a: [1], b: [2]}]", "each[0]", "several axes"),
        ("each: [a, a]", "each[1]", "twice"),
        ("each: [3]", "each[0]", "neither an axis"),
        ("each: [[a]]", "each[0]", "neither an axis"),
        ("each: true", "each", "neither an axis"),
        ("each: a-b", "each", "cannot name an axis"),
        ("each: {a: []}", "each.a", "without items"),
        ("each: {a: [null]}", "each.a[0]", "nothing stands"),
        ("each: {a: 3}", "each.a", "no list of items"),
        ("each: {a: null}", "each.a", "no list of items"),
        ("each: {a: 'x${{ params.y }}'}", "each.a", "not one lone"),
        ("each: {glob: '*.fq'}", "each.glob", "axis's name"),
        ("each: {a: {}}", "each.a", "no source"),
        ("each: {a: {globb: x}}", "each.a", "no source"),
        ("each: {a: {glob: x, lines: y}}", "each.a", "several sources"),
        ("each: {a: {glob: x, at: y}}", "each.a.at", "unknown key"),
        ("each: {a: {glob: 3}}", "each.a.glob", "a number stands"),
        ("each: {a: {range: [1]}}", "each.a.range", "not a range"),
        ("each: {a: {range: [3, 1]}}", "each.a.range", "ends before"),
        ("each: {a: {range: [1.5, 3]}}", "each.a.range[0]", "number"),
        ("each: {a: {range: [1, '5']}}", "each.a.range[1]", "number"),
        ("each: {a: {json: x, at: a..b}}", "each.a.at", "dotted path"),
        ("each: {a: {chunk: [1]}}", "each.a", "without `size`"),
        ("each: {a: {chunk: [1], size: 0}}", "each.a.size", "number"),
        ("each: {a: {chunk: {glob: x}, size: 2}}", "each.a.chunk", "a map stands"),
        ("each: {a: {chunk: x, size: 2}}", "each.a.chunk", "plain text"),
    ],
)
def test_what_is_refused_and_where(body: str, path: str, said: str) -> None:
    """Every mistake in `each` is named at its place."""
    found = [problem for problem in refused(body) if said in problem.message]
    assert [problem.path for problem in found] == [f"processes.p.{path}"]
