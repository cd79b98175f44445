"""Why jobs wait in RUNNABLE: the queue as a whole, the job itself, the machines."""

import pytest

from headrace.core import preflight
from headrace.core.batch_detail import JobFacts
from headrace.core.stuck_jobs import Seen
from headrace.core.stuck_limits import Policy, Severity
from headrace.core.stuck_place import Environment, Instance, Place
from headrace.core.stuck_queue import machines, suspect, whole_queue

NOW = 1_800_000_000_000
POLICY = Policy()
TOO_BIG = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too big"
FREE = Environment(name="spot", max_vcpus=64, desired_vcpus=0)


def place(*environments: Environment, **more) -> Place:
    """A queue."""
    return Place(arn="arn:aws:batch:r:a:job-queue/q", environments=environments or (FREE,), **more)


def job(name: str, **more) -> Seen:
    """A job that waits for an hour."""
    return Seen(**{"name": name, "state": "RUNNABLE", "job_id": f"id-{name}", "created_ms": NOW - 3_600_000, **more})


def codes(where: Place, *jobs: Seen) -> dict[str, str]:
    """What is suspected of each."""
    return {name: each.code for name, each in suspect(where, jobs, NOW, POLICY)[0].items()}


@pytest.mark.parametrize(
    ("where", "code", "severity"),
    [
        (place(state="DISABLED"), "queue-disabled", Severity.PAUSED),
        (place(status="INVALID", reason="no role"), "queue-invalid", Severity.BROKEN),
        (Place(arn="q"), "no-environment", Severity.BROKEN),
        (place(Environment(name="e", state="DISABLED")), "environment-disabled", Severity.BROKEN),
        (
            place(Environment(name="e", status="INVALID", reason="CLIENT_ERROR - no role")),
            "environment-invalid",
            Severity.BROKEN,
        ),
        (
            place(Environment(name="e", status="INVALID"), Environment(name="f", state="DISABLED")),
            "environment-invalid",
            Severity.BROKEN,
        ),
    ],
)
def test_a_queue_where_nothing_can_start(where: Place, code: str, severity: Severity):
    """It is about every job that waits there."""
    found = whole_queue(where)
    assert found is not None
    assert (found.code, found.severity, found.own) == (code, severity, False)
    assert codes(where, job("a"), job("b", reason=TOO_BIG)) == {"a": code, "b": code}
    assert "CLIENT_ERROR" in found.cause or "CLIENT_ERROR" not in str(where)


def test_one_usable_environment_is_enough():
    """Then the queue as a whole is in order."""
    assert whole_queue(place(Environment(name="e", status="INVALID"), FREE)) is None


def test_a_reason_is_about_the_job_that_carries_it():
    """Those behind the first in line wait for the same, and are told apart."""
    found, normal = suspect(place(head=(("id-a", 0), ("id-b", 0))), [job("a", reason=TOO_BIG), job("b")], NOW, POLICY)
    assert normal == ""
    assert (found["a"].code, found["a"].own) == ("too-big", True)
    assert (found["b"].code, found["b"].own, found["b"].remembered_as) == ("too-big", False, "too-big@id-a")


def test_somebody_elses_job_may_block_the_line():
    """It is said so, and it is no certainty of ours."""
    found, _ = suspect(
        place(head=(("foreign", 0), ("id-a", 0)), head_reason="MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - no"),
        [job("a")],
        NOW,
        POLICY,
    )
    assert (found["a"].code, found["a"].severity) == ("max-vcpus", Severity.SOFT)
    assert "somebody else" in found["a"].cause


def test_a_queue_that_works_makes_nobody_suspicious():
    """Not even when Batch says that it does not know, or lacks capacity for a while; a job that fits nowhere is another matter."""
    busy = place(last_start_ms=NOW - 1_000, waiting=3, running=1)
    found, normal = suspect(
        busy,
        [
            job("a"),
            job("b", reason="UNDETERMINED - x"),
            job("c", reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - x"),
            job("d", reason=TOO_BIG),
        ],
        NOW,
        POLICY,
    )
    assert {name: each.code for name, each in found.items()} == {"d": "too-big"}
    assert normal


def test_what_the_pre_flight_would_refuse_is_certain():
    """The queue may have changed since the job was submitted."""
    small = preflight.InstanceType("m5.large", 2, 8192)
    fit = preflight.Queue(name="q", environments=(preflight.Environment(name="spot", max_vcpus=64, types=(small,)),))
    details = JobFacts(job_id="id-a", vcpus=4, memory_mib=1024)
    found, _ = suspect(place(fit=fit), [job("a", details=details)], NOW, POLICY)
    assert (found["a"].code, found["a"].severity) == ("too-big", Severity.FIRM)
    assert "4 vCPUs" in found["a"].cause
    capped = preflight.Queue(name="q", environments=(preflight.Environment(name="spot", max_vcpus=2),))
    assert codes(place(fit=capped), job("a", details=details)) == {"a": "max-vcpus"}
    assert codes(place(fit=capped), job("a")) == {"a": "undetermined"}


def test_fair_share_starvation():
    """The queue starts jobs of others, none of our share, since ours wait."""
    where = place(fair_share=True, last_start_ms=NOW - 1_000, shares=frozenset({"theirs"}), running=1)
    assert codes(where, job("a", share="ours")) == {"a": "starved"}
    assert codes(where, job("a", share="theirs")) == {}
    assert codes(where, job("a", share="ours", created_ms=NOW - 500)) == {}


def test_numbers_are_told():
    """What is asked, and what the largest machine registered has to give."""
    where = place(Environment(name="spot", max_vcpus=64, instances=(Instance(arn="i", vcpus=16, memory_mib=31584),)))
    details = JobFacts(job_id="id-a", vcpus=16, memory_mib=32768, gpus=1)
    found, _ = suspect(where, [job("a", reason=TOO_BIG, details=details)], NOW, POLICY)
    assert "asks 16 vCPUs, 32768 MiB, 1 GPUs" in found["a"].cause
    assert "31584 MiB" in found["a"].cause


CONNECTED, GONE = Instance(arn="i", vcpus=4), Instance(arn="i", connected=False)


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        (Environment(name="e", desired_vcpus=8, instances=(), failures=()), "never-registered"),
        (Environment(name="e", desired_vcpus=8, instances=(), failures=("Max spot instance count exceeded",)), "quota"),
        (Environment(name="e", desired_vcpus=8, instances=(GONE,), failures=()), "agent-disconnected"),
        (
            Environment(name="e", desired_vcpus=8, instances=(Instance(arn="i", writes_logs=False),), failures=()),
            "no-log-driver",
        ),
        (Environment(name="e", desired_vcpus=8, instances=(CONNECTED,), failures=("no Spot capacity",)), "no-capacity"),
        (Environment(name="e", desired_vcpus=8, instances=(CONNECTED,), failures=()), ""),
        (Environment(name="e", desired_vcpus=0, instances=(), failures=()), ""),
        (Environment(name="e", desired_vcpus=8), ""),
        (Environment(name="e", kind="FARGATE", desired_vcpus=8, instances=(), failures=()), ""),
    ],
)
def test_what_keeps_machines_away(environment: Environment, code: str):
    """A failed launch before a missing registration; nothing is concluded from what was not looked at."""
    found = machines(place(environment))
    assert (found.code if found else "") == code


def test_nothing_speaks_for_anything():
    """Then that is what is said, with what the environments want."""
    found, _ = suspect(place(), [job("a")], NOW, POLICY)
    assert (found["a"].code, found["a"].severity) == ("undetermined", Severity.SOFT)
    assert "spot wants 0 of 64 vCPUs" in found["a"].cause
