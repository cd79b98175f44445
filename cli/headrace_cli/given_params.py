"""Params as the user gives them: `--param name=value` and `--params-file`, each relative path relative to who says it.

What stands on the command line is relative to the folder the command runs in, what stands in a params file to that file; a
spec's default is relative to the spec. The command line goes before the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headrace.core import params as params_module
from headrace.core import yaml_source
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.locations import is_uri
from headrace.core.param_values import from_text
from headrace.core.params import Param
from headrace.core.values import Value, files_of
from headrace_cli.local_files import Reader, lacking, place_of

_FORM: Final = "--param name=value"


@dataclass(frozen=True, slots=True)
class Given:
    """One param's raw value, as YAML or the command line has it, and the file (or place) that says it."""

    value: Any
    base: str


def read(declared: Mapping[str, Param], words: Iterable[str], params_file: Path | None) -> dict[str, Given]:
    """Everything given, by name; InvalidSpec with every word that is no param."""
    given: dict[str, Given] = {}
    if params_file is not None:
        place = place_of(str(params_file))
        try:
            text = Reader().text(place, yaml_source.MAX_BYTES)
        except InvalidValue as error:
            raise InvalidSpec([Problem("--params-file", f"{params_file}: {error.message}")]) from None
        given = {name: Given(value, place) for name, value in yaml_source.read(text, str(params_file)).value.items()}
    problems: list[Problem] = []
    said: set[str] = set()
    here = str(Path.cwd() / "command line")
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            problems.append(Problem("--param", "no param", word, expected=_FORM))
        elif name in said:
            problems.append(Problem("--param", f"'{name}' is given twice", expected="each param once"))
        else:
            said.add(name)
            try:
                given[name] = Given(from_text(declared[name], text) if name in declared else text, here)
            except InvalidValue as error:
                problems.append(Problem(f"params.{name}", error.message, text, error.expected, error.hint))
    if problems:
        raise InvalidSpec([*problems, *unknown(declared, given)])
    return given


def bind(declared: Mapping[str, Param], given: Mapping[str, Given], base: str, reader: Reader) -> dict[str, Value]:
    """The value of every param; InvalidSpec with all that is unknown, missing, wrong or not there."""
    bound: dict[str, Value] = {}
    problems: list[Problem] = []
    groups: dict[str, dict[str, Any]] = {}
    for name, each in given.items():
        groups.setdefault(each.base, {})[name] = each.value
    for said_in, values in [*groups.items(), ("", {})]:
        names = values or [name for name in declared if name not in given]
        wanted = {name: declared[name] for name in names if name in declared}
        strange = [name for name in values if name not in declared]
        try:
            known = {name: value for name, value in values.items() if name in declared}
            bound |= _bound(wanted, known, base, said_in, reader)
        except InvalidSpec as error:
            problems += error.problems
        if strange:
            problems += unknown(declared, strange)
    problems += _lacking(bound)
    if problems:
        raise InvalidSpec(problems)
    return {name: bound[name] for name in declared}


def missing(declared: Mapping[str, Param], given: Mapping[str, Given]) -> list[str]:
    """The required params that are not given."""
    return [name for name, param in declared.items() if param.required and name not in given]


def _bound(
    declared: Mapping[str, Param], values: Mapping[str, Any], base: str, given_base: str, reader: Reader
) -> dict[str, Value]:
    texts, problems = {}, []
    for uri in params_module.tables_to_fetch(declared, values, base=base, given_base=given_base):
        try:
            texts[uri] = reader.text(uri)
        except InvalidValue as error:
            problems.append(Problem("params", f"cannot read the table {uri}: {error.message}"))
    if problems:
        raise InvalidSpec(problems)
    return params_module.bind(declared, values, texts, base=base, given_base=given_base)


def unknown(declared: Mapping[str, Param], given: Iterable[str]) -> tuple[Problem, ...]:
    """A problem for every name that is no param, with the nearest one."""
    names = {name for name in given if name not in declared}
    try:
        params_module.bind(declared, dict.fromkeys(sorted(names)), {}, base="")
    except InvalidSpec as error:
        return tuple(problem for problem in error.problems if problem.path.removeprefix("params.") in names)
    return ()


def _lacking(bound: Mapping[str, Value]) -> list[Problem]:
    return [
        Problem(f"params.{name}", f"{file.uri}: {why}", expected="a file that can be read")
        for name, value in bound.items()
        for file in files_of(value)
        if not is_uri(file.uri) and (why := lacking(file.uri))
    ]
