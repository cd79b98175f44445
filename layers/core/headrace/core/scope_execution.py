"""Which execution of run_scope runs the scope of an expansion: known before it is started.

It is named like the child execution that starts it, so that a start whose answer was lost starts once. One that is over already
when the start is tried again is started anew, under that name with the number of the try behind it (statemachines/run_scope).
"""

from __future__ import annotations


def name(child: str, again: int = 1) -> str:
    """The name for the execution that a child (its own ARN) starts, for the first time or again."""
    own = child.rpartition(":")[2]
    return own if again == 1 else f"{own}-{again}"


def arn(machine: str, execution: str) -> str:
    """The ARN of an execution, of the machine with this ARN or that of one of its versions."""
    parts = machine.split(":")
    return ":".join([*parts[:5], "execution", parts[6], execution])
