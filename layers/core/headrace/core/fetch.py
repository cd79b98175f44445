"""What the core wants read. It reads nothing itself: it answers `Needs`, an adapter reads, and calls again.

    kind   what `fetched[fetch]` holds
    glob   a list of `File`, the objects whose URI matches (`*`, `?`, `[…]` within a path component, `**` across them)
    text   the object's text
    json   the object's JSON as plain data

What could not be read is an `Unreadable` there instead, and becomes a problem at the place that asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from headrace.core.errors import HeadraceError, InvalidValue

Kind: TypeAlias = Literal["glob", "text", "json"]


@dataclass(frozen=True, slots=True, order=True)
class Fetch:
    """One thing to read."""

    kind: Kind
    uri: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a thing could not be read: `no such object`, `not allowed`, `not UTF-8`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be read before there is an answer, each once, in order."""

    fetches: tuple[Fetch, ...]


class NotFetched(HeadraceError):  # noqa: N818 - control flow within the core: the answer needs this read first
    """Raised where a value is asked for that has not been read; whoever drives turns it into `Needs`."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__(f"{fetch.uri} has not been read")
        self.fetch = fetch


def take(fetched: Mapping[Fetch, Any], kind: Kind, uri: str) -> Any:
    """What was read; NotFetched when it was not yet, InvalidValue when it cannot be."""
    fetch = Fetch(kind, uri)
    if fetch not in fetched:
        raise NotFetched(fetch)
    content = fetched[fetch]
    if isinstance(content, Unreadable):
        raise InvalidValue(f"cannot read {uri}: {content.reason}")
    return content
