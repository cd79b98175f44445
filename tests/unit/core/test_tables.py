"""Tables (rules 1, 6 and 11)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.spec_texts import cursor

from headrace.core.errors import InvalidValue, Problem
from headrace.core.tables import Column, Table, csv_rows, read_table, table_location
from headrace.core.values import File

URI = "s3://bucket/t/s.csv"
PLAIN = Table()
READS = Table(
    columns={
        "r1": Column(type="file"),
        "r2": Column(type="file", optional=True),
        "n": Column(type="number", optional=True),
    }
)


def rows(text: str, table: Table = PLAIN, uri: str = URI) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The records of a table's text, and what is wrong with it."""
    at = cursor(uri)
    return read_table(table, at, {uri: text}, ""), at.book.problems


def in_place(value: Any, table: Table = PLAIN) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The records of rows written in place."""
    at = cursor(value)
    return read_table(table, at, {}, "s3://bucket/p.yaml"), at.book.problems


def test_cells_are_text_and_empty_ones_none() -> None:
    """CSV cells are text unless `columns` says otherwise; an empty cell is none."""
    assert rows("id,n,on\na,007,\nb, 1 ,NO\n") == (
        [{"id": "a", "n": "007", "on": None}, {"id": "b", "n": "1", "on": "NO"}],
        [],
    )


def test_columns_have_types() -> None:
    """Declared columns are typed, and a relative file is relative to the CSV."""
    found, problems = rows("id,r1,r2,n\na,a.fq,,1e-3\nb,s3://o/b.fq,../b2.fq,7\n", READS)
    assert not problems
    assert found == [
        {"id": "a", "r1": File(uri="s3://bucket/t/a.fq"), "r2": None, "n": 0.001},
        {"id": "b", "r1": File(uri="s3://o/b.fq"), "r2": File(uri="s3://bucket/b2.fq"), "n": 7},
    ]


def test_optional_columns_may_be_missing_altogether() -> None:
    """A column that is optional is none in every row when the file has it not."""
    assert rows("id,r1\na,a.fq\n", READS)[0] == [
        {"id": "a", "r1": File(uri="s3://bucket/t/a.fq"), "r2": None, "n": None}
    ]


def test_tabs_separate_in_a_tsv() -> None:
    """`.tsv` by its name, anything else by a header with tabs and no comma."""
    assert rows("id\tx\na\tb,c\n", uri="s3://bucket/s.tsv")[0] == [{"id": "a", "x": "b,c"}]
    assert rows("id\tx\na\tb,c\n", uri="s3://bucket/s.txt")[0] == [{"id": "a", "x": "b,c"}]


def test_quotes_newlines_and_windows_files() -> None:
    """A byte order mark, CRLF, quoted commas and newlines, blank lines."""
    assert rows('\ufeffid,x\r\na,"1,2"\r\n\r\nb,"3\n4"\r\n')[0] == [{"id": "a", "x": "1,2"}, {"id": "b", "x": "3\n4"}]


def test_another_key_column_names_the_row() -> None:
    """With `key`, records still get an `id`, so that a row keeps its name through filters."""
    assert rows("name,x\na,1\n", Table(key="name"))[0] == [{"name": "a", "x": "1", "id": "a"}]
    assert "beside its key column" in rows("name,id\na,b\n", Table(key="name"))[1][0].message


@pytest.mark.parametrize(
    ("text", "table", "said"),
    [
        ("", Table(), "empty table"),
        ("id,x\n", Table(), "without rows"),
        ("id,id\na,b\n", Table(), "twice in the header"),
        ("id,,x\na,b,c\n", Table(), "column 2 of the header has no name"),
        ("id,$file\na,b\n", Table(), "Headrace's own"),
        ("id,x\na\n", Table(), "line 2 has 1 cells and the header 2"),
        ("id,x\na,b,c\n", Table(), "line 2 has 3 cells"),
        ('id,x\na,"b\n', Table(), "is no CSV"),
        ("name,x\na,b\n", Table(), "no column 'id'"),
        ("id,x\na,b\n", READS, "no column 'r1'"),
        ("id,x\n,b\n", Table(), f"{URI}:2: the key column 'id' is empty"),
        (f"id,x\n{'k' * 129},b\n", Table(), "too long"),
        ("id,x\na,1\nb,2\na,3\n", Table(), f"{URI}:4: the key 'a' stands also in {URI}:2"),
        ("id,r1\na,\n", READS, f"{URI}:2: the cell of 'r1' is empty"),
        ("id,r1,n\na,x,many\n", READS, "column 'n': not a number, found 'many'"),
        ("id,r1\na,http://x/y\n", READS, "column 'r1': not a location on S3"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_column(text: str, table: Table, said: str) -> None:
    """Empty and duplicate keys, bad cells and bad CSV are named where they stand."""
    problems = rows(text, table)[1]
    assert any(said in problem.message for problem in problems), problems


def test_all_bad_rows_are_told_at_once() -> None:
    """A table's problems come together."""
    assert len(rows("id,r1\na,\nb,\nb,x\n", READS)[1]) == 3


def test_rows_in_place_keep_their_types() -> None:
    """Rows written in the file are values already; a relative file is relative to that file."""
    found, problems = in_place([{"id": 1, "r1": "a.fq", "x": True}], READS)
    assert not problems
    assert found[0] == {"id": 1, "r1": File(uri="s3://bucket/a.fq"), "x": True, "r2": None, "n": None}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "without rows"),
        (3, "no table"),
        ({"id": "a"}, "no table"),
        (["a"], "not a row"),
        ([{"id": "a", "$file": "x"}], "not a row"),
        ([{"x": 1}], "key column 'id'"),
        ([{"id": "a"}, {"id": "a"}], "stands also in row 1"),
        ([{"id": 1}, {"id": "1"}], "stands also in row 1"),
        ([{"id": {}}], "no plain value"),
    ],
)
def test_bad_rows_in_place(value: Any, said: str) -> None:
    """The same rules hold for rows in place."""
    assert any(said in problem.message for problem in in_place(value)[1])


def test_a_type_in_place_is_not_converted() -> None:
    """`n: '3'` in place is text where a number is wanted."""
    assert "text stands where a number is wanted" in in_place([{"id": "a", "r1": "x", "n": "3"}], READS)[1][0].message


def test_a_table_that_was_not_read_is_named() -> None:
    """When the file could not be fetched there is one clear problem."""
    at = cursor("s.csv")
    assert read_table(Table(), at, {}, "s3://bucket/p.yaml") == []
    assert "could not be read" in at.book.problems[0].message


def test_where_a_table_lies() -> None:
    """What has to be fetched is known from the value alone."""
    assert table_location("s.csv", "s3://bucket/p.yaml") == "s3://bucket/s.csv"
    assert table_location("http://x", "s3://bucket/p.yaml") is None


@given(st.text(st.sampled_from('id,x"\n\r\t a1;\ufeff\x00'), max_size=60) | st.text(max_size=40))
def test_any_text_is_rows_or_our_error(text: str) -> None:
    """Whatever the text: rows with the header's columns, or InvalidValue."""
    try:
        found = list(csv_rows(text))
    except InvalidValue:
        return
    assert len({tuple(row) for _, row in found}) <= 1
