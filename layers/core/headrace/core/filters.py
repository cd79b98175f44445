"""The filters of the language, a closed list (spec rule 8): pure functions of a value, with errors that say what to do.

`raw` and `listFile` mean something only to a script's renderer. `map`, `select` and `selectattr` take the name of another
filter or test, so they are built by whoever compiles an expression, from `apply_each` and `keep`.
"""

from __future__ import annotations

import inspect
import json as json_text
import math
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.core import operators
from headrace.core.errors import InvalidValue, shown
from headrace.core.values import MAX_TEXT, File, Staged, Value, describe, text_of

MAX_TOTAL_TEXT: Final = 16 * MAX_TEXT

_SPELLED: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListFile:
    """Stands for the path of a file that holds these lines; a script's renderer gives it its name."""

    lines: tuple[str, ...]


def flag(value: Value, option: str) -> list[Value]:
    """The option before each item: `-I a -I b`; one that ends with `=` is joined with it; nothing for none."""
    option = _text("flag", option, "the option")
    items = value if isinstance(value, list) else [value]
    words: list[Value] = []
    for item in items:
        if item is None:
            continue
        if option.endswith("="):
            words.append(option + _path_text("flag", item))
        else:
            words += [option, item]
    return words


def words(value: Value) -> list[str]:
    """Splits option text as a shell would, quotes included; each word is then quoted by itself."""
    found: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            continue
        try:
            found += shlex.split(_text("words", item, "the value"))
        except ValueError as error:
            raise InvalidValue(
                f"words cannot split {shown(item)}: {str(error).lower()}", hint="close the quote"
            ) from None
    return found


def join(value: Value, separator: str = ",") -> str:
    """The items as one text with the separator between them (a comma); none is left out."""
    separator = _text("join", separator, "the separator")
    texts = [_path_text("join", item) for item in _list("join", value) if item is not None]
    _check_text(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)


def json(value: Value) -> str:
    """The value as JSON on one line; a file is its URI, an input of the script its path."""
    try:
        text = json_text.dumps(_json_value(value, 0), ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    except ValueError:
        raise InvalidValue("json cannot write a number that is not finite", expected="finite numbers") from None
    _check_text(len(text))
    return text


def list_file(value: Value) -> ListFile:
    """The path of a file with one path per line, for tools that read their inputs from a list."""
    lines = []
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            continue
        line = _path_text("listFile", item)
        if "\n" in line or "\0" in line:
            raise InvalidValue(
                f"listFile cannot write {shown(line)} on one line", hint="give the file another name with `stageAs`"
            )
        lines.append(line)
    return ListFile(tuple(lines))


def raw(value: Value) -> Value:
    """Put into the script as it stands, unquoted; `check` lists every use."""
    return value


def group(value: Value, column: str) -> list[dict[str, Value]]:
    """Per value of the column, in order of first appearance, one record `{id, rows}` with the columns that do not vary."""
    column = _text("group", column, "the column")
    groups: dict[tuple[type, Value], list[dict[str, Value]]] = {}
    for number, row in enumerate(_list("group", value), 1):
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
    items = _list("sort", value)
    keys = [_sort_key("sort", key) for key in _keys(items, attribute)]
    _one_kind("sort", keys)
    order = sorted(range(len(items)), key=lambda at: keys[at][1], reverse=_flag_value("sort", reverse))
    return [items[at] for at in order]


def unique(value: Value, attribute: str | None = None) -> list[Value]:
    """The first of each; equal means exactly equal."""
    items = _list("unique", value)
    seen: dict[Value, Value] = {}
    for item, key in zip(items, _keys(items, attribute), strict=True):
        seen.setdefault(_identity(key), item)
    return list(seen.values())


def first(value: Value) -> Value:
    """The first item; none of an empty list."""
    items = _list("first", value)
    return items[0] if items else None


def last(value: Value) -> Value:
    """The last item; none of an empty list."""
    items = _list("last", value)
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
    items = _list("max", value)
    keys = [_sort_key("max", key) for key in _keys(items, attribute)]
    _one_kind("max", keys)
    return items[max(range(len(items)), key=lambda at: keys[at][1])] if items else None


def total(value: Value, attribute: str | None = None, start: float = 0) -> Value:
    """The items added up, which are numbers."""
    result: Value = start
    for item in _keys(_list("sum", value), attribute):
        if not operators.is_number(item):
            raise InvalidValue(f"sum cannot add {describe(item)}", expected="numbers")
        result = operators.add(result, item)
    return result


def whole(value: Value) -> int:
    """The whole number a text spells, or a number without its fraction."""
    number = _number("int", value)
    return int(operators.finite(int(number), "int"))


def fraction(value: Value) -> float:
    """The number a text spells, as a fraction."""
    return float(operators.finite(float(_number("float", value)), "float"))


def default(value: Value, other: Value) -> Value:
    """The value, or `other` when it is none."""
    return other if value is None else value


def replace(value: Value, old: str, new: str) -> str:
    """The text with every `old` replaced by `new`."""
    text, old, new = (
        _text("replace", value),
        _text("replace", old, "the first argument"),
        _text("replace", new, "the second argument"),
    )
    if not old:
        raise InvalidValue("replace looks for an empty text", expected="at least one character")
    _check_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def lower(value: Value) -> str:
    """The text in small letters."""
    return _text("lower", value).lower()


def upper(value: Value) -> str:
    """The text in capital letters."""
    return _text("upper", value).upper()


def rounded(value: Value, precision: int = 0, method: str = "common") -> Value:
    """The number to `precision` places, half away from zero (`ceil`, `floor` by name); whole when precision is 0."""
    if not operators.is_number(value):
        raise InvalidValue(f"round cannot take {describe(value)}", expected="a number", hint="`x | float` reads a text")
    if not isinstance(precision, int) or isinstance(precision, bool) or not 0 <= precision <= 15:
        raise InvalidValue(f"round cannot keep {shown(precision)} places", expected="a whole number from 0 to 15")
    if method not in _ROUNDINGS:
        raise InvalidValue(f"round knows no method {shown(method)}", expected=", ".join(_ROUNDINGS))
    scale = 10**precision
    scaled = operators.multiply(operators.finite(value, "round"), scale)
    result = _ROUNDINGS[method](scaled)
    return int(result) if precision == 0 else result / scale


def apply_each(value: Value, function: Callable[[Value], Value]) -> list[Value]:
    """`map`: the function of each item, with the text it makes bounded in total."""
    results, size = [], 0
    for item in _list("map", value):
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
    return [item for item in _list(name, value) if test(item)]


def attribute_of(item: Value, attribute: Value) -> Value:
    """`map(attribute='a.b')` of one item."""
    for name in _text("attribute", attribute, "the attribute").split("."):
        item = operators.lookup(item, name)
    return item


FILTERS: Final[Mapping[str, Callable[..., Value]]] = {
    "flag": flag,
    "words": words,
    "join": join,
    "json": json,
    "listFile": list_file,
    "raw": raw,
    "group": group,
    "sort": sort,
    "unique": unique,
    "first": first,
    "last": last,
    "length": length,
    "min": minimum,
    "max": maximum,
    "sum": total,
    "int": whole,
    "float": fraction,
    "default": default,
    "replace": replace,
    "upper": upper,
    "lower": lower,
    "round": rounded,
}

HIGHER: Final[Mapping[str, tuple[str, str]]] = {
    "map": ("map(attribute='name') or map('filter', …)", "That attribute of each item, or that filter of each item."),
    "select": ("select('test', …)", "The items for which the test is true; without a test those that are present."),
    "selectattr": (
        "selectattr('name', 'test', …)",
        "The items whose attribute passes the test; without a test those that have it.",
    ),
}

SCRIPT_ONLY: Final = frozenset({"raw", "listFile"})

TESTS: Final[Mapping[str, Callable[..., bool]]] = {
    "none": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "number": operators.is_number,
    "string": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "record": lambda value: isinstance(value, dict),
    "file": lambda value: isinstance(value, File | Staged),
    "eq": operators.COMPARISONS["eq"],
    "ne": operators.COMPARISONS["ne"],
    "lt": operators.COMPARISONS["lt"],
    "le": operators.COMPARISONS["lteq"],
    "gt": operators.COMPARISONS["gt"],
    "ge": operators.COMPARISONS["gteq"],
    "in": operators.COMPARISONS["in"],
}


def describe_filters() -> list[dict[str, str]]:
    """Every filter as `{name, usage, summary}`, in the order of the documentation, for `headrace schema`."""
    plain = [
        {"name": name, "usage": _usage(name, function), "summary": inspect.getdoc(function) or ""}
        for name, function in FILTERS.items()
    ]
    return plain + [{"name": name, "usage": usage, "summary": summary} for name, (usage, summary) in HIGHER.items()]


def describe_tests() -> list[str]:
    """The tests of `is`, `select` and `selectattr`."""
    return list(TESTS)


def _usage(name: str, function: Callable[..., Value]) -> str:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    shown_parameters = [p.name if p.default is p.empty else f"{p.name}={json(p.default)}" for p in parameters]
    return f"{name}({', '.join(shown_parameters)})" if parameters else name


def _half_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


_ROUNDINGS: Final[Mapping[str, Callable[[float], float]]] = {
    "common": _half_away,
    "ceil": math.ceil,
    "floor": math.floor,
}


def _group_record(key: Value, rows: list[dict[str, Value]]) -> dict[str, Value]:
    steady = {
        name: value
        for name, value in rows[0].items()
        if name not in ("id", "rows") and all(name in row and operators.same(row[name], value) for row in rows)
    }
    return {"id": key, "rows": rows, **steady}


def _list(name: str, value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    hint = "`x or []` stands in for none" if value is None else ""
    raise InvalidValue(f"{name} cannot take {describe(value)}", expected="a list", hint=hint)


def _text(name: str, value: Value, what: str = "") -> str:
    if isinstance(value, str):
        return value
    if operators.is_number(value) and not what:
        return text_of(value)
    raise InvalidValue(f"{name} cannot take {describe(value)}{f' as {what}' if what else ''}", expected="text")


def _path_text(name: str, value: Value) -> str:
    if isinstance(value, Staged):
        return f"./{value.path}" if value.path.startswith("-") else value.path
    if isinstance(value, ListFile):
        raise InvalidValue(
            f"{name} cannot take a list file", hint="write the option before it: `--files=${{ x | listFile }}`"
        )
    if isinstance(value, str | int | float):
        return text_of(value)
    hint = "list it under `inputs`, or take part of it: `x | map(attribute='uri')`" if isinstance(value, File) else ""
    raise InvalidValue(
        f"{name} cannot take {describe(value)}", expected="text, numbers or inputs of this task", hint=hint
    )


def _number(name: str, value: Value) -> int | float:
    if operators.is_number(value):
        number: int | float = operators.finite(value, name)
        return number
    if isinstance(value, str) and _SPELLED.fullmatch(value.strip()):
        spelled: int | float = operators.finite(float(value) if set(value) & set(".eE") else int(value), name)
        return spelled
    raise InvalidValue(f"{name} cannot read {describe(value)}", expected="a number, or text that spells one")


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


def _json_value(value: Value, depth: int) -> Value:
    if depth > 64:
        raise InvalidValue("json cannot write a value nested too deeply", expected="at most 64 levels")
    if isinstance(value, File):
        return value.uri
    if isinstance(value, Staged):
        return value.path
    if isinstance(value, list):
        return [_json_value(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_value(item, depth + 1) for key, item in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise InvalidValue(f"json cannot write {describe(value)}", expected="a value")


def _check_text(size: int) -> None:
    if size > MAX_TEXT:
        raise InvalidValue(f"a text of {size:,} characters", expected=f"at most {MAX_TEXT:,}")
