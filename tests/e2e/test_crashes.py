"""A function may die between any two of its calls, and events may come twice, late or never: nothing is lost, nothing done twice.

Each seed kills one worker once, in a run with a fan-out, gathers, dynamic axes of several sizes (none among them) and one
inside another. Which function, and before or after which of its calls, comes from the seed:

    SEEDS=0-199 pytest tests/e2e/test_crashes.py     # more of them;  SEEDS=17 plays one again
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.live_stack import Ended, LiveStack, count, until

from headrace.core.ledger_items import shard_numbers

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"
FUNCTIONS = {"plan_scope": 60, "await_inputs": 40, "prepare_task": 150, "settle_task": 250, "conclude_run": 40}
"""How many calls to AWS each makes in this run, roughly: the n-th is drawn from these."""

SAMPLES = 5
SPEC: dict[str, Any] = {
    "name": "crash",
    "params": {"seed": {"type": "string"}, "samples": list(range(SAMPLES))},
    # In the environment, and so in the hash: no seed finds the work of another.
    "defaults": {"container": IMAGE, "env": {"SEED": "${{ params.seed }}"}},
    "processes": {
        # Sample n has n chunks: none for the first.
        "split": {
            "each": {"sample": "${{ params.samples }}"},
            "outputs": {"chunks": {"path": "c*.txt", "optional": True}},
            "script": "for i in $(seq 1 ${{ sample }}); do echo ${{ sample }}.$i > c$i.txt; done",
        },
        "count": {
            "each": ["sample", {"chunk": "${{ split.chunks }}"}],
            "inputs": {"c": "${{ chunk }}"},
            "outputs": {"n": "n.txt"},
            "script": "wc -l < ${{ c }} > n.txt",
        },
        # One axis inside another: chunk i of sample n has two parts when it is the first, else none.
        "cut": {
            "each": ["sample", "chunk"],
            "inputs": {"c": "${{ chunk }}"},
            "outputs": {"parts": {"json": "p.json", "at": "parts"}},
            "script": """: ${{ sample }}; if [ ${{ chunk.stem }} = c1 ]; then echo '{"parts": ["x", "y"]}'; else echo '{"parts": []}'; fi > p.json""",
        },
        "piece": {
            "each": ["sample", "chunk", {"part": "${{ cut.parts }}"}],
            "outputs": {"o": "o.txt"},
            "script": "echo ${{ sample }} ${{ chunk.stem }} ${{ part }} > o.txt",
        },
        "merge": {
            "each": ["sample"],
            "inputs": {
                "split?": "${{ split.chunks }}",
                "n?": {"from": "${{ count.n }}", "stageAs": "${{ file.key.chunk }}.n"},
                "o?": {"from": "${{ piece.o }}", "stageAs": "${{ file.key.chunk }}.${{ file.key.part }}"},
            },
            "outputs": {"m": "m${{ sample }}.txt"},
            "script": "{ echo ${{ n }}; echo ${{ o }}; } > ${{ outputs.m }}",
            "publishDir": "merged",
        },
        "all": {
            "inputs": {"ms": "${{ merge.m }}"},
            "outputs": {"o": "all.txt"},
            "script": "cat ${{ ms }} > all.txt",
            "publishDir": ".",
        },
    },
    "outputs": {"all": "${{ all.o }}"},
}
CHUNKS = sum(range(SAMPLES))
TASKS = SAMPLES + 2 * CHUNKS + 2 * (SAMPLES - 1) + SAMPLES + 1
EXPANSIONS = SAMPLES + CHUNKS


@dataclass(frozen=True)
class Kill:
    """Which worker dies, and when."""

    function: str
    call: int
    when: str


def kill_of(seed: int) -> Kill:
    """The death a seed stands for."""
    chance = random.Random(seed)
    function = chance.choices(list(FUNCTIONS), weights=[2, 3, 4, 6, 2])[0]
    return Kill(function, chance.randint(1, FUNCTIONS[function]), chance.choice(["before", "after"]))


def seeds() -> list[int]:
    """SEEDS as `17`, `3,5` or `0-99`; three by default."""
    said = os.environ.get("SEEDS", "0-2")
    found: list[int] = []
    for part in said.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@pytest.mark.parametrize("seed", seeds())
def test_killing_a_worker_loses_nothing(live: LiveStack, seed: int):
    """Whoever dies, the run succeeds with the results it always has, and every task is committed and counted once."""
    kill = kill_of(seed)
    live.fault(kind="lambda", function=kill.function, call=kill.call, when=kill.when)
    ended = live.run(SPEC, params={"seed": f"{seed}"})
    struck = sum(fault["struck"] for fault in live.cloud.ask("GET", "/faults"))
    _check(live, ended, f"SEEDS={seed} ({kill}, struck {struck})")


@pytest.mark.parametrize(
    ("detail_type", "fault"),
    [
        ("Batch Job State Change", "duplicate"),
        ("Batch Job State Change", "lose"),
        ("Step Functions Execution Status Change", "duplicate"),
        ("Step Functions Execution Status Change", "lose"),
        ("Object Created", "duplicate"),
    ],
)
def test_events_come_twice_or_never(live: LiveStack, detail_type: str, fault: str):
    """Events that are doubled or lost change nothing of what a run comes to."""
    live.fault(kind="event", detailType=detail_type, fault=fault, times=200)
    spec = {
        "name": "events",
        "defaults": {"container": IMAGE},
        "processes": {
            "a": {
                "each": {"n": [1, 2]},
                "outputs": {"o": "o.txt"},
                "script": f"echo ${{{{ n }}}} {detail_type} {fault} > o.txt",
            },
            "b": {"inputs": {"o": {"from": "${{ a.o }}", "stageAs": "${{ file.key.n }}"}}, "script": "cat ${{ o }}"},
        },
    }
    ended = live.ended(live.drop("events.json", spec, "events"))
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.statuses() == dict.fromkeys(("a[n=1]", "a[n=2]", "b"), "succeeded")
    assert len(ended.jobs()) == 3
    assert len(until(lambda: live.events(ended.epoch.run))) == 1
    assert ended.epoch not in live.open_runs()


@pytest.mark.parametrize(
    ("operation", "when", "told"),
    [
        ("s3:PutObject", "after", 1),
        ("dynamodb:TransactWriteItems", "before", 1),
        ("dynamodb:TransactWriteItems", "after", 1),
        ("events:PutEvents", "before", 1),
        ("events:PutEvents", "after", 2),  # what was told cannot be taken back: at least once
        ("dynamodb:DeleteItem", "before", 2),
    ],
)
def test_killing_who_concludes(live: LiveStack, operation: str, when: str, told: int):
    """A failed run is concluded and told of, once unless conclude_run dies after telling, wherever between its writes that is."""
    live.fault(kind="lambda", function="conclude_run", operation=operation, when=when)
    ended = live.run({"name": "short", "defaults": {"container": IMAGE}, "processes": {"x": {"script": "exit 2"}}})
    assert (ended.status, ended.error) == ("FAILED", "TaskFailed")
    assert ended.record.state == "failed"
    assert [fault["struck"] for fault in live.cloud.ask("GET", "/faults")] == [1]
    until(lambda: ended.epoch not in live.open_runs(), what="it to leave the open list")
    until(lambda: len(live.events(ended.epoch.run)) == told, what=f"{told} events")


def test_killing_who_refuses(live: LiveStack):
    """A file that does not validate is told of when launch_run dies before it has told."""
    live.fault(kind="lambda", function="launch_run", operation="events:PutEvents", when="before")
    live.put("launch/refused-twice.yaml", "processes: []")
    uri = f"s3://{live.bucket}/launch/refused-twice.yaml"
    assert len(until(lambda: live.events(uri))) == 1


def _check(live: LiveStack, ended: Ended, note: str) -> None:
    assert ended.status == "SUCCEEDED", f"{note}: {ended.error} {ended.cause}"
    statuses = ended.statuses()
    assert count(statuses.values()) == {"succeeded": TASKS, "expanded": EXPANSIONS}, note
    assert ended.record.tasks == {"succeeded": TASKS}, note
    lines = ended.result("all").splitlines()
    expected: list[str] = []
    for sample in range(SAMPLES):
        expected.append(" ".join(f"c{i}.txt.n" for i in range(1, sample + 1)))
        expected.append(" ".join(f"c1.txt.{part}" for part in "xy") if sample else "")
    assert lines == expected, note
    assert _latches(live, ended) == _planned(live, ended), note
    doubled = {name: n for name, n in Counter(job["jobName"] for job in ended.jobs()).items() if n > 1}
    assert not doubled, note
    assert len(until(lambda: live.events(ended.epoch.run))) == 1, note


def _latches(live: LiveStack, ended: Ended) -> Counter[str]:
    """What every latch of the run counts."""
    prefix = f"L#{ended.epoch}#"
    found: Counter[str] = Counter()
    pages = live.client("dynamodb").get_paginator("scan").paginate(TableName=live.table.name, ConsistentRead=True)
    for item in (item for page in pages for item in page["Items"]):
        if item["pk"]["S"].startswith(prefix) and item["sk"]["S"].startswith("S#"):
            found[item["pk"]["S"].removeprefix(prefix)] += shard_numbers(item)[0]
    return found


def _planned(live: LiveStack, ended: Ended) -> Counter[str]:
    """What every latch should count: once each item of every plan that opens it."""
    plans = [key for key in live.keys(f"runs/{ended.epoch.run}/1/scopes/") if key.endswith("/plan.json")]
    return Counter(latch for key in plans for item in json.loads(live.text(key)) for latch, _ in item["opens"])
