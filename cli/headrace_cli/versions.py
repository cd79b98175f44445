"""The command and the stack it talks to, compared by version (https://semver.org): do they fit, and what to do when not.

    fit       the same, or apart only where SemVer promises that nothing breaks: within a major version, before 1.0 a minor one
    misfit    what one of them writes, the other may not understand

A stack before the first release says no version; what is no version is said to be unknown, and fits nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NUMBER: Final = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-.+]?([0-9A-Za-z.+-]+))?")


class Relation(StrEnum):
    """How the stack stands to the command."""

    SAME = "same"
    OLDER = "older"
    NEWER = "newer"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The relation, in a sentence, and what to do (empty: nothing)."""

    relation: Relation
    says: str
    advice: str = ""

    @property
    def fits(self) -> bool:
        """Whether the command may be used with the stack."""
        return self.relation in (Relation.SAME, Relation.OLDER, Relation.NEWER)


def compare(client: str, stack: str) -> Comparison:
    """The version of the command beside the `Version` output of the stack, which is empty when there is none."""
    ours, theirs = _parts(client), _parts(stack)
    if ours is None or theirs is None:
        unknown = "the stack says no version" if not stack else f"{client!r} and {stack!r} cannot be compared"
        return Comparison(Relation.UNKNOWN, unknown, f"Deploy again from a checkout of {client}: {_DEPLOY}")
    if client == stack:
        return Comparison(Relation.SAME, f"command and stack are both {client}")
    newer = theirs > ours
    word = "newer" if newer else "older"
    if _line(ours) != _line(theirs):
        said = f"the stack, {stack}, is {word} than the command, {client}, by more than SemVer lets fit together"
        advice = f"Install the command of the stack: {_install(stack)}"
        return Comparison(Relation.MISMATCH, said, advice if newer else f"{advice}; or deploy again: {_DEPLOY}")
    said = f"the stack, {stack}, is {word} than the command, {client}; they fit"
    if newer:
        return Comparison(Relation.NEWER, said, f"For what is new: {_install(stack)}")
    return Comparison(Relation.OLDER, said, f"For what is new, deploy again: {_DEPLOY}")


_DEPLOY: Final = "sam build && sam deploy"


def _install(version: str) -> str:
    return f"git checkout v{version} && make setup"


def _parts(text: str) -> tuple[int, int, int, bool, str] | None:
    """Numbers, then a release after its pre-releases."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    more = found[4] or ""
    return int(found[1]), int(found[2]), int(found[3]), not more, more


def _line(parts: tuple[int, int, int, bool, str]) -> tuple[int, ...]:
    """What must be equal: the major version, and before 1.0 the minor one too."""
    return parts[:1] if parts[0] else parts[:2]
