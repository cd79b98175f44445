"""From observations to verdicts: patience, memory, and what is asked of AWS."""

from headrace.core.batch_detail import JobFacts
from headrace.core.stuck import assess, unclear
from headrace.core.stuck_jobs import LOST, Dwell, Memory, Seen
from headrace.core.stuck_limits import Limits, Policy
from headrace.core.stuck_place import Environment, Place

NOW = 1_800_000_000_000
MINUTE = 60_000
POLICY = Policy()
FREE = Place(
    arn="arn:aws:batch:r:a:job-queue/q", environments=(Environment(name="spot", max_vcpus=64, desired_vcpus=0),)
)
REASON = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no"


def job(name: str = "a", *, age: int = 0, **more) -> Seen:
    """A described job that waits for `age` minutes."""
    known = {"name": name, "state": "RUNNABLE", "job_id": f"id-{name}", "created_ms": NOW - age * MINUTE}
    return Seen(**{**known, "details": JobFacts(job_id=f"id-{name}"), **more})


def remembered(code: str, *, minutes: int, times: int, state: str = "RUNNABLE") -> Memory:
    """What sweeps have found so far."""
    first = NOW - minutes * MINUTE
    return Memory(state=state, since_ms=first, code=code, dwell=Dwell(first_ms=first, times=times))


def test_one_sighting_is_no_verdict():
    """However long the job has waited."""
    (verdict,) = assess(FREE, [job(age=600, reason=REASON)], {}, NOW, POLICY).verdicts
    assert not verdict.alert
    (verdict,) = assess(
        FREE, [job(age=600, reason=REASON, memory=remembered("max-vcpus", minutes=5, times=1))], {}, NOW, POLICY
    ).verdicts
    assert verdict.alert


def test_a_young_job_is_no_verdict():
    """However often it was found."""
    (verdict,) = assess(
        FREE, [job(age=9, reason=REASON, memory=remembered("max-vcpus", minutes=8, times=20))], {}, NOW, POLICY
    ).verdicts
    assert not verdict.alert
    assert verdict.alert_due_ms == NOW + MINUTE


def test_a_reason_that_changes_begins_anew():
    """Three codes in three sweeps are no cause."""
    found = assess(
        FREE, [job(age=600, reason=REASON, memory=remembered("too-big", minutes=60, times=9))], {}, NOW, POLICY
    )
    assert found.memories["a"].dwell == Dwell(first_ms=NOW, times=1)
    assert not found.verdicts[0].alert


def test_a_job_that_is_well_is_forgotten():
    """Its memory goes, and a job nothing was ever suspected of costs no write."""
    busy = Place(arn=FREE.arn, environments=FREE.environments, last_start_ms=NOW)
    found = assess(busy, [job(memory=remembered("too-big", minutes=60, times=9)), job("b")], {}, NOW, POLICY)
    assert found.memories == {"a": Memory()}
    assert (found.verdicts, bool(found.normal)) == ((), True)


def test_what_is_about_all_is_remembered_by_the_queue():
    """No job has a memory of it; the queue's ripens for all of them."""
    jobs = [job("a", age=90), job("b", age=70), job("c", age=5)]
    found = assess(FREE, jobs, {"undetermined": Dwell(first_ms=NOW - 20 * MINUTE, times=4)}, NOW, POLICY)
    assert found.memories == {}
    assert found.dwells == {"undetermined": Dwell(first_ms=NOW - 20 * MINUTE, times=5)}
    assert [(each.job.name, each.alert) for each in found.verdicts] == [("a", True), ("b", True), ("c", False)]


def test_without_details_there_is_no_verdict_on_a_runnable_job():
    """It may have become RUNNABLE a minute ago, after a lost host."""
    bare = job(age=600, reason=REASON, details=None, memory=remembered("max-vcpus", minutes=60, times=9))
    (verdict,) = assess(FREE, [bare], {}, NOW, POLICY).verdicts
    assert not verdict.alert


def test_what_the_process_asks_for_is_done_at_its_limit():
    """Not before, and only that."""
    limits = Limits(runnable_s=1800, action="terminate")
    dwell = {"undetermined": Dwell(first_ms=NOW - 20 * MINUTE, times=4)}
    for age, act in ((29, None), (30, "terminate")):
        (verdict,) = assess(FREE, [job(age=age, limits=limits)], dwell, NOW, POLICY).verdicts
        assert verdict.act == act
    (verdict,) = assess(FREE, [job(age=600)], dwell, NOW, POLICY).verdicts
    assert verdict.act is None


def test_starting_counts_from_its_first_sighting():
    """Half an hour of STARTING, not of life."""
    start = job(age=600, state="STARTING", details=None)
    found = assess(FREE, [start], {}, NOW, POLICY)
    assert found.memories["a"].since_ms == NOW
    later = job(age=600, state="STARTING", memory=remembered("start-hangs", minutes=30, times=6, state="STARTING"))
    assert assess(FREE, [later], {}, NOW, POLICY).verdicts[0].alert


def test_a_lost_job_is_never_acted_on():
    """There is nothing to end; it is told after a quarter of an hour."""
    limits = Limits(runnable_s=60, action="terminate")
    gone = job(state=LOST, details=None, limits=limits, memory=remembered("forgotten", minutes=15, times=3, state=LOST))
    (verdict,) = assess(FREE, [gone], {}, NOW, POLICY).verdicts
    assert (verdict.alert, verdict.act) == (True, None)


def test_details_are_asked_for_few():
    """Those with a reason first, then the old ones; of a queue that works, only those with a reason."""
    young, old, told = job("y", age=1), job("o", age=45), job("t", age=1, reason=REASON)
    assert [each.name for each in unclear(FREE, [young, old, told], NOW, POLICY)] == ["t", "o"]
    busy = Place(arn=FREE.arn, environments=FREE.environments, last_start_ms=NOW)
    assert [each.name for each in unclear(busy, [young, old, told], NOW, POLICY)] == ["t"]
    hangs = job("s", age=45, state="STARTING", memory=remembered("start-hangs", minutes=40, times=8, state="STARTING"))
    assert [each.name for each in unclear(busy, [hangs, job("r", age=90, state="RUNNING")], NOW, POLICY)] == ["s"]


def test_details_are_asked_of_who_was_passed():
    """In a queue that works: who is first for long while later ones start, not who has only just moved up."""
    first, second = job("f", age=90), job("s", age=90)
    head = (("id-f", NOW - 30 * MINUTE), ("id-s", NOW - 2 * MINUTE))
    busy = Place(arn=FREE.arn, environments=FREE.environments, last_start_ms=NOW - MINUTE, head=head)
    assert [each.name for each in unclear(busy, [first, second], NOW, POLICY)] == ["f"]
    fresh = Place(arn=FREE.arn, environments=FREE.environments, last_start_ms=NOW - MINUTE, head=(("id-f", NOW),))
    assert unclear(fresh, [first, second], NOW, POLICY) == []
