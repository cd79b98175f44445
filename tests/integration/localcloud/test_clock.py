"""Time on the local cloud, which tests move."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headrace.core.errors import Refused

from .conftest import Stack, until

NOON = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


def test_batch_events_and_logs_go_by_the_clock_that_tests_move(stack: Stack) -> None:
    """A job that runs while the clock stands at noon has noon in its description, its event and its log."""
    received = stack.listen("clock", {"source": ["aws.batch"], "detail": {"jobName": ["at-noon"]}})
    stack.cloud.ask("POST", "/clock", {"at": NOON.isoformat(), "stop": True})
    job = stack.job_ended(stack.submit("at-noon", ["echo", "hello"]))
    assert {job[name] for name in ("createdAt", "startedAt", "stoppedAt")} == {NOON_MS}
    assert job["attempts"][0]["startedAt"] == job["attempts"][0]["stoppedAt"] == NOON_MS
    events = until(lambda: received() if len(received()) == 4 else None)
    assert {event["time"] for event in events} == {"2031-05-01T12:00:00Z"}
    named = {"logGroupName": "/aws/batch/job", "logStreamName": job["container"]["logStreamName"]}
    line = until(lambda: stack.logs.get_log_events(**named)["events"])[0]
    assert (line["timestamp"], line["message"]) == (NOON_MS, "hello")


def test_a_moved_clock_fires_schedules_only_when_asked(stack: Stack) -> None:
    """An hour passes: first in silence, then with every scheduled event of it, each with the time it was due."""
    received = stack.listen("hourly", None, schedule="cron(0/20 * ? * * *)")
    stack.cloud.ask("POST", "/clock", {"at": NOON.isoformat(), "stop": True})
    assert stack.pass_time(3600)["scheduledEvents"] == 0
    assert stack.pass_time(3600, schedules=True)["scheduledEvents"] >= 3
    events = until(lambda: received() if len(received()) >= 3 else None)
    due = sorted(event["time"] for event in events if event["time"].startswith("2031"))
    assert due == ["2031-05-01T13:20:00Z", "2031-05-01T13:40:00Z", "2031-05-01T14:00:00Z"]
    stack.events.disable_rule(Name="hourly")


def test_the_clock_stands_runs_and_goes_back(stack: Stack) -> None:
    """It says where it is; a held one stays, a reset one is the real one again; a nonsensical move is refused by name."""
    stack.cloud.ask("POST", "/clock", {"at": NOON.isoformat(), "stop": True})
    assert stack.pass_time(90)["now"] == stack.cloud.ask("GET", "/clock")["now"] == "2031-05-01T12:01:30+00:00"
    assert stack.pass_time(0, stop=False)["stopped"] is False
    assert stack.cloud.ask("POST", "/clock", {"reset": True})["aheadSeconds"] == 0
    for nonsense, told in (
        ({"advance": 3}, "advance"),
        ({"at": "noon"}, "noon"),
        ({"at": "2031-05-01", "reset": True}, "one goal"),
    ):
        with pytest.raises(Refused, match=told):
            stack.cloud.ask("POST", "/clock", nonsense)
