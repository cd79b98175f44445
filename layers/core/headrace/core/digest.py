"""A run's account of what went wrong: each distinct cause once, with the fix, the lines that matter, and the commands.

Failures are grouped by process, class and cause; what differs from key to key (ids, numbers, paths, the key itself) is
left out of the comparison, so a hundred samples that lack the same file are one line. `digest.json` is `Digest` as JSON,
`digest.md` its reading (`digest_markdown`). Both are bounded: a run of 100,000 failed tasks has a digest of the same
size, which says how much it leaves out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from headrace.core import log_query
from headrace.core.errors import InvalidValue
from headrace.core.log_lines import shortened
from headrace.core.log_summary import LIMIT
from headrace.core.names import parse_id
from headrace.core.outcome import Outcome
from headrace.core.outcome_classes import general_fix
from headrace.core.plain_text import one_line
from headrace.core.records import AttemptRecord, RunRecord, TaskRecord

SIZE_LIMIT: Final = 100_000
"""Bytes of `digest.json`."""

_GROUPS, _TASKS, _ATTEMPTS, _STREAMS = 20, 10, 60, 100
_SCALES: Final = (1, 2, 4, 8, 16, 64)
_ID_LIMIT: Final = 900
_VARIES: Final = (
    (re.compile(r"\bi-[0-9a-f]{8,17}\b"), "…"),
    (re.compile(r"\b(?:s3|https?)://\S+"), "…"),
    (re.compile(r"(?<![\w/])/?(?:[\w.@+=-]+/)+[\w.@+=-]*"), "…"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b"), "…"),
)
_NUMBER: Final = re.compile(r"\d+")
_CODE: Final = re.compile(r"exit code \d+")


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class FailureGroup(_Frozen):
    """Tasks of one process that failed for one cause. `tasks` shows the first of `count`; `example` is whose evidence it is.

    `named` is the user's own name for it (`errors` in the spec).
    """

    process: str
    failure: str
    cause: str
    fix: str
    count: int
    tasks: tuple[str, ...]
    example: str
    exit_code: int | None = None
    named: str = ""
    evidence: tuple[str, ...] = ()
    log_group: str = ""
    log_stream: str = ""
    commands: tuple[str, ...] = ()


class AttemptRow(_Frozen):
    """One attempt that failed."""

    task: str
    n: int
    failure: str
    cause: str
    exit_code: int | None = None
    queue: str = ""
    job: str = ""
    started: str = ""
    ended: str = ""


class FailedLogs(_Frozen):
    """A query of CloudWatch Logs Insights over the streams of the attempts that failed, and a link that opens it."""

    query: str
    log_groups: tuple[str, ...]
    start: str
    end: str
    streams_left_out: int = 0
    console: str = ""


class Digest(_Frozen):
    """What became of a run. `failed` and `ignored` count tasks; `…_left_out` what is not shown.

    `ignored_groups`: failures that the run survived, because `errorStrategy` or a named error says so.
    """

    version: int = 1
    run: str
    epoch: int
    name: str
    state: str
    execution: str
    started: str
    ended: str
    cause: str
    counts: dict[str, int]
    failed: int
    groups: tuple[FailureGroup, ...] = ()
    groups_left_out: int = 0
    ignored: int = 0
    ignored_groups: tuple[FailureGroup, ...] = ()
    ignored_groups_left_out: int = 0
    attempts: tuple[AttemptRow, ...] = ()
    attempts_left_out: int = 0
    logs: FailedLogs | None = None
    commands: tuple[str, ...] = ()


def build(
    run: RunRecord,
    failed: Iterable[TaskRecord],
    attempts: Iterable[AttemptRecord] = (),
    counts: Mapping[str, int] | None = None,
    outcomes: Mapping[str, Outcome] | None = None,
    ignored: Iterable[TaskRecord] = (),
    job_logs: str = "",
) -> Digest:
    """The digest of a run from its record, the records of tasks that failed (or were ignored), and the attempts that failed.

    `outcomes` holds, for tasks named by `examples`, the outcome of their last attempt: fix and evidence come from there.
    `job_logs` is the log group of attempts that name none.
    """
    grouped, passed = _grouped(failed), _grouped(ignored)
    rows = sorted((a for a in attempts if a.failure), key=lambda a: (a.task, a.n))
    for scale in _SCALES:
        digest = _digest(run, grouped, passed, rows, counts=counts or run.tasks, outcomes=outcomes or {}, scale=scale)
        digest = digest.model_copy(update={"logs": _logs(run, [*grouped, *passed], rows, job_logs, scale)})
        if len(digest.model_dump_json().encode()) <= SIZE_LIMIT:
            return digest
    nothing = {"groups": (), "groups_left_out": len(grouped), "attempts": (), "attempts_left_out": len(rows)}
    return digest.model_copy(update=nothing | {"ignored_groups": (), "ignored_groups_left_out": len(passed)})


def examples(failed: Iterable[TaskRecord]) -> tuple[str, ...]:
    """One task per distinct failure, most frequent first: whose outcome and log are worth fetching for `build`."""
    return tuple(group[0].task for group in _grouped(failed)[:_GROUPS])


def headline(digest: Digest) -> str:
    """The run's end in one line: what the execution fails with, and what an alert begins with."""
    if not digest.groups:
        return one_line(digest.cause or digest.state)
    first = digest.groups[0]
    others = len(digest.groups) - 1 + digest.groups_left_out
    also = f", and {others} more cause{'s' if others > 1 else ''}" if others else ""
    tail = f" ({digest.failed} failed{also})" if digest.failed > 1 else ""
    return f"{one_line(f'{first.example}: {first.cause}', 200 - len(tail))}{tail}"


def _grouped(failed: Iterable[TaskRecord]) -> list[list[TaskRecord]]:
    groups: dict[tuple[str, ...], list[TaskRecord]] = {}
    for record in sorted(failed, key=lambda record: (record.at, record.task)):
        groups.setdefault(_signature(record), []).append(record)
    return sorted(groups.values(), key=lambda group: -len(group))


def _signature(record: TaskRecord) -> tuple[str, ...]:
    process, keys = _process_and_keys(record.task)
    codes = _CODE.findall(record.cause)  # another exit code is another cause, a key that is the same number is not
    cause = _CODE.sub("exit code …", record.cause.replace(record.task, "…"))
    for varies, shown in _VARIES:
        cause = varies.sub(shown, cause)
    for key in sorted(keys, key=len, reverse=True):
        cause = _without(cause, key)
    return process, record.failure, one_line(_NUMBER.sub("#", cause)), *codes


def _without(text: str, key: str) -> str:
    """`text` with `key` left out where it stands as a word of its own."""
    parts, start, at = [], 0, text.find(key) if key else -1
    while at >= 0:
        end = at + len(key)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            parts += [text[start:at], "…"]
            start = end
        at = text.find(key, end)
    return "".join([*parts, text[start:]])


def _process_and_keys(task: str) -> tuple[str, tuple[str, ...]]:
    try:
        parsed = parse_id(task)
    except InvalidValue:
        return task.partition("[")[0], ()
    return parsed.name, tuple(parsed.keys.values())


def _digest(
    run: RunRecord,
    grouped: list[list[TaskRecord]],
    passed: list[list[TaskRecord]],
    rows: list[AttemptRecord],
    *,
    counts: Mapping[str, int],
    outcomes: Mapping[str, Outcome],
    scale: int,
) -> Digest:
    groups, shown = max(1, _GROUPS // scale), max(1, _ATTEMPTS // scale)
    first = {record.task for group in (*grouped, *passed) for record in group[:1]}
    chosen = sorted(rows, key=lambda row: row.task not in first)[:shown]  # when not all fit, the examples' attempts do
    chosen.sort(key=lambda row: (row.task, row.n))
    failed = sum(len(group) for group in grouped)
    return Digest(
        run=run.epoch.run,
        epoch=run.epoch.number,
        name=one_line(run.name),
        state=run.state,
        execution=run.execution,
        started=run.started,
        ended=run.ended,
        cause=one_line(run.cause),
        counts=dict(counts),
        failed=failed,
        groups=tuple(_group(run.epoch.run, group, outcomes, scale) for group in grouped[:groups]),
        groups_left_out=max(0, len(grouped) - groups),
        ignored=sum(len(group) for group in passed),
        ignored_groups=tuple(_group(run.epoch.run, group, outcomes, scale) for group in passed[:groups]),
        ignored_groups_left_out=max(0, len(passed) - groups),
        attempts=tuple(_row(row) for row in chosen),
        attempts_left_out=len(rows) - len(chosen),
        commands=_commands(run, failed),
    )


def _logs(
    run: RunRecord, grouped: list[list[TaskRecord]], rows: list[AttemptRecord], job_logs: str, scale: int
) -> FailedLogs | None:
    """Where to read on: the examples' streams first, then those of every other attempt that failed by itself."""
    first = {record.task for group in grouped for record in group[:1]}
    own = sorted((row for row in rows if row.log and row.failure != "cancelled"), key=lambda row: row.task not in first)
    query = log_query.of_streams(((row.log_group or job_logs, row.log) for row in own), max(1, _STREAMS // scale))
    if query is None:
        return None
    end = run.ended or max((row.ended for row in own), default="") or run.started
    return FailedLogs(
        query=query.text,
        log_groups=query.groups,
        start=run.started,
        end=end,
        streams_left_out=query.left_out,
        console=log_query.console(query, run.execution, run.started, end),
    )


def _group(run: str, group: list[TaskRecord], outcomes: Mapping[str, Outcome], scale: int) -> FailureGroup:
    record = next((record for record in group if record.task in outcomes), group[0])
    outcome = outcomes.get(record.task)
    return FailureGroup(
        process=_process_and_keys(record.task)[0],
        failure=record.failure,
        cause=one_line(record.cause or (outcome.cause if outcome else "")),
        fix=one_line(outcome.fix if outcome else general_fix(record.failure)),
        count=len(group),
        tasks=tuple(_id(other.task) for other in group[: max(1, _TASKS // scale)]),
        example=_id(record.task),
        exit_code=outcome.exit_code if outcome else None,
        named=outcome.named if outcome else "",
        evidence=shortened(outcome.evidence, LIMIT // scale) if outcome else (),
        log_group=outcome.ref.log_group if outcome else "",
        log_stream=outcome.ref.log_stream if outcome else "",
        commands=(f"headrace logs {run} {shlex.quote(_id(record.task))}",),
    )


def _row(attempt: AttemptRecord) -> AttemptRow:
    return AttemptRow(
        task=_id(attempt.task),
        n=attempt.n,
        failure=attempt.failure,
        cause=one_line(attempt.cause),
        exit_code=attempt.exit_code,
        queue=one_line(attempt.queue),
        job=one_line(attempt.job),
        started=attempt.started,
        ended=attempt.ended,
    )


def _commands(run: RunRecord, failed: int) -> tuple[str, ...]:
    status = f"headrace status {run.epoch.run}"
    again = f"headrace resume {run.epoch.run}"
    return (status, again) if failed or run.state != "succeeded" else (status,)


def _id(task: str) -> str:
    """A task id as shown; one that is no id (too long, of several lines) is cut like any text from outside."""
    return one_line(task, _ID_LIMIT)
