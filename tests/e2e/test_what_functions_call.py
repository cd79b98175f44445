"""The calls that functions made, in its own runs and in whatever ran before in this cloud, beside what their policies allow."""

from __future__ import annotations

import uuid
from typing import Any

from botocore import xform_name
from tests.support.live_stack import LiveStack, until
from tests.support.permissions import ACTIONS, FUNCTIONS, allowed

# Another try, an axis known when a job has ended, and tasks that wait for others.
SUCCEEDING = """\
name: PIPELINE
defaults: {container: any}
processes:
  parts:
    outputs: {names: {json: names.json}}
    script: echo '["x", "y"]' > names.json
    publishDir: .
  each_part:
    each: {part: "${{ parts.names }}"}
    outputs: {o: "${{ part }}.txt"}
    script: |
      [ ${{ task.attempt }} -gt 1 ] || [ ${{ part }} = x ] || exit 7
      echo ${{ part }} > ${{ outputs.o }}
    errorStrategy: retry
    maxRetries: 1
  all:
    inputs: {all: "${{ each_part.o }}"}
    outputs: {o: all.txt}
    script: cat ${{ all }} > ${{ outputs.o }}
"""
FAILING = """\
name: PIPELINE
defaults: {container: any}
processes:
  no:
    script: exit 3
"""
CALLED = {name.replace("_", "").lower(): name for name in ACTIONS}


def test_every_call_made_is_allowed(live: LiveStack) -> None:
    """Success, another try, a dynamic axis, work found done, failure, a refused launch, sweeps: no call is without its permission."""
    _do_a_bit_of_everything(live)
    made = _made(live)
    assert {logical: calls - CALLED.keys() for logical, calls in made.items() if calls - CALLED.keys()} == {}
    lacking = {
        logical: sorted(set().union(*(ACTIONS[CALLED[call]] for call in calls)) - allowed(logical))
        for logical, calls in made.items()
    }
    assert {logical: actions for logical, actions in lacking.items() if actions} == {}
    silent = sorted(logical for logical, calls in made.items() if not calls)
    assert silent == [], "functions that called nothing say nothing about their policies"


def _do_a_bit_of_everything(live: LiveStack) -> None:
    name = f"calls-{uuid.uuid4().hex[:8]}"
    refused = f"{name}-refused.yaml"
    live.put(f"launch/{refused}", "name: [")
    launched = live.drop(f"{name}.yaml", SUCCEEDING.replace("PIPELINE", name), name)
    failed = live.begin(FAILING.replace("PIPELINE", name))
    assert live.ended(launched).status == "SUCCEEDED"
    again = live.run(SUCCEEDING.replace("PIPELINE", name))
    assert set(again.statuses().values()) == {"cached", "expanded"}
    assert live.ended(failed).status == "FAILED"
    until(lambda: live.keys(f"errors/launch/{refused}"), what="the report of the refused launch")
    until(lambda: live.alerts(failed.run), what="the alert of the failed run")
    live.conclude()
    live.invoke("watch-jobs", {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []})


def _made(live: LiveStack) -> dict[str, set[str]]:
    """The operations each function of the stack has called, in small letters, as Batch's paths are."""
    counted: dict[str, Any] = live.calls()["calls"]
    return {
        logical: {call.partition(":")[2].lower() for call in counted.get(f"lambda:{_named(live, logical)}", {})}
        for logical in FUNCTIONS
    }


def _named(live: LiveStack, logical: str) -> str:
    return f"{live.name}-{xform_name(logical.removesuffix('Function'), '-')}"
