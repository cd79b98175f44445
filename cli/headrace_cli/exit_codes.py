"""What the command's exit code says; docs/command_line.md lists them.

A script can tell a run that failed (its own work) from a command that could not do its own.
"""

from __future__ import annotations

from typing import Final

DONE: Final = 0
RUN_FAILED: Final = 1
PROBLEMS: Final = 1
"""Of a command that looks at something: it is not as it must be."""
WRONG_INPUT: Final = 2
NO_AWS: Final = 3
FAULT: Final = 70
"""A fault of Headrace itself (EX_SOFTWARE of sysexits.h): never a word about the run."""
DETACHED: Final = 130

MEANINGS: Final = (
    (DONE, "done; a run that was followed succeeded, or stopped as its `stopWhen` says"),
    (
        RUN_FAILED,
        "the run failed or was cancelled; of `cancel`: it has not ended yet; of `doctor`: there is a problem; of `version`: command and stack do not fit",
    ),
    (WRONG_INPUT, "wrong input: the spec, a param, an option, the name of a run"),
    (NO_AWS, "AWS, the stack or credentials are missing, or the local cloud did not start"),
    (FAULT, "a fault of Headrace itself; the log file says more"),
    (DETACHED, "detached by Ctrl-C; the run goes on"),
)
