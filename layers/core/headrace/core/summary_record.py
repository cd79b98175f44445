"""What stays of a failed attempt's log: `runs/…/tasks/<hash>/<n>.log_summary.json`, written once.

CloudWatch keeps a log for its retention, Batch a job for days; the summary stays with the run. `lines` are the reasons AWS
gives and the log, what matters first (`log_summary`), at most 4 KiB as text; `telling` is the one line that says most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from headrace.core import batch_detail, log_summary
from headrace.core.batch_detail import JobFacts
from headrace.core.log_lines import LINE_LIMIT, readable, shortened
from headrace.core.plain_text import one_line
from headrace.core.records import AttemptRecord, Epoch

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The summary of one attempt's log.

    `n` counts submissions, `attempt` Batch's own attempts of that job (0: it never started). `read` is how many lines of the
    log were looked at, `whole` whether that was all of it; `trace` the kind of the first stack trace, empty without one.
    """

    run: str
    epoch: int
    task: str
    n: int
    at: str
    job: str = ""
    attempt: int = 0
    status: str = ""
    exit_code: int | None = None
    log_group: str = ""
    log_stream: str = ""
    read: int = 0
    whole: bool = False
    trace: str = ""
    telling: str = ""
    lines: tuple[str, ...] = ()
    version: int = VERSION


def summary_record(
    epoch: Epoch,
    attempt: AttemptRecord,
    job: JobFacts | None,
    log: Sequence[str],
    *,
    at: str,
    own_group: str,
    whole: bool = True,
    missing: str = "",
) -> LogSummary:
    """The record of an attempt from what Batch says of its job (`None`: it has forgotten it) and the events of its log.

    `missing` says why there is no log; it stands among the lines in its place.
    """
    lines = readable(log)
    found = log_summary.evidence(batch_detail.texts(job) if job else (), lines)
    known = (one_line(attempt.cause),) if attempt.cause and not job else ()
    shown = shortened(
        (*known, *found.lines, *(() if lines or not missing else (one_line(missing, LINE_LIMIT),))), log_summary.LIMIT
    )
    return LogSummary(
        run=epoch.run,
        epoch=epoch.number,
        task=attempt.task,
        n=attempt.n,
        at=at,
        job=job.job_id if job else attempt.job,
        attempt=job.attempt if job else 0,
        status=job.status if job else "",
        exit_code=job.last.exit_code if job else attempt.exit_code,
        log_group=batch_detail.log_group(job, own_group) if job else attempt.log_group or own_group,
        log_stream=(job.last.log_stream if job else "") or attempt.log,
        read=len(lines),
        whole=whole,
        trace=found.trace,
        telling=found.telling,
        lines=shown,
    )


def to_json(summary: LogSummary) -> dict[str, Any]:
    """The record as JSON data; keys are the field names in camelCase."""
    return {_camel(name): value for name, value in asdict(summary).items()} | {"lines": list(summary.lines)}


def from_json(value: Mapping[str, Any]) -> LogSummary:
    """The record of JSON data; a later version's further keys are passed over."""
    known = {name: value[_camel(name)] for name in LogSummary.__dataclass_fields__ if _camel(name) in value}
    return LogSummary(**{**known, "lines": tuple(known.get("lines", ()))})


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
