"""Filters that make or change text, and the words of a command line."""

from __future__ import annotations

import json as json_text
import shlex

from headrace.core.errors import InvalidValue, shown
from headrace.core.filter_values import ListFile, check_text, need_list, need_text, path_text
from headrace.core.values import File, Staged, Value, describe


def flag(value: Value, option: str) -> list[Value]:
    """The option before each item: `-I a -I b`; one that ends with `=` is joined with it; nothing for none."""
    option = need_text("flag", option, "the option")
    items = value if isinstance(value, list) else [value]
    words: list[Value] = []
    for item in items:
        if item is None:
            continue
        if option.endswith("="):
            words.append(option + path_text("flag", item))
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
            found += shlex.split(need_text("words", item, "the value"))
        except ValueError as error:
            raise InvalidValue(
                f"words cannot split {shown(item)}: {str(error).lower()}", hint="close the quote"
            ) from None
    return found


def join(value: Value, separator: str = ",") -> str:
    """The items as one text with the separator between them (a comma); none is left out."""
    separator = need_text("join", separator, "the separator")
    texts = [path_text("join", item) for item in need_list("join", value) if item is not None]
    check_text(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)


def json(value: Value) -> str:
    """The value as JSON on one line; a file is its URI, an input of the script its path."""
    try:
        text = json_text.dumps(_json_value(value, 0), ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    except ValueError:
        raise InvalidValue("json cannot write a number that is not finite", expected="finite numbers") from None
    check_text(len(text))
    return text


def list_file(value: Value) -> ListFile:
    """The path of a file with one path per line, for tools that read their inputs from a list."""
    lines = []
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            continue
        line = path_text("listFile", item)
        if "\n" in line or "\0" in line:
            raise InvalidValue(
                f"listFile cannot write {shown(line)} on one line", hint="give the file another name with `stageAs`"
            )
        lines.append(line)
    return ListFile(tuple(lines))


def replace(value: Value, old: str, new: str) -> str:
    """The text with every `old` replaced by `new`."""
    text, old, new = (
        need_text("replace", value),
        need_text("replace", old, "the first argument"),
        need_text("replace", new, "the second argument"),
    )
    if not old:
        raise InvalidValue("replace looks for an empty text", expected="at least one character")
    check_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def lower(value: Value) -> str:
    """The text in small letters."""
    return need_text("lower", value).lower()


def upper(value: Value) -> str:
    """The text in capital letters."""
    return need_text("upper", value).upper()


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
