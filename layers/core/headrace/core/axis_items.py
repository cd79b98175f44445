"""The items of axes as far as they are known: for every axis and every key of its outer axes, key → value, in order.

A nested axis may have other items, and another number of them, below each outer item (rule 2). A dynamic axis has entries
only where its expansion is done. As JSON (`axes.json`) an axis is a list of `{"o": outer keys, "k": key, "v": value}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.program import AxisNames, Program
from headrace.core.values import Value, from_json, to_json

Keys: TypeAlias = tuple[str, ...]
Items: TypeAlias = dict[str, Value]

_NONE: Items = {}


@dataclass(slots=True)
class AxisItems:
    """What is known of the axes of one program, as seen from one scope."""

    program: Program
    entries: dict[str, dict[Keys, Items]] = field(default_factory=dict)
    _positions: dict[tuple[str, Keys], dict[str, int]] = field(default_factory=dict, repr=False)

    def below(self, axis: str, keys: Mapping[str, str]) -> Items:
        """The items of an axis at these keys of its outer axes; empty where there are none."""
        known = self.entries.get(axis)
        return _NONE if known is None else known.get(self._outer(axis, keys), _NONE)

    def value(self, axis: str, keys: Mapping[str, str]) -> Value:
        """The item that `keys` name on an axis; InvalidValue, with the nearest key, when there is none."""
        items = self.below(axis, keys)
        key = keys[axis]
        if key not in items:
            raise InvalidValue(
                f"axis '{axis}' has no item with the key {shown(key)}", hint=nearest(key, list(items)[:1000])
            )
        return items[key]

    def knows(self, axis: str, keys: Mapping[str, str]) -> bool:
        """Whether the items at these outer keys are worked out already."""
        return self._outer(axis, keys) in self.entries.get(axis, {})

    def position(self, axis: str, keys: Mapping[str, str]) -> int:
        """Where the item that `keys` name stands among its like; an unknown one after all of them."""
        known = (axis, self._outer(axis, keys))
        if known not in self._positions:
            self._positions[known] = {key: place for place, key in enumerate(self.below(axis, keys))}
        places = self._positions[known]
        return places.get(keys[axis], len(places))

    def add(self, axis: str, keys: Mapping[str, str], items: Items) -> None:
        """Note the items of an axis at these keys of its outer axes."""
        self.entries.setdefault(axis, {})[self._outer(axis, keys)] = items

    def _outer(self, axis: str, keys: Mapping[str, str]) -> Keys:
        outer = self.program.axes[axis].outer
        return tuple([keys[name] for name in outer]) if outer else ()


def walk(items: AxisItems, axes: AxisNames, fixed: Mapping[str, str]) -> Iterator[tuple[Keys, Keys]]:
    """Every key of these axes: (positions, keys), the first axis slowest; a fixed axis has its one key, at position 0.

    `axes` are in the program's order and hold the outer axes of each of them.
    """
    if not axes:
        return iter([((), ())])
    return _walk(items, axes, fixed, {}, 0, (), ())


def _walk(
    items: AxisItems,
    axes: AxisNames,
    fixed: Mapping[str, str],
    chosen: dict[str, str],
    depth: int,
    positions: Any,
    keys: Keys,
) -> Iterator[tuple[Any, Keys]]:
    axis = axes[depth]
    here = items.below(axis, chosen)
    one = fixed.get(axis)
    options = here if one is None else (one,)
    last = depth + 1 == len(axes)
    for position, key in enumerate(options):
        if last:
            yield (*positions, position), (*keys, key)
        else:
            chosen[axis] = key
            yield from _walk(items, axes, fixed, chosen, depth + 1, (*positions, position), (*keys, key))


def to_file(program: Program, entries: Mapping[str, Mapping[Keys, Items]]) -> dict[str, list[dict[str, Any]]]:
    """The content of `axes.json`; axes in the program's order."""
    return {
        axis: [
            {"o": list(outer), "k": key, "v": to_json(value)}
            for outer, items in entries[axis].items()
            for key, value in items.items()
        ]
        for axis in program.axes
        if axis in entries
    }


def from_files(program: Program, files: Iterable[Mapping[str, Any]]) -> AxisItems:
    """The items that the `axes.json` of a scope and of all scopes around it hold together."""
    read = AxisItems(program)
    for content in files:
        for axis, entries in content.items():
            known = read.entries.setdefault(axis, {})
            for entry in entries:
                known.setdefault(tuple(entry["o"]), {})[entry["k"]] = from_json(entry["v"])
    return read
