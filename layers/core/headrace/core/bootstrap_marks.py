"""How the job's bootstrap script speaks to the outcome: the prefix of its log lines, and its own exit codes.

The bootstrap begins every line it writes with `PREFIX`; one such line proves that the image ran the job's command. When it
cannot even write a manifest, or must say why there is none of use, it ends with one of these codes; a code of the user's
script is in the manifest and never mistaken for them. They keep clear of the shell's (126 to 165) and of sysexits' (64 to 78).
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.outcome_classes import OutcomeClass

C = OutcomeClass

PREFIX: Final = "headrace: "

TRANSFER_TOOL_MISSING: Final = 91
SHELL_MISSING: Final = 92
STAGE_IN_FAILED: Final = 93
STAGE_OUT_FAILED: Final = 94
OUTPUT_MISSING: Final = 95

EXITS: Final[dict[int, tuple[OutcomeClass, str]]] = {
    TRANSFER_TOOL_MISSING: (
        C.TRANSFER_TOOL,
        "found no transfer tool: no cliPath, no /opt/headrace/bin, none in the image",
    ),
    SHELL_MISSING: (C.SHELL, "the shell that the process asks for is not in the image"),
    STAGE_IN_FAILED: (C.STAGE_IN, "an input could not be fetched"),
    STAGE_OUT_FAILED: (C.STAGE_OUT, "an output could not be stored"),
    OUTPUT_MISSING: (C.MISSING_OUTPUT, "the script ended well but did not write every declared output"),
}


_LAST: Final = re.compile(rf"{PREFIX}(?:stage-in|script|stage-out|done), exit code \d+$")


def is_last(line: str) -> bool:
    """Whether this is the last line of a job that came to its own end: what was printed is all in the log before it."""
    return bool(_LAST.match(line))


_HEARTBEAT: Final = re.compile(r"headrace: running(?:, (?P<cpu>\d{1,12}) s of CPU)?\s*")


def is_heartbeat(line: str) -> bool:
    """Whether a log line is the one that every job writes each minute: a sign of life, and no word of the task."""
    return _HEARTBEAT.fullmatch(line) is not None


def is_told(line: str) -> bool:
    """Whether a log line tells something: not a heartbeat."""
    return not is_heartbeat(line)


def cpu_used_s(line: str) -> int | None:
    """The CPU seconds that a heartbeat tells, None when it tells none or the line is something else."""
    found = _HEARTBEAT.fullmatch(line)
    return int(found["cpu"]) if found and found["cpu"] else None


def is_mark(line: str) -> bool:
    """Whether a log line was written by the bootstrap: proof that the job's command ran."""
    return line.startswith(PREFIX)
