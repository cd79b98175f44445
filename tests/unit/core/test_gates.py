"""When a waiting task may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import gates
from headrace.core.errors import InvalidValue
from headrace.core.gates import Reading
from headrace.core.records import Waiter


def waiter(turn: tuple[str, int] | None = None, **waits: int) -> Waiter:
    """A task that waits for these latches, and for its turn."""
    return Waiter("z", "token", 0, waits, turn)


@pytest.mark.parametrize(
    ("planned", "count", "added", "goes"),
    [
        (1, 0, 0, False),
        (1, 1, 0, True),
        (2, 1, 0, False),
        (1, 1, 2, False),
        (1, 3, 2, True),
        (0, 0, 0, True),
    ],
)
def test_a_latch_is_full_at_planned_and_added(planned: int, count: int, added: int, goes: bool) -> None:
    """Full is `count >= planned + added`: an expansion counts itself and adds what it made."""
    assert gates.reached(waiter(A=planned), "A", Reading(count, added)) is goes


def test_a_turn_is_a_threshold_on_the_count() -> None:
    """MaxForks looks at the count alone, and both conditions hold when a task waits for both on one latch."""
    assert not gates.reached(waiter(("T", 3)), "T", Reading(count=2))
    assert gates.reached(waiter(("T", 3)), "T", Reading(count=3, added=9))
    assert not gates.reached(waiter(("A", 2), A=1), "A", Reading(count=1))
    assert not gates.reached(waiter(("A", 1), A=2), "A", Reading(count=1))
    assert gates.reached(waiter(("A", 2), A=1), "A", Reading(count=2))


def test_a_waiter_is_queued_where_a_release_can_find_it() -> None:
    """Its place is the least count that could let it go, and it watches each latch once, its turn last."""
    both = waiter(("T", 3), A=2, B=1)
    assert gates.latches_of(both) == ("A", "B", "T")
    assert [gates.needed(both, latch) for latch in "ABT"] == [2, 1, 3]
    assert gates.latches_of(waiter(("A", 5), A=2)) == ("A",)
    assert gates.needed(waiter(("A", 5), A=2), "A") == 5


@given(
    planned=st.integers(0, 5),
    turn=st.none() | st.integers(0, 5),
    count=st.integers(0, 12),
    added=st.integers(0, 5),
)
def test_whoever_may_go_is_within_the_range_that_is_read(
    planned: int, turn: int | None, count: int, added: int
) -> None:
    """A release reads the waiters that need at most `count`; nobody beyond them may go."""
    one = Waiter("z", "t", 0, {"A": planned}, ("A", turn) if turn is not None else None)
    if gates.reached(one, "A", Reading(count, added)):
        assert gates.needed(one, "A") <= count


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12),
    cuts=st.tuples(st.integers(0, 12), st.integers(0, 12)),
)
def test_two_readings_never_show_a_latch_full_too_early(steps: list[tuple[int, bool]], cuts: tuple[int, int]) -> None:
    """With `added` read after `count`, what looks full was full: for expansions and tasks in any order the plan allows."""
    missing, count, added, history = 1, 0, 0, [(0, 0, 1)]
    for n, expands in steps:
        if missing:
            new = n if expands else 0
            missing, count, added = missing + new - 1, count + 1, added + new
            history.append((count, added, missing))
    early, late = sorted(min(cut, len(history) - 1) for cut in cuts)
    reading = gates.confirmed(Reading(count=history[early][0], added=history[early][1]), Reading(*history[late][:2]))
    assert not gates.reached(waiter(A=1), "A", reading) or history[late][2] == 0


def test_shards_are_summed_and_one_alone_is_exact() -> None:
    """A latch of one shard is one item; a single item of several may be one of more to come."""
    assert gates.summed([]) == Reading()
    assert gates.summed([(2, 5, 1)]) == Reading(2, 5, exact=True)
    assert gates.summed([(2, 5, 2)]) == Reading(2, 5, exact=False)
    assert gates.summed([(2, 5, 2), (1, 0, 2)]) == Reading(3, 5, exact=False)


def test_only_a_full_looking_sum_of_several_shards_is_doubtful() -> None:
    """A turn needs no second reading, an exact one neither."""
    assert gates.doubtful(waiter(A=1), "A", Reading(1, 0))
    assert not gates.doubtful(waiter(A=1), "A", Reading(1, 0, exact=True))
    assert not gates.doubtful(waiter(("T", 1)), "T", Reading(1, 0))


@pytest.mark.parametrize(
    ("state", "goes", "verdict"),
    [
        ("running", True, "ready"),
        ("running", False, "waiting"),
        ("closing", True, "cancelled"),
        ("closing", False, "cancelled"),
        ("failed", False, "cancelled"),
        ("succeeded", True, "cancelled"),
    ],
)
def test_a_run_that_ends_lets_everybody_go(state: str, goes: bool, verdict: str) -> None:
    """Only a running run says ready or waiting."""
    assert gates.verdict(state, goes=goes) == verdict


def test_90_latches_are_the_most() -> None:
    """A waiter of 90 latches fits, one of 91 is refused with the number and a way out; so is a count out of range."""
    gates.check_waiter(Waiter("z", "t", 0, {str(i): 1 for i in range(90)}))
    with pytest.raises(InvalidValue, match="'z' waits for 91 latches"):
        gates.check_waiter(Waiter("z", "t", 0, {str(i): 1 for i in range(90)}, ("T", 1)))
    with pytest.raises(InvalidValue, match="needs 1000000000"):
        gates.check_waiter(waiter(A=1_000_000_000))
    with pytest.raises(InvalidValue, match="needs -1"):
        gates.check_waiter(waiter(A=-1))


def test_one_write_per_latch() -> None:
    """An expansion's addition and count go to one item together, and what it does not open gets no count."""
    found = gates.tallies("~x", [("A", 4), ("B", 1)], {"A": (3, 4), "C": (2, 1)})
    assert {(tally.latch, tally.count, tally.added, tally.shards) for tally in found} == {
        ("A", 1, 3, 4),
        ("B", 1, 0, 1),
        ("C", 0, 2, 1),
    }


@given(task=st.text(min_size=1, max_size=20), shards=st.integers(1, 64))
def test_a_task_always_counts_on_the_same_shard(task: str, shards: int) -> None:
    """The shard follows from the task alone, and is one of the latch's."""
    (first,), (again,) = gates.tallies(task, [("A", shards)]), gates.tallies(task, [("A", shards)], {"A": (2, shards)})
    assert first.shard == again.shard
    assert 0 <= first.shard < shards


def test_impossible_tallies_are_refused() -> None:
    """No shards, too many shards, a negative addition: each is named."""
    for shards in (0, 65):
        with pytest.raises(InvalidValue, match=f"a latch of {shards} shards"):
            gates.tallies("a", [("A", shards)])
    with pytest.raises(InvalidValue, match="adds -1"):
        gates.tallies("~x", [("A", 1)], {"A": (-1, 1)})
