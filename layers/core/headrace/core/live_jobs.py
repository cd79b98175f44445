"""The live view: one record per job the engine waits for, from before its submission until its task is settled.

prepare_task writes the record, settle_task takes it away. In between Batch's events make it fresh, as far as they come: each
is later than the record by its *rank* (which attempt, which state) or changes nothing, so repeats and wrong order are harmless,
and an event of a job that is not ours, or that is over, finds no record. Verdicts never rest on what events wrote.
https://docs.aws.amazon.com/batch/latest/userguide/batch_job_events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core import batch_detail
from headrace.core.errors import InvalidValue
from headrace.core.names import parse_job_name
from headrace.core.plain_text import one_line
from headrace.core.records import Epoch
from headrace.core.stuck_jobs import Memory
from headrace.core.stuck_limits import Limits

SOURCE: Final = "aws.batch"
CHANGED, BLOCKED = "Batch Job State Change", "Batch Job Queue Blocked"
_ORDER: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_OVER: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    """A job the engine waits for. `at` is when it was prepared; `execution` the child execution that waits.

    `job` to `stream` come from events, `memory`, `looked_ms` and `worked_ms` from sweeps, as `code` to `act_due` do: what a sweep suspects, and when (ISO
    times) what follows. `acted` is what was done to it, `given_up` when it was found lost.
    """

    epoch: Epoch
    task_hash: str
    n: int
    task: str = ""
    process: str = ""
    scope: str = ""
    queue: str = ""
    at: str = ""
    execution: str = ""
    time_s: int | None = None
    limits: Limits = field(default_factory=Limits)
    job: str = ""
    state: str = ""
    rank: int = 0
    told: str = ""
    since: str = ""
    reason: str = ""
    stream: str = ""
    memory: Memory = field(default_factory=Memory)
    looked_ms: int = 0
    worked_ms: int = 0
    code: str = ""
    cause: str = ""
    stuck_since: str = ""
    alert_due: str = ""
    act_due: str = ""
    acted: str = ""
    acted_at: str = ""
    given_up: str = ""

    @property
    def name(self) -> str:
        """The job's name."""
        return f"hr-{self.epoch.run}-{self.epoch.number}-{self.task_hash}-{self.n}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event says of a job of ours. `rank` grows with the job's life; `at` orders events of one rank."""

    epoch: Epoch
    task_hash: str
    n: int
    job: str
    state: str
    rank: int
    at: str
    reason: str = ""
    stream: str = ""


def told(event: Mapping[str, Any]) -> Told | None:
    """What an event says of a job, None when the job is not one of Headrace's; InvalidValue for an event of another kind.

    Only a few fields are taken: the detail carries the job's environment, which is nobody's business here.
    """
    if event.get("source") != SOURCE or event.get("detail-type") not in (CHANGED, BLOCKED):
        raise InvalidValue("not an event of Batch", expected=f"source {SOURCE}, detail-type {CHANGED} or {BLOCKED}")
    facts = batch_detail.read(event.get("detail"))
    if facts is None:
        raise InvalidValue("an event without a job", expected="detail.jobId")
    name = parse_job_name(facts.name)
    if name is None:
        return None
    detail: Mapping[str, Any] = event["detail"]
    ended = len(detail.get("attempts") or ())
    return Told(
        epoch=Epoch(name.run, name.epoch),
        task_hash=name.task_hash,
        n=name.submission,
        job=facts.job_id,
        state=facts.status,
        rank=ended * len(_ORDER) + _ORDER.index(facts.status) if facts.status in _ORDER else _OVER,
        at=str(event.get("time") or ""),
        reason=one_line(facts.status_reason, 500),
        stream=facts.last.log_stream,
    )


def newest(found: list[Told]) -> list[Told]:
    """Of several events the latest per job: the others would change nothing, and each write costs."""
    latest: dict[tuple[Epoch, str, int], Told] = {}
    for each in found:
        key = (each.epoch, each.task_hash, each.n)
        if key not in latest or (latest[key].rank, latest[key].at) < (each.rank, each.at):
            latest[key] = each
    return list(latest.values())
