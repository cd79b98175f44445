"""Filters of lists: choosing, ordering, grouping, counting. Order is that of the list wherever nothing else is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from headrace.core import operators
from headrace.core.errors import InvalidValue
from headrace.core.filter_values import need_list, need_text
from headrace.core.values import MAX_TEXT, File, Staged, Value, describe

MAX_TOTAL_TEXT: Final = 16 * MAX_TEXT


def group(value: Value, column: str) -> list[dict[str, Value]]:
    """Per value of the column, in order of first appearance, one record `{id, rows}` with the columns that do not vary."""
    column = need_text("group", column, "the column")
    groups: dict[tuple[type, Value], list[dict[str, Value]]] = {}
    for number, row in enumerate(need_list("group", value), 1):
        if not isinstance(row, dict):
            raise InvalidValue(f"group takes a table, item {number} is {describe(row)}", expected="a list of records")
        key = operators.lookup(row, column, f"row {number} of the table")
        if not isinstance(key, str | int | float):
            raise InvalidValue(
                f"row {number} of the table has {describe(key)} in '{column[:80]}'",
                expected="text, a number or a boolean",
            )
        groups.setdefault((type(key), key), []).append(row)
    return [_group_record(key, rows) for (_, key), rows in groups.items()]


def sort(value: Value, reverse: bool = False, attribute: str | None = None) -> list[Value]:
    """In order: numbers by size, text by code point, files by URI; of mixed kinds it is an error."""
    items = need_list("sort", value)
    keys = [_sort_key("sort", key) for key in _keys(items, attribute)]
    _one_kind("sort", keys)
    order = sorted(range(len(items)), key=lambda at: keys[at][1], reverse=_flag_value("sort", reverse))
    return [items[at] for at in order]


def unique(value: Value, attribute: str | None = None) -> list[Value]:
    """The first of each; equal means exactly equal."""
    items = need_list("unique", value)
    seen: dict[Value, Value] = {}
    for item, key in zip(items, _keys(items, attribute), strict=True):
        seen.setdefault(_identity(key), item)
    return list(seen.values())


def first(value: Value) -> Value:
    """The first item; none of an empty list."""
    items = need_list("first", value)
    return items[0] if items else None


def last(value: Value) -> Value:
    """The last item; none of an empty list."""
    items = need_list("last", value)
    return items[-1] if items else None


def length(value: Value) -> int:
    """The number of items of a list or record, of characters of a text."""
    if isinstance(value, list | dict | str):
        return len(value)
    raise InvalidValue(f"length cannot measure {describe(value)}", expected="a list, a record or text")


def minimum(value: Value, attribute: str | None = None) -> Value:
    """The least item; none of an empty list."""
    return first(sort(value, attribute=attribute))


def maximum(value: Value, attribute: str | None = None) -> Value:
    """The greatest item; none of an empty list."""
    items = need_list("max", value)
    keys = [_sort_key("max", key) for key in _keys(items, attribute)]
    _one_kind("max", keys)
    return items[max(range(len(items)), key=lambda at: keys[at][1])] if items else None


def total(value: Value, attribute: str | None = None, start: float = 0) -> Value:
    """The items added up, which are numbers."""
    result: Value = start
    for item in _keys(need_list("sum", value), attribute):
        if not operators.is_number(item):
            raise InvalidValue(f"sum cannot add {describe(item)}", expected="numbers")
        result = operators.add(result, item)
    return result


def apply_each(value: Value, function: Callable[[Value], Value]) -> list[Value]:
    """`map`: the function of each item, with the text it makes bounded in total."""
    results, size = [], 0
    for item in need_list("map", value):
        result = function(item)
        results.append(result)
        size += len(result) if isinstance(result, str | list) else 0
        if size > MAX_TOTAL_TEXT:
            raise InvalidValue(
                f"map makes more than {MAX_TOTAL_TEXT:,} characters", expected=f"at most {MAX_TOTAL_TEXT:,}"
            )
    return results


def keep(value: Value, name: str, test: Callable[[Value], bool]) -> list[Value]:
    """`select`: the items for which the test is true."""
    return [item for item in need_list(name, value) if test(item)]


def attribute_of(item: Value, attribute: Value) -> Value:
    """`map(attribute='a.b')` of one item."""
    for name in need_text("attribute", attribute, "the attribute").split("."):
        item = operators.lookup(item, name)
    return item


def _group_record(key: Value, rows: list[dict[str, Value]]) -> dict[str, Value]:
    steady = {
        name: value
        for name, value in rows[0].items()
        if name not in ("id", "rows") and all(name in row and operators.same(row[name], value) for row in rows)
    }
    return {"id": key, "rows": rows, **steady}


def _keys(items: list[Value], attribute: str | None) -> Iterable[Value]:
    return items if attribute is None else [attribute_of(item, attribute) for item in items]


def _sort_key(name: str, value: Value) -> tuple[str, Value]:
    if operators.is_number(value):
        return "numbers", value
    if isinstance(value, str):
        return "texts", value
    if isinstance(value, File):
        return "files", value.uri
    if isinstance(value, Staged):
        return "files", value.path
    raise InvalidValue(
        f"{name} cannot order {describe(value)}",
        expected="numbers, texts or files",
        hint="attribute='name' orders records",
    )


def _one_kind(name: str, keys: list[tuple[str, Value]]) -> None:
    kinds = sorted({kind for kind, _ in keys})
    if len(kinds) > 1:
        raise InvalidValue(f"{name} cannot order {' and '.join(kinds)} together", expected="items of one kind")


def _identity(value: Value) -> Value:
    if isinstance(value, list):
        return ("list", *map(_identity, value))
    if isinstance(value, dict):
        return ("record", frozenset((key, _identity(item)) for key, item in value.items()))
    if isinstance(value, File):
        return ("file", value.uri, value.etag)
    return (isinstance(value, bool), value)


def _flag_value(name: str, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidValue(f"{name} cannot take {describe(value)} as reverse", expected="true or false")
