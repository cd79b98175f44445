"""`maxErrors`: which failures count, and how many pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.core.test_retry_policy import came_to

from headrace.core.directive_values import MaxErrors
from headrace.core.error_bound import counts, most, reached
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.retry_budgets import Budget
from headrace.core.retry_policy import RetryRules, next_step

C = OutcomeClass


@pytest.mark.parametrize(
    ("rules", "kind", "counted"),
    [
        (RetryRules(strategy="ignore"), C.EXIT, True),
        (RetryRules(strategy="retry"), C.EXIT, True),
        (RetryRules(max_retries=2), C.EXIT, True),
        (RetryRules(strategy="retry"), C.SPOT, False),  # the world's doing
        (RetryRules(strategy="ignore"), C.OUT_OF_MEMORY, False),  # it gets more memory first
        (RetryRules(budgets={C.EXIT: Budget(times=2)}), C.EXIT, False),  # asked for by class
        (RetryRules(), C.EXIT, False),  # it fails the run anyway
        (RetryRules(strategy="finish"), C.EXIT, False),
    ],
)
def test_what_the_run_survives_by_the_users_wish_is_counted(rules: RetryRules, kind: OutcomeClass, counted: bool):
    """Ignored, or tried again as `errorStrategy: retry` says; nothing else."""
    outcome = came_to(kind)
    assert counts(rules, outcome, next_step(rules, outcome)) is counted


def test_a_named_error_that_is_ignored_counts():
    """However a failure comes to be ignored."""
    outcome = came_to(C.EXIT, action="ignore", named="x")
    assert counts(RetryRules(), outcome, next_step(RetryRules(), outcome))


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_a_share_is_rounded_down(percent: int, planned: int):
    """Ten percent of nineteen tasks is one."""
    assert most(MaxErrors(percent=percent), planned) == percent * planned // 100
    assert most(MaxErrors(count=percent), planned) == percent


def test_the_bound_is_named():
    """With the share and what it is of."""
    assert (
        reached(MaxErrors(count=2), "p", 2, 0, "exit 4")
        == "maxErrors of 'p' allows 2 failures, this is one more: exit 4"
    )
    assert "1 (7.5% of 20 tasks planned)" in reached(MaxErrors(percent=7.5), "p", 1, 20, "x")
