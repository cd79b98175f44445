"""The live view: what an event says, and which of several is the latest."""

from itertools import permutations

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.live_jobs import LiveJob, newest, told
from headrace.core.records import Epoch

NAME = "hr-r-1-5d41402abc4b2a76-3"


def event(
    status: str, at: str = "2026-03-02T09:35:01Z", *, ended: int = 0, kind: str = "Batch Job State Change", **more
):
    """An event of Batch."""
    detail = {"jobId": "j", "jobName": NAME, "status": status, "attempts": [{}] * ended, **more}
    return {"source": "aws.batch", "detail-type": kind, "time": at, "detail": detail}


def test_an_event_is_read():
    """Whose job, which state, since when; nothing of its environment."""
    found = told(
        event("RUNNING", container={"logStreamName": "s", "environment": [{"name": "TOKEN", "value": "secret"}]})
    )
    assert found is not None
    assert (found.epoch, found.task_hash, found.n) == (Epoch("r", 1), "5d41402abc4b2a76", 3)
    assert (found.job, found.state, found.stream, found.at) == ("j", "RUNNING", "s", "2026-03-02T09:35:01Z")
    assert "secret" not in repr(found)


def test_a_job_of_somebody_else_is_nothing():
    """Its name says so."""
    assert told(event("RUNNING", jobName="nightly")) is None


@pytest.mark.parametrize(
    "wrong", [{}, {"source": "aws.ecs"}, event("RUNNING") | {"detail": {}}, event("RUNNING", kind="Other")]
)
def test_another_event_is_refused(wrong: dict):
    """It goes back to the queue, and in the end to the dead letters."""
    with pytest.raises(InvalidValue):
        told(wrong)


def test_the_order_of_a_life_is_in_the_rank():
    """A retry is later than the run before it; an end is later than everything."""
    life = [
        event("RUNNABLE"),
        event("STARTING"),
        event("RUNNING"),
        event("RUNNABLE", ended=1),
        event("RUNNING", ended=1),
        event("FAILED", ended=2),
    ]
    ranks = [found.rank for each in life if (found := told(each))]
    assert ranks == sorted(set(ranks))


def test_of_several_the_latest_counts():
    """In whatever order they come; of one rank the one that was sent last."""
    blocked = event("RUNNABLE", "2026-03-02T09:45:00Z", kind="Batch Job Queue Blocked", statusReason="UNDETERMINED - x")
    events = [event("SUBMITTED"), event("RUNNABLE"), blocked]
    for order in permutations(events):
        (latest,) = newest([found for each in order if (found := told(each))])
        assert latest.reason == "UNDETERMINED - x"


def test_a_live_job_knows_its_name():
    """By which Batch knows it."""
    assert LiveJob(epoch=Epoch("r", 1), task_hash="5d41402abc4b2a76", n=3).name == NAME
