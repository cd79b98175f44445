"""The classes an attempt's outcome falls in, what to do about each, and the shape of a rule that tells one.

The rules themselves are tables of their own: `outcome_reasons` for what Batch and ECS say, `outcome_signs` for what Step
Functions, logs and exit codes say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OutcomeClass(StrEnum):
    """What an attempt came to."""

    SUCCEEDED = "succeeded"
    HOST_LOST = "host-lost"
    SPOT = "spot"
    NO_CAPACITY = "no-capacity"
    IMAGE_PULL = "image-pull"
    RUNTIME = "runtime"
    ARCHITECTURE = "architecture"
    ENTRYPOINT = "entrypoint"
    SHELL = "shell"
    TRANSFER_TOOL = "transfer-tool"
    STAGE_IN = "stage-in"
    STAGE_OUT = "stage-out"
    MISSING_OUTPUT = "missing-output"
    OUT_OF_MEMORY = "out-of-memory"
    DISK_FULL = "disk-full"
    TIMEOUT = "timeout"
    PERMISSION = "permission"
    SUBMIT_REFUSED = "submit-refused"
    THROTTLED = "throttled"
    STUCK = "stuck"
    CANCELLED = "cancelled"
    ENGINE = "engine"
    EXIT = "exit"
    UNKNOWN = "unknown"


C = OutcomeClass

NOT_OWN: Final = frozenset(
    {
        C.SUCCEEDED,
        C.HOST_LOST,
        C.SPOT,
        C.NO_CAPACITY,
        C.IMAGE_PULL,
        C.RUNTIME,
        C.THROTTLED,
        C.STUCK,
        C.CANCELLED,
        C.ENGINE,
    }
)
"""What the world did to the task: such an attempt does not raise `task.attempt`."""

TERMINATE_STUCK: Final = "headrace stuck:"
TERMINATE_CANCEL: Final = "headrace cancel:"
"""How the reason begins when Headrace itself terminates a job (TerminateJob keeps it as the job's status reason)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A text that tells the class. `cause` and `fix` may name the pattern's groups and the words `outcome` fills in.

    A `firm` failure is the same on every try. `own` overrules the class (`NOT_OWN`).
    """

    kind: OutcomeClass
    pattern: re.Pattern[str]
    cause: str
    fix: str = ""
    firm: bool = False
    own: bool | None = None


def rule(
    kind: OutcomeClass, pattern: str, cause: str, fix: str = "", *, firm: bool = False, own: bool | None = None
) -> Rule:
    """A line of a table; `pattern` is searched for in any case."""
    return Rule(kind, re.compile(pattern, re.IGNORECASE), cause, fix, firm, own)


FIXES: Final[dict[OutcomeClass, str]] = {
    C.SUCCEEDED: "",
    C.HOST_LOST: "nothing is wrong with the task; if hosts go often, give it an on-demand queue: queue: [spot, on-demand]",
    C.SPOT: "nothing is wrong with the task; if it happens often, end the ladder on demand: queue: [spot, on-demand]",
    C.NO_CAPACITY: "add a queue to the ladder (queue: [a, b]), or allow more instance types or zones",
    C.IMAGE_PULL: "check that the host can reach the registry and may pull {image}",
    C.RUNTIME: "retried on another host; if it stays, look at the host's ECS agent log and disk",
    C.ARCHITECTURE: "build {image} for the queue's CPU, or set arch and a queue of that kind",
    C.ENTRYPOINT: "the image needs /bin/sh and an ENTRYPOINT that runs the command it is given (or none)",
    C.SHELL: "name a shell that is in the image: shell: [/bin/sh, -eu]",
    C.TRANSFER_TOOL: (
        "mount it from the host (cliPath), use the launch template that puts s5cmd at /opt/headrace/bin, "
        "or install aws or s5cmd in the image"
    ),
    C.STAGE_IN: "check that the input named in the log is there and may be read, then resume",
    C.STAGE_OUT: "check that the job role may write to the work prefix and that the disk has room, then resume",
    C.MISSING_OUTPUT: "make the script write the declared outputs, or declare one as optional (name?:)",
    C.OUT_OF_MEMORY: "raise memory{had_memory}",
    C.DISK_FULL: "raise disk, or use a queue whose hosts have more room",
    C.TIMEOUT: "raise time{had_time}",
    C.PERMISSION: "give the role named here the permission named here, then resume",
    C.SUBMIT_REFUSED: "correct the directive Batch names, then resume",
    C.THROTTLED: "retried by itself; if it stays, lower maxForks or ask AWS for a higher rate",
    C.STUCK: "make the queue able to run it (see the reason), or give another queue, then resume",
    C.CANCELLED: "resume the run to go on from here",
    C.ENGINE: "resume the run; if it comes again, report it with the execution's history",
    C.EXIT: "read the log lines; correct the script or its inputs, then resume",
    C.UNKNOWN: "look at the log and at the job in the Batch console",
}
"""One line of what to do per class, where no rule knows better."""


def general_fix(kind: str) -> str:
    """What to do about a class, where nothing more is known than the class; empty for a word that is none."""
    words = {"image": "the image", "had_memory": "", "had_time": ""}
    return FIXES[OutcomeClass(kind)].format_map(words) if kind in list(OutcomeClass) else ""
