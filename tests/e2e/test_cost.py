"""`headrace cost RUN` beside what the run took: the state transitions are the ones that were counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.live_stack import LiveStack

from headrace_cli.main import main

SPEC = """\
name: costly
params: {keys: [a, b, c]}
defaults: {container: any}
processes:
  say:
    each: {item: "${{ params.keys }}"}
    outputs: {said: "${{ item }}.txt"}
    script: echo ${{ item }} > ${{ outputs.said }}
  parts:
    inputs: {all: "${{ say.said }}"}
    outputs: {names: {json: names.json}}
    script: echo '["x", "y"]' > names.json
  each_part:
    each: {part: "${{ parts.names }}"}
    script: |
      [ ${{ task.attempt }} -gt 1 ] || [ ${{ part }} = x ] || exit 7
    errorStrategy: retry
    maxRetries: 2
"""


def _cost(run: str, capsys: Any) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["cost", run, "--local", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_runs_cost_is_of_what_it_did(live: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    """Gates, an expansion, another try; and once more, with work that is found done."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    for found in (0, 6):
        before = live.calls()["stateTransitions"]
        ended = live.run(SPEC)
        assert ended.status == "SUCCEEDED", ended.cause
        counted = live.calls()["stateTransitions"] - before
        told = _cost(ended.epoch.run, capsys)
        assert told["work"]["found"] == found
        assert told["engine"]["state transitions"]["units"] == counted
        assert told["guessedAttempts"] == 0
    assert told["work"] == {"tasks": 0, "gated": 1, "retries": 0, "found": 6, "expansions": 1, "epochs": 1}
