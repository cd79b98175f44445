"""Tables: rows with a key, from a CSV or TSV file or written in place (rules 6 and 11).

Cells are text unless `columns` says otherwise; an empty cell is none. The key column (`id`, or the table's `key`) names
the row: it is there, not empty and unique. A relative file in a CSV is relative to the CSV. When the key column is not
`id`, every record still gets an `id`, so that a row keeps its name through filters.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from headrace.core import plain_types
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.frozen import Frozen
from headrace.core.locations import resolve
from headrace.core.reading import At, kind
from headrace.core.values import FILE_KEY, text_of

MAX_ROWS: Final = 1_000_000
MAX_KEY: Final = 128
MAX_COLUMNS: Final = 1_000


class Column(Frozen):
    """A declared column: its type, and whether a cell may be empty."""

    type: plain_types.PlainType = "string"
    optional: bool = False


class Table(Frozen):
    """A declared table."""

    key: str = "id"
    columns: dict[str, Column] = Field(default_factory=dict)


def table_location(location: str, said_in: str) -> str | None:
    """The URI of a table that is named by its location; None when that is no location."""
    try:
        return resolve(location, said_in)
    except InvalidValue:
        return None


def read_table(table: Table, at: At, fetched: Mapping[str, str], said_in: str) -> list[dict[str, Any]]:
    """The table's records: rows in place, or those of the file the value names; problems name row and column."""
    if isinstance(at.value, str):
        uri = at.attempt(lambda value: resolve(value, said_in))
        if uri is None:
            return []
        if uri not in fetched:
            at.refuse("the table could not be read", expected="a CSV or TSV file with a header")
            return []
        rows = list(_cells(at, uri, fetched[uri]))
        return _records(_Rows(table, at, uri, from_text=True), rows)
    if isinstance(at.value, list):
        rows = [(f"row {number}", row.value) for number, row in enumerate(at.each(), 1) if _is_row(row)]
        return _records(_Rows(table, at, said_in, from_text=False), rows)
    at.refuse(f"{kind(at.value)} is no table", expected="the location of a CSV or TSV file, or a list of rows")
    return []


def csv_rows(text: str, uri: str = "") -> Iterator[tuple[int, dict[str, str | None]]]:
    """Rows of a CSV or TSV text with their line numbers; empty cells are none. InvalidValue names the line.

    The separator is a tab for `.tsv` and `.tab`, and for other names when the header has tabs and no comma.
    """
    text = text.removeprefix("\ufeff")
    header_line = text.split("\n", 1)[0]
    tabs = uri.endswith((".tsv", ".tab", ".tsv.gz")) or ("\t" in header_line and "," not in header_line)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",", strict=True)
    try:
        header = _header(next(reader, []))
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise InvalidValue(f"a table of more than {MAX_ROWS:,} rows")
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise InvalidValue(
                    f"line {reader.line_num} has {len(cells)} cells and the header {len(header)}",
                    expected="as many cells in every row as in the header",
                    hint="A cell with a comma or a newline stands in double quotes",
                )
            yield reader.line_num, {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise InvalidValue(f"line {reader.line_num} is no CSV: {error}", expected="CSV or TSV with a header") from None


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not names or not any(names):
        raise InvalidValue("an empty table", expected="CSV or TSV with a header")
    for number, name in enumerate(names, 1):
        if not name:
            raise InvalidValue(f"column {number} of the header has no name", expected="a name for every column")
        if names.count(name) > 1:
            raise InvalidValue(f"the column '{name}' stands twice in the header", expected="unique names")
        if name == FILE_KEY:
            raise InvalidValue(f"the column name '{FILE_KEY}' is Headrace's own", expected="another name")
    if len(names) > MAX_COLUMNS:
        raise InvalidValue(f"a table of more than {MAX_COLUMNS:,} columns")
    return names


def _cells(at: At, uri: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        for line, row in csv_rows(text, uri):
            yield f"{uri}:{line}", row
    except InvalidValue as error:
        at.refuse(f"{uri}: {error.message}", expected=error.expected, hint=error.hint)


def _is_row(at: At) -> bool:
    if isinstance(at.value, dict) and FILE_KEY not in at.value:
        return True
    at.refuse("not a row", expected="a map column: value")
    return False


@dataclass(frozen=True, slots=True)
class _Rows:
    """What reading a row needs to know: the table, where problems go, and how cells are read."""

    table: Table
    at: At
    said_in: str
    from_text: bool


def _records(reading: _Rows, rows: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    table, at = reading.table, reading.at
    if not rows and not at.book.problems:
        at.refuse("a table without rows", expected="at least one row")
    if rows and reading.from_text and not _has_columns(table, rows[0][1], at):
        return []
    records: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for place, row in rows:
        record = {name: _cell(reading, name, value, place) for name, value in row.items()}
        for name, column in table.columns.items():
            if name not in record:
                record[name] = None
                if not column.optional:
                    at.refuse(f"{place}: no '{name}'", expected=f"a {column.type}")
        _name_row(reading, record, place, seen)
        records.append(record)
    return records


def _has_columns(table: Table, row: Mapping[str, Any], at: At) -> bool:
    wanted = [name for name, column in table.columns.items() if not column.optional and name not in row]
    if table.key not in row:
        wanted.insert(0, table.key)
    for name in dict.fromkeys(wanted):
        by_hand = "`key:` names the column that names a row" if name == table.key else ""
        hint = nearest(name, row) or by_hand
        at.refuse(f"the table has no column '{name}'", expected=", ".join([*row][:20]), hint=hint)
    return not wanted


def _cell(reading: _Rows, name: str, value: Any, place: str) -> Any:
    column = reading.table.columns.get(name)
    if value is None or value == "":
        if column is not None and not column.optional:
            hint = f"{name}: {{type: {column.type}, optional: true}} allows it"
            reading.at.refuse(f"{place}: the cell of '{name}' is empty", expected=f"a {column.type}", hint=hint)
        return None
    if column is None:
        return value
    try:
        typed = plain_types.from_text(column.type, value) if reading.from_text else value
        return plain_types.convert(column.type, typed, reading.said_in)
    except InvalidValue as error:
        message = f"{place}, column '{name}': {error.message}, found {shown(value)}"
        reading.at.refuse(message, expected=error.expected, hint=error.hint)
        return None


def _name_row(reading: _Rows, record: dict[str, Any], place: str, seen: dict[str, str]) -> None:
    column, at = reading.table.key, reading.at
    key = record.get(column)
    if key is None or not isinstance(key, str | int | float) or not 1 <= len(text_of(key)) <= MAX_KEY:
        message = f"{place}: the key column '{column}' is empty, too long or no plain value"
        at.refuse(message, expected=f"unique text of 1 to {MAX_KEY} characters")
        return
    text = text_of(key)
    if text in seen:
        at.refuse(f"{place}: the key '{text}' stands also in {seen[text]}", expected="unique keys")
    seen[text] = place
    if column == "id":
        return
    if record.get("id") is not None and record["id"] != key:
        hint = "Rename the column 'id': everywhere else it is what names a row"
        at.refuse(f"{place}: the table has a column 'id' beside its key column '{column}'", hint=hint)
    record["id"] = text
