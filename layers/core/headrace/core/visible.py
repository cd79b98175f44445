"""What a template sees at one key, and its value there (spec rules 10 and 14).

A template reads names in its own namespace: the params of that file, its axes, `key`, and the processes of that file. The
params of a used file are templates of the file around it, so their values are worked out one level up, when asked for:
that is how data flows into a used pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from headrace.core import params as params_module
from headrace.core.axis_items import AxisItems
from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.expressions import Reference, Template, evaluate
from headrace.core.fetch import take
from headrace.core.program import Namespace, Program
from headrace.core.script import Script
from headrace.core.values import Value

Keys: TypeAlias = Mapping[str, str]
Answer: TypeAlias = Callable[[str, Keys, Reference], Value]


def no_answer(_namespace: str, _keys: Keys, reference: Reference) -> Value:
    """The answer to a reference where nothing has run yet."""
    raise InvalidValue(f"'{reference}' is not known before the run", hint="use params and axes only")


@dataclass(slots=True)
class Visible:
    """A program with its params and the items known; `answer` gives what a process made: (namespace, keys, reference)."""

    program: Program
    params: Mapping[str, Value]
    items: AxisItems
    answer: Answer = no_answer
    fetched: Mapping[Any, Any] = field(default_factory=dict)
    _params: dict[tuple[object, ...], Value] = field(default_factory=dict)

    def value(self, template: Template, namespace: str, keys: Keys, more: Mapping[str, Value] | None = None) -> Value:
        """The template's value at these keys (full axis names); `more` are names beside the usual ones (task, run, …)."""
        if template.literal is not None:
            return template.literal
        scope = self.names(template, namespace, keys)
        return evaluate(
            template, {**scope, **more} if more else scope, lambda reference: self.answer(namespace, keys, reference)
        )

    def names(self, template: Template, namespace: str, keys: Keys) -> dict[str, Value]:
        """The names the template uses, of those it can see, with their values."""
        here = self.program.namespaces[namespace]
        scope: dict[str, Value] = {}
        for name in template.names:
            if name == "params":
                scope["params"] = self.namespace_params(here, keys, used_params(template))
            elif name == "key":
                scope["key"] = {local: keys[axis] for local, axis in here.axes.items() if axis in keys}
            elif name in here.axes and here.axes[name] in keys:
                axis = self.program.axes[here.axes[name]]
                scope[name] = self.items.value(axis.name, keys)
        return scope

    def structure(self, value: Any, namespace: str, keys: Keys) -> Value:
        """A value with templates in it, evaluated through and through."""
        if isinstance(value, Template):
            return self.value(value, namespace, keys)
        if isinstance(value, list | tuple):
            return [self.structure(item, namespace, keys) for item in value]
        if isinstance(value, Mapping):
            return {name: self.structure(item, namespace, keys) for name, item in value.items()}
        return value

    def namespace_params(self, namespace: Namespace, keys: Keys, wanted: frozenset[str] | None) -> Mapping[str, Value]:
        """The params of a namespace: the run's own in the root, elsewhere those `wanted` (None: all)."""
        if namespace.parent is None:
            return self.params
        names = namespace.spec.params if wanted is None else [name for name in namespace.spec.params if name in wanted]
        return {name: self._param(namespace, name, keys) for name in names}

    def _param(self, namespace: Namespace, name: str, keys: Keys) -> Value:
        known = (namespace.name, name, *(keys.get(axis, "") for axis in namespace.each))
        if known not in self._params:
            given = namespace.given.get(name, _MISSING)
            outer = namespace.parent or ""
            values = {} if given is _MISSING else {name: self.structure(given, outer, keys)}
            declared = {name: namespace.spec.params[name]}
            base, given_base = namespace.spec.file, self.program.namespaces[outer].spec.file
            tables = params_module.tables_to_fetch(declared, values, base=base, given_base=given_base)
            texts = {uri: str(take(self.fetched, "text", uri)) for uri in tables}
            try:
                self._params[known] = params_module.bind(declared, values, texts, base=base, given_base=given_base)[
                    name
                ]
            except InvalidSpec as error:
                raise _placed_given(self.program.namespaces[outer], namespace.name, error) from None
        return self._params[known]


def used_params(template: Template | Script) -> frozenset[str] | None:
    """The params that a template names; None when it cannot be told (`params[x]`)."""
    uses = [use for use in template.uses if use[0] == "params"]
    if "params" in template.names and (not uses or any(len(use) == 1 for use in uses)):
        return None
    return frozenset(use[1] for use in uses)


def _placed_given(outer: Namespace, name: str, error: InvalidSpec) -> InvalidSpec:
    """What is wrong with a param of a used file, at the `uses` that gives it."""
    path = outer.spec.processes[name.rpartition(".")[2]].path
    return InvalidSpec(
        outer.spec.problem(f"{path}.{each.path}", each.message, expected=each.expected, hint=each.hint)
        for each in error.problems
    )


_MISSING = object()
