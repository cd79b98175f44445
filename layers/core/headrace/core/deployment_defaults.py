"""Directives that hold for every run of a deployment: the weakest layer, kept in the stack's bucket (docs/adr/0007).

`config/defaults.yaml` is a map of directives, as under `defaults` of a spec but without selectors. It is read when a run is
planned and kept with the run, so that a change reaches the next run and never one that is under way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from headrace.core import yaml_source
from headrace.core.directives import DIRECTIVES, read_directives
from headrace.core.document import Document
from headrace.core.errors import InvalidSpec
from headrace.core.reading import At, Book

KEY: Final = "config/defaults.yaml"
# They belong to the script that was written for them, or to the process that bears them.
_NOT_HERE: Final = ("label", "shell", "stopWhen")


def read_deployment(document: Document) -> dict[str, Any]:
    """Raw directives of the file; InvalidSpec with every problem, placed in it."""
    book = Book()
    at = At(document.value if document.value is not None else {}, "", book)
    raw = read_directives(at)
    for name in _NOT_HERE:
        if name in raw:
            at.key(name).refuse(
                f"`{name}` for a whole deployment",
                expected=f"any directive but {', '.join(_NOT_HERE)}",
                hint="Say it in the spec",
            )
    problems = [problem.at(file=document.file, line=document.line(problem.path)) for problem in book.problems]
    if problems:
        raise InvalidSpec(problems)
    return raw


def from_kept(value: Mapping[str, Any], file: str = KEY) -> dict[str, Any]:
    """Raw directives of the plain values a run was planned with."""
    return read_deployment(yaml_source.read(json.dumps(dict(value)), file))


def names() -> tuple[str, ...]:
    """The directives the file may hold."""
    return tuple(name for name in DIRECTIVES if name not in _NOT_HERE)
