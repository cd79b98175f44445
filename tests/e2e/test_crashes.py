"""Who ends a run, or refuses one, may die between any two of its calls: it is told all the same.

Deaths anywhere else, and everything else that goes wrong, are in `tests/chaos`.
"""

from __future__ import annotations

import pytest
from tests.support.live_stack import LiveStack, count, until

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


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


def test_a_start_whose_answer_is_lost_starts_once(live: LiveStack):
    """Step Functions starts a scope, hears nothing and tries again, and S3 asks to read its plan later: each task is one job."""
    live.fault(kind="api", operation="states:StartExecution", caller="cloud", fault="unanswered", times=3)
    live.fault(kind="api", operation="s3:GetObject", caller="cloud", fault="throttle", times=2)
    use = {
        "each": ["n", {"part": "${{ split.parts }}"}],
        "outputs": {"o": "o.txt"},
        "script": "echo ${{ n }} ${{ part }} > o.txt",
    }
    split = {
        "each": {"n": [0, 1]},
        "outputs": {"parts": {"json": "p.json", "at": "parts"}},
        "script": """if [ ${{ n }} = 1 ]; then echo '{"parts": ["x", "y"]}'; else echo '{"parts": []}'; fi > p.json""",
    }
    spec = {"name": "once", "defaults": {"container": IMAGE}, "processes": {"split": split, "use": use}}
    ended = live.run(spec)
    assert ended.status == "SUCCEEDED", ended.cause
    assert [fault["left"] for fault in live.cloud.ask("GET", "/faults")] == [0, 0]
    assert count(ended.statuses().values()) == {"succeeded": 4, "expanded": 2}
    jobs = [job["jobName"] for job in ended.jobs()]
    assert len(jobs) == len(set(jobs)) == 4
