"""Failures the user names in the spec (`errors:`): a pattern in the log or the reasons, and what it means.

A pattern is plain text; `*` stands for any text, case does not matter. It is no regular expression: one that takes for
ever would stop the run's Lambda, and tools' messages are full of brackets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from headrace.core.outcome_classes import OutcomeClass

Action = Literal["", "retry", "ignore", "fail"]


@dataclass(frozen=True, slots=True)
class NamedError:
    """What the user knows of a failure: its class, what to do (stronger than budgets and strategy), a hint to show."""

    name: str
    pattern: str
    kind: OutcomeClass | None = None
    action: Action = ""
    hint: str = ""


def first_match(named: Iterable[NamedError], texts: Iterable[str]) -> tuple[NamedError, str] | None:
    """The first named error that is found, with the last text that has it."""
    last_first = [text for text in texts if text][::-1]
    for error in named:
        for text in last_first:
            if matches(error.pattern, text):
                return error, text
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether `text` contains `pattern`; `*` stands for any text, case does not matter. Linear, whatever is given."""
    at, text = 0, text.lower()
    for piece in pattern.lower().split("*"):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return bool(pattern.strip("* "))
