"""`withLabel` and `withName`: directives for the processes a pattern selects (rule 12).

A pattern is a name, several joined by `|`, parts of names around `.*`, and all of it negated by a leading `!`. Nextflow
takes any regular expression there; the rest of that language is refused by name, because a pattern that silently selects
nothing changes what a job gets. Names reach into used pipelines with dots: `qc.stats`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import Field

from headrace.core.errors import InvalidValue
from headrace.core.frozen import Frozen

MAX_PATTERN: Final = 256
MAX_STARS: Final = 4
_PATTERN: Final = re.compile(r"[A-Za-z0-9_.*-]+")


class Selector(Frozen):
    """One pattern and the raw directives it gives."""

    pattern: str
    directives: Mapping[str, Any]
    path: str = ""


class Defaults(Frozen):
    """Directives for every process, then those of selected ones, in written order."""

    directives: Mapping[str, Any] = Field(default_factory=dict)
    with_label: tuple[Selector, ...] = ()
    with_name: tuple[Selector, ...] = ()

    def layers(self, name: str, labels: Iterable[str]) -> list[Mapping[str, Any]]:
        """What applies to a process, weak to strong: plain, by label, by name; later ones over earlier ones."""
        marks = tuple(labels)
        return [
            self.directives,
            *(each.directives for each in self.with_label if selects(each.pattern, marks)),
            *(each.directives for each in self.with_name if selects(each.pattern, (name,))),
        ]

    def idle(self, names: Iterable[str], labels: Iterable[str]) -> list[Selector]:
        """The selectors that select no process: most likely a name mistyped."""
        all_names, all_labels = tuple(names), tuple(labels)
        by_label = [each for each in self.with_label if not _selects_any(each.pattern, all_labels)]
        return by_label + [each for each in self.with_name if not _selects_any(each.pattern, all_names)]


def check_pattern(pattern: str) -> str:
    """`pattern` when it is one we know; InvalidValue names the part that is not."""
    body = pattern.removeprefix("!")
    if len(pattern) > MAX_PATTERN:
        raise InvalidValue("a selector that is too long", expected=f"at most {MAX_PATTERN} characters")
    for part in body.split("|"):
        if not part:
            raise InvalidValue("a selector with an empty alternative", expected="names joined by '|'")
        odd = sorted(set(re.sub(_PATTERN, "", part)))
        if odd or "*" in part.replace(".*", ""):
            what = "".join(odd) or "*"
            hint = "Write '.*' for any text" if what == "*" else ""
            raise InvalidValue(
                f"'{what}' is not known in a selector",
                expected="names, '|' between them, '.*' and a leading '!'",
                hint=hint,
            )
        if part.count(".*") > MAX_STARS:
            raise InvalidValue("too many '.*' in a selector", expected=f"at most {MAX_STARS}")
    return pattern


def selects(pattern: str, names: Iterable[str]) -> bool:
    """Whether the pattern selects something that bears these names; a negated one selects what bears none of them."""
    found = _selects_any(pattern.removeprefix("!"), names)
    return found != pattern.startswith("!")


def _selects_any(pattern: str, names: Iterable[str]) -> bool:
    if pattern.startswith("!"):
        return any(selects(pattern, (name,)) for name in names)
    body = "|".join(".*".join(re.escape(piece) for piece in part.split(".*")) for part in pattern.split("|"))
    return any(re.fullmatch(body, name) for name in names)
