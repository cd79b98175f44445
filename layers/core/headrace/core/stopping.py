"""`stopWhen`: whether what a task made ends its run (spec rule 12).

It is evaluated when a task of the process is done, made anew or found done, and sees what directives see, the task's inputs,
and its `outputs`. True closes the run as *stopped*: no task starts any more, running jobs are brought to their end.
"""

from __future__ import annotations

from collections.abc import Mapping

from headrace.core.conclusion import STOP_PREFIX
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.names import task_id
from headrace.core.program import LinkedProcess
from headrace.core.task_inputs import evaluate as inputs_of
from headrace.core.task_work import Attempt, task_names
from headrace.core.values import Value, describe
from headrace.core.visible import Keys, Visible


def stops(
    when: Template,
    visible: Visible,
    process: LinkedProcess,
    keys: Keys,
    outputs: Mapping[str, Value],
    attempt: Attempt,
    run: str,
) -> bool:
    """Whether the run stops here; InvalidSpec when the condition gives neither true nor false.

    `visible` has to know the task's own outputs as well, for a condition that names them by the process.
    """
    spec = visible.program.namespaces[process.namespace].spec
    place = f"processes.{process.local}.stopWhen"
    task = task_id(process.name, {axis: keys[axis] for axis in process.axes})
    more: dict[str, Value] = {"run": {"id": run}, "task": task_names(process, task, attempt), "outputs": dict(outputs)}
    try:
        if when.names & process.process.inputs.keys():
            more |= {given.name: given.value for given in inputs_of(visible, process, keys, {"run": {"id": run}})}
        value = visible.value(when, process.namespace, keys, more)
        if isinstance(value, bool):
            return value
        problem = Problem(
            place,
            f"`stopWhen` gives {describe(value)}",
            expected="true or false",
            hint="compare it: `x == …`, `x is none`",
        )
    except InvalidValue as error:
        problem = Problem(place, error.message, expected=error.expected, hint=error.hint)
    raise InvalidSpec([problem.at(file=spec.file, line=spec.line(place))])


def reason(task: str, when: Template) -> str:
    """Why the run closes, as its record says it."""
    return f"{STOP_PREFIX}{task}: stopWhen {when.text.strip()} is true"
