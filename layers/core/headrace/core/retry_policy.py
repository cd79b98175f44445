"""What follows an attempt: done, another try, ignored, or failed for good.

First the class's budget (`retry_budgets`): while there is some left, the task is tried again, whatever `errorStrategy`
says; each class counts alone. Then `errorStrategy`, whose words are Nextflow's: `terminate` (also the default) and `finish`
fail the run, `ignore` lets it go on, `retry` gives the task's own failures `maxRetries` tries (1 when unset) before it
fails the run. `maxRetries` without `errorStrategy` means `retry`; given, it replaces the default budgets of the task's own
failures. Memory that has grown stays grown, and a task never goes back up the queue ladder.
`task.attempt` is 1 + the task's own failures (spec.md rule 12); submissions are counted apart, in `n`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from headrace.core.outcome import Outcome
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.plain_text import one_line
from headrace.core.retry_budgets import DEFAULTS, FIRM, Budget

C = OutcomeClass
Strategy = Literal["", "terminate", "finish", "ignore", "retry"]
Verdict = Literal["done", "retry", "ignore", "fail"]
Drain = Literal["", "terminate", "finish"]

MOST_SUBMISSIONS: Final = 50
"""Whatever the budgets add up to: no task is submitted more often."""

_MOST_DELAY_S: Final = 1800
_MOST_TIME_S: Final = 14 * 24 * 3600  # SubmitJob's state ends then (design.md section 3)


@dataclass(frozen=True, slots=True)
class RetryRules:
    """A task's directives on failure, already evaluated. `queues` is the ladder's length; limits are those of its queues."""

    strategy: Strategy = ""
    max_retries: int | None = None
    budgets: Mapping[OutcomeClass, Budget] = field(default_factory=dict)
    queues: int = 1
    memory_limit_mib: int | None = None
    time_limit_s: int = _MOST_TIME_S


@dataclass(frozen=True, slots=True)
class Given:
    """What an attempt ran with; `None` where it is not known."""

    memory_mib: int | None = None
    time_s: int | None = None
    queue_index: int = 0


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """An earlier submission of the task in this epoch, and what it came to."""

    kind: OutcomeClass
    own: bool
    given: Given = field(default_factory=Given)


@dataclass(frozen=True, slots=True)
class Step:
    """What follows. For `retry`: submission `n` with `task.attempt` = `task_attempt`, not before `delay_s`.

    `memory_mib` and `time_s` are the least the next attempt gets (`None`: what its directives say), `memory_factor` the same
    growth as a factor of the directive. For `fail`: how the run drains. `why` is one line for the ledger.
    """

    verdict: Verdict
    why: str
    n: int
    task_attempt: int
    memory_mib: int | None = None
    memory_factor: float = 1.0
    time_s: int | None = None
    queue_index: int = 0
    delay_s: int = 0
    drain: Drain = ""


def next_step(
    rules: RetryRules,
    outcome: Outcome,
    history: tuple[PastAttempt, ...] = (),
    *,
    given: Given | None = None,
    salt: str = "",
) -> Step:
    """What follows this attempt, given the earlier ones (oldest first). `salt` (the task) spreads equal delays."""
    given = given or Given()
    n = len(history) + 1
    own = sum(past.own for past in history) + outcome.counts_as_own
    now = Step("done", "", n, 1 + own, queue_index=given.queue_index)
    if outcome.succeeded:
        return replace(now, why="done")
    if outcome.action == "ignore":
        return replace(now, verdict="ignore", why=_why(outcome, f"ignored, as errors.{outcome.named} says"))
    budget = _budget(rules, outcome)
    used = sum(past.kind is outcome.kind for past in history)
    refused = _refused(rules, outcome, budget, used=used, n=n, given=given)
    if not refused:
        past = (*history, PastAttempt(outcome.kind, outcome.counts_as_own, given))
        return _again(rules, outcome, budget, now, past, salt=salt)
    if rules.strategy == "ignore":
        return replace(now, verdict="ignore", why=_why(outcome, f"{refused}; ignored, as errorStrategy says"))
    drain: Drain = "finish" if rules.strategy == "finish" else "terminate"
    return replace(now, verdict="fail", why=_why(outcome, refused), drain=drain)


def task_attempt(history: tuple[PastAttempt, ...]) -> int:
    """`task.attempt` of the submission that follows these: 1 + the task's own failures."""
    return 1 + sum(past.own for past in history)


def _budget(rules: RetryRules, outcome: Outcome) -> Budget:
    default = DEFAULTS[outcome.kind]
    named = rules.budgets.get(outcome.kind)
    asked = rules.max_retries
    retries = 1 if asked is None else asked
    if outcome.action == "fail":
        return replace(default, times=0)
    if outcome.action == "retry":
        return replace(named or default, times=max((named or default).times, retries, 1), codes=())
    if named:
        return named
    if outcome.firm or outcome.kind in FIRM:
        return replace(default, times=0)
    if not outcome.counts_as_own:
        return default
    if rules.strategy == "retry" or (not rules.strategy and asked is not None):
        return replace(default, times=max(default.times, 1) if asked is None else asked)
    return default


def _refused(rules: RetryRules, outcome: Outcome, budget: Budget, *, used: int, n: int, given: Given) -> str:
    """Why there is no further try, empty when there is one."""
    if outcome.action == "fail":
        return f"not tried again, as errors.{outcome.named} says"
    if not budget.times:
        return (
            "not tried again: another try would end the same"
            if outcome.firm or outcome.kind in FIRM
            else "not tried again"
        )
    if used >= budget.times:
        return f"given up after {used + 1} {outcome.kind} failures"
    if n >= MOST_SUBMISSIONS:
        return f"given up after {n} submissions"
    if budget.codes and outcome.exit_code not in budget.codes:
        return f"not tried again: exit code {outcome.exit_code} is not among retry.{outcome.kind}.codes"
    if budget.must_move and given.queue_index + 1 >= rules.queues:
        return "not tried again: there is no further queue"
    if outcome.kind is C.OUT_OF_MEMORY and budget.memory_factor > 1 and not _can_grow(rules, budget, given):
        return f"not tried again: {given.memory_mib} MiB is all the memory it may have"
    return ""


def _can_grow(rules: RetryRules, budget: Budget, given: Given) -> bool:
    return given.memory_mib is None or (_grown_mib(rules, budget, given.memory_mib) > given.memory_mib)


def _grown_mib(rules: RetryRules, budget: Budget, had: int) -> int:
    caps = [cap for cap in (budget.memory_max_mib, rules.memory_limit_mib) if cap is not None]
    return min([math.ceil(had * budget.memory_factor), *caps])


def _again(
    rules: RetryRules, outcome: Outcome, budget: Budget, now: Step, past: tuple[PastAttempt, ...], *, salt: str
) -> Step:
    given = past[-1].given
    used = sum(attempt.kind is outcome.kind for attempt in past)
    step = replace(
        now,
        verdict="retry",
        n=now.n + 1,
        memory_mib=_memory(rules, budget, outcome, past),
        memory_factor=_factor(rules, past),
        time_s=_time(rules, budget, outcome, past),
        queue_index=max(0, min(given.queue_index + budget.next_queue, rules.queues - 1)),
        delay_s=_delay(budget, used - 1, salt),
    )
    changes = [f"{step.memory_mib} MiB"] if outcome.kind is C.OUT_OF_MEMORY and step.memory_mib else []
    changes += [f"{step.time_s} s"] if outcome.kind is C.TIMEOUT and step.time_s else []
    changes += [f"queue {step.queue_index + 1} of {rules.queues}"] if step.queue_index != given.queue_index else []
    detail = f" with {', '.join(changes)}" if changes else ""
    return replace(step, why=_why(outcome, f"try {used} of {budget.times} for it follows{detail}"))


def _memory(rules: RetryRules, budget: Budget, outcome: Outcome, past: tuple[PastAttempt, ...]) -> int | None:
    """The least memory of the next attempt: grown now, or what an earlier growth reached."""
    had = past[-1].given.memory_mib
    if had is not None and outcome.kind is C.OUT_OF_MEMORY:
        return _grown_mib(rules, budget, had) if budget.memory_factor > 1 else had
    return had if any(attempt.kind is C.OUT_OF_MEMORY for attempt in past) else None


def _factor(rules: RetryRules, past: tuple[PastAttempt, ...]) -> float:
    factor = (rules.budgets.get(C.OUT_OF_MEMORY) or DEFAULTS[C.OUT_OF_MEMORY]).memory_factor
    return float(factor ** sum(attempt.kind is C.OUT_OF_MEMORY for attempt in past))


def _time(rules: RetryRules, budget: Budget, outcome: Outcome, past: tuple[PastAttempt, ...]) -> int | None:
    had = past[-1].given.time_s
    if had is not None and outcome.kind is C.TIMEOUT:
        return min(math.ceil(had * budget.time_factor), rules.time_limit_s)
    return had if any(attempt.kind is C.TIMEOUT for attempt in past) else None


def _delay(budget: Budget, used: int, salt: str) -> int:
    """Doubling, and spread over half to one and a half of it, so that tasks that failed together do not return together."""
    spread = 0.5 + zlib.crc32(f"{salt}#{used}".encode("utf-8", "surrogatepass")) / 0xFFFFFFFF
    return min(_MOST_DELAY_S, math.ceil(budget.delay_s * 2.0**used * spread))


def _why(outcome: Outcome, decision: str) -> str:
    return one_line(f"{outcome.kind}: {decision}")
