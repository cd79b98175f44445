"""`each`: the axes a process is repeated over (rule 1).

A list whose items are names of axes (reuse) or one-key maps `name: source` (definition); one name, or a map, are short
forms. Whether an axis exists, and what its items are, is `axes.py`'s business; here is only what is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from headrace.core.expressions import Template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.reading import At, holds_template, kind, listed
from headrace.core.spec_names import read_name
from headrace.core.units import count


class ListSource(Frozen):
    """Items written in place; texts with an expression are Templates."""

    items: tuple[Any, ...]


class TemplateSource(Frozen):
    """One `${{ }}` that gives a list."""

    template: ByInstance[Template]


class GlobSource(Frozen):
    """Files whose path matches; the key is the path below the pattern's fixed part."""

    pattern: ByInstance[Template]


class RangeSource(Frozen):
    """Whole numbers from `first` to `last`, both included."""

    first: int | ByInstance[Template]
    last: int | ByInstance[Template]


class LinesSource(Frozen):
    """The lines of a text file."""

    file: ByInstance[Template]


class RowsSource(Frozen):
    """The rows of a CSV or TSV file with a header."""

    file: ByInstance[Template]


class JsonSource(Frozen):
    """A list in a JSON file, at a dotted path (empty: the whole file)."""

    file: ByInstance[Template]
    at: tuple[str, ...] = ()


class ChunkSource(Frozen):
    """Another list in pieces of `size` items; the last may be shorter."""

    of: ListSource | TemplateSource
    size: int | ByInstance[Template]


Source = ListSource | TemplateSource | GlobSource | RangeSource | LinesSource | RowsSource | JsonSource | ChunkSource


class Reuse(Frozen):
    """An axis defined by another process."""

    axis: str
    path: str = ""


class Define(Frozen):
    """A new axis and where its items come from."""

    axis: str
    source: Source
    path: str = ""


EachItem = Reuse | Define

_EACH: Final = "a name of an axis, a map {axis: source}, or a list of these"
_SOURCE: Final = (
    "a list, one ${{ }} giving a list, {glob: …}, {range: [first, last]}, {lines: file}, {rows: file}, "
    "{json: file, at: path} or {chunk: list, size: n}"
)


def read_each(at: At) -> tuple[EachItem, ...]:
    """The axes of a process in their written order; problems go to the book."""
    if at.value in ([], {}):
        at.refuse("no axis at all", expected=_EACH, hint="Leave `each` out for a single task")
        return ()
    items: list[EachItem] = []
    for entry in at.each():
        items += _entry(entry, single=entry is not at)
    axes: set[str] = set()
    for item in items:
        if item.axis in axes:
            At(None, item.path, at.book).refuse(
                f"the axis '{item.axis}' stands twice in one `each`", hint="Keep one of them"
            )
        axes.add(item.axis)
    return tuple(items)


def read_source(at: At) -> Source | None:
    """Where an axis's items come from."""
    value = at.value
    if isinstance(value, dict):
        return _map_source(at)
    if isinstance(value, list):
        return _list_source(at)
    if isinstance(value, str) and "${{" in value:
        template = at.lone("one lone ${{ }} that gives a list")
        return None if template is None else TemplateSource(template=template)
    if isinstance(value, str):
        hint = f"Files that match it? Write {{glob: '{value[:60]}'}}. One item? Write ['{value[:60]}']"
        at.refuse("plain text is no list of items", expected=_SOURCE, hint=hint)
        return None
    at.refuse(f"{kind(value)} is no list of items", expected=_SOURCE)
    return None


def read_data_path(at: At) -> tuple[str, ...]:
    """A dotted path into JSON data: `a.b`; list positions are numbers (`a.0`)."""
    text = at.text("a dotted path such as 'a.b'")
    if text is None:
        return ()
    parts = tuple(text.split("."))
    if not all(part.strip() for part in parts) or len(parts) > 32:
        at.refuse("not a dotted path", expected="keys joined by single dots, such as 'a.b', at most 32 of them")
        return ()
    return parts


def _entry(at: At, *, single: bool) -> list[EachItem]:
    if isinstance(at.value, str):
        name = read_name(at, at.value, "an axis")
        return [] if name is None else [Reuse(axis=name, path=at.path)]
    if not isinstance(at.value, dict):
        at.refuse(f"{kind(at.value)} is neither an axis nor a definition", expected=_EACH)
        return []
    if single and len(at.value) != 1:
        at.refuse(
            "an item of `each` holds several axes",
            expected="one axis: source per item",
            hint="Write each axis as an item of its own",
        )
    return [item for axis, source in at.entries() if (item := _definition(axis, source))]


def _definition(axis: str, at: At) -> Define | None:
    name = read_name(At(axis, at.path, at.book), axis, "an axis")
    # `chunk: "${{ split.chunks }}"` is an axis of that name; `glob: "*.fq"` is a source whose axis has none.
    if axis in _SOURCES and not isinstance(at.value, list | dict) and "${{" not in str(at.value):
        at.refuse(f"'{axis}' stands where the axis's name is wanted", expected=f"each: {{name: {{{axis}: …}}}}")
        return None
    source = read_source(at)
    return None if name is None or source is None else Define(axis=name, source=source, path=at.path)


def _list_source(at: At) -> ListSource | None:
    if not at.value:
        at.refuse("a list without items", expected="at least one item")
        return None
    for item in at.each():
        if item.value is None:
            item.refuse(
                "nothing stands where an item is wanted",
                expected="an item",
                hint="Put ~ and null in quotes if they are text",
            )
    return ListSource(items=tuple(item.templated() for item in at.each()))


def _map_source(at: At) -> Source | None:
    kinds = [name for name in _SOURCES if at.has(name)]
    if len(kinds) != 1:
        at.refuse("no source of items" if not kinds else f"several sources in one: {listed(kinds)}", expected=_SOURCE)
        return None
    keys, read = _SOURCES[kinds[0]]
    at.known(keys)
    return read(at)


def _glob(at: At) -> Source | None:
    pattern = at.key("glob").template("a pattern such as 'reads/*.fastq.gz'")
    return None if pattern is None else GlobSource(pattern=pattern)


def _range(at: At) -> Source | None:
    ends = at.key("range")
    if not isinstance(ends.value, list) or len(ends.value) != 2:
        ends.refuse("not a range", expected="[first, last], both included")
        return None
    first, last = (_whole(end, least=-(2**53)) for end in ends.each())
    if first is None or last is None:
        return None
    if isinstance(first, int) and isinstance(last, int) and last < first:
        ends.refuse("a range that ends before it begins", expected="[first, last] with first ≤ last")
        return None
    return RangeSource(first=first, last=last)


def _lines(at: At) -> Source | None:
    file = at.key("lines").template("a file")
    return None if file is None else LinesSource(file=file)


def _rows(at: At) -> Source | None:
    file = at.key("rows").template("a CSV or TSV file")
    return None if file is None else RowsSource(file=file)


def _json(at: At) -> Source | None:
    file = at.key("json").template("a JSON file")
    path = read_data_path(at.key("at")) if at.has("at") else ()
    return None if file is None else JsonSource(file=file, at=path)


def _chunk(at: At) -> Source | None:
    items = at.key("chunk")
    source = None
    if isinstance(items.value, dict):
        items.refuse("a map stands where a list is wanted", expected="a list or one ${{ }} giving a list")
    else:
        source = read_source(items)
    size = None
    if at.has("size"):
        size = _whole(at.key("size"), least=1)
    else:
        at.refuse("a chunk without `size`", expected="{chunk: list, size: n}")
    if size is None or not isinstance(source, ListSource | TemplateSource):
        return None
    return ChunkSource(of=source, size=size)


def _whole(at: At, *, least: int) -> int | Template | None:
    """A whole number, or one lone expression that will give one."""
    if isinstance(at.value, str) and holds_template(at.templated()):
        return at.lone("a whole number, or one lone ${{ }} giving one")
    return at.attempt(lambda value: count(value, least=least, most=2**53))


_SOURCES: Final[dict[str, tuple[tuple[str, ...], Callable[[At], Source | None]]]] = {
    "glob": (("glob",), _glob),
    "range": (("range",), _range),
    "lines": (("lines",), _lines),
    "rows": (("rows",), _rows),
    "json": (("json", "at"), _json),
    "chunk": (("chunk", "size"), _chunk),
}
SOURCE_KEYS: Final = {name: keys for name, (keys, _) in _SOURCES.items()}
