"""Which options a text or a map gives, in order, as docker's own command line reads them.

Text: `--opt value`, `--opt=value`, `-oVALUE`, `-o=VALUE`, `-o value`, grouped short flags (`-it`, the last may take a
value), flags with `=true|false`. An option that takes a value takes the next word whatever it looks like, so
`--memory-swap -1` works. A map has option names as keys (with or without dashes) and texts, numbers, booleans, lists for
repeats, and for `NAME=value` options a map; a list is option texts and maps, one after the other.
Sources: docker docs, "docker container run"; the flag rules of its parser (pflag).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from headrace.core.container_option_table import BY_NAME, BY_SHORT, ELSEWHERE, Option
from headrace.core.container_option_words import Word, check_text, split_words
from headrace.core.errors import InvalidValue, Problem, nearest, shown

_KEYED = frozenset({"env", "label", "log-opt", "ulimit"})


@dataclass(frozen=True, slots=True)
class Given:
    """One use of an option: how it was spelled, its value (a flag's is `true` unless said), and where it stands."""

    option: Option
    spelled: str
    value: str
    place: str
    variables: tuple[str, ...] = ()
    broken: bool = False


def given_options(source: object) -> Iterator[Given | Problem]:
    """Every option of a text, a map or a list of both, and every problem of form, in order."""
    yield from _read(source, "")


def _read(source: object, place: str) -> Iterator[Given | Problem]:
    if source is None:
        return
    if isinstance(source, str):
        yield from _from_text(source, place)
    elif isinstance(source, Mapping):
        yield from _from_map(source, place)
    elif isinstance(source, Sequence) and not place:
        for number, item in enumerate(source, 1):
            yield from _read(item, f"item {number}")
    else:
        yield Problem(
            "",
            "container options are text, a map, or a list of both",
            source,
            "docker run options, such as '--init --shm-size 64m'",
        )


def _from_text(text: str, place: str) -> Iterator[Given | Problem]:
    try:
        words, problems = split_words(check_text(text))
    except InvalidValue as error:
        yield Problem(
            "", f"{place}: {error.message}" if place else error.message, expected=error.expected, hint=error.hint
        )
        return
    yield from (replace(flaw, message=f"{place}, {flaw.message}") if place else flaw for flaw in problems)
    at = 0
    while at < len(words):
        word, rest = words[at], words[at + 1 :][:1]
        used = 1
        where = f"{place}, character {word.position}" if place else f"character {word.position}"
        if word.text.startswith("--"):
            used, found = _long(word, rest, where)
            yield from found
        elif word.text.startswith("-") and len(word.text) > 1:
            used, found = _short(word, rest, where)
            yield from found
        else:
            yield Problem(
                "",
                f"{shown(word.text)} at {where} belongs to no option",
                hint="A value with blanks needs quotes; image and command have their own directives.",
            )
        at += used


def _long(word: Word, rest: Sequence[Word], where: str) -> tuple[int, list[Given | Problem]]:
    name, equals, value = word.text[2:].partition("=")
    option = BY_NAME.get(name)
    if not name and not equals:
        return 1, [Problem("", f"-- at {where} ends the options, and nothing but options belongs here")]
    if option is None:
        takes_next = not equals and rest and not rest[0].text.startswith("-")
        return 1 + bool(takes_next), [_unknown(f"--{name}", where)]
    if equals:
        return 1, [Given(option, f"--{name}", value, where, tuple(word.variables), word.broken)]
    if option.is_flag:
        return 1, [Given(option, f"--{name}", "true", where)]
    return _with_next(option, f"--{name}", rest, where)


def _short(word: Word, rest: Sequence[Word], where: str) -> tuple[int, list[Given | Problem]]:
    found: list[Given | Problem] = []
    letters = word.text[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        option, spelled = BY_SHORT.get(letter), f"-{letter}"
        if option is None:
            return 1, [*found, _unknown_letter(word.text, spelled, where)]
        if letters.startswith("="):
            return 1, [*found, Given(option, spelled, letters[1:], where, tuple(word.variables), word.broken)]
        if option.is_flag:
            found.append(Given(option, spelled, "true", where))
        elif letters:
            return 1, [*found, Given(option, spelled, letters, where, tuple(word.variables), word.broken)]
        else:
            used, last = _with_next(option, spelled, rest, where)
            return used, [*found, *last]
    return 1, found


def _with_next(option: Option, spelled: str, rest: Sequence[Word], where: str) -> tuple[int, list[Given | Problem]]:
    if not rest:
        return 1, [Problem("", f"{spelled} at {where} has no value", expected=f"{spelled} VALUE")]
    return 2, [Given(option, spelled, rest[0].text, where, tuple(rest[0].variables), rest[0].broken)]


def _unknown(spelled: str, where: str) -> Problem:
    name = spelled.strip("-")
    hint = ELSEWHERE.get(name) or _near(name) or "docs/container_options.md lists every option."
    return Problem("", f"{spelled} at {where} is no docker run option", hint=hint)


def _unknown_letter(text: str, spelled: str, where: str) -> Problem:
    name = text.lstrip("-").partition("=")[0]
    hint = _near(name) if len(name) > 2 else ""
    return Problem("", f"{spelled} in {shown(text)} at {where} is no docker run option", hint=hint)


def _near(name: str) -> str:
    starts = [flag for flag in BY_NAME if len(name) > 2 and flag.startswith(name)]
    return f"did you mean '--{starts[0]}'?" if starts else nearest(f"--{name}", [f"--{flag}" for flag in BY_NAME])


def _from_map(source: Mapping[object, object], place: str) -> Iterator[Given | Problem]:
    for key, value in source.items():
        where = f"{place}, {key}" if place else str(key)
        name = str(key).lstrip("-")
        option = BY_NAME.get(name) or BY_SHORT.get(name)
        if option is None:
            yield _unknown(str(key), where)
            continue
        try:
            for text, part in _texts(option, value):
                yield Given(option, f"--{option.flag}", check_text(text), where + part)
        except InvalidValue as error:
            yield Problem("", f"{where}: {error.message}", expected=error.expected, hint=error.hint)


def _texts(option: Option, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if option.flag not in _KEYED:
            raise InvalidValue(f"a map is no value of --{option.flag}", expected="text, or a list of texts")
        for name, item in value.items():
            yield (str(name) if item is None else f"{name}={_scalar(option, item)}"), f".{name}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if not option.many and not option.refused:
            raise InvalidValue(f"--{option.flag} takes one value", expected="text")
        for number, item in enumerate(value, 1):
            yield _scalar(option, item), f"[{number}]"
    elif value is None and option.is_flag:
        yield "true", ""
    else:
        yield _scalar(option, value), ""


def _scalar(option: Option, value: object) -> str:
    if isinstance(value, bool):
        if not option.is_flag and option.flag not in _KEYED:
            raise InvalidValue(f"--{option.flag} takes a value, not {str(value).lower()}", expected="text")
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidValue(f"{shown(value)} is no value of --{option.flag}", expected="text or a number")
