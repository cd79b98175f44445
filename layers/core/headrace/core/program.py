"""A linked pipeline: every name found, every reference resolved by axes, every latch known. What `link` makes.

Names are full here: a process, axis or param of a used file stands below the process that uses it (`qc.stats`,
`qc.lane`); a *namespace* is one file in one such place, the root's is empty. Nothing in here depends on params or items:
a Program is made from the files alone, and planning and preparing a task read it without change.

A process is planned in one class of scopes, its *path*: one step per dynamic axis, in its `each` order. A step fixes the
keys that one expansion of this axis stands for (`~chunk[sample=a]` fixes `sample`): those the axis depends on, and those
that a gather over the axis keeps, so that an expansion counts on one latch per gather and never on thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from headrace.core.errors import Problem
from headrace.core.expressions import Template
from headrace.core.spec import Process, Spec

if TYPE_CHECKING:
    from headrace.core.uses import Sketch

AxisNames: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """The key that `at(axis=…)` names: a template, and the namespace it reads names in."""

    template: Template
    namespace: str


@dataclass(frozen=True, slots=True)
class Need:
    """One use of what a process makes, resolved by axes; without an output, of its end alone (`after`).

    The producer's axes are split in three: the key is the consumer's own (`aligned`), named (`at`), or all of them
    (`gathered`). The first two are the latch that the consumer waits for.
    """

    process: str
    output: str
    aligned: AxisNames
    at: tuple[tuple[str, Key], ...] = ()
    gathered: AxisNames = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One expansion on the way to a process: the dynamic axis, and all keys fixed by then (in the program's order)."""

    axis: str
    fixed: AxisNames


Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class LinkedAxis:
    """A named dimension. `outer` are all axes its items depend on, outermost first; `needs` make it dynamic."""

    name: str
    local: str
    namespace: str
    source: Any
    outer: AxisNames
    needs: tuple[Need, ...]
    roots: AxisNames
    place: str

    @property
    def dynamic(self) -> bool:
        """Whether a process has to end before the items are known."""
        return bool(self.needs)


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a process, its own or of a `uses` around it, in the namespace it reads names in.

    It is `early` when it names params and axes only: then it is decided at plan time, from the keys of `axes`.
    """

    template: Template
    namespace: str
    early: bool
    axes: AxisNames
    place: str


@dataclass(frozen=True, slots=True)
class LinkedProcess:
    """A process with everything its tasks need to be planned.

    `axes` are in `each` order, those of the `uses` around it first; `latches` are the projections of them that some
    consumer waits for; `rank` orders tasks so that gathers come last.
    """

    name: str
    local: str
    namespace: str
    process: Process
    axes: AxisNames
    needs: tuple[Need, ...]
    whens: tuple[When, ...]
    dynamic: AxisNames
    path: Path
    latches: tuple[AxisNames, ...]
    rank: tuple[int, ...]
    number: int
    max_forks: Any = None


@dataclass(frozen=True, slots=True)
class Namespace:
    """One spec file in one place. `each` are the axes of the `uses` around it, `given` the params it was given there."""

    name: str
    spec: Spec
    parent: str | None = None
    each: AxisNames = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    processes: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    uses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A class of expansions, as the scopes they open: what is behind them."""

    path: Path
    behind: tuple[str, ...]
    needs: tuple[Need, ...]
    rank: tuple[int, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Program:
    """A pipeline, linked. Processes are in order of definition, axes in the order they first stand in an
    `each`, outer before inner.
    """

    namespaces: Mapping[str, Namespace]
    processes: Mapping[str, LinkedProcess]
    axes: Mapping[str, LinkedAxis]
    expansions: Mapping[Path, Expanded]
    outputs: Mapping[str, tuple[Need, ...]]
    sketch: Sketch = field(repr=False)
    warnings: tuple[Problem, ...] = ()

    def in_order(self, axes: Iterable[str]) -> AxisNames:
        """Axes in the program's order: outer before inner, and the same for every process."""
        wanted = set(axes)
        return tuple(axis for axis in self.axes if axis in wanted)

    def children(self, path: Path) -> list[Expanded]:
        """The classes of expansions that stand in a scope of this path."""
        return [node for node in self.expansions.values() if node.path[:-1] == path]

    def placed(self, path: Path) -> list[LinkedProcess]:
        """The processes whose tasks stand in a scope of this path."""
        return [process for process in self.processes.values() if process.path == path]
