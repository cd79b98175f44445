"""`maxErrors`: how many failures of a process are put up with before one of them fails the run.

Counted are failures that the run survives: tasks that are ignored (`errorStrategy: ignore`, or a named error's
`action: ignore`), and with `errorStrategy: retry` each failure of the task's own that is tried again, as in Nextflow
(https://docs.seqera.io/nextflow/reference/process/directives/max-errors). What the world did to a task, a lost host for
example, counts nowhere. A share is of the process's tasks planned so far; it is rounded down.
"""

from __future__ import annotations

from headrace.core.directive_values import MaxErrors
from headrace.core.outcome import Outcome
from headrace.core.plain_text import one_line
from headrace.core.retry_policy import RetryRules, Step


def counts(rules: RetryRules, outcome: Outcome, step: Step) -> bool:
    """Whether this failure is one that `maxErrors` bounds."""
    if step.verdict == "ignore":
        return True
    asked = rules.strategy == "retry" or (not rules.strategy and rules.max_retries is not None)
    return step.verdict == "retry" and asked and outcome.counts_as_own


def most(said: MaxErrors, planned: int) -> int:
    """How many failures pass; `planned` is how many tasks the process has, as far as it is known."""
    if said.count is not None:
        return said.count
    return int((said.percent or 0) * planned / 100 + 1e-9)  # 7% of 100 is 7, whatever binary fractions say


def reached(said: MaxErrors, process: str, bound: int, planned: int, cause: str) -> str:
    """Why the failure beyond the bound fails the run: in one line, the task's own cause last."""
    allowed = f"{bound}" if said.count is not None else f"{bound} ({said.percent:g}% of {planned} tasks planned)"
    return one_line(f"maxErrors of '{process}' allows {allowed} failures, this is one more: {cause}")
