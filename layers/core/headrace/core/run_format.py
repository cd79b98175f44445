"""The format of what a run writes: its records in the ledger and the files of its folder.

A run's record says it once for all of its epoch. It is raised when something written before would be misread, never for a
field that is merely new: readers pass over what they do not know. Whoever meets a run of a format it does not read refuses
it by name and touches nothing of it. What finds a run at all (`run`, `epoch`, `format`, `state`, `execution`, `started`,
`name`, and the keys) means the same in every format, so lists work across them (docs/contracts.md, section 9).
"""

from __future__ import annotations

from typing import Final

from headrace.core.errors import Refused

FORMAT: Final = 1
"""What this release writes."""
READ: Final = frozenset({1})
"""What this release reads; the one before stays for as long as a run of it may be going on."""


def check(run: str, epoch: int, written: int) -> None:
    """Refused when a run was written in a format that this release does not read."""
    if written in READ:
        return
    newer = written > FORMAT
    does = f"this Headrace reads {', '.join(str(each) for each in sorted(READ))}"
    do = "deploy, or install, the release that started it" if newer else "use the release that ran it, or start it anew"
    raise Refused(f"run {run}, epoch {epoch} is written in format {written}, {does}: {do}")
