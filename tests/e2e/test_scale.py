"""What a task costs, counted, and a run of more than a hundred of them (`bench.overhead` runs thousands)."""

from __future__ import annotations

from typing import Any

import pytest
from bench.overhead import Measured, measure, report, stages
from tests.support.live_stack import LiveStack

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


_OF_A_TASK = ("await-inputs", "prepare-task", "settle-task")


def _fan(tasks: int, *, gated: bool) -> dict[str, Any]:
    """One process over so many keys, alone or each behind a task of its own."""
    spec: dict[str, Any] = {
        "name": "fan",
        "params": {"keys": [f"k{n}" for n in range(tasks)]},
        "defaults": {"container": IMAGE, "cache": False},
        "processes": {
            "first": {"each": {"key_": "${{ params.keys }}"}, "outputs": {"o": "o.txt"}, "script": "touch o.txt"},
        },
    }
    if gated:
        spec["processes"]["second"] = {"each": ["key_"], "inputs": {"i": "${{ first.o }}"}, "script": "cat ${{ i }}"}
    return spec


def _more(live: LiveStack, few: dict[str, Any], many: dict[str, Any]) -> tuple[float, float]:
    """State transitions and Lambda calls of one more task: what two runs differ by, per task they differ by."""
    one, other = measure(live, few), measure(live, many)
    tasks = other.tasks - one.tasks
    # Those of a task alone: a sweep, or the end of another test's run, may fall between the two.
    calls = sum(other.lambdas.get(name, 0) - one.lambdas.get(name, 0) for name in _OF_A_TASK)
    return (other.transitions - one.transitions) / tasks, calls / tasks


def test_transitions_and_calls_per_task(live: LiveStack):
    """A task that waits for nothing takes 7 transitions and 2 Lambda calls, one behind a gate 8 and 3; a run 6."""
    assert measure(live, _fan(1, gated=False)).transitions == 4 + 2 + 7
    ungated = _more(live, _fan(1, gated=False), _fan(7, gated=False))
    assert ungated == (7, 2)
    both = _more(live, _fan(1, gated=True), _fan(4, gated=True))
    gated = tuple(2 * together - alone for together, alone in zip(both, ungated, strict=True))
    assert gated == (8, 3)


@pytest.fixture(scope="module")
def many(live: LiveStack) -> Measured:
    """40 samples through three stages, and a gather."""
    return measure(live, stages(40))


def test_a_hundred_tasks_and_more(live: LiveStack, many: Measured):
    """121 tasks end well, each submitted to Batch once, and without a call that grows faster than they do."""
    assert many.tasks == 121
    assert many.calls[("executed", "batch:SubmitJob")] == 121
    units = many.units()
    assert units["state transitions"] / 121 < 8
    # watch_jobs writes once for each state of a job that Batch tells of: RUNNABLE, STARTING, RUNNING, and its end.
    assert many.of("dynamodb", "UpdateItem", caller=f"lambda:{live.name}-watch-jobs") / 121 <= 5
    # Other stacks of the same cloud hear of these jobs too, and look whether they are theirs.
    watched = sum(n for (who, what), n in many.calls.items() if what == "dynamodb:UpdateItem" and "-watch-jobs" in who)
    assert (units["DynamoDB write units"] - watched) / 121 < 12
    assert units["DynamoDB read units"] / 121 < 12


def test_the_report_has_every_price(many: Measured):
    """The bench's page names each billed unit with its dollars."""
    page = report(many)
    for name in many.units():
        assert name in page
    assert "together" in page
