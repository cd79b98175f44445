"""Bringing a stack to a template: what is new is made, what differs is changed, what is gone is removed, in that order.

Before anything is touched the template is checked: parameters, conditions, types and properties, references and their
order. What a replacement or the new template leaves behind is removed last, so a failure on the way finds it still there.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from headrace_local import cloudformation_types, stack_resources, template_order, template_parameters, template_rules
from headrace_local.stack_resources import Applied, Failed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stack shall be: the template as it was given and as it is read, and the parameters as they were given.

    `granted` are the capabilities, which nested stacks have too.
    """

    text: str
    template: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)
    granted: tuple[str, ...] = ()


def applied(stack: Any) -> dict[str, Applied]:
    """The resources of a stack by logical id, in the order they were made."""
    found: dict[str, Applied] = vars(stack).setdefault("headrace_applied", {})
    return found


def bring(stack: Any, wanted: Wanted) -> None:
    """Make the stack what is wanted. `Failed` names what could not be; the stack is then half-way."""
    have = applied(stack)
    resources, names = _settle(stack, wanted)
    leftover: list[tuple[str, Applied]] = []
    try:
        for name in names:
            old = have.get(name)
            if old is None:
                _put(stack, name, stack_resources.create(stack, name, resources[name]))
            elif (now := stack_resources.change(stack, name, resources[name], old)) is not old:
                _put(stack, name, now)
                if (now.kind, now.ref) != (old.kind, old.ref):
                    leftover.append((name, old))
    except Failed:
        _take_back(stack, leftover)
        raise
    gone = [(name, have[name]) for name in reversed(have) if name not in resources]
    for name, old in [*leftover, *gone]:
        replaced = have.get(name) is not old
        if not replaced:
            _drop(stack, name)
        stack_resources.remove(stack, name, old, replaced=replaced)
    _conclude(stack, wanted)


def clear(stack: Any, retained: Collection[str] = ()) -> None:
    """Remove every resource but the retained, who refers to another one first. `Failed` names the first that stays."""
    have = applied(stack)
    for name, old in reversed(list(have.items())):
        if name not in retained:
            stack_resources.remove(stack, name, old)
        _drop(stack, name)


def _settle(stack: Any, wanted: Wanted) -> tuple[dict[str, Any], list[str]]:
    """Everything that can be known before: the resources to be, and their order."""
    template, resource_map = wanted.template, stack.resource_map
    problems = list(cloudformation_types.problems(template))
    for problem in problems:
        name = problem.path.split(".")[1]
        kind = str(template["Resources"][name].get("Type", ""))
        stack_resources.tell(stack, name, kind, "CREATE_FAILED", f"{problem}")
    if problems:
        raise Failed("; ".join(f"{problem}" for problem in problems))
    try:
        values = template_parameters.bound(template.get("Parameters", {}), wanted.given)
        template_rules.check(template, values)
        resource_map._template = template
        resource_map.headrace_values = values
        resource_map.load_mapping()
        resource_map.load_parameters()
        resource_map.load_conditions()
        resources = template_order.wanted(template["Resources"], resource_map.lazy_condition_map)
        known = {*template.get("Parameters", {}), *template.get("Mappings", {}), *resource_map.headrace_pseudo}
        names = template_order.order(resources, template["Resources"], known)
    except (template_parameters.Unfit, template_order.Unorderable) as error:
        raise Failed(str(error)) from error
    resource_map._resource_json_map = template["Resources"]
    return resources, names


def _put(stack: Any, name: str, now: Applied) -> None:
    applied(stack)[name] = now
    stack.resource_map._parsed_resources[name] = now.thing


def _drop(stack: Any, name: str) -> None:
    applied(stack).pop(name, None)
    stack.resource_map._parsed_resources.pop(name, None)


def _take_back(stack: Any, leftover: list[tuple[str, Applied]]) -> None:
    """The replaced ones are still there: they take their places again, and their successors go."""
    for name, old in reversed(leftover):
        successor = applied(stack)[name]
        _put(stack, name, old)
        stack_resources.remove(stack, name, successor)


def _conclude(stack: Any, wanted: Wanted) -> None:
    """What the stack says of itself from now on. An output that cannot be had is a failure now, not when somebody asks."""
    from moto.cloudformation.parsing import OutputMap

    shown = OutputMap(stack.resource_map, wanted.template, stack.stack_id)
    try:
        list(shown.values())
    except Exception as error:
        raise Failed(f"Outputs: {type(error).__name__}: {error}") from error
    stack.template_dict, stack.template = wanted.template, json.dumps(wanted.template)
    stack.description = wanted.template.get("Description")
    stack.parameters = stack.resource_map.headrace_values
    stack.headrace_wanted = wanted
    stack.output_map = shown
