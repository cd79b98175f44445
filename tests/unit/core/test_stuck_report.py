"""What `headrace status` says of jobs that wait."""

from headrace.core.live_jobs import LiveJob
from headrace.core.records import Epoch
from headrace.core.stuck_episodes import Episode
from headrace.core.stuck_jobs import Memory
from headrace.core.stuck_limits import Limits
from headrace.core.stuck_report import sentences, waiting
from headrace.core.watch_items import Watched

ARN = "arn:aws:batch:eu-west-1:123456789012:job-queue/spot"
AT, LATER = "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00.000Z"


def job(task: str, **more) -> LiveJob:
    """A live job on the queue `spot`."""
    return LiveJob(epoch=Epoch("r", 1), task_hash="0" * 16, n=1, **{"task": task, "queue": "spot", "at": AT, **more})


def test_jobs_of_a_shared_cause_are_one_line():
    """With their number, the cause that stands with the queue, and when it was told."""
    shared = Episode(queue=ARN, code="quota", state="RUNNABLE", cause="the quota is used up", told_ms=1_772_445_600_000)
    found = waiting([job("a"), job("b"), job("c", queue=ARN)], ["a", "b", "c"], [shared], {})
    assert {(each.code, each.queue) for each in found} == {("quota", "spot")}
    (line,) = sentences(found)
    assert line == f"3 jobs, as a, are RUNNABLE on spot since {AT}: the quota is used up; told at {LATER}"


def test_a_queue_that_works_is_said_to_work():
    """Nothing is suspected, nothing will be told."""
    (line,) = sentences(
        waiting([job("a")], ["a"], [], {ARN: Watched(queue=ARN, line="12 jobs wait, 8 run; the queue starts jobs")})
    )
    assert line == f"a is RUNNABLE on spot since {AT}: 12 jobs wait, 8 run; the queue starts jobs"


def test_what_will_be_done_is_said_before():
    """When it is told, and when its process wants it moved."""
    hangs = job(
        "a",
        code="start-hangs",
        cause="its container does not start",
        stuck_since=AT,
        alert_due=LATER,
        act_due=LATER,
        limits=Limits(action="next-queue", further=1),
        memory=Memory(state="STARTING"),
    )
    (line,) = sentences(waiting([hangs], [], [], {}))
    assert line == (
        f"a is STARTING on spot since {AT}: its container does not start; will be told at {LATER} if it lasts, "
        f"will be moved to the next queue at {LATER}"
    )


def test_what_was_done_is_said_after():
    """Until the task is settled."""
    ended = job("a", code="quota", cause="why", stuck_since=AT, acted="terminate", acted_at=LATER)
    (line,) = sentences(waiting([ended], [], [], {}))
    assert line.endswith(f"why; ended at {LATER}")


def test_running_jobs_are_not_spoken_of():
    """Unless something is suspected of them; a new one has not been looked at."""
    assert waiting([job("a", state="RUNNING")], [], [], {}) == []
    (line,) = sentences(waiting([job("a")], ["a"], [], {}))
    assert line.endswith(": not looked at yet")


def test_json_has_what_is_known():
    """And nothing else."""
    (found,) = waiting([job("a", job="j")], ["a"], [], {})
    assert found.to_json() == {
        "task": "a",
        "queue": "spot",
        "state": "RUNNABLE",
        "since": AT,
        "job": "j",
        "action": "alert",
    }
