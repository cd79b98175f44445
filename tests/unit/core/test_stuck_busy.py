"""A queue that works: whoever waits there waits for his turn."""

from headrace.core.stuck_busy import why_normal
from headrace.core.stuck_limits import Policy
from headrace.core.stuck_place import Environment, Instance, Place

NOW = 1_800_000_000_000
POLICY = Policy()


def place(*environments: Environment, **more) -> Place:
    """A queue with 500 jobs in line."""
    return Place(arn="arn:aws:batch:r:a:job-queue/q", environments=environments, **{"waiting": 500, **more})


def test_a_start_in_the_last_two_sweeps_is_work():
    """And one before is not, by itself."""
    free = Environment(name="e", max_vcpus=64, desired_vcpus=8)
    assert "500 jobs wait" in why_normal(place(free, last_start_ms=NOW - 600_000), 1, NOW, POLICY)
    assert why_normal(place(free, last_start_ms=NOW - 700_000, running=3), 1, NOW, POLICY) == ""


def test_jobs_that_hold_all_there_may_be():
    """However long they run: an environment that cannot grow, with something running in it."""
    full = Environment(name="e", max_vcpus=8, desired_vcpus=8)
    assert "(8)" in why_normal(place(full, running=8), 1, NOW, POLICY)
    assert why_normal(place(full), 1, NOW, POLICY) == ""
    assert why_normal(place(full, running=1), 1, NOW, POLICY) != ""


def test_every_environment_has_to_be_full():
    """One that can still grow makes the wait remarkable."""
    full, free = (
        Environment(name="a", max_vcpus=8, desired_vcpus=8),
        Environment(name="b", max_vcpus=8, desired_vcpus=0),
    )
    assert why_normal(place(full, free, running=8), 1, NOW, POLICY) == ""
    shut = Environment(name="b", max_vcpus=8, desired_vcpus=0, state="DISABLED")
    assert why_normal(place(full, shut, running=8), 1, NOW, POLICY) != ""


def test_a_big_job_waits_for_room():
    """6 of 8 vCPUs are wanted: one more vCPU would fit, four do not."""
    nearly = Environment(name="e", max_vcpus=8, desired_vcpus=6)
    assert why_normal(place(nearly, running=2), 1, NOW, POLICY) == ""
    assert why_normal(place(nearly, running=2), 4, NOW, POLICY) != ""


def test_another_queue_may_hold_the_machines():
    """Nothing of this queue runs, but tasks run on the instances it shares."""
    taken = Environment(name="e", max_vcpus=8, desired_vcpus=8, instances=(Instance(arn="i", running=2),))
    assert why_normal(place(taken), 1, NOW, POLICY) != ""
    idle = Environment(name="e", max_vcpus=8, desired_vcpus=8, instances=(Instance(arn="i"),))
    assert why_normal(place(idle), 1, NOW, POLICY) == ""


def test_fargate_is_counted_by_what_the_queue_uses():
    """It wants no machines; the snapshot says what is used."""
    fargate = Environment(name="f", kind="FARGATE", max_vcpus=4)
    assert why_normal(place(fargate, running=4, used_vcpus=4.0), 0.25, NOW, POLICY) != ""
    assert why_normal(place(fargate, running=1, used_vcpus=1.0), 0.25, NOW, POLICY) == ""


def test_a_queue_that_is_shut_does_not_work():
    """Whatever still runs in it."""
    full = Environment(name="e", max_vcpus=8, desired_vcpus=8)
    assert why_normal(place(full, running=8, state="DISABLED"), 1, NOW, POLICY) == ""
    assert why_normal(place(running=8), 1, NOW, POLICY) == ""
