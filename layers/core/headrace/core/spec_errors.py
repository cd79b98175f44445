"""`errors`: failures the user knows by name (`named_errors`), as a spec says them.

    errors:
      - {name: no licence, pattern: "checkout failed*licence", action: retry, hint: the licence server is busy at night}
      - {name: heap, pattern: java.lang.OutOfMemoryError, class: out-of-memory}

A list of such maps: at the top of a spec for all of its processes, and wherever a directive stands. `class` says what kind of
failure it is, and so which budget it has; `action` is stronger than budgets and `errorStrategy`. The first whose pattern is
found wins; those of a stronger layer stand first, and one of a weaker layer with the same name is not looked at.
"""

from __future__ import annotations

import re
from typing import Any, Final, get_args

from headrace.core.errors import InvalidValue
from headrace.core.named_errors import Action, NamedError
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.reading import At, kind

KEYS: Final = ("name", "pattern", "class", "action", "hint")
ACTIONS: Final = tuple(word for word in get_args(Action) if word)
CLASSES: Final = tuple(
    str(each) for each in OutcomeClass if each not in (OutcomeClass.SUCCEEDED, OutcomeClass.CANCELLED)
)
NAME: Final = r"[A-Za-z0-9][\w .-]{0,63}"
FORM: Final = "list of `{name, pattern, class, action, hint}`"
MOST: Final = 50
MOST_PATTERN: Final = 500
MOST_HINT: Final = 180
_HINTS: Final = {word: f"Write action: {word}" for word in ACTIONS} | {
    "match": "Write pattern",
    "regex": "Write pattern: plain text, in which * stands for any text",
    "kind": "Write class",
    "retries": "Write action: retry; how often is maxRetries' to say, or an entry of `retry` for its class",
}


def read_errors(at: At) -> tuple[NamedError, ...] | None:
    """The named errors of one layer."""
    if not isinstance(at.value, list):
        at.refuse(f"{kind(at.value)} stands where a list is wanted", expected=FORM.replace("`", ""))
        return None
    if len(at.value) > MOST:
        at.refuse(f"{len(at.value)} named errors", expected=f"at most {MOST}")
        return None
    found = [_one(item) for item in at.each()]
    named: set[str] = set()
    for item, error in zip(at.each(), found, strict=True):
        if error is not None and error.name in named:
            item.key("name").refuse("named twice", expected="one name per error")
        named |= {error.name} if error else set()
    return None if None in found else tuple(error for error in found if error is not None)


def by_name(weaker: list[Any], stronger: list[Any]) -> list[Any]:
    """Two layers as one, the stronger first; an empty list takes back what the weaker said."""
    names = {error["name"] for error in stronger}
    return [*stronger, *(error for error in weaker if error["name"] not in names)] if stronger else []


def _one(at: At) -> NamedError | None:
    if not isinstance(at.value, dict):
        at.refuse(f"{kind(at.value)} names no error", expected="{name, pattern, class, action, hint}")
        return None
    at.known(KEYS, hints=_HINTS)
    for key in ("name", "pattern"):
        if not at.has(key):
            at.refuse(f"a named error without `{key}`", expected="{name, pattern, class, action, hint}")
    name = at.key("name").attempt(_name) if at.has("name") else None
    pattern = at.key("pattern").attempt(_pattern) if at.has("pattern") else None
    outcome = at.key("class").choice(CLASSES) if at.has("class") else ""
    action = at.key("action").choice(ACTIONS) if at.has("action") else ""
    hint = at.key("hint").attempt(_hint) if at.has("hint") else ""
    if name is None or pattern is None or outcome is None or action is None or hint is None:
        return None
    return NamedError(name, pattern, OutcomeClass(outcome) if outcome else None, action, hint)  # type: ignore[arg-type]  # one of ACTIONS


def _name(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(NAME, value):
        return value
    raise InvalidValue("not a name", expected="up to 64 letters, digits, blanks and _ . -, as 'no licence'")


def _pattern(value: Any) -> str:
    expected = "plain text that stands in the log or in the job's reasons; * is any text, case does not matter"
    if not isinstance(value, str) or not value.strip("* "):
        raise InvalidValue("a pattern that finds nothing", expected=expected)
    if len(value) > MOST_PATTERN or re.search(r"[\x00-\x1f\x7f]", value):
        raise InvalidValue("a pattern no line can hold", expected=f"one line of at most {MOST_PATTERN} characters")
    if regular := re.search(r"\.[*+]|\\[wdsWDSb.]|\(\?", value):
        raise InvalidValue(
            f"'{regular[0]}' is of regular expressions",
            expected=expected,
            hint="Write * for any text, and every other character as it stands in the log",
        )
    return value


def _hint(value: Any) -> str:
    if (
        isinstance(value, str)
        and value.strip()
        and len(value) <= MOST_HINT
        and not re.search(r"[\x00-\x1f\x7f]", value)
    ):
        return value.strip()
    raise InvalidValue("not a hint", expected=f"one line of at most {MOST_HINT} characters: what to change")
