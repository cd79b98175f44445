"""Faults planted in the engine itself: the suite sees each. Only with `make chaos`, for each needs a deployment of its own.

(That every invariant can break is shown in `test_invariants`, quickly and on made-up runs; the gates have nine of their own.)
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.chaos import invariants
from tests.chaos.plans import Chaos, Fault
from tests.chaos.play import play
from tests.chaos.test_chaos import HOLDS
from tests.support.live_stack import ROOT, LiveStack

from headrace_local import deploy

LAYER = "layers/core/headrace"


@dataclass(frozen=True)
class Planted:
    """A fault of the engine: `text` of a file becomes `instead`; what happens around the run, and which invariant breaks."""

    file: str
    text: str
    instead: str
    around: tuple[Fault, ...]
    breaks: str


def _settle_dies(operation: str, call: int) -> Fault:
    return {"kind": "lambda", "function": "settle_task", "operation": operation, "call": call, "when": "after"}


PLANTED = {
    "a record is written over": Planted(
        "aws/ledger.py",
        'ledger_items.task_item(epoch, record)} | expressions("attribute_not_exists(#pk)")',
        "ledger_items.task_item(epoch, record)}",
        (_settle_dies("dynamodb:TransactWriteItems", 3),),
        "latches_count_the_records",
    ),
    "a latch counts twice": Planted(
        "core/gates.py",
        "count=int(latch in counted)",
        "count=2 * int(latch in counted)",
        (),
        "latches_count_the_records",
    ),
    "a committed result is written over": Planted(
        "aws/s3.py",
        'ContentType=content_type, IfNoneMatch="*")',
        "ContentType=content_type)",
        (_settle_dies("s3:PutObject", 3),),
        "results_are_committed_once",
    ),
    "nobody is told of the end": Planted(
        "aws/concluding.py",
        "events.publish(",
        "(lambda *_: None)(",
        (),
        "somebody_was_told",
    ),
    "what was ignored counts as succeeded": Planted(
        "aws/task_settling.py",
        '            "ignored",\n            task.now,',
        '            "succeeded",\n            task.now,',
        (),
        "tasks_came_to_what_they_always_do",
    ),
}


@pytest.mark.skipif(not os.environ.get("SEEDS"), reason="only with `make chaos`: each takes a deployment of its own")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_in_the_engine_is_seen(live: LiveStack, tmp_path: Path, name: str):
    """Deployed with this fault, the engine breaks the invariant that is about it."""
    planted = PLANTED[name]
    copy = tmp_path / "engine"
    for part in ("layers", "functions", "statemachines"):
        shutil.copytree(ROOT / part, copy / part)
    for template in ROOT.glob("template*.yaml"):
        shutil.copy(template, copy)
    file = copy / LAYER / planted.file
    assert planted.text in file.read_text()
    file.write_text(file.read_text().replace(planted.text, planted.instead))
    stack = f"planted-{list(PLANTED).index(name)}"
    broken = LiveStack(live.cloud, stack, deploy(live.cloud.endpoint, copy / "template.yaml", stack, {}))
    broken.listen()
    wrong = [
        said
        for seen in play(broken, Chaos(-1, "well", "", drop=False, faults=planted.around))
        for said in invariants.broken(seen, HOLDS)
    ]
    assert planted.breaks in {said.split(": ")[1] for said in wrong}, wrong
