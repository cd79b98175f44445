"""What names look like, and which are taken (rule 10).

Processes, axes, params, inputs and outputs are all used in expressions, so they share one form and one list of reserved
words; processes and axes share one namespace too.
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.reading import At

RESERVED: Final = frozenset(
    "params task key run outputs file true false none and or not in is if else".split()  # noqa: SIM905 - as in the rule
)
MAX_NAME: Final = 64
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# `align.at(…)` and `align.all` are ways to refer to a process, so no output may be called so (rule 3).
RESERVED_OUTPUTS: Final = frozenset({"at", "all"})


def read_name(at: At, name: str, what: str, taken: frozenset[str] = RESERVED) -> str | None:
    """`name` when it may name `what` (as in 'a process'), else None and a problem at `at`."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        shown = name[:MAX_NAME]
        hint = f"Try '{_near(name)}'" if _near(name) else ""
        at.refuse(
            f"'{shown}' cannot name {what}",
            expected=f"a letter, then letters, digits and _; at most {MAX_NAME}",
            hint=hint,
        )
        return None
    if name in taken:
        at.refuse(
            f"'{name}' is reserved and cannot name {what}",
            expected="a name that is none of " + ", ".join(sorted(taken)),
        )
        return None
    return name


def optional_name(name: str) -> tuple[str, bool]:
    """`name?` is the short form of an optional `name` (rules 5 and 9)."""
    return (name[:-1], True) if name.endswith("?") else (name, False)


def _near(name: str) -> str:
    """The same name with what is not allowed replaced; empty when that is no name either."""
    near = re.sub(r"[^A-Za-z0-9_]+", "_", name.strip())[:MAX_NAME]
    return near if _NAME.fullmatch(near) and near not in RESERVED else ""
