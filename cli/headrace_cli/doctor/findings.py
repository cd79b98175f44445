"""What the doctor says of one thing: it is well, it is not and how to mend it, or it was not looked at and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from headrace_cli.doctor.facts import Denied, Known, Unanswered

T = TypeVar("T")


class Status(StrEnum):
    """How it stands."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "not looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `fix` is what to do about a problem, and never empty for one."""

    subject: str
    status: Status
    says: str
    fix: str = ""


def ok(subject: str, says: str) -> Finding:
    """It is as it must be."""
    return Finding(subject, Status.OK, says)


def problem(subject: str, says: str, fix: str) -> Finding:
    """It is not as it must be."""
    return Finding(subject, Status.PROBLEM, says, fix)


def unknown(subject: str, why: Denied | Unanswered) -> Finding:
    """It could not be looked at: a permission is missing, or nobody answered."""
    if isinstance(why, Denied):
        return Finding(subject, Status.UNKNOWN, f"needs {why.action}", f"Allow yourself {why.action}")
    return Finding(subject, Status.UNKNOWN, why.why)


def of_known(subject: str, fact: Known[T], look: Callable[[T], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a fact; one that says why there are none when it is unknown."""
    if isinstance(fact, Denied | Unanswered):
        yield unknown(subject, fact)
    else:
        yield from look(fact)
