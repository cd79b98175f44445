"""The key that `at(axis=…)` names (spec rule 3): worked out from params and axes alone, so it is known at plan time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from headrace.core.axis_keys import item_key
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.program import Key, Need
from headrace.core.visible import Visible

_SUGGESTED = 1000


def named_key(visible: Visible, key: Key, keys: Mapping[str, str]) -> str:
    """The key's text: of a scalar its text, of a record its `id`, of a file its name."""
    return item_key(visible.value(key.template, key.namespace, keys))


def check_named_keys(visible: Visible, need: Need, keys: Mapping[str, str]) -> None:
    """InvalidValue, with the nearest key, when a need names an item that does not exist."""
    there = {axis: keys[axis] for axis in need.aligned} | {axis: named_key(visible, key, keys) for axis, key in need.at}
    for axis, key in need.at:
        outer = visible.program.axes[axis].outer
        if all(name in there for name in outer):
            items = visible.items.below(axis, there)
            if there[axis] not in items:
                local = visible.program.axes[axis].local
                hint = nearest(there[axis], islice(items, _SUGGESTED))
                raise InvalidValue(
                    f"`{key.template.text}` names {shown(there[axis])}, and axis '{local}' has no such item",
                    expected=f"one of its {len(items)} keys",
                    hint=hint,
                )
