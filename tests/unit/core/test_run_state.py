"""States of a run and statuses of a task."""

from __future__ import annotations

import itertools

import pytest

from headrace.core import run_state
from headrace.core.run_state import CLOSING, CONCLUDED, COUNTING, RUNNING, STATES, STATUSES


def test_moves_go_forward_only() -> None:
    """No sequence of moves comes back to a state it has left, and a concluded run never moves."""
    for a, b in itertools.product(STATES, repeat=2):
        assert not (run_state.may_move(a, b) and run_state.may_move(b, a))
    assert not any(run_state.may_move(a, b) for a in CONCLUDED for b in STATES)


def test_a_running_run_may_close_or_conclude() -> None:
    """A run that nothing went wrong in is concluded without closing."""
    assert run_state.before(CLOSING) == (RUNNING,)
    assert all(run_state.before(state) == (CLOSING, RUNNING) for state in CONCLUDED)
    assert run_state.before(RUNNING) == ()


def test_only_a_running_run_starts_tasks() -> None:
    """Every other state, known or not, lets waiting tasks go as cancelled."""
    assert [state for state in sorted(STATES) if run_state.starts_tasks(state)] == [RUNNING]
    assert not run_state.starts_tasks("")


def test_failed_tasks_do_not_count() -> None:
    """Every way to end counts on latches but failing."""
    assert {status for status in STATUSES if not run_state.counts(status)} == {"failed"}
    assert COUNTING < STATUSES
    assert not run_state.counts("no such status")


@pytest.mark.parametrize(
    ("status", "state", "shown"),
    [
        ("succeeded", "running", "succeeded"),
        ("failed", "failed", "failed"),
        ("", "running", "waiting"),
        ("", "closing", "waiting"),
        ("", "failed", "cancelled"),
        ("", "succeeded", "cancelled"),
    ],
)
def test_a_task_without_a_record_reads_by_its_run(status: str, state: str, shown: str) -> None:
    """A record is the truth; its absence means waiting while the run goes on and cancelled after it."""
    assert run_state.reads_as(status, state) == shown
