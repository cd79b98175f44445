"""`uses`: another pipeline file in the place of a process, flattened into full names (spec rule 14).

`qc: {uses: qc.yaml, each: [sample]}` makes of every process `stats` in that file a process `qc.stats` over `sample` and its
own axes. Inside is private: nothing in the file around it can name `stats`, and nothing inside can name what is around
it; params go in, the file's top-level `outputs` come out. At most 8 files deep, never one inside itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.errors import InvalidValue, Problem, nearest
from headrace.core.locations import resolve
from headrace.core.program import AxisNames, Namespace
from headrace.core.spec import Process, Spec
from headrace.core.spec_each import Define

MAX_DEPTH: Final = 8
MAX_PROCESSES: Final = 2_000
MAX_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Drawn:
    """A process in its place: full name, namespace and axes, those of the `uses` around it first."""

    name: str
    local: str
    namespace: str
    process: Process
    axes: AxisNames


@dataclass(frozen=True, slots=True)
class Defined:
    """An axis in its place, with the axes its source can see."""

    name: str
    local: str
    namespace: str
    source: Any
    visible: AxisNames
    place: str


@dataclass(slots=True)
class Sketch:
    """A program being linked: what was found so far, and what is wrong with it."""

    namespaces: dict[str, Namespace] = field(default_factory=dict)
    processes: dict[str, Drawn] = field(default_factory=dict)
    using: dict[str, Drawn] = field(default_factory=dict)
    axes: dict[str, Defined] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def drawn(self, namespace: Namespace, local: str) -> Drawn:
        """The process, or the `uses`, of this name in a namespace."""
        name = full(namespace.name, local)
        return self.using[name] if local in namespace.uses else self.processes[name]

    def note(
        self, namespace: str, place: str, message: str, *, expected: str = "", hint: str = "", within: int = 0
    ) -> None:
        """Add a problem at a place of a namespace's file."""
        problem = self.namespaces[namespace].spec.problem(place, message, expected=expected, hint=hint, within=within)
        if len(self.problems) < MAX_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)

    def warn(self, namespace: str, place: str, message: str, *, hint: str = "") -> None:
        """Add a warning at a place of a namespace's file."""
        problem = self.namespaces[namespace].spec.problem(place, message, hint=hint)
        if problem not in self.warnings:
            self.warnings.append(problem)


def used_files(spec: Spec) -> tuple[str, ...]:
    """Where the files are that this one uses, in order, each once; a place that is none is left to `link` to name."""
    found = []
    for process in spec.processes.values():
        if process.uses is not None:
            try:
                found.append(resolve(process.uses, spec.file))
            except InvalidValue:
                continue
    return tuple(dict.fromkeys(found))


def flatten(spec: Spec, used: Mapping[str, Spec]) -> Sketch:
    """Every namespace, process and axis by full name; `used` holds the files of `used_files`, by place."""
    sketch = Sketch()
    _draw(sketch, Namespace("", spec), used, (spec.file,))
    return sketch


def full(namespace: str, local: str) -> str:
    """A name of a namespace, in full."""
    return f"{namespace}.{local}" if namespace else local


def _draw(sketch: Sketch, namespace: Namespace, used: Mapping[str, Spec], chain: tuple[str, ...]) -> None:
    spec, name = namespace.spec, namespace.name
    here = Namespace(
        name,
        spec,
        namespace.parent,
        namespace.each,
        namespace.given,
        processes={local: full(name, local) for local, process in spec.processes.items() if process.uses is None},
        axes=_definitions(sketch, namespace),
        uses={local: full(name, local) for local, process in spec.processes.items() if process.uses is not None},
    )
    sketch.namespaces[name] = here
    for local, process in spec.processes.items():
        if len(sketch.processes) >= MAX_PROCESSES:
            sketch.note(
                name,
                process.path,
                f"more than {MAX_PROCESSES:,} processes",
                hint="used files count each time they are used",
            )
            return
        drawn = Drawn(full(name, local), local, name, process, (*here.each, *_each(sketch, here, process)))
        if process.uses is None:
            sketch.processes[drawn.name] = drawn
        else:
            sketch.using[drawn.name] = drawn
            _enter(sketch, here, drawn, used, chain)


def _definitions(sketch: Sketch, namespace: Namespace) -> dict[str, str]:
    """The axes a file defines, local name → full name. The first definition counts."""
    sketch.namespaces[namespace.name] = namespace
    axes: dict[str, str] = {}
    for process in namespace.spec.processes.values():
        visible = list(namespace.each)
        for item in process.each:
            name = full(namespace.name, item.axis)
            if isinstance(item, Define) and item.axis in axes:
                first = sketch.axes[axes[item.axis]].place
                sketch.note(
                    namespace.name,
                    item.path,
                    f"the axis '{item.axis}' is defined a second time, first in {first}",
                    expected="one definition",
                    hint=f"Reuse it: `each: [{item.axis}]`; a subset of it is `when`",
                )
            elif isinstance(item, Define):
                axes[item.axis] = name
                sketch.axes[name] = Defined(name, item.axis, namespace.name, item.source, tuple(visible), item.path)
            visible.append(name)
    return axes


def _each(sketch: Sketch, here: Namespace, process: Process) -> Iterable[str]:
    for item in process.each:
        if item.axis in here.axes:
            yield here.axes[item.axis]
            continue
        known = nearest(item.axis, here.axes)
        hint = known or f"Define it: `- {item.axis}: …`, a list, a glob or ${{{{ params.… }}}}"
        if item.axis in here.spec.processes:
            hint = f"'{item.axis}' is a process; name what it makes: `- item: ${{{{ {item.axis}.… }}}}`"
        sketch.note(here.name, item.path, f"no axis '{item.axis}' is defined", expected=_one_of(here.axes), hint=hint)


def _enter(sketch: Sketch, here: Namespace, drawn: Drawn, used: Mapping[str, Spec], chain: tuple[str, ...]) -> None:
    """Draw the file that a process uses, in its place."""
    place, uses = f"{drawn.process.path}.uses", drawn.process.uses or ""
    try:
        location = resolve(uses, here.spec.file)
    except InvalidValue as error:
        sketch.note(here.name, place, error.message, expected=error.expected, hint=error.hint)
        return
    if location in chain:
        path = " → ".join((*chain[chain.index(location) :], location))
        sketch.note(here.name, place, f"a pipeline that uses itself: {path}", expected="another file")
    elif len(chain) > MAX_DEPTH:
        sketch.note(
            here.name, place, f"files use each other more than {MAX_DEPTH} deep", expected=f"at most {MAX_DEPTH}"
        )
    elif location not in used:
        sketch.note(
            here.name,
            place,
            f"the file {location} was not read",
            expected="a pipeline file",
            hint="is it there, and readable?",
        )
    else:
        child = used[location]
        _check_params(sketch, here, drawn.process, child)
        _draw(
            sketch, Namespace(drawn.name, child, here.name, drawn.axes, drawn.process.params), used, (*chain, location)
        )


def _check_params(sketch: Sketch, here: Namespace, process: Process, child: Spec) -> None:
    for name in process.params:
        if name not in child.params:
            message = f"'{process.uses}' has no param '{name}'"
            sketch.note(
                here.name,
                f"{process.path}.params.{name}",
                message,
                expected=_one_of(child.params),
                hint=nearest(name, child.params),
            )
    for name, param in child.params.items():
        if param.required and name not in process.params:
            message = f"'{process.uses}' needs the param '{name}'"
            sketch.note(here.name, process.path, message, expected=f"params: {{{name}: …}}")


def _one_of(names: Iterable[str]) -> str:
    known = sorted(names)
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"one of {shown}" if known else ""
