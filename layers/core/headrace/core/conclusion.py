"""How a run ended: read from the ledger, from what the machine says, and from how its execution ended.

The ledger speaks first: a failed task, or the reason the run was closed for. Then the engine: a spec that is not valid, a crash.
A run that claims success with a planned task that has no record did not succeed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core import partial_json
from headrace.core.names import is_expansion
from headrace.core.plain_text import one_line
from headrace.core.records import RunRecord, TaskRecord
from headrace.core.run_state import CONCLUDED

CANCEL_PREFIX: Final = "cancelled: "
STOP_PREFIX: Final = "stopped: "
FINISH_PREFIX: Final = "finishing: "
"""How a run's reason to close begins, where it decides something."""
_CAUSE_LIMIT: Final = 32_000
_NESTED: Final = 4
_ABORTED: Final = {"ABORTED": "cancelled", "TIMED_OUT": "failed"}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A run's end: final state, the error name and cause its execution fails with, and the tasks by status."""

    state: str
    error: str = ""
    cause: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`succeeded` or `failed`, as run_pipeline's Choice wants it; a run that stopped on purpose succeeded."""
        return "succeeded" if self.state in ("succeeded", "stopped") else "failed"


def lets_jobs_end(closing: str) -> bool:
    """Whether what runs is brought to its end while a run drains that was closed for this reason; else it is terminated."""
    return closing.startswith((FINISH_PREFIX, STOP_PREFIX))


def conclude(
    run: RunRecord | None,
    records: Mapping[str, TaskRecord],
    planned: Iterable[str],
    *,
    error: Mapping[str, Any] | None = None,
    status: str = "",
) -> Conclusion:
    """The conclusion of a run. `planned` are the ids of all tasks of all its plans, `error` the machine's `{Error, Cause}`,
    `status` the execution's end when an event told of it.
    """
    found = _read(run, records, list(planned), error, status)
    if run is None or run.state not in CONCLUDED:
        return found
    # Concluded already, and everybody was or will be told so: it stays as it is.
    other = "Cancelled" if run.state == "cancelled" else "RunFailed"
    return Conclusion(run.state, found.error if run.state == found.state else other, run.cause, run.tasks)


def _read(
    run: RunRecord | None,
    records: Mapping[str, TaskRecord],
    planned: list[str],
    error: Mapping[str, Any] | None,
    status: str,
) -> Conclusion:
    missing = [task for task in planned if task not in records]
    counts = Counter(record.status for record in records.values() if not is_expansion(record.task))
    if missing:
        counts["cancelled"] = sum(not is_expansion(task) for task in missing)
    closing = run.closing if run else ""
    failed = [record for record in records.values() if record.status == "failed"]
    if closing.startswith(CANCEL_PREFIX):
        return Conclusion("cancelled", "Cancelled", closing.removeprefix(CANCEL_PREFIX), counts)
    if failed:
        return Conclusion("failed", "TaskFailed", _failure(failed), counts)
    # Before the reason it was closed for: that is this error's, when somebody began to conclude the run and died.
    name, cause = root_cause(error)
    if name:
        return Conclusion("failed", name, cause, counts)
    if closing and not closing.startswith(STOP_PREFIX):
        return Conclusion("failed", "TaskFailed", one_line(closing.removeprefix(FINISH_PREFIX), 500), counts)
    if status in _ABORTED:
        return Conclusion(
            _ABORTED[status], status.title(), f"the execution was {status.lower().replace('_', ' ')}", counts
        )
    if closing:
        return Conclusion("stopped", "", closing.removeprefix(STOP_PREFIX), counts)
    if missing or run is None:
        what = (
            f"{len(missing)} planned tasks have no record, {missing[0]} first" if missing else "the run was never begun"
        )
        return Conclusion("failed", "EngineError", what, counts)
    return Conclusion("succeeded", counts=counts)


def root_cause(error: Mapping[str, Any] | None) -> tuple[str, str]:
    """Error name and cause at the bottom of what a nested execution or a Lambda reports; both empty for no error.

    A child execution's failure arrives as States.TaskFailed whose Cause is the execution as JSON, with its own Error and Cause;
    a Lambda's as the exception's name with `{"errorMessage": …}`.
    """
    if not error:
        return "", ""
    name, cause = str(error.get("Error") or "Error"), str(error.get("Cause") or "")
    for _ in range(_NESTED):
        told = _told(cause)
        if "errorMessage" in told:
            return str(told.get("errorType") or name), str(told["errorMessage"])[:_CAUSE_LIMIT]
        if "Error" not in told and "Cause" not in told:
            break
        name, cause = str(told.get("Error") or name), str(told.get("Cause") or "")
    return name, cause[:_CAUSE_LIMIT]


def was_started_before(error: Mapping[str, Any] | None) -> bool:
    """Whether the machine says that the scope was started by an earlier try, and is over: then the ledger knows what it came to."""
    return root_cause(error)[0] == "StepFunctions.ExecutionAlreadyExistsException"


def _failure(failed: list[TaskRecord]) -> str:
    first = min(failed, key=lambda record: (record.at, record.task))
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return one_line(f"{first.task}: {first.cause}{more}", 500)


def _told(text: str) -> Mapping[str, Any]:
    """A cause that is an object, cut or not; a long one is cut by Step Functions."""
    return (partial_json.read(text) or {}) if text.lstrip().startswith("{") else {}
