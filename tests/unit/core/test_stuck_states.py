"""Jobs that hang elsewhere than in RUNNABLE, and those that are lost."""

from headrace.core.batch_detail import AttemptDetail, JobFacts
from headrace.core.stuck_jobs import LOST, Memory, Seen
from headrace.core.stuck_limits import Policy
from headrace.core.stuck_place import Environment, Instance, Place
from headrace.core.stuck_states import suspect

NOW = 1_800_000_000_000
HOUR = 3_600_000
PLACE = Place(arn="q", environments=(Environment(name="e", instances=(Instance(arn="arn:i", connected=False),)),))


def code(state: str, **more) -> str:
    """What is suspected of a job in a state."""
    found = suspect(PLACE, Seen(**{"name": "n", "state": state, "job_id": "j", **more}), NOW, Policy())
    return found.code if found else ""


def facts(**more) -> JobFacts:
    """A described job."""
    return JobFacts(job_id="j", **more)


def test_before_it_can_run():
    """What it waits for, as far as Batch says."""
    assert code("SUBMITTED") == "submitted"
    assert code("PENDING") == "pending"
    assert code("PENDING", details=facts(depends_on=2)) == "dependency"
    assert code("PENDING", details=facts(consumables=("licence x 1",))) == "consumable-resource"


def test_an_arrays_parent_is_pending_while_its_children_run():
    """Nothing is wrong with it."""
    assert code("PENDING", array=True) == ""


def test_starting():
    """A pull that fails, a host that is gone, or just the wait."""
    assert code("STARTING") == "start-hangs"
    pull = (AttemptDetail(reason="CannotPullContainerError: pull image manifest has been retried 5 time(s)"),)
    assert code("STARTING", details=facts(attempts=pull)) == "starting-image-pull"
    assert code("STARTING", details=facts(instance="arn:i")) == "agent-disconnected"
    assert code("STARTING", details=facts(instance="arn:other")) == "start-hangs"


def test_running_past_its_timeout():
    """Batch should have ended it; a quarter of an hour is its own."""
    started = {"started_ms": NOW - 2 * HOUR}
    assert code("RUNNING", **started) == ""
    assert code("RUNNING", **started, time_s=3600) == "overdue"
    assert code("RUNNING", **started, details=facts(timeout_s=3600)) == "overdue"
    assert code("RUNNING", **started, time_s=2 * 3600 - 600) == ""


def test_running_without_a_line():
    """For an hour; a log that was not looked at says nothing."""
    started = {"started_ms": NOW - 9 * HOUR}
    assert code("RUNNING", **started, line_ms=NOW - HOUR) == "silent"
    assert code("RUNNING", **started, line_ms=NOW - HOUR + 60_000) == ""
    assert code("RUNNING", **started) == ""
    assert suspect(PLACE, Seen(name="n", state="RUNNING", started_ms=1, line_ms=1), NOW, Policy(silent_s=0)) is None


def test_running_and_idle():
    """Alive, and without a line or CPU of its own for four hours."""
    started = {"started_ms": NOW - 9 * HOUR, "line_ms": NOW}
    assert code("RUNNING", **started, worked_ms=NOW - 4 * HOUR) == "idle"
    assert code("RUNNING", **started, worked_ms=NOW - 3 * HOUR) == ""
    assert code("RUNNING", **started) == ""


def test_lost_jobs():
    """Known by its id and gone; ended and not heard of; never submitted as far as anybody knows."""
    memory = Memory(state=LOST, since_ms=NOW - HOUR)
    assert code(LOST, memory=memory) == "forgotten"
    assert code(LOST, memory=memory, details=facts(status="SUCCEEDED")) == "unheard"
    assert code(LOST, memory=memory, job_id="") == "unsubmitted"
