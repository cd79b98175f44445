"""What the job's bootstrap script says about itself, as the outcome reads it: its mark lines and its exit codes."""

from __future__ import annotations

from typing import Final

from headrace.core.outcome_classes import OutcomeClass as C

PREFIX: Final = "headrace: "

EXITS: Final[dict[int, tuple[C, str]]] = {}


def is_mark(line: str) -> bool:
    """Whether a log line was written by the bootstrap: proof that the job's command ran."""
    return line.startswith(PREFIX)
