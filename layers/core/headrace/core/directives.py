"""Directives: everything a process says about how its tasks run, in one table (rules 12 and 13).

A value travels in three steps. *Read*: texts with an expression become Templates, what is literal is validated at once.
*Merge*: layers weak to strong, replacing by name, or by key where the table says so. *Evaluate*: templates get their
values and the very same readers turn everything into `TaskDirectives`, with normalised units. When a directive is
evaluated is part of the table: a task's memory at each attempt, `maxForks` when the run is planned, `stopWhen` after success.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from headrace.core import directive_readers as readers
from headrace.core import directive_values as values
from headrace.core import units
from headrace.core.absent_directives import ELSEWHERE
from headrace.core.document import key_path
from headrace.core.errors import InvalidSpec, InvalidValue, Problem, nearest
from headrace.core.expressions import Resolve, Template, no_process
from headrace.core.expressions import evaluate as evaluate_template
from headrace.core.frozen import ByInstance, Frozen
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.reading import At, Book, holds_template
from headrace.core.retry_budgets import Budget
from headrace.core.spec_publish import Publish, read_publish
from headrace.core.volumes import Volume

Moment = Literal["check", "plan", "attempt", "success"]
Raw = Mapping[str, Any]
DEFAULT_SHELL: Final = ("bash", "-euo", "pipefail")


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: how its value is read, when it is evaluated, and what the docs say about it.

    `field` names it in TaskDirectives. At `check` no expression may stand in it; parts named in `later` (and all of one
    evaluated after `success`) stay Templates until then.
    """

    name: str
    field: str
    read: readers.Reader
    moment: Moment
    form: str
    about: str
    by_key: bool = False
    later: frozenset[str] = frozenset()


class TaskDirectives(Frozen):
    """A task's directives, valid and in one unit each: MiB, GiB, seconds. None means: nothing was said."""

    container: values.Container | None = None
    container_options: str | list[Any] | dict[str, Any] | None = None
    cpus: int | float | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None
    time_s: int | None = None
    accelerator: values.Accelerator | None = None
    queues: tuple[str, ...] = ()
    executor: Literal["awsbatch"] = "awsbatch"
    arch: Literal["x86_64", "arm64"] | None = None
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    job_role: str | None = None
    volumes: tuple[ByInstance[Volume], ...] = ()
    consumable_resources: dict[str, int] = Field(default_factory=dict)
    resource_labels: dict[str, str] = Field(default_factory=dict)
    resource_limits: values.ResourceLimits | None = None
    error_strategy: Literal["terminate", "finish", "ignore", "retry"] = "terminate"
    max_retries: int = 1
    max_errors: values.MaxErrors | None = None
    retry: dict[OutcomeClass, ByInstance[Budget]] = Field(default_factory=dict)
    wait_limit: values.WaitLimit | None = None
    max_forks: int | None = None
    label: tuple[str, ...] = ()
    publish: tuple[Publish, ...] = ()
    shell: tuple[str, ...] = DEFAULT_SHELL
    cache: bool = True
    scratch: bool = True
    on_failure: tuple[str, ...] = ()
    stop_when: ByInstance[Template] | None = None

    @property
    def gpus(self) -> int:
        """How many GPUs the task asks for."""
        return self.accelerator.count if self.accelerator else 0


def _stop_when(at: At) -> Any:
    if isinstance(at.value, Template) and at.value.lone:
        return at.value
    at.refuse("not one lone expression", expected="one ${{ … }} that is true when the run shall stop")
    return None


_TABLE: Final = (
    Directive("container", "container", values.container, "attempt", "image · `job-definition://name[:revision]` · `{image, credentials}`", "the image a task runs in"),
    Directive("containerOptions", "container_options", values.container_options, "attempt", "text, list or map", "options as `docker run` takes them"),
    Directive("cpus", "cpus", readers.leaf(units.cpus), "attempt", "whole number; 0.25 or 0.5 on Fargate", "vCPUs"),
    Directive("memory", "memory_mib", readers.leaf(units.memory_mib), "attempt", "size, `8 GB`", "memory"),
    Directive("disk", "disk_gib", readers.leaf(units.disk_gib), "attempt", "size, `50 GB`", "disk space (Fargate)"),
    Directive("time", "time_s", readers.leaf(units.time_limit_s), "attempt", "duration, `90m`, at least `60s`", "the longest an attempt may run"),
    Directive("accelerator", "accelerator", values.accelerator, "attempt", "number · `{count, type}`", "GPUs"),
    Directive("queue", "queues", values.queue, "attempt", "name or ARN · list", "the job queue; a list is a ladder that retries climb"),
    Directive("executor", "executor", values.executor, "check", "`awsbatch`", "where tasks run"),
    Directive("arch", "arch", values.arch, "attempt", "`x86_64` · `arm64`", "processor architecture"),
    Directive("env", "env", values.env, "attempt", "map name: value", "environment variables", by_key=True),
    Directive("secrets", "secrets", values.secrets, "attempt", "map name: `ssm:…` · `secretsmanager:…`", "variables whose values Batch fetches", by_key=True),
    Directive("jobRole", "job_role", values.job_role, "attempt", "ARN", "the IAM role of the job"),
    Directive("volumes", "volumes", values.volumes, "attempt", "`host:path[:ro]` · `{efs, path, at, readOnly, accessPoint}` · list", "what is mounted into the container"),
    Directive("consumableResources", "consumable_resources", values.consumable_resources, "attempt", "map name: number", "licences and other things Batch counts"),
    Directive("resourceLabels", "resource_labels", values.resource_labels, "attempt", "map tag: text", "tags of the job, for bills", by_key=True),
    Directive("resourceLimits", "resource_limits", values.resource_limits, "attempt", "`{cpus, memory, disk, time}`", "caps on what a task may ask for"),
    Directive("errorStrategy", "error_strategy", readers.choice("terminate", "finish", "ignore", "retry"), "attempt", "`terminate` · `finish` · `ignore` · `retry`", "what a failure does to the run"),
    Directive("maxRetries", "max_retries", readers.whole(0, 100), "attempt", "whole number", "how often a failed task is tried again"),
    Directive("maxErrors", "max_errors", values.max_errors, "attempt", "number · `10%`", "how many tasks of the process may fail before the run ends"),
    Directive("retry", "retry", values.retry, "attempt", "map class: number · `{times, delay, memory, upTo, time, codes}`", "how often each outcome class is tried again"),
    Directive("waitLimit", "wait_limit", values.wait_limit, "attempt", "duration · `{runnable, starting, action}`", "how long a job may wait, and what happens then"),
    Directive("maxForks", "max_forks", readers.whole(1), "plan", "whole number", "how many tasks of the process run at once"),
    Directive("label", "label", values.label, "check", "name · list", "marks that `withLabel` selects"),
    Directive("publishDir", "publish", read_publish, "attempt", "path · `{path, mode, pattern, only, saveAs, tags, storageClass}` · list", "which outputs are copied to the results, and where", later=frozenset({"saveAs"})),
    Directive("shell", "shell", values.shell, "check", "text · list of words", "the shell that runs the script, of the sh family"),
    Directive("cache", "cache", readers.boolean, "attempt", "true · false", "whether equal work is used again"),
    Directive("scratch", "scratch", readers.boolean, "attempt", "true · false", "whether the task works in a fresh folder on the machine's disk"),
    Directive("onFailure", "on_failure", values.on_failure, "attempt", "glob · list", "files kept when the task fails"),
    Directive("stopWhen", "stop_when", _stop_when, "success", "one `${{ }}`", "true after success: the run drains and ends *stopped*"),
)  # fmt: skip
DIRECTIVES: Final[dict[str, Directive]] = {directive.name: directive for directive in _TABLE}


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
            before = merged.get(name)
            by_key = DIRECTIVES[name].by_key and isinstance(before, dict) and isinstance(value, dict)
            merged[name] = {**before, **value} if by_key and before is not None else value
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
