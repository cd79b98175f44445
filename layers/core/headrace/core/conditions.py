"""`when`, as far as params and axes decide it: such a task is made or never made at plan time (spec rule 5).

The answer depends on the keys of the axes that the condition names, so it is worked out once for each of these and not
once per task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.program import LinkedProcess, When
from headrace.core.values import describe
from headrace.core.visible import Visible


@dataclass(slots=True)
class Conditions:
    """The conditions known before the run, with what was worked out already."""

    visible: Visible
    _known: dict[tuple[object, ...], bool] = field(default_factory=dict)

    def present(self, process: LinkedProcess, keys: Mapping[str, str]) -> bool:
        """Whether a task is made; a condition that is decided in the run does not prevent it."""
        return all(self._holds(when, keys) for when in process.whens if when.early)

    def _holds(self, when: When, keys: Mapping[str, str]) -> bool:
        known = (id(when), *(keys[axis] for axis in when.axes))
        if known not in self._known:
            here = {axis: keys[axis] for axis in when.axes}
            self._known[known] = holds(when, self.visible, here)
        return self._known[known]


def holds(when: When, visible: Visible, keys: Mapping[str, str]) -> bool:
    """A condition's value; InvalidSpec, at its place, when it is neither true nor false."""
    try:
        value = visible.value(when.template, when.namespace, keys)
        if isinstance(value, bool):
            return value
        message = f"`when` gives {describe(value)}"
        problem = Problem(
            when.place, message, expected="true or false", hint="compare it: `x == …`, `x is none`, `x | length > 0`"
        )
    except InvalidValue as error:
        problem = Problem(when.place, error.message, expected=error.expected, hint=error.hint)
    spec = visible.program.namespaces[when.namespace].spec
    at = ", ".join(f"{axis}={key}" for axis, key in keys.items())
    if at:
        problem = Problem(problem.path, f"{problem.message}, for {at}", expected=problem.expected, hint=problem.hint)
    raise InvalidSpec([problem.at(file=spec.file, line=spec.line(problem.path))])
