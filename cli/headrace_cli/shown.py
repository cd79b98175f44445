"""What the command prints: tables and lines. In a terminal they have colour; elsewhere they are plain text.

Names, causes and log lines come from outside: control characters are taken out, and nothing of them is read as markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headrace.core.errors import Problem
from headrace.core.plain_text import plain

_STYLES = {
    "succeeded": "green",
    "cached": "green",
    "skipped": "dim",
    "ignored": "yellow",
    "failed": "red",
    "cancelled": "yellow",
    "stopped": "yellow",
    "closing": "yellow",
    "running": "cyan",
}


def console(*, error: bool = False) -> Console:
    """Standard output, or standard error, as they are now."""
    return Console(stderr=error, highlight=False, soft_wrap=True, markup=False, emoji=False)


def is_terminal() -> bool:
    """Whether somebody looks at the output."""
    return console().is_terminal


def line(text: str = "", *, style: str = "") -> None:
    """One line on standard output."""
    _write(text, style, error=False)


def note(text: str, *, style: str = "") -> None:
    """One line on standard error: what is said beside the result."""
    _write(text, style, error=True)


def as_json(value: Any) -> None:
    """A value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def problems(found: Iterable[Problem], *, word: str = "") -> None:
    """Every problem on a line of its own, on standard error."""
    for problem in found:
        note(f"{word}{problem}", style="yellow" if word else "red")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; without a terminal, columns padded with blanks and no frame."""
    cells = [[plain(str(cell)) for cell in row] for row in rows]
    if is_terminal():
        console().print(rich_table(head, cells))
        return
    widths = [max(len(row[column]) for row in [list(head), *cells]) for column in range(len(head))]
    for row in [list(head), *cells]:
        padded = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(padded.rstrip() + "\n")


def rich_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """The same table for a terminal."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for name in head:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return made


def styled(word: str) -> str:
    """The style of a state."""
    return _STYLES.get(word, "")


def _write(text: str, style: str, *, error: bool) -> None:
    out = console(error=error)
    for each in text.split("\n"):
        out.print(Text(plain(each), style=style))
