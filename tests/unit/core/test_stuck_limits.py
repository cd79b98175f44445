"""How long is too long, by what is wrong and what the process says."""

import pytest

from headrace.core.stuck_limits import Limits, Patience, Policy, Severity, before_action, before_alert

POLICY = Policy()


@pytest.mark.parametrize(
    ("state", "severity", "limits", "wait_s"),
    [
        ("RUNNABLE", Severity.FIRM, Limits(), 600),
        ("RUNNABLE", Severity.BROKEN, Limits(), 600),
        ("RUNNABLE", Severity.SOFT, Limits(), 3600),
        ("RUNNABLE", Severity.SOFT, Limits(runnable_s=7200), 7200),
        ("RUNNABLE", Severity.FIRM, Limits(runnable_s=300), 300),
        ("RUNNABLE", Severity.FIRM, Limits(runnable_s=7200), 600),
        ("STARTING", Severity.SOFT, Limits(), 1800),
        ("STARTING", Severity.SOFT, Limits(starting_s=3600, runnable_s=60), 3600),
        ("PENDING", Severity.SOFT, Limits(runnable_s=900), 900),
        ("RUNNING", Severity.SOFT, Limits(runnable_s=900), 0),
    ],
)
def test_what_is_certain_is_told_sooner(state: str, severity: Severity, limits: Limits, wait_s: int):
    """A process's own limit replaces the deployment's, and makes nothing certain wait longer."""
    patience = before_alert(POLICY, limits, state, severity)
    assert patience is not None
    assert patience.wait_s == wait_s


def test_nothing_is_told_at_first_sight():
    """Whatever is wrong, it is found twice at least; what may pass, three times over ten minutes."""
    for severity in (Severity.FIRM, Severity.BROKEN, Severity.SOFT):
        patience = before_alert(POLICY, Limits(), "RUNNABLE", severity)
        assert patience is not None
        assert patience.times >= 2
    assert before_alert(POLICY, Limits(), "RUNNABLE", Severity.SOFT) == Patience(3600, 3, 600)


def test_a_queue_that_was_switched_off_is_nobodys_alarm():
    """Unless the process says how long its jobs may wait."""
    assert before_alert(POLICY, Limits(), "RUNNABLE", Severity.PAUSED) is None
    own = before_alert(POLICY, Limits(runnable_s=900), "RUNNABLE", Severity.PAUSED)
    assert own is not None
    assert own.wait_s == 900


def test_nothing_is_done_unasked():
    """Alert is the default; a running job is never ended; there must be a queue to go to."""
    assert before_action(POLICY, Limits(), "RUNNABLE", Severity.FIRM) is None
    ends = Limits(action="terminate")
    assert before_action(POLICY, ends, "RUNNING", Severity.SOFT) is None
    assert before_action(POLICY, Limits(action="next-queue"), "RUNNABLE", Severity.FIRM) is None
    assert before_action(POLICY, Limits(action="next-queue", further=1), "RUNNABLE", Severity.FIRM) is not None


def test_what_somebody_can_repair_is_told_early_and_acted_on_late():
    """A broken environment may be mended before the job's limit; one that can never run it cannot."""
    ends = Limits(action="terminate", runnable_s=7200)
    waits = {
        severity: before_action(POLICY, ends, "RUNNABLE", severity)
        for severity in (Severity.FIRM, Severity.BROKEN, Severity.SOFT)
    }
    assert {severity: patience.wait_s for severity, patience in waits.items() if patience} == {
        Severity.FIRM: 600,
        Severity.BROKEN: 7200,
        Severity.SOFT: 7200,
    }
