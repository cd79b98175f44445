"""How an expression names what a process made (spec rule 3): `align.bam`, `align.at(axis=key).bam`, `align.all.bam`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jinja2 import nodes

from headrace.core.errors import InvalidValue
from headrace.core.expression_tree import NAME, Arguments, CallStep, Step, unparse


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """`align.bam`, `align.all.bam` or `align.at(axis=…).bam`; the arguments as expression source."""

    process: str
    mode: Literal["align", "at", "all"]
    at: tuple[tuple[str, str], ...]
    output: str


def take_use(process: str, steps: list[Step], processes: frozenset[str]) -> tuple[ProcessUse, list[Step]]:
    """What of the process is used, and the lookups behind it."""
    mode: Literal["align", "at", "all"] = "align"
    at: tuple[tuple[str, str], ...] = ()
    if steps[:1] == ["all"]:
        mode, steps = "all", steps[1:]
    elif steps[:1] == ["at"]:
        if len(steps) < 2 or not isinstance(steps[1], CallStep):
            raise InvalidValue(f"'{process}.at' without its key", expected=f"{process}.at(axis=…).output")
        mode, at, steps = "at", _at_arguments(process, steps[1].arguments, processes), steps[2:]
    shape = {"align": process, "all": f"{process}.all", "at": f"{process}.at(…)"}[mode]
    if not steps or not isinstance(steps[0], str):
        raise InvalidValue(
            f"'{shape}' names no output", expected=f"{shape}.output", hint="name one of the process's outputs"
        )
    output = steps[0]
    if output in ("at", "all"):
        raise InvalidValue(
            f"'{shape}.{output}': `at` and `all` do not combine",
            expected=f"{process}.all.output or {process}.at(axis=…).output",
        )
    if not NAME.fullmatch(output):
        raise InvalidValue(f"'{output[:60]}' is no name of an output", expected="a letter, then letters, digits and _")
    return ProcessUse(process, mode, at, output), steps[1:]


def _at_arguments(process: str, arguments: Arguments, processes: frozenset[str]) -> tuple[tuple[str, str], ...]:
    if arguments.positional or not arguments.named:
        raise InvalidValue(f"'{process}.at(…)' says which axis each key is of", expected=f"{process}.at(axis=key)")
    for axis, node in arguments.named.items():
        used = [
            name.name
            for name in (node, *node.find_all(nodes.Name))
            if isinstance(name, nodes.Name) and name.name in processes
        ]
        if used:
            raise InvalidValue(
                f"'{process}.at({axis}=…)' uses the process '{used[0]}'",
                expected="params and axes, so that the key is known when planning",
            )
    return tuple((axis, unparse(node)) for axis, node in arguments.named.items())
