"""Directives: everything a process says about how its tasks run (rules 12 and 13); the table is in `directive_table.py`.

A value travels in three steps. *Read*: texts with an expression become Templates, what is literal is validated at once.
*Merge*: layers weak to strong, replacing by name, or by key where the table says so. *Evaluate*: templates get their
values and the very same readers turn everything into `TaskDirectives`, with normalised units. When a directive is
evaluated is part of the table: a task's memory at each attempt, `maxForks` when the run is planned, `stopWhen` after success.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from headrace.core.absent_directives import ELSEWHERE
from headrace.core.directive_table import DEFAULT_SHELL, DIRECTIVES, Directive, TaskDirectives
from headrace.core.document import key_path
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest
from headrace.core.expressions import Resolve, Template, no_process
from headrace.core.expressions import evaluate as evaluate_template
from headrace.core.reading import At, Book, holds_template
from headrace.core.spec_errors import by_name

__all__ = [
    "DEFAULT_SHELL",
    "DIRECTIVES",
    "ELSEWHERE",
    "Directive",
    "TaskDirectives",
    "evaluate",
    "labels",
    "merge",
    "missing_container",
    "read_directives",
    "shell_text",
]

Raw = Mapping[str, Any]


def read_directives(at: At, *, ignore: Collection[str] = (), known: Collection[str] = ()) -> dict[str, Any]:
    """Raw directives of a block, with Templates in them; what is literal is validated now.

    Keys in `ignore` are somebody else's; `known` are further names to suggest for an unknown one.
    """
    raw: dict[str, Any] = {}
    for name, child in at.entries("a map of directives"):
        if name in ignore:
            continue
        directive = DIRECTIVES.get(name)
        if directive is None:
            hint = ELSEWHERE.get(name) or nearest(name, {*DIRECTIVES, *known})
            child.refuse(
                f"unknown key '{name[:80]}'",
                expected="a directive" if not known else "a directive or a part of a process",
                hint=hint,
            )
            continue
        value = _read(directive, child)
        if value is not None:
            raw[name] = value
    return raw


def merge(layers: Iterable[Raw]) -> dict[str, Any]:
    """One block of raw directives from layers, weak to strong."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            merged[name] = _joined(merged.get(name), value) if DIRECTIVES[name].by_key else value
    return merged


def evaluate(
    raw: Raw,
    scope: Mapping[str, Any],
    resolve: Resolve = no_process,
    *,
    only: Collection[str] | None = None,
    path: str = "",
) -> TaskDirectives:
    """The directives of one attempt: templates evaluated, values valid, units normalised.

    `only` names the directives wanted (the planner wants `maxForks` alone); InvalidSpec with every problem, its path
    below `path`.
    """
    book = Book()
    fields: dict[str, Any] = {}
    for name, value in raw.items():
        if only is not None and name not in only:
            continue
        directive = DIRECTIVES[name]
        at = At(value, key_path(path, name), book)
        problems = len(book.problems)
        known = _evaluated(directive, at, scope, resolve)
        if len(book.problems) == problems and known is not None:  # a directive that gives none was not given
            fields[directive.field] = directive.read(At(known, at.path, book))
    book.close()
    return TaskDirectives(**fields)


def labels(raw: Raw) -> tuple[str, ...]:
    """The marks of a process that `withLabel` looks at."""
    value = raw.get("label", ())
    return (value,) if isinstance(value, str) else tuple(value)


def shell_text(raw: Raw) -> str:
    """The shell a script is written for, as one text; the default when nothing is said."""
    value = raw.get("shell", DEFAULT_SHELL)
    return value if isinstance(value, str) else " ".join(value)


def missing_container(process: str, raw: Raw) -> Problem | None:
    """The problem of a process that runs on awsbatch and says no image, after all layers are merged."""
    if raw.get("executor", "awsbatch") != "awsbatch" or "container" in raw:
        return None
    hint = "Say it in the process, in `defaults`, or under `withLabel`"
    return Problem(
        f"processes.{process}", f"the process '{process}' has no `container`", expected="an image", hint=hint
    )


def _joined(weaker: Any, stronger: Any) -> Any:
    """A map over a map, key by key; named errors over named errors, name by name; else the stronger one."""
    if isinstance(weaker, dict) and isinstance(stronger, dict):
        return {**weaker, **stronger}
    return by_name(weaker, stronger) if isinstance(weaker, list) and isinstance(stronger, list) else stronger


def _read(directive: Directive, at: At) -> Any:
    problems = len(at.book.problems)
    value = at.templated()
    if len(at.book.problems) > problems:
        return None
    if value is None:
        at.refuse("nothing stands here", expected=directive.form)
        return None
    if directive.moment == "check" and holds_template(value):
        at.refuse(
            f"`{directive.name}` takes no expression: it is needed before anything is evaluated",
            expected=directive.form,
        )
        return None
    directive.read(At(value, at.path, at.book))
    return value if len(at.book.problems) == problems else None


def _evaluated(directive: Directive, at: At, scope: Mapping[str, Any], resolve: Resolve) -> Any:
    """The value with its templates evaluated, but for those that have to wait."""
    value = at.value
    if directive.moment == "success":
        return value
    if isinstance(value, Template):
        try:
            return evaluate_template(value, scope, resolve)
        except InvalidValue as error:
            at.refuse(error.message, expected=error.expected, hint=error.hint)
        except InvalidSpec as error:
            at.book.problems.extend(error.problems)
        return None
    if isinstance(value, list):
        return [_evaluated(directive, item, scope, resolve) for item in at.each()]
    if isinstance(value, dict):
        return {
            name: child.value if name in directive.later else _evaluated(directive, child, scope, resolve)
            for name, child in at.entries()
        }
    return value
