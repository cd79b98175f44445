"""A task made concrete: what runs, with which values, and the hash that says whether it was done before.

    skip_reason   `when`, and required inputs that are absent
    work          directives evaluated, files staged, outputs named, script rendered, hash taken

Everything here is worked out again for each attempt, because directives may use `task.attempt`. The hash is the same for
all attempts of a task, and in every run: script and directives go into it with attempt, size and run at fixed values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from headrace.core import container_options, directives, task_inputs
from headrace.core.conditions import holds
from headrace.core.container_options import ContainerOptions
from headrace.core.directive_layers import layers
from headrace.core.directives import TaskDirectives
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace.core.expressions import Template
from headrace.core.names import task_id
from headrace.core.program import LinkedProcess, Program
from headrace.core.script import Rendered, render
from headrace.core.selectors import Defaults
from headrace.core.task_hash import TaskHash, task_hash
from headrace.core.task_inputs import StagedFile, TaskInput
from headrace.core.task_paths import check_inside
from headrace.core.values import Staged, Value, text_of
from headrace.core.visible import Keys, Visible, used_params

STDOUT: Final = ".headrace/stdout"
# What the hash takes `task.…` for: growing memory must not make other work of the same task.
_FIXED: Final = {"attempt": 1, "cpus": 1, "memory": 1024, "time": 3600, "exitStatus": 0, "previousClass": ""}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of an attempt before it is made. `n` counts submissions, `own` is `task.attempt`.

    `memory_mib` and `time_s` are the least it gets, grown by what went before; `queue_index` its rung of the ladder.
    """

    n: int = 1
    own: int = 1
    exit_status: int | None = None
    previous_class: str = ""
    memory_mib: int | None = None
    time_s: int | None = None
    queue_index: int = 0


@dataclass(frozen=True, slots=True)
class DeclaredOutput:
    """An output of one task: its path with the task's values in it, and the place of the value in a JSON file."""

    kind: str
    path: str
    wildcard: bool = False
    optional: bool = False
    data_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A task ready to be submitted, or to be found done."""

    task: str
    process: str
    keys: Mapping[str, str]
    attempt: Attempt
    given: frozenset[str]
    directives: TaskDirectives
    options: ContainerOptions
    container: str
    cpus: float
    memory_mib: int
    time_s: int | None
    inputs: tuple[StagedFile, ...]
    outputs: Mapping[str, DeclaredOutput]
    script: Rendered
    environment: Mapping[str, str]
    hash: TaskHash


def skip_reason(visible: Visible, process: LinkedProcess, keys: Keys, inputs: Iterable[TaskInput]) -> str:
    """Why this task has nothing to do, empty when it runs; InvalidSpec when `when` gives no true or false."""
    for when in process.whens:
        if not holds(when, visible, keys):
            return f"when: {when.template.text} is false"
    return task_inputs.absent(inputs)


def work(
    visible: Visible,
    process: LinkedProcess,
    keys: Keys,
    inputs: Iterable[TaskInput],
    attempt: Attempt,
    *,
    run: str,
    deployment: Mapping[str, Any],
    epoch: int = 1,
    launch: Defaults | None = None,
    contents: Mapping[str, str] | None = None,
) -> Work:
    """The task's work; InvalidSpec with everything that does not fit together, placed in the spec.

    `contents` has what every file contains, by URI, for a process with `cache: deep`.
    """
    inputs = list(inputs)
    bare = bare_work(visible, process, keys, attempt, run=run, deployment=deployment, launch=launch)
    plain = bare_work(visible, process, keys, Attempt(), run="", deployment=deployment, launch=launch)
    local = local_keys(visible.program, process, keys)
    files, values = task_inputs.stage(inputs, local, f"processes.{process.local}.inputs")
    unstaged = [(each.name, "", file) for each in inputs if not each.declared.stage for file in each.files]
    outputs = _outputs(visible, process, keys, {each.name: each.value for each in inputs})
    own = {
        **task_names(process, bare.task, attempt),
        "cpus": bare.cpus,
        "memory": bare.memory_mib,
        "time": bare.time_s,
    }
    more = {
        **values,
        "outputs": {name: Staged(output.path) for name, output in outputs.items() if output.kind != "stdout"},
        "run": {"id": run},
    }
    fixed = {**own, **_FIXED}
    return replace(
        bare,
        inputs=tuple(files),
        outputs=outputs,
        script=_render(visible, process, keys, {**more, "task": own}),
        hash=task_hash(
            script=_whole(_render(visible, process, keys, {**more, "task": fixed, "run": {"id": ""}})),
            shell=" ".join(plain.directives.shell),
            container=plain.container,
            options=container_options.option_text(plain.options),
            environment=plain.directives.env,
            inputs=[*((each.input, each.path, each.file) for each in files), *unstaged],
            outputs={name: [output.kind, output.path, list(output.data_path)] for name, output in outputs.items()},
            secrets=[f"{name}={place}" for name, place in plain.directives.secrets.items()],
            only="" if bare.directives.cache else f"{run}#{epoch}#{bare.task}",
            mode=bare.directives.cache,
            contents=contents,
        ),
    )


def bare_work(
    visible: Visible,
    process: LinkedProcess,
    keys: Keys,
    attempt: Attempt,
    *,
    run: str,
    deployment: Mapping[str, Any],
    launch: Defaults | None = None,
) -> Work:
    """What is known of a task without its inputs: directives, sizes, options, environment. No script, no hash yet."""
    spec = visible.program.namespaces[process.namespace].spec
    said, given = directives_of(visible, process, keys, attempt, run=run, deployment=deployment, launch=launch)
    task = task_id(process.name, {axis: keys[axis] for axis in process.axes})
    most = said.resource_limits
    memory = _sized(said.memory_mib or 1024, attempt.memory_mib, most.memory_mib if most else None)
    return Work(
        task=task,
        process=process.name,
        keys=dict(keys),
        attempt=attempt,
        given=given,
        directives=said,
        options=_options(said, memory, process, spec),
        container=said.container.image if said.container else "",
        cpus=_sized(said.cpus or 1, None, most.cpus if most else None),
        memory_mib=memory,
        time_s=_sized(said.time_s, attempt.time_s, most.time_s if most else None),
        inputs=(),
        outputs={},
        script=Rendered("", {}),
        environment={**said.env, **_environment(run, task, process, keys, attempt)},
        hash=TaskHash("", {}),
    )


def directives_of(
    visible: Visible,
    process: LinkedProcess,
    keys: Keys,
    attempt: Attempt,
    *,
    run: str,
    deployment: Mapping[str, Any],
    launch: Defaults | None = None,
) -> tuple[TaskDirectives, frozenset[str]]:
    """The directives of one attempt, and the names of those that pipeline or launch gave; InvalidSpec with every problem."""
    spec = visible.program.namespaces[process.namespace].spec
    found = layers(visible.program.namespaces, process.namespace, process.process, deployment=deployment, launch=launch)
    raw = directives.merge(found)
    if problem := directives.missing_container(process.local, raw):
        raise InvalidSpec([problem.at(file=spec.file, line=spec.line(problem.path))])
    task = task_id(process.name, {axis: keys[axis] for axis in process.axes})
    more = {"task": task_names(process, task, attempt), "run": {"id": run}}
    said = directives.evaluate(
        raw,
        _scope(visible, process, keys, raw, more),
        lambda reference: visible.answer(process.namespace, keys, reference),
        path=f"processes.{process.local}",
    )
    return said, frozenset(name for layer in found[1:] for name in layer)


def local_keys(program: Program, process: LinkedProcess, keys: Keys) -> dict[str, str]:
    """A task's keys by the names its own file has for them."""
    axes = program.namespaces[process.namespace].axes
    return {local: keys[axis] for local, axis in axes.items() if axis in keys}


def _sized(said: Any, least: Any, most: Any) -> Any:
    """What was said, raised to what earlier attempts showed it needs, capped by `resourceLimits`."""
    value = said if least is None else max(said or 0, least)
    return value if most is None or value is None else min(value, most)


def task_names(process: LinkedProcess, task: str, attempt: Attempt) -> dict[str, Value]:
    """What templates see as `task`, but for its size."""
    return {
        "id": task,
        "process": process.name,
        "attempt": attempt.own,
        "exitStatus": attempt.exit_status,
        "previousClass": attempt.previous_class,
    }


def _scope(
    visible: Visible, process: LinkedProcess, keys: Keys, raw: Any, more: Mapping[str, Value]
) -> dict[str, Value]:
    """All names directives can see; of a used file's params those they use, for others may hang on what a task makes."""
    namespace = visible.program.namespaces[process.namespace]
    used = [used_params(template) for template in _templates(raw)]
    wanted = None if None in used else frozenset(name for names in used for name in names or ())
    scope: dict[str, Value] = {
        "params": visible.namespace_params(namespace, keys, wanted),
        "key": local_keys(visible.program, process, keys),
    }
    scope |= {local: visible.items.value(axis, keys) for local, axis in namespace.axes.items() if axis in keys}
    return scope | dict(more)


def _templates(raw: Any) -> Iterator[Template]:
    if isinstance(raw, Template):
        yield raw
    elif isinstance(raw, Mapping | list | tuple):
        for item in raw.values() if isinstance(raw, Mapping) else raw:
            yield from _templates(item)


def _outputs(
    visible: Visible, process: LinkedProcess, keys: Keys, inputs: Mapping[str, Value]
) -> dict[str, DeclaredOutput]:
    spec = visible.program.namespaces[process.namespace].spec
    found: dict[str, DeclaredOutput] = {}
    problems: list[Problem] = []
    for name, output in process.process.outputs.items():
        if output.template is None:
            found[name] = DeclaredOutput("stdout", STDOUT, optional=output.optional)
            continue
        try:
            path = check_inside(text_of(visible.value(output.template, process.namespace, keys, inputs)))
        except InvalidValue as error:
            problems.append(spec.problem(output.path, error.message, expected=error.expected, hint=error.hint))
            continue
        found[name] = DeclaredOutput(output.kind, path, output.wildcard, output.optional, output.data_path)
    if problems:
        raise InvalidSpec(problems)
    return found


def _options(said: TaskDirectives, memory_mib: int, process: LinkedProcess, spec: Any) -> ContainerOptions:
    if said.container_options is None:
        return container_options.NO_OPTIONS
    try:
        return container_options.parse(said.container_options, declared_env=said.env, memory_mib=memory_mib)
    except InvalidSpec as error:
        place = f"processes.{process.local}.containerOptions"
        raise InvalidSpec(
            [Problem(place, str(problem)).at(file=spec.file, line=spec.line(place)) for problem in error.problems]
        ) from error


def _environment(run: str, task: str, process: LinkedProcess, keys: Keys, attempt: Attempt) -> dict[str, str]:
    return {
        "HEADRACE_RUN_ID": run,
        "HEADRACE_TASK": task,
        "HEADRACE_PROCESS": process.name,
        "HEADRACE_ATTEMPT": str(attempt.own),
        **{f"HEADRACE_KEY_{axis.upper().replace('.', '_')}": keys[axis] for axis in process.axes},
    }


def _whole(script: Rendered) -> str:
    """The script with the lists it reads."""
    return "\0".join([script.text, *(line for path in sorted(script.lists) for line in (path, *script.lists[path]))])


def _render(visible: Visible, process: LinkedProcess, keys: Keys, more: Mapping[str, Value]) -> Rendered:
    script = process.process.script
    spec = visible.program.namespaces[process.namespace].spec
    place = f"processes.{process.local}.script"
    if script is None:
        return Rendered("", {})
    try:
        return render(script, {**visible.names(script, process.namespace, keys), **more})  # type: ignore[arg-type]  # a Script names things as a Template does
    except InvalidValue as error:
        raise InvalidSpec([spec.problem(place, error.message, expected=error.expected, hint=error.hint)]) from error
