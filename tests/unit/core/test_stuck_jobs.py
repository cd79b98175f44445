"""A job as a sweep sees it: since when it is where it is."""

from headrace.core.batch_detail import AttemptDetail, JobFacts
from headrace.core.stuck_jobs import LOST, Dwell, Memory, Seen, Suspicion, seen
from headrace.core.stuck_limits import Severity

SUMMARY = {"jobId": "j", "jobName": "hr-r-1-x", "status": "RUNNABLE", "createdAt": 1_000}


def test_a_summary_is_read():
    """What ListJobs gives of a job, an array's parent told apart."""
    job = seen(
        {**SUMMARY, "statusReason": "UNDETERMINED", "shareIdentifier": "s", "arrayProperties": {"size": 3}}, run="r"
    )
    assert (job.job_id, job.name, job.state, job.reason, job.share, job.run) == (
        "j",
        "hr-r-1-x",
        "RUNNABLE",
        "UNDETERMINED",
        "s",
        "r",
    )
    assert job.array
    assert not seen({**SUMMARY, "arrayProperties": {"index": 0}}).array


def test_runnable_counts_from_the_end_of_the_last_attempt():
    """Batch's own retry makes a job RUNNABLE again, long after it was created; only DescribeJobs tells."""
    assert seen(SUMMARY).since_ms(9_000) == 1_000
    again = seen(SUMMARY, details=JobFacts(job_id="j", attempts=(AttemptDetail(stopped_ms=5_000),)))
    assert again.since_ms(9_000) == 5_000


def test_starting_counts_from_the_first_sweep_that_saw_it():
    """Batch has no time for it; an old job that has just been placed is not an old start."""
    started = Seen(name="n", state="STARTING", created_ms=1_000)
    assert started.since_ms(9_000) == 9_000
    remembered = Seen(name="n", state="STARTING", created_ms=1_000, memory=Memory(state="STARTING", since_ms=7_000))
    assert remembered.since_ms(9_000) == 7_000
    moved_on = Seen(name="n", state=LOST, memory=Memory(state="STARTING", since_ms=7_000))
    assert moved_on.since_ms(9_000) == 9_000


def test_running_counts_from_its_start():
    """Not from its submission."""
    assert Seen(name="n", state="RUNNING", created_ms=1_000, started_ms=4_000).since_ms(9_000) == 4_000


def test_a_dwell_keeps_its_beginning():
    """And counts."""
    assert Dwell().again(5).again(7) == Dwell(first_ms=5, times=2)


def test_a_suspicion_about_all_has_a_key_of_its_own():
    """The code, unless it is about those behind one job."""
    about = Suspicion(code="c", severity=Severity.SOFT, cause="", advice="")
    assert about.remembered_as == "c"
    assert Suspicion(code="c", severity=Severity.SOFT, cause="", advice="", key="c@j").remembered_as == "c@j"
