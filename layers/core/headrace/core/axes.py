"""The items of an axis, from its source (spec rules 1 and 2).

    a list · ${{ }} giving a list      values, keyed by their text, `id` or file name
    {glob: …}                          files, keyed by the path below the fixed part, in bytewise order
    {range: [first, last]}             whole numbers, both ends included
    {lines: file} · {rows: file}       the lines of a text that are not blank; the records of a table
    {json: file, at: path}             the list there
    {chunk: list, size: n}             lists of n items

No items at plan time is an error, for each outer key; a dynamic axis may be empty, and so may one nested in it. What has to be
read is raised as `NotFetched`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace.core import spec_each as sources
from headrace.core.axis_items import Items
from headrace.core.axis_keys import below, chunked, fixed_part, item_key, keyed
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.fetch import take
from headrace.core.locations import resolve
from headrace.core.program import LinkedAxis
from headrace.core.tables import csv_rows
from headrace.core.values import File, Value, describe, user_value
from headrace.core.visible import Visible

MAX_ITEMS: Final = 1_000_000


def items_of(axis: LinkedAxis, visible: Visible, keys: Mapping[str, str]) -> Items:
    """The items of an axis at these outer keys; InvalidSpec, at its place, for a source that gives none."""
    try:
        return _some(axis, _Reader(axis, visible, keys).items())
    except InvalidValue as error:
        where = ", ".join(f"{name}={keys[name]}" for name in axis.outer)
        message = f"axis '{axis.local}'{f' for {where}' if where else ''}: {error.message}"
        problem = Problem(axis.place, message, expected=error.expected, hint=error.hint)
        spec = visible.program.namespaces[axis.namespace].spec
        raise InvalidSpec([problem.at(file=spec.file, line=spec.line(axis.place))]) from None


def _some(axis: LinkedAxis, items: Items) -> Items:
    if items or axis.roots:
        return items
    raise InvalidValue(
        "the axis has no items", expected="at least one item", hint="a process without an axis is one task"
    )


class _Reader:
    """Reads one source at one outer key."""

    def __init__(self, axis: LinkedAxis, visible: Visible, keys: Mapping[str, str]) -> None:
        self.axis, self.visible = axis, visible
        self.keys = {name: keys[name] for name in axis.outer}

    def items(self) -> Items:
        source = self.axis.source
        if isinstance(source, sources.ChunkSource):
            size = self.whole(source.size, "size", least=1)
            return chunked(self.values(source.of), size)
        if isinstance(source, sources.GlobSource):
            pattern = self.location(source.pattern)
            if pattern is None:
                return {}
            files = sorted(take(self.visible.fetched, "glob", pattern), key=lambda file: str(file.uri).encode())
            if not files and not self.axis.roots:
                raise InvalidValue(f"no file matches {pattern}", expected="at least one")
            return keyed(files, below(fixed_part(pattern)))
        return keyed(self.values(source), item_key)

    def values(self, source: Any) -> list[Value]:
        """The source's items, in order."""
        if isinstance(source, sources.ListSource):
            return list(self.visible.structure(source.items, self.axis.namespace, self.keys))
        if isinstance(source, sources.TemplateSource):
            return self.listed(self.template(source.template), "the expression")
        if isinstance(source, sources.RangeSource):
            return self.numbers(source)
        if isinstance(source, sources.LinesSource):
            text = self.text(source.file)
            return [line for line in text.splitlines() if line.strip()]
        if isinstance(source, sources.RowsSource):
            location = self.location(source.file)
            return [] if location is None else [row for _, row in csv_rows(self.taken("text", location), location)]
        location = self.location(source.file)
        if location is None:
            return []
        return self.listed(
            _at(user_value(self.taken("json", location)), source.at),
            f"{location} at {'.'.join(source.at) or 'its top'}",
        )

    def numbers(self, source: sources.RangeSource) -> list[Value]:
        first, last = self.whole(source.first, "the first number"), self.whole(source.last, "the last number")
        if last - first >= MAX_ITEMS:
            raise InvalidValue(f"a range of {last - first + 1:,} numbers", expected=f"at most {MAX_ITEMS:,}")
        if last < first and not self.axis.roots:
            raise InvalidValue(f"a range from {first} to {last}", expected="[first, last] with first ≤ last")
        return list(range(first, last + 1))

    def listed(self, value: Value, what: str) -> list[Value]:
        """A list; none, which only what a process made can be, is an empty one."""
        if value is None and self.axis.roots:
            return []
        if not isinstance(value, list):
            raise InvalidValue(
                f"{what} gives {describe(value)}", expected="a list of items", hint="write [x] for a single item"
            )
        if len(value) > MAX_ITEMS:
            raise InvalidValue(f"{what} gives {len(value):,} items", expected=f"at most {MAX_ITEMS:,}")
        return value

    def text(self, template: Template) -> str:
        location = self.location(template)
        return "" if location is None else str(self.taken("text", location))

    def taken(self, kind: Any, location: str) -> Any:
        return take(self.visible.fetched, kind, location)

    def location(self, template: Template) -> str | None:
        """Where a source's file is; None when it is the output of a task that made none."""
        value = self.template(template)
        if isinstance(value, File):
            return value.uri
        if value is None and self.axis.roots:
            return None
        if not isinstance(value, str):
            raise InvalidValue(f"{describe(value)} is no location", expected="a file, or the path of one")
        return resolve(value, self.visible.program.namespaces[self.axis.namespace].spec.file)

    def whole(self, value: int | Template, what: str, *, least: int | None = None) -> int:
        number = self.template(value) if isinstance(value, Template) else value
        if isinstance(number, bool) or not isinstance(number, int) or (least is not None and number < least):
            expected = "a whole number" + (f" from {least}" if least is not None else "")
            raise InvalidValue(f"{what} is {describe(number)}", expected=expected)
        return number

    def template(self, template: Template) -> Value:
        return self.visible.value(template, self.axis.namespace, self.keys)


def _at(value: Value, path: tuple[str, ...]) -> Value:
    """The place `path` in JSON data."""
    for depth, part in enumerate(path):
        where = ".".join(path[:depth]) or "its top"
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise InvalidValue(
                f"no '{part}' in the JSON at {where}",
                expected="a key that is there",
                hint=f"there is {describe(value)}",
            )
    return value
