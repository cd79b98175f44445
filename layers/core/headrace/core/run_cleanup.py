"""Which runs are old, and which work nobody newer points to.

A run goes as a whole, all its epochs, once all are concluded and the last one ended before the day. Work is shared: equal work
is used by every run that needs it, so a piece goes only when nothing was written to it since that day and no record of a run
that stays names its hash. Work of runs that are long forgotten, and what failed attempts left, goes the same way.

Hashes are kept as 32 bytes, and so many at a time as `slices` says: memory stays bounded however much there is.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from headrace.core.records import Epoch, RunRecord
from headrace.core.run_state import CONCLUDED

HASHES_AT_ONCE: Final = 250_000
_DIGITS: Final = "0123456789abcdef"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_PIECE: Final = re.compile(r"(?P<hh>[0-9a-f]{2})/(?P<hash>(?P=hh)[0-9a-f]{62})/(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class RunAge:
    """A run with all its epochs: when its last one ended (began, while it goes on), whose it is, and how many tasks they have."""

    run: str
    epochs: tuple[tuple[Epoch, str], ...]
    state: str
    ended: str
    tasks: int
    concluded: bool
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the work folder: its URI, bytes, and when it was written (ISO 8601 in UTC)."""

    uri: str
    size: int
    modified: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work as it lies in the bucket. `committed`: it has a result that a run could use."""

    prefix: str
    hash: bytes
    objects: int
    size: int
    modified: str
    committed: bool


def ages(records: Iterable[RunRecord]) -> tuple[RunAge, ...]:
    """Runs, oldest end first, from the records of their epochs in any order."""
    by_run: dict[str, list[RunRecord]] = {}
    for record in records:
        by_run.setdefault(record.epoch.run, []).append(record)
    return tuple(sorted((_age(epochs) for epochs in by_run.values()), key=lambda age: (age.ended, age.run)))


def old(runs: Iterable[RunAge], before: str) -> tuple[RunAge, ...]:
    """The runs that are over since before a time (ISO 8601 in UTC)."""
    return tuple(age for age in runs if age.concluded and age.ended < before)


def pieces(root: str, listed: Iterable[Stored]) -> Iterator[Piece]:
    """The pieces of work below a work folder, from its objects in order of their keys; what is no piece is passed over."""
    known = ((match, each) for each in listed if (match := _PIECE.fullmatch(each.uri.removeprefix(root))))
    for (hh, digest), group in groupby(known, lambda pair: (pair[0]["hh"], pair[0]["hash"])):
        objects, size, modified, committed = 0, 0, "", False
        for match, each in group:
            objects, size, modified = objects + 1, size + each.size, max(modified, each.modified)
            committed = committed or match["rest"] == "outputs.json"
        yield Piece(f"{root}{hh}/{digest}/", bytes.fromhex(digest), objects, size, modified, committed)


def removable(piece: Piece, before: str, pointed_to: Container[bytes]) -> bool:
    """Whether a piece of work was left alone since before a time and nobody who stays points to it."""
    return piece.modified < before and piece.hash not in pointed_to


def is_hash(text: str) -> bool:
    """Whether a text is the hash of a piece of work."""
    return bool(_HASH.fullmatch(text))


def slices(tasks: int, at_once: int = HASHES_AT_ONCE) -> tuple[str, ...]:
    """Beginnings of hashes, in so many parts that no part has much more than `at_once` of `tasks` hashes, in order."""
    if tasks <= at_once:
        return ("",)
    if tasks <= 16 * at_once:
        return tuple(_DIGITS)
    return tuple(first + second for first in _DIGITS for second in _DIGITS)


def _age(records: list[RunRecord]) -> RunAge:
    records = sorted(records, key=lambda record: record.epoch.number)
    latest = records[-1]
    return RunAge(
        run=latest.epoch.run,
        epochs=tuple((record.epoch, record.started) for record in records),
        state=latest.state,
        ended=max(record.ended or record.started for record in records),
        tasks=sum(sum(record.tasks.values()) for record in records),
        concluded=all(record.state in CONCLUDED for record in records),
        tenant=latest.tenant,
    )
