"""Params with their files moved to the bucket: every local location becomes the URI it is uploaded to.

A table by its location is uploaded as a copy with the URIs of its files in its cells, so each file keeps a place of its own: a row
added to a table leaves the other rows' inputs what they were. Values without local files stay as they were given; a
default that names none is not passed at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from headrace.core.locations import is_uri, resolve
from headrace.core.params import Param
from headrace.core.tables import csv_rows
from headrace_cli.content_address import Uploads
from headrace_cli.given_params import Given
from headrace_cli.local_files import Reader


def move(
    declared: Mapping[str, Param], given: Mapping[str, Given], base: str, uploads: Uploads, reader: Reader
) -> dict[str, Any]:
    """The `params` of the launch request."""
    moved: dict[str, Any] = {}
    for name, param in declared.items():
        each = given.get(name, Given(param.default, base))
        before = len(uploads.objects)
        value = _moved(param, each, uploads, reader)
        if name in given or (len(uploads.objects) > before and value != each.value):
            moved[name] = value
    return moved


def _moved(param: Param, given: Given, uploads: Uploads, reader: Reader) -> Any:
    value, base = given.value, given.base
    if param.secret or value is None:
        return value
    if param.type == "file" and isinstance(value, str):
        return _location(value, base, uploads)
    if param.type == "list" and param.of == "file" and isinstance(value, list):
        return [_location(item, base, uploads) if isinstance(item, str) else item for item in value]
    if param.type == "table":
        return _table(param, value, base, uploads, reader)
    return value


def _location(text: str, base: str, uploads: Uploads) -> str:
    place = resolve(text, base)
    return place if is_uri(place) else uploads.place(place)


def _table(param: Param, value: Any, base: str, uploads: Uploads, reader: Reader) -> Any:
    files = {name for name, column in param.table.columns.items() if column.type == "file"}
    if isinstance(value, list):
        return [_row(row, files, base, uploads) for row in value]
    place = resolve(str(value), base)
    if is_uri(place):
        return place
    rows = [row for _, row in csv_rows(reader.text(place), place)]
    moved = [_row(row, files, place, uploads) for row in rows]
    if moved == rows:
        return uploads.place(place)
    return uploads.place_text(place.rpartition("/")[2], _csv(moved, place))


def _row(row: Any, files: set[str], base: str, uploads: Uploads) -> Any:
    if not isinstance(row, Mapping):
        return row
    return {
        name: _location(cell, base, uploads) if name in files and isinstance(cell, str) and cell else cell
        for name, cell in row.items()
    }


def _csv(rows: list[dict[str, Any]], place: str) -> bytes:
    out = io.StringIO(newline="")
    tabs = place.endswith((".tsv", ".tab", ".tsv.gz"))
    writer = csv.writer(out, delimiter="\t" if tabs else ",", lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(["" if cell is None else cell for cell in row.values()] for row in rows)
    return out.getvalue().encode()
