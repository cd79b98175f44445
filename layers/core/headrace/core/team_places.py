"""What a pipeline names literally and is not its team's to read: told when it is launched, each in its place.

What expressions say is known only when a scope is planned or a task prepared; the store refuses it then (`aws/team_s3.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from headrace.core import tenancy
from headrace.core.errors import InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.locations import is_uri, resolve
from headrace.core.program import Program
from headrace.core.spec import Spec
from headrace.core.spec_each import Define, GlobSource, JsonSource, LinesSource, RowsSource
from headrace.core.tenancy import Reach
from headrace.core.values import Value, files_of

_MOST: Final = 20
"""Problems of one param: a table may name a hundred thousand files."""


def refused(program: Program, params: Mapping[str, Value], reach: Reach) -> list[Problem]:
    """Every input, source of an axis, and file of a param that this team may not have read."""
    found = []
    for process in program.processes.values():
        spec = program.namespaces[process.namespace].spec
        for given in process.process.inputs.values():
            found += [problem for each in given.templates for problem in _literal(each, given.path, spec, reach)]
        for item in process.process.each:
            if isinstance(item, Define) and (said := _source(item)):
                found += _literal(said, item.path, spec, reach)
    for name, value in params.items():
        found += islice(_of_param(name, value, reach), _MOST)
    return found


def _source(item: Define) -> Template | None:
    match item.source:
        case GlobSource(pattern=said) | LinesSource(file=said) | RowsSource(file=said) | JsonSource(file=said):
            return said
    return None


def _literal(said: Template, path: str, spec: Spec, reach: Reach) -> Iterator[Problem]:
    try:
        if said.literal is not None and is_uri(place := resolve(said.literal, spec.file)):
            tenancy.check_glob(place, reach)
    except InvalidValue as error:
        yield spec.problem(path, error.message, expected=error.expected, hint=error.hint)


def _of_param(name: str, value: Value, reach: Reach) -> Iterator[Problem]:
    for file in files_of(value):
        try:
            if is_uri(file.uri):
                tenancy.check_read(file.uri, reach)
        except InvalidValue as error:
            yield Problem(f"params.{name}", error.message, expected=error.expected, hint=error.hint)
