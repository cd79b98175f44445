"""What is old, and what nobody who stays points to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from headrace.core.records import Epoch, RunRecord
from headrace.core.run_cleanup import Stored, ages, is_hash, old, pieces, removable, slices

ROOT = "s3://b/work/default/"
DAY = "2026-01-31T00:00:00.000Z"


def run(name: str, number: int = 1, state: str = "succeeded", ended: str = "2026-01-01T00:00:00.000Z") -> RunRecord:
    """An epoch of a run, with three tasks."""
    return RunRecord(Epoch(name, number), "e", "2026-01-01T00:00:00.000Z", state=state, ended=ended, tasks={state: 3})


def digest(name: str) -> str:
    """A hash."""
    return hashlib.sha256(name.encode()).hexdigest()


def stored(name: str, rest: str, modified: str = "2026-01-02T00:00:00.000Z", size: int = 10) -> Stored:
    """An object of a piece of work."""
    return Stored(f"{ROOT}{digest(name)[:2]}/{digest(name)}/{rest}", size, modified)


def test_a_run_is_as_old_as_its_last_epoch() -> None:
    """Resumed yesterday, a run of last year is not old; its epochs go together."""
    found = ages([run("a", 2, ended="2026-02-01T00:00:00.000Z"), run("b"), run("a"), run("c", 2), run("c")])
    assert [(age.run, age.tasks) for age in old(found, DAY)] == [("b", 3), ("c", 6)]
    assert [[epoch.number for epoch, _ in age.epochs] for age in old(found, DAY)] == [[1], [1, 2]]


def test_a_run_is_its_teams_to_the_end() -> None:
    """Whoever removes it knows which list it stands in besides."""
    [age] = ages([replace(run("genomics-a"), tenant="genomics")])
    assert age.tenant == "genomics"
    assert [age.tenant for age in ages([run("a")])] == [""]


def test_a_run_that_goes_on_is_never_old() -> None:
    """However long ago it began, whichever epoch is open."""
    assert old(ages([run("a", state="running", ended=""), run("b"), run("b", 2, "closing", "")]), DAY) == ()


def test_a_piece_is_as_young_as_its_newest_object() -> None:
    """Objects of one hash are one piece; a later attempt keeps it."""
    listed = sorted(
        [
            stored("x", "a/j.1/manifest.json"),
            stored("x", "outputs.json", "2026-02-02T00:00:00.000Z", 5),
            stored("y", "j/r.1.1/run.sh"),
            Stored(f"{ROOT}notes.txt", 1, "2020-01-01T00:00:00.000Z"),
            Stored(f"{ROOT}zz/other", 1, "2020-01-01T00:00:00.000Z"),
        ],
        key=lambda each: each.uri,
    )
    found = {piece.hash.hex(): piece for piece in pieces(ROOT, listed)}
    assert found.keys() == {digest("x"), digest("y")}
    whole = found[digest("x")]
    assert (whole.objects, whole.size, whole.committed) == (2, 15, True)
    assert whole.prefix == f"{ROOT}{digest('x')[:2]}/{digest('x')}/"
    assert not removable(whole, DAY, set())
    assert removable(found[digest("y")], DAY, set())
    assert not found[digest("y")].committed


def test_what_a_newer_run_points_to_stays() -> None:
    """Whoever made it, and however long ago."""
    (piece,) = pieces(ROOT, [stored("x", "outputs.json")])
    assert removable(piece, DAY, {bytes.fromhex(digest("y"))})
    assert not removable(piece, DAY, {bytes.fromhex(digest("x"))})


@given(st.integers(0, 10_000_000), st.integers(1, 300_000))
def test_every_hash_is_in_one_slice(tasks: int, at_once: int) -> None:
    """The slices cover every hash once, in order, and there are no more than 256."""
    parts = slices(tasks, at_once)
    assert len(parts) in {1, 16, 256}
    assert list(parts) == sorted(parts)
    for name in ("a", "b", "c"):
        assert sum(digest(name).startswith(part) for part in parts) == 1
    if len(parts) < 256:
        assert tasks / len(parts) <= at_once


def test_only_whole_hashes_are_hashes() -> None:
    """A record without work has none."""
    assert is_hash(digest("x"))
    assert not any(map(is_hash, ("", "ab", digest("x").upper(), digest("x") + "0")))
