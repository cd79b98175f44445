"""Everything goes wrong at once, as a seed says, and every run keeps its promises (`invariants`).

    make chaos                # 200 seeds
    make chaos SEEDS=0-49     # these; SEEDS=3,5 too; SEEDS=50 is the first fifty
    make chaos SEED=17        # one again: what a failure prints

What is planned for a seed is the same each time (`plans`); what meets what is not, so a seed may fail once in a while only.
"""

from __future__ import annotations

import json

import pytest
from tests.chaos import invariants, pipeline, plans
from tests.chaos.play import EndlessRunError, play
from tests.chaos.seen import Seen
from tests.support.live_stack import LiveStack

USUAL = (572, 954, 1951, 2930)
"""The seeds of `make test`: together they have every ending and every kind of fault (`test_plans` sees to it), and are soon over."""
HOLDS = (
    *invariants.ALWAYS,
    invariants.outputs_are_those_of_a_quiet_run(pipeline.RESULTS),
    invariants.tasks_came_to_what_they_always_do(pipeline.STATUSES),
)


def test_a_quiet_run_is_what_others_are_measured_by(live: LiveStack):
    """Without a fault the run ends well, its published files are those written down here, and everything holds."""
    (seen,) = play(live, plans.Chaos(-1, "well", "", drop=True, faults=()))
    assert seen.run is not None
    assert seen.run.state == "succeeded"
    assert invariants.broken(seen, HOLDS) == []
    assert set(seen.work) == set(pipeline.JOBS) - {"picky[n=2]"}


@pytest.mark.parametrize("seed", plans.asked(USUAL))
def test_whatever_happens(live: LiveStack, seed: int):
    """Every epoch keeps what always holds; one that is to end well does, also where that takes a resume."""
    chaos = plans.plan(seed)
    try:
        epochs = play(live, chaos)
    except EndlessRunError as endless:
        pytest.fail(_told(live, chaos, [str(endless)]), pytrace=False)
    wrong = [said for seen in epochs for said in invariants.broken(seen, HOLDS)]
    wrong += [f"epoch {epochs[-1].epoch.number}: {said}" for said in _not_well(chaos, epochs)]
    if wrong:
        pytest.fail(_told(live, chaos, wrong), pytrace=False)


def _not_well(chaos: plans.Chaos, epochs: list[Seen]) -> list[str]:
    first, last = epochs[0], epochs[-1]
    wrong = []
    if chaos.ending == "well" and len(epochs) > 1:
        wrong.append(f"it should have ended well at once: {first.run and first.run.cause}")
    if chaos.ending == "tripped" and (first.run is None or first.run.state != "failed"):
        wrong.append("the tripwire did not fail it")
    if last.run is None or last.run.state != "succeeded":
        wrong.append(f"it did not end well in the end: {last.run and last.run.cause}")
    return wrong


def _told(live: LiveStack, chaos: plans.Chaos, wrong: list[str]) -> str:
    struck = [json.dumps(fault) for fault in live.cloud.ask("GET", "/faults") if fault["struck"]]
    lines = [f"again: make chaos SEED={chaos.seed}", f"{chaos}", *(["struck so far:", *struck] if struck else [])]
    return "\n".join([*lines, "wrong:", *(f"  {said}" for said in wrong)])
