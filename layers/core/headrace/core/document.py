"""A file as plain values, each with its place.

A path is the keys joined by dots, list positions in brackets: `processes.call.each[1].chrom`. Places are found by path when
something is wrong, so they are kept beside the values and cost a valid file nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

MAX_PATH: Final = 1000


class Place(NamedTuple):
    """Where a value stands and how it is written; lines count from 1."""

    line: int
    key_line: int
    style: str  # plain | quoted | literal | folded | map | list
    last_line: int
    last_column: int
    children: dict[str, Place] | list[Place] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's plain data, and where each part of it stands.

    A path is the keys joined by dots, list positions in brackets: `processes.call.each[1].chrom`.
    """

    value: dict[str, Any]
    file: str
    root: Place
    source: tuple[str, ...]

    @property
    def is_json(self) -> bool:
        """Whether the whole file is written with braces, as JSON is; it has no `|` blocks then."""
        return self.source[self.root.line - 1].lstrip().startswith("{")

    def place(self, path: str) -> Place:
        """The place of `path`, or of the nearest part above it that is written down."""
        return _descend(self.root, path)

    def line(self, path: str, within: int = 0) -> int:
        """The line of `path` (of its key, in a map); `within=n` is the n-th line of the text that stands there."""
        place = self.place(path)
        return _text_line(place, within) if within else place.key_line

    def is_commented(self, path: str) -> bool:
        """Whether the value of `path` is followed by a comment on its line."""
        place = self.place(path)
        after = self.source[place.last_line - 1][place.last_column :] if place.last_line <= len(self.source) else ""
        return after.lstrip(" \t").startswith("#")


def key_path(path: str, key: str) -> str:
    """The path of `key` in the map at `path`; a path that is longer than anybody reads grows no further."""
    if len(path) > MAX_PATH:
        return path
    return f"{path}.{key}" if path else key


def item_path(path: str, index: int) -> str:
    """The path of an item of the list at `path`."""
    return path if len(path) > MAX_PATH else f"{path}[{index}]"


def _descend(place: Place, path: str) -> Place:
    """Follow `path` as far as it is written; `name` also finds the key `name?`."""
    rest = path
    while rest:
        found = _step(place, rest)
        if found is None:
            return place
        place, taken = found
        rest = rest[taken:].removeprefix(".")
    return place


def _step(place: Place, rest: str) -> tuple[Place, int] | None:
    if isinstance(place.children, list):
        index = re.match(r"\[(\d{1,9})\]", rest)
        if index is None or int(index[1]) >= len(place.children):
            return None
        return place.children[int(index[1])], index.end()
    if place.children is None:
        return None
    cuts = [len(rest), *(found.start() for found in re.finditer(r"[.\[]", rest))]
    for cut in sorted(cuts, reverse=True):
        key = rest[:cut]
        child = place.children.get(key) or place.children.get(f"{key}?")
        if child is not None:
            return child, cut
    return None


def _text_line(place: Place, within: int) -> int:
    if isinstance(place.children, list):
        return place.children[min(within, len(place.children)) - 1].line if place.children else place.line
    return place.line + within if place.style in ("literal", "folded") else place.line
