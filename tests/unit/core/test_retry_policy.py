"""What follows an attempt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.outcome import Outcome
from headrace.core.outcome_classes import NOT_OWN, OutcomeClass
from headrace.core.retry_budgets import DEFAULTS, FIRM, Budget
from headrace.core.retry_policy import (
    MOST_SUBMISSIONS,
    Given,
    PastAttempt,
    RetryRules,
    Step,
    next_step,
    task_attempt,
)

C = OutcomeClass


def came_to(kind: OutcomeClass, **more: object) -> Outcome:
    """An outcome of a class."""
    return replace(Outcome(kind, "cause", "fix", counts_as_own=kind not in NOT_OWN), **more)  # type: ignore[arg-type]


def past(kind: OutcomeClass, **given_values: int) -> PastAttempt:
    """An earlier attempt of a class."""
    return PastAttempt(kind, kind not in NOT_OWN, Given(**given_values))


def test_a_success_is_done() -> None:
    """Nothing follows."""
    assert next_step(RetryRules(), came_to(C.SUCCEEDED)).verdict == "done"


def test_a_script_that_fails_ends_the_run_unless_told_otherwise() -> None:
    """The default strategy is terminate, with no try for the script's own exit."""
    step = next_step(RetryRules(), came_to(C.EXIT))
    assert (step.verdict, step.drain, step.n) == ("fail", "terminate", 1)


@pytest.mark.parametrize(
    ("rules", "tries"),
    [
        (RetryRules(), 0),
        (RetryRules(strategy="retry"), 1),
        (RetryRules(strategy="retry", max_retries=3), 3),
        (RetryRules(max_retries=2), 2),
        (RetryRules(strategy="terminate", max_retries=2), 0),
        (RetryRules(strategy="retry", max_retries=0), 0),
        (RetryRules(budgets={C.EXIT: Budget(times=4)}), 4),
        (RetryRules(strategy="retry", max_retries=9, budgets={C.EXIT: Budget(times=1)}), 1),
    ],
)
def test_how_often_a_scripts_exit_is_tried_again(rules: RetryRules, tries: int) -> None:
    """Strategy and maxRetries as in Nextflow; an entry in `retry` is stronger."""
    history: tuple[PastAttempt, ...] = ()
    for n in range(tries):
        step = next_step(rules, came_to(C.EXIT), history)
        assert (step.verdict, step.n, step.task_attempt) == ("retry", n + 2, n + 2)
        history += (past(C.EXIT),)
    assert next_step(rules, came_to(C.EXIT), history).verdict == "fail"


def test_a_lost_host_never_uses_up_the_tasks_own_tries() -> None:
    """Budgets are per class, and task.attempt does not see it."""
    history = (past(C.SPOT), past(C.HOST_LOST), past(C.SPOT), past(C.EXIT))
    step = next_step(RetryRules(strategy="retry", max_retries=2), came_to(C.EXIT), history)
    assert (step.verdict, step.n, step.task_attempt) == ("retry", 6, 3)
    assert task_attempt(history) == 2
    lost = next_step(RetryRules(), came_to(C.SPOT), (past(C.EXIT),) * 5)
    assert (lost.verdict, lost.task_attempt) == ("retry", 6)


def test_spot_losses_move_down_the_ladder_and_stay_at_its_end() -> None:
    """Spot, then on demand; never back up."""
    rules = RetryRules(queues=2)
    first = next_step(rules, came_to(C.SPOT))
    assert first.queue_index == 1
    assert "queue 2 of 2" in first.why
    again = next_step(rules, came_to(C.SPOT), (past(C.SPOT),), given=Given(queue_index=1))
    assert again.queue_index == 1
    failed = next_step(
        RetryRules(queues=2, max_retries=1), came_to(C.EXIT), (past(C.SPOT),), given=Given(queue_index=1)
    )
    assert (failed.verdict, failed.queue_index) == ("retry", 1)


def test_a_stuck_job_goes_to_the_next_queue_or_fails() -> None:
    """Waiting again in the queue it was stuck in helps nobody."""
    assert next_step(RetryRules(queues=2), came_to(C.STUCK)).queue_index == 1
    step = next_step(RetryRules(queues=2), came_to(C.STUCK), given=Given(queue_index=1))
    assert (step.verdict, "no further queue" in step.why) == ("fail", True)


def test_memory_grows_once_per_loss_and_stays_grown() -> None:
    """A spot loss after it keeps what was reached."""
    one = next_step(RetryRules(), came_to(C.OUT_OF_MEMORY), given=Given(memory_mib=1000))
    assert (one.memory_mib, one.memory_factor) == (2000, 2.0)
    assert "2000 MiB" in one.why
    lost = next_step(
        RetryRules(), came_to(C.SPOT), (past(C.OUT_OF_MEMORY, memory_mib=1000),), given=Given(memory_mib=2000)
    )
    assert (lost.memory_mib, lost.memory_factor) == (2000, 2.0)
    history = (past(C.OUT_OF_MEMORY, memory_mib=1000), past(C.SPOT, memory_mib=2000))
    two = next_step(RetryRules(), came_to(C.OUT_OF_MEMORY), history, given=Given(memory_mib=2000))
    assert (two.memory_mib, two.memory_factor) == (4000, 4.0)
    assert next_step(RetryRules(), came_to(C.OUT_OF_MEMORY), (past(C.OUT_OF_MEMORY),) * 2).verdict == "fail"


def test_memory_never_grows_beyond_its_cap() -> None:
    """The cap is used up once; at the cap there is no further try."""
    rules = RetryRules(memory_limit_mib=1500)
    assert next_step(rules, came_to(C.OUT_OF_MEMORY), given=Given(memory_mib=1000)).memory_mib == 1500
    step = next_step(rules, came_to(C.OUT_OF_MEMORY), given=Given(memory_mib=1500))
    assert (step.verdict, "1500 MiB" in step.why) == ("fail", True)
    capped = RetryRules(budgets={C.OUT_OF_MEMORY: Budget(times=3, memory_factor=4, memory_max_mib=1200)})
    assert next_step(capped, came_to(C.OUT_OF_MEMORY), given=Given(memory_mib=1000)).memory_mib == 1200


def test_time_grows_where_allowed_up_to_its_limit() -> None:
    """Not by default; then by the factor."""
    assert next_step(RetryRules(), came_to(C.TIMEOUT), given=Given(time_s=600)).verdict == "fail"
    rules = RetryRules(budgets={C.TIMEOUT: Budget(times=2, time_factor=2)}, time_limit_s=1000)
    step = next_step(rules, came_to(C.TIMEOUT), given=Given(time_s=600))
    assert (step.verdict, step.time_s) == ("retry", 1000)
    later = next_step(rules, came_to(C.SPOT), (past(C.TIMEOUT),), given=Given(time_s=1000))
    assert later.time_s == 1000


@pytest.mark.parametrize("kind", sorted(FIRM - {C.SUCCEEDED}))
def test_firm_failures_are_not_tried_again_unless_the_spec_names_them(kind: OutcomeClass) -> None:
    """`errorStrategy: retry` does not waste hours on a missing image; `retry: {permission: 1}` is the user's will."""
    assert next_step(RetryRules(strategy="retry", max_retries=5), came_to(kind)).verdict == "fail"
    assert next_step(RetryRules(budgets={kind: Budget(times=1)}), came_to(kind)).verdict == "retry"


def test_a_firm_outcome_of_a_class_with_a_budget_is_not_tried_again() -> None:
    """A pull that timed out is; a pull of an image that is not there is not."""
    assert next_step(RetryRules(), came_to(C.IMAGE_PULL)).verdict == "retry"
    assert next_step(RetryRules(), came_to(C.IMAGE_PULL, firm=True)).verdict == "fail"


def test_ignore_comes_after_the_budgets() -> None:
    """What can be had by trying again is had; then the run goes on without."""
    rules = RetryRules(strategy="ignore")
    assert next_step(rules, came_to(C.SPOT)).verdict == "retry"
    assert next_step(rules, came_to(C.EXIT)).verdict == "ignore"
    assert next_step(rules, came_to(C.SPOT), (past(C.SPOT),) * 3).verdict == "ignore"


def test_finish_lets_the_others_end() -> None:
    """The drain is the strategy's."""
    assert next_step(RetryRules(strategy="finish"), came_to(C.EXIT)).drain == "finish"
    assert next_step(RetryRules(strategy="retry"), came_to(C.EXIT), (past(C.EXIT),)).drain == "terminate"


def test_only_the_exit_codes_named_are_tried_again() -> None:
    """`codes` narrows the budget."""
    rules = RetryRules(budgets={C.EXIT: Budget(times=2, codes=(143,))})
    assert next_step(rules, came_to(C.EXIT, exit_code=143)).verdict == "retry"
    step = next_step(rules, came_to(C.EXIT, exit_code=1))
    assert (step.verdict, "retry.exit.codes" in step.why) == ("fail", True)


def test_a_named_error_decides_for_itself() -> None:
    """errors: [{…, retry|ignore|fail}] is stronger than budgets and strategy."""
    assert next_step(RetryRules(), came_to(C.EXIT, action="ignore", named="x")).verdict == "ignore"
    assert next_step(RetryRules(), came_to(C.EXIT, action="retry", named="x")).verdict == "retry"
    assert next_step(RetryRules(), came_to(C.EXIT, action="retry", named="x"), (past(C.EXIT),)).verdict == "fail"
    assert next_step(RetryRules(strategy="retry"), came_to(C.SPOT, action="fail", named="x")).verdict == "fail"


def test_delays_double_and_spread() -> None:
    """A thousand tasks that failed together do not come back together, and none waits for hours."""
    rules = RetryRules(budgets={C.IMAGE_PULL: Budget(times=20, delay_s=30)})
    waits = {next_step(rules, came_to(C.IMAGE_PULL), salt=f"t{n}").delay_s for n in range(100)}
    assert len(waits) > 20
    assert all(15 <= wait <= 45 for wait in waits)
    later = next_step(rules, came_to(C.IMAGE_PULL), (past(C.IMAGE_PULL),) * 2).delay_s
    assert 60 <= later <= 180
    assert next_step(rules, came_to(C.IMAGE_PULL), (past(C.IMAGE_PULL),) * 19).delay_s == 1800


RULES = st.builds(
    RetryRules,
    strategy=st.sampled_from(["", "terminate", "finish", "ignore", "retry"]),
    max_retries=st.none() | st.integers(0, 20),
    budgets=st.dictionaries(
        st.sampled_from(list(OutcomeClass)),
        st.builds(Budget, times=st.integers(0, 20), memory_factor=st.floats(1, 16), next_queue=st.booleans()),
    ),
    queues=st.integers(1, 4),
    memory_limit_mib=st.none() | st.integers(100, 10_000),
)


@given(
    RULES,
    st.lists(
        st.sampled_from([kind for kind in OutcomeClass if kind is not C.SUCCEEDED]),
        min_size=MOST_SUBMISSIONS,
        max_size=MOST_SUBMISSIONS,
    ),
)
def test_every_task_comes_to_an_end(rules: RetryRules, kinds: list[OutcomeClass]) -> None:
    """Whatever fails in whatever order: bounded submissions, memory and queue never go back, numbers rise by one."""
    history: tuple[PastAttempt, ...] = ()
    given_now = Given(memory_mib=100)
    for kind in kinds:
        step: Step = next_step(rules, came_to(kind), history, given=given_now)
        if step.verdict != "retry":
            assert step.verdict in {"fail", "ignore"}
            assert (step.verdict == "fail") == bool(step.drain)
            return
        history += (PastAttempt(kind, kind not in NOT_OWN, given_now),)
        assert step.n == len(history) + 1
        assert step.task_attempt == task_attempt(history)
        assert step.memory_mib is None or step.memory_mib >= given_now.memory_mib  # type: ignore[operator]
        assert given_now.queue_index <= step.queue_index < rules.queues
        given_now = Given(step.memory_mib or 100, queue_index=step.queue_index)
    raise AssertionError("a task that is never given up")


def test_the_defaults_add_up_to_less_than_the_most() -> None:
    """The last bound is for specs, not for the defaults."""
    assert sum(budget.times for budget in DEFAULTS.values()) < MOST_SUBMISSIONS
