"""Params: what a pipeline takes from outside, declared and bound (rule 11).

`name: {type, default, required, enum, description, secret}` or `name: value`, which takes its type from the value. Types:
string, number, boolean, file, list (`of`), map, table (`key`, `columns`). Binding gives every param its value: what was
given, else the default, else none when it is not required; nothing is read here (`tables.py` says what it wants read).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast, get_args

from headrace.core.errors import nearest
from headrace.core.frozen import Frozen
from headrace.core.param_values import check
from headrace.core.plain_types import PLAIN_TYPES, PlainType
from headrace.core.reading import At, Book, kind
from headrace.core.spec_names import read_name
from headrace.core.tables import Column, Table, table_location
from headrace.core.values import Value

ParamType = Literal["string", "number", "boolean", "file", "list", "map", "table"]
TYPES: Final = get_args(ParamType)
KEYS: Final = ("type", "default", "required", "enum", "description", "secret", "of", "key", "columns")
_LONG: Final = "{type, default, required, enum, description, secret}"
_HINTS: Final = {"optional": "Write required: false", "items": "did you mean 'of'?", "values": "did you mean 'enum'?"}
MAX_ENUM: Final = 1000


class Param(Frozen):
    """One declared param."""

    name: str
    type: ParamType
    of: PlainType = "string"
    default: Any = None
    required: bool = True
    enum: tuple[Any, ...] = ()
    description: str = ""
    secret: bool = False
    table: Table = Table()
    path: str = ""


def read_params(at: At) -> dict[str, Param]:
    """All declared params, by name."""
    params = {}
    for name, child in at.entries("a map name: value, or name: " + _LONG):
        read_name(At(name, child.path, at.book), name, "a param")
        param = _long(name, child) if isinstance(child.value, dict) else _short(name, child)
        if param is not None:
            params[name] = param
    return params


def bind(
    params: Mapping[str, Param],
    given: Mapping[str, Value],
    fetched: Mapping[str, str],
    *,
    base: str = "",
    given_base: str = "",
) -> dict[str, Value]:
    """The value of every param; InvalidSpec with all that is unknown, missing, of a wrong type or not in the enum.

    `fetched` holds the texts of `tables_to_fetch`. A relative path of a default is relative to `base`, the spec's URI,
    one that is given to `given_base` (empty: it is refused).
    """
    book = Book()
    for name in given:
        if name not in params:
            at = At(None, f"params.{name}", book)
            at.refuse(
                f"the pipeline has no param '{name[:80]}'",
                expected="one of " + (", ".join(params) or "none at all"),
                hint=nearest(name, params),
            )
    bound: dict[str, Value] = {}
    for name, param in params.items():
        at = At(given.get(name, param.default), f"params.{name}", book)
        if name not in given and param.required:
            at.refuse(
                "a required param is not given",
                expected=_wanted(param),
                hint=f"--param {name}=…, or `params` of the launch request",
            )
        elif at.value is None:
            bound[name] = None
            if name in given and param.required:
                at.refuse("none is given for a required param", expected=_wanted(param))
        else:
            bound[name] = check(param, at, fetched, given_base if name in given else base)
    book.close()
    return bound


def tables_to_fetch(
    params: Mapping[str, Param], given: Mapping[str, Value], *, base: str = "", given_base: str = ""
) -> list[str]:
    """The URIs of the tables that `bind` wants read, without repeats; a bad location is left for `bind` to name."""
    uris = []
    for name, param in params.items():
        value, said_in = (given[name], given_base) if name in given else (param.default, base)
        if param.type == "table" and isinstance(value, str):
            uri = table_location(value, said_in)
            if uri is not None:
                uris.append(uri)
    return list(dict.fromkeys(uris))


def secret_names(params: Mapping[str, Param]) -> frozenset[str]:
    """The params that may be named nowhere but under `secrets`."""
    return frozenset(name for name, param in params.items() if param.secret)


def _short(name: str, at: At) -> Param | None:
    value = at.value
    types: dict[type, ParamType] = {str: "string", bool: "boolean", int: "number", float: "number", list: "list"}
    if type(value) not in types:
        at.refuse(
            f"{kind(value)} has no type",
            expected="a value, or " + _LONG,
            hint=f"Write {name[:40]}: {{type: string, required: false}}",
        )
        return None
    of = _of_items(value) if isinstance(value, list) else "string"
    if of is None:
        at.refuse(
            "a list of several types", expected="items of one type", hint="Write {type: list, of: …, default: […]}"
        )
        return None
    _no_expression(at)
    return Param(name=name, type=types[type(value)], of=of, default=value, required=False, path=at.path)


def _long(name: str, at: At) -> Param | None:
    at.known(KEYS, hints=_HINTS)
    if not at.has("type") and not at.has("default"):
        at.refuse(
            "a param without `type`", expected=_LONG, hint="A value that is a map is written {type: map, default: {…}}"
        )
        return None
    kind_of = at.key("type").choice(TYPES) if at.has("type") else _type_of(at.key("default"))
    if kind_of is None:
        return None
    for key, types in (
        ("of", ("list",)),
        ("key", ("table",)),
        ("columns", ("table",)),
        ("enum", ("string", "number", "file", "list")),
    ):
        if at.has(key) and kind_of not in types:
            at.key(key).refuse(f"`{key}` has no meaning for a {kind_of}", expected="with type: " + " or ".join(types))
    of = at.key("of").choice(PLAIN_TYPES) if at.has("of") else _of_items(at.value.get("default")) or "string"
    required = at.key("required").boolean() if at.has("required") else not at.has("default")
    if required and at.has("required") and at.has("default"):
        at.key("required").refuse("a required param has no use for a default", hint="Drop one of them")
    secret = at.key("secret").boolean() if at.has("secret") else False
    if secret and kind_of != "string":
        at.key("secret").refuse(f"a {kind_of} cannot be secret", expected="type: string")
    param = Param(
        name=name,
        type=cast(ParamType, kind_of),
        of=cast(PlainType, of or "string"),
        default=at.value.get("default"),
        required=bool(required),
        enum=_enum(at.key("enum")) if at.has("enum") else (),
        description=(at.key("description").text() or "") if at.has("description") else "",
        secret=bool(secret),
        table=_table(at) if kind_of == "table" else Table(),
        path=at.path,
    )
    if at.has("default"):
        _check_default(param, at.key("default"))
    return param


def _check_default(param: Param, at: At) -> None:
    _no_expression(at)
    if at.value is None or (param.type == "table" and isinstance(at.value, str)):
        return
    check(param, at, {}, at.book.document.file if at.book.document else "")


def _no_expression(at: At) -> None:
    if "${{" in str(at.value):
        at.refuse(
            "an expression in a param",
            expected="a plain value",
            hint="Params are values; expressions stand in processes",
        )


def _enum(at: At) -> tuple[Any, ...]:
    values = [item.value for item in at.items("a list of the values allowed")]
    if not values or len(values) > MAX_ENUM or any(isinstance(value, list | dict) or value is None for value in values):
        at.refuse("not a list of values", expected=f"1 to {MAX_ENUM} texts or numbers")
    return tuple(values)


def _table(at: At) -> Table:
    key = at.key("key").text("the column that names a row") if at.has("key") else None
    columns = {}
    for name, child in at.key("columns").entries("a map column: type") if at.has("columns") else ():
        column = _column(child)
        if column is not None:
            columns[name] = column
    return Table(key=key or "id", columns=columns)


def _column(at: At) -> Column | None:
    if not isinstance(at.value, dict):
        name = at.choice(PLAIN_TYPES)
        return None if name is None else Column(type=cast(PlainType, name))
    at.known(("type", "optional"))
    name = at.key("type").choice(PLAIN_TYPES) if at.has("type") else "string"
    optional = at.key("optional").boolean() if at.has("optional") else False
    return None if name is None else Column(type=cast(PlainType, name), optional=bool(optional))


def _type_of(at: At) -> str | None:
    types = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "map"}
    if type(at.value) not in types:
        at.refuse("nothing has no type", expected=_LONG)
        return None
    return types[type(at.value)]


def _of_items(items: Any) -> PlainType | None:
    """The one type of a list's items; None when they differ or are no plain values."""
    types: dict[type, PlainType] = {str: "string", bool: "boolean", int: "number", float: "number"}
    found = {types.get(type(item)) for item in items} if isinstance(items, list) else set()
    return "string" if not found else found.pop() if len(found) == 1 else None


def _wanted(param: Param) -> str:
    return f"a list of {param.of}s" if param.type == "list" else f"a {param.type}"
