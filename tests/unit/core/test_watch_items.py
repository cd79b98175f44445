"""What watch_jobs remembers, written and read back."""

import dataclasses

from headrace.core.live_jobs import LiveJob
from headrace.core.records import Epoch
from headrace.core.stuck_episodes import Episode
from headrace.core.stuck_jobs import Dwell, Memory
from headrace.core.stuck_limits import Limits
from headrace.core.watch_items import (
    Watched,
    episode_item,
    episode_read,
    live_item,
    live_job,
    watched_item,
    watched_read,
)

BARE = LiveJob(epoch=Epoch("r", 2), task_hash="5d41402abc4b2a76", n=3)
FULL = dataclasses.replace(
    BARE,
    task="t[a=1]",
    process="t",
    scope="~x",
    queue="q",
    at="2026-01-01T00:00:00.000Z",
    execution="arn",
    time_s=60,
    limits=Limits(runnable_s=60, starting_s=30, action="next-queue", further=2),
    job="j",
    state="RUNNABLE",
    rank=7,
    told="2026-01-01T00:00:00Z",
    since="2026-01-01T00:00:00Z",
    reason="UNDETERMINED",
    stream="s",
    memory=Memory(state="STARTING", since_ms=5, code="start-hangs", dwell=Dwell(first_ms=4, times=3)),
    looked_ms=9,
    worked_ms=8,
    code="c",
    cause="why",
    stuck_since="2026-01-01T00:00:00.000Z",
    alert_due="2026-01-01T00:00:00.000Z",
    act_due="2026-01-01T00:00:00.000Z",
    acted="terminate",
    acted_at="2026-01-01T00:00:00.000Z",
    given_up="2026-01-01T00:00:00.000Z",
)


def test_a_live_job_comes_back():
    """Whole, and bare; what is not known takes no room."""
    for job in (BARE, FULL):
        assert live_job(live_item(job)) == job
    assert live_item(BARE) == {"pk": {"S": "B#r#2"}, "sk": {"S": "5d41402abc4b2a76#003"}}
    assert all(value not in ("", 0, None) for value in dataclasses.asdict(FULL).values()), "every field is tried"


def test_an_episode_comes_back():
    """Under its queue and code."""
    episode = Episode(
        queue="arn:aws:batch:r:a:job-queue/q", code="quota", state="RUNNABLE", cause="why", jobs=3, told_ms=5, missed=1
    )
    assert episode_item(episode)["sk"] == {"S": "arn:aws:batch:r:a:job-queue/q#quota"}
    assert episode_read(episode_item(episode)) == episode


def test_a_queues_memory_comes_back():
    """With what was found there for how long."""
    watched = Watched(queue="arn", swept_ms=1, last_start_ms=2, line="busy", dwells={"a": Dwell(first_ms=3, times=4)})
    assert watched_read(watched_item(watched)) == watched
    assert watched_read(watched_item(Watched(queue="arn"))) == Watched(queue="arn")


def test_sweeps_far_apart_are_no_row():
    """What was found before a pause of more than half an hour is not found again, but anew."""
    watched = Watched(queue="q", swept_ms=1_000_000, dwells={"quota": Dwell(first_ms=1, times=5)})
    assert watched.in_a_row(1_000_000 + 30 * 60_000) == watched.dwells
    assert watched.in_a_row(1_000_001 + 30 * 60_000) == {}
