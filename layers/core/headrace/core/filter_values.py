"""What filters ask of the values they get: a list, text, something with a path; otherwise an error that names the filter."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.core import operators
from headrace.core.errors import InvalidValue
from headrace.core.values import MAX_TEXT, File, Staged, Value, describe, text_of


@dataclass(frozen=True, slots=True)
class ListFile:
    """Stands for the path of a file that holds these lines; a script's renderer gives it its name."""

    lines: tuple[str, ...]


def need_list(name: str, value: Value) -> list[Value]:
    """The value, which is a list."""
    if isinstance(value, list):
        return value
    hint = "`x or []` stands in for none" if value is None else ""
    raise InvalidValue(f"{name} cannot take {describe(value)}", expected="a list", hint=hint)


def need_text(name: str, value: Value, what: str = "") -> str:
    """The value, which is text, or the text of a number; `what` names an argument, which must be text."""
    if isinstance(value, str):
        return value
    if operators.is_number(value) and not what:
        return text_of(value)
    raise InvalidValue(f"{name} cannot take {describe(value)}{f' as {what}' if what else ''}", expected="text")


def path_text(name: str, value: Value) -> str:
    """A scalar's text, or the path of an input of this task."""
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


def check_text(size: int) -> None:
    """Refuses a text of more than MAX_TEXT characters before it is made."""
    if size > MAX_TEXT:
        raise InvalidValue(f"a text of {size:,} characters", expected=f"at most {MAX_TEXT:,}")
