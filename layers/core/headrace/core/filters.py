"""The filters and tests of the language, two closed lists (spec rule 8).

A filter is a pure function of the value it is put on. `raw` and `listFile` mean something only to a script's renderer.
`map`, `select` and `selectattr` take the name of another filter or test, so whoever compiles an expression builds them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Final

from headrace.core import list_filters, number_filters, operators, text_filters
from headrace.core.values import File, Staged, Value


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


def raw(value: Value) -> Value:
    """Put into the script as it stands, unquoted; `check` lists every use."""
    return value


def default(value: Value, other: Value) -> Value:
    """The value, or `other` when it is none."""
    return other if value is None else value


FILTERS: Final[Mapping[str, Callable[..., Value]]] = {
    "flag": text_filters.flag,
    "words": text_filters.words,
    "join": text_filters.join,
    "json": text_filters.json,
    "listFile": text_filters.list_file,
    "raw": raw,
    "group": list_filters.group,
    "sort": list_filters.sort,
    "unique": list_filters.unique,
    "first": list_filters.first,
    "last": list_filters.last,
    "length": list_filters.length,
    "min": list_filters.minimum,
    "max": list_filters.maximum,
    "sum": list_filters.total,
    "int": number_filters.whole,
    "float": number_filters.fraction,
    "default": default,
    "replace": text_filters.replace,
    "upper": text_filters.upper,
    "lower": text_filters.lower,
    "round": number_filters.rounded,
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


def _usage(name: str, function: Callable[..., Value]) -> str:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    shown_parameters = [
        p.name if p.default is p.empty else f"{p.name}={text_filters.json(p.default)}" for p in parameters
    ]
    return f"{name}({', '.join(shown_parameters)})" if parameters else name
