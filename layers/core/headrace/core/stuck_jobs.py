"""A job of ours as a sweep sees it: what ListJobs says, what the ledger remembers, and details when they were needed.

ListJobs gives no time of a job's last change. RUNNING has `startedAt`; RUNNABLE counts from `createdAt`, or, after a retry by
Batch, from the end of the last attempt, which only DescribeJobs tells; STARTING counts from the sweep that first saw it.
https://docs.aws.amazon.com/batch/latest/APIReference/API_JobSummary.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.batch_detail import JobFacts
from headrace.core.stuck_limits import Limits, Severity

STATES: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
LOST: Final = "LOST"
"""No state of Batch: the ledger knows the job, and Batch does not list it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwell:
    """For how long the same was found: `times` sweeps in a row, the first at `first_ms`."""

    first_ms: int = 0
    times: int = 0

    def again(self, now_ms: int) -> Dwell:
        """Found once more."""
        return Dwell(first_ms=self.first_ms or now_ms, times=self.times + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What earlier sweeps saw of one job: since when it is in `state`, and how long `code` was suspected."""

    state: str = ""
    since_ms: int = 0
    code: str = ""
    dwell: Dwell = field(default_factory=Dwell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One job. `prepared_ms` is when the engine asked for it, `line_ms` when its log last grew, `worked_ms` when it last
    showed that it works (None: not looked at).
    """

    name: str
    state: str
    job_id: str = ""
    created_ms: int = 0
    started_ms: int | None = None
    reason: str = ""
    share: str = ""
    array: bool = False
    run: str = ""
    task: str = ""
    prepared_ms: int = 0
    time_s: int | None = None
    limits: Limits = field(default_factory=Limits)
    memory: Memory = field(default_factory=Memory)
    details: JobFacts | None = None
    line_ms: int | None = None
    worked_ms: int | None = None

    def since_ms(self, now_ms: int) -> int:
        """Since when it is in its state, as far as that is known."""
        if self.state == "RUNNING":
            return self.started_ms or self.created_ms
        if self.state == "RUNNABLE":
            stopped = self.details.last.stopped_ms if self.details else None
            return max(self.created_ms, stopped or 0)
        if self.state in ("STARTING", LOST):
            return self.memory.since_ms if self.memory.state == self.state else now_ms
        return self.created_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What seems wrong with a job. `own`: it is this job's alone, so only this job's memory counts.

    What is about all who wait is remembered by the queue under `key` (the code; behind a blocked job the code and that job).
    """

    code: str
    severity: Severity
    cause: str
    advice: str
    own: bool = False
    key: str = ""
    persist_s: int = 0
    wait_s: int | None = None

    @property
    def remembered_as(self) -> str:
        """The key of the queue's memory."""
        return self.key or self.code


def seen(summary: Mapping[str, Any], **known: Any) -> Seen:
    """A job of a JobSummary, with what else is known of it."""
    return Seen(
        name=str(summary["jobName"]),
        state=str(summary.get("status", "")),
        job_id=str(summary["jobId"]),
        created_ms=int(summary.get("createdAt") or 0),
        started_ms=int(summary["startedAt"]) if summary.get("startedAt") else None,
        reason=str(summary.get("statusReason") or ""),
        share=str(summary.get("shareIdentifier") or ""),
        array="size" in (summary.get("arrayProperties") or {}),
        **known,
    )
