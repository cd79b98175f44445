"""`defaults`: directives for every process, and for those that `withLabel` and `withName` select (rule 12).

The same form stands in a launch request under `process`, where it is stronger than everything in the spec.
"""

from __future__ import annotations

from typing import Final

from headrace.core.directives import DIRECTIVES, read_directives
from headrace.core.reading import At
from headrace.core.selectors import Defaults, Selector, check_pattern

SELECTORS: Final = ("withLabel", "withName")


def read_defaults(at: At) -> Defaults:
    """The block's plain directives and its selectors."""
    if not isinstance(at.value, dict):
        list(at.entries("a map of directives"))
        return Defaults()
    return Defaults(
        directives=read_directives(at, ignore=SELECTORS, known=SELECTORS),
        with_label=_selectors(at.key("withLabel")) if at.has("withLabel") else (),
        with_name=_selectors(at.key("withName")) if at.has("withName") else (),
    )


def _selectors(at: At) -> tuple[Selector, ...]:
    selectors = []
    for pattern, child in at.entries("a map pattern: directives"):
        At(pattern, child.path, at.book).attempt(check_pattern)
        if pattern in DIRECTIVES:
            At(pattern, child.path, at.book).refuse(
                f"the directive '{pattern}' stands where a pattern is wanted", expected="pattern: {directive: value}"
            )
            continue
        directives = read_directives(child)
        if "label" in directives:
            child.key("label").refuse(
                "a label given by a selector", hint="Labels stand in the process itself or plainly in `defaults`"
            )
        selectors.append(Selector(pattern=pattern, directives=directives, path=child.path))
    return tuple(selectors)
