"""What a nextflow.config is read to: settings with their whole path and line, their values, and code that is neither.

Plain values are Python's own; what is more than a literal has a type of its own, so that nobody takes code for text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SELECTORS: Final = ("withName", "withLabel")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with a unit, as `8.GB` or `1.5.h`."""

    number: str
    unit: str


@dataclass(frozen=True, slots=True)
class Closure:
    """`{ … }` as a value: Groovy code that Nextflow runs for every task. `text` is its words, one blank between them."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that is no literal, as its words."""

    text: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A string with `$` in it, as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """Several values after a name: `publishDir 'x', mode: 'copy'`."""

    values: tuple[Any, ...]
    named: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value: its path from the top (`process`, `withLabel:big`, `cpus`), and where it stands."""

    path: tuple[str, ...]
    value: Any
    line: int

    @property
    def name(self) -> str:
        """The path as it is shown."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Statement:
    """Code that is no setting, from its first to its last line, inside the scope `path`."""

    path: tuple[str, ...]
    text: str
    line: int
    last_line: int
