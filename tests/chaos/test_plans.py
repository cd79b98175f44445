"""What a seed stands for: the same for ever, within the rules, and everything there is once in a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.chaos import plans, test_chaos
from tests.chaos.pipeline import JOBS

from headrace_local import faults


@pytest.fixture(autouse=True)
def _no_plans() -> Iterator[None]:
    """Plans are the process's."""
    faults.clear()
    yield
    faults.clear()


def test_a_seed_is_the_same_for_ever():
    """Twice the same; and seed 0 as it was written down, so a change of the generator is seen here: old seeds mean other things then."""
    assert [plans.plan(seed) for seed in range(200)] == [plans.plan(seed) for seed in range(200)]
    assert len({str(plans.plan(seed)).partition(":")[2] for seed in range(200)}) == 200
    assert plans.plan(0).faults[0] == {
        "kind": "event",
        "detailType": "Run State Change",
        "fault": "reorder",
        "seconds": 0.59,
        "times": 14,
    }


def test_every_fault_can_be_planned():
    """The local cloud takes what a seed asks for."""
    for seed in range(300):
        for fault in plans.plan(seed).faults:
            faults.add(fault)


def test_faults_stay_within_what_is_tried_again():
    """At most two deaths of a function, and at most one fault of a kind per job: more is not promised."""
    for seed in range(300):
        planned = plans.plan(seed).faults
        deaths: dict[str, int] = {}
        for fault in planned:
            if fault["kind"] == "lambda":
                deaths[fault["function"]] = deaths.get(fault["function"], 0) + fault["times"]
        jobs = [fault["job"] for fault in planned if fault["kind"] == "batch"]
        assert all(times <= 2 for times in deaths.values())
        assert len(jobs) == len(set(jobs)) <= len(JOBS)
        assert [fault["kind"] for fault in planned].count("execution") == (plans.plan(seed).ending == "aborted")


def seen_in(seeds: list[int]) -> set[Any]:
    """Endings, kinds of faults, and what they are about."""
    found: set[Any] = set()
    for planned in map(plans.plan, seeds):
        found |= {planned.ending, *((fault["kind"], fault["fault"]) for fault in planned.faults)}
    return found


def there_is() -> set[Any]:
    """All of them."""
    kinds = {
        (kind, choice) for (kind, name), choices in faults.CHOICES.items() if name == "fault" for choice in choices
    }
    return {"well", "tripped", "aborted"} | kinds


def test_everything_happens_to_somebody():
    """Every ending and every fault of the local cloud is in some seed; every function dies, every call fails in each of its ways."""
    assert seen_in(list(range(400))) == there_is()
    planned = [fault for seed in range(3000) for fault in plans.plan(seed).faults]
    assert {fault["function"] for fault in planned if fault["kind"] == "lambda"} == set(plans.CALLS)
    answers = {(f["caller"], f["operation"], f["fault"]) for f in planned if f["kind"] == "api"}
    assert answers == {(caller, name, fault) for caller, name, _, ways in plans.API for fault in ways}
    events = {(f["detailType"], f["fault"]) for f in planned if f["kind"] == "event"}
    assert events == {(detail_type, fault) for detail_type, ways in plans.EVENTS.items() for fault in ways}


def test_the_usual_seeds_have_everything():
    """Those of `make test`: each ending, and each fault once."""
    assert seen_in(list(test_chaos.USUAL)) == there_is()


@pytest.mark.parametrize(
    ("said", "meant"), [("3", [0, 1, 2]), ("17,", [17]), ("3,5", [3, 5]), ("4-6", [4, 5, 6]), ("1,8-9", [1, 8, 9])]
)
def test_seeds_are_said_in_a_few_ways(said: str, meant: list[int]):
    """A lone number is how many; with a comma or a dash it is which."""
    assert plans.seeds(said) == meant


def test_one_seed_is_played_again(monkeypatch: pytest.MonkeyPatch):
    """SEED names one, SEEDS several, else they are the usual ones."""
    monkeypatch.delenv("SEED", raising=False)
    monkeypatch.delenv("SEEDS", raising=False)
    assert plans.asked((7, 8)) == [7, 8]
    monkeypatch.setenv("SEEDS", "2-3")
    assert plans.asked((7, 8)) == [2, 3]
    monkeypatch.setenv("SEED", "17")
    assert plans.asked((7, 8)) == [17]
