"""The events Headrace puts on the bus, and how a person reads them.

Whoever wants to know of runs (mail, chat, another pipeline) hangs a rule on these: source `headrace`, detail types
`Run State Change`, `Task Failed`, `Job Stuck`, `Job Recovered`. `version` in the detail rises when a field changes its
meaning or goes; new fields may appear in a version. `text` is the readable form; what goes to the topic by default is the
`text` of events with `alert: true`. JSON Schemas are in events/schemas.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from headrace.core.digest import Digest, headline
from headrace.core.errors import InvalidValue
from headrace.core.log_lines import shortened
from headrace.core.log_summary import LIMIT
from headrace.core.plain_text import one_line, plain

SOURCE: Final = "headrace"
DETAIL_LIMIT: Final = 200 * 1024
"""Bytes of a detail: an entry of PutEvents may have 256 KiB, its other fields and an SNS message counted."""

_TEXT_LIMIT: Final = 20_000  # what a mail can bear
_CAUSES: Final = 10
_PROBLEMS: Final = 20  # lines of a refused launch


class _Shape(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


class _Event(_Shape):
    """What every event carries. `at` is ISO 8601 in UTC; `alert`: a person should hear of it."""

    detail_type: ClassVar[str]

    version: Literal[1] = 1
    stack: str = Field(description="the deployment it comes from: the CloudFormation stack's name")
    at: str = Field(description="when it happened, ISO 8601 in UTC")
    alert: bool = Field(description="whether a person should hear of it; the default topic takes these only")
    text: str = Field(default="", description="the same in plain words, as a mail or chat message shows it")


class FailureCause(_Shape):
    """One distinct cause, and how many tasks failed for it."""

    process: str
    failure: str = Field(description="outcome class, as out-of-memory")
    cause: str
    fix: str
    count: int
    example: str = Field(description="one of the tasks")


class RunStateChange(_Event):
    """A run started, began to drain, or ended; or a launch was refused and no run began (then `run` is empty)."""

    detail_type: ClassVar[str] = "Run State Change"

    run: str
    epoch: int = Field(description="1 for the first, one more per resume; 0 when no run began")
    name: str = Field(default="", description="the pipeline's name")
    state: str = Field(description="running, closing, succeeded, failed, stopped, cancelled or refused")
    tenant: str = Field(default="", description="whose run or launch it is, where teams part the deployment")
    launch: str = Field(default="", description="S3 URI of what was put under launch/")
    report: str = Field(default="", description="S3 URI of the errors file of a refused launch")
    execution: str = Field(default="", description="ARN of the Step Functions execution")
    started: str = ""
    ended: str = ""
    cause: str = Field(default="", description="one line")
    counts: dict[str, int] = Field(default_factory=dict, description="tasks per status")
    causes: tuple[FailureCause, ...] = Field(default=(), description="distinct causes, most frequent first, at most 10")
    causes_left_out: int = 0
    evidence: tuple[str, ...] = Field(
        default=(), description="of the first cause: reasons, then the log, what matters first"
    )
    digest: str = Field(default="", description="S3 URI of digest.md")
    commands: tuple[str, ...] = Field(default=(), description="how to look further, and how to go on")


class TaskFailed(_Event):
    """A task failed for good: no further attempt follows."""

    detail_type: ClassVar[str] = "Task Failed"

    run: str
    epoch: int
    task: str
    process: str
    tenant: str = Field(default="", description="whose run it is, where teams part the deployment")
    failure: str = Field(description="outcome class, as out-of-memory")
    cause: str
    fix: str = ""
    ignored: bool = Field(default=False, description="errorStrategy let the run go on")
    attempts: int = Field(default=1, description="how often it was submitted")
    exit_code: int | None = None
    job: str = Field(default="", description="id of the last Batch job")
    queue: str = ""
    log_group: str = ""
    log_stream: str = ""
    evidence: tuple[str, ...] = Field(
        default=(), description="reasons, then the log, what matters first; at most 4 KiB"
    )
    commands: tuple[str, ...] = ()


class JobStuck(_Event):
    """Jobs of a queue do not go on, for one cause; sent once per cause and queue."""

    detail_type: ClassVar[str] = "Job Stuck"

    queue: str
    state: str = Field(description="the Batch state they are in, as RUNNABLE")
    code: str = Field(description="what is wrong, as one word")
    cause: str
    advice: str
    since: str = Field(description="ISO 8601 in UTC")
    jobs: int = Field(description="how many jobs stand behind this cause")
    example_job: str = ""
    run: str = Field(default="", description="the run of the example")
    task: str = Field(default="", description="the task of the example")
    action: str = Field(default="alert", description="alert, next-queue or terminate")
    console: str = Field(default="", description="link")


class JobRecovered(_Event):
    """A cause told by `Job Stuck` has gone."""

    detail_type: ClassVar[str] = "Job Recovered"

    queue: str
    code: str
    cause: str
    since: str = Field(description="when it had begun, ISO 8601 in UTC")


AlertEvent = RunStateChange | TaskFailed | JobStuck | JobRecovered
EVENTS: Final[tuple[type[AlertEvent], ...]] = (RunStateChange, TaskFailed, JobStuck, JobRecovered)


def run_ended(digest: Digest, *, stack: str, digest_uri: str = "", cause: str = "", tenant: str = "") -> RunStateChange:
    """The event of a concluded run: the short form of its digest. A run that did not succeed is an alert."""
    return RunStateChange(
        stack=stack,
        at=digest.ended,
        alert=digest.state != "succeeded",
        run=digest.run,
        epoch=digest.epoch,
        name=digest.name,
        tenant=tenant,
        state=digest.state,
        execution=digest.execution,
        started=digest.started,
        ended=digest.ended,
        cause=one_line(cause) or headline(digest),
        counts=digest.counts,
        causes=tuple(
            FailureCause(
                process=g.process, failure=g.failure, cause=g.cause, fix=g.fix, count=g.count, example=g.example
            )
            for g in digest.groups[:_CAUSES]
        ),
        causes_left_out=digest.groups_left_out + max(0, len(digest.groups) - _CAUSES),
        evidence=digest.groups[0].evidence if digest.groups else (),
        digest=digest_uri,
        commands=(*(command for group in digest.groups[:1] for command in group.commands), *digest.commands),
    )


def launch_refused(problems: str, *, stack: str, at: str, launch: str, report: str, tenant: str = "") -> RunStateChange:
    """The event of a dropped file that starts nothing; `problems` is the text of its errors file."""
    lines = tuple(line for line in (one_line(line, 500) for line in problems.splitlines()) if line)
    return RunStateChange(
        stack=stack,
        at=at,
        alert=True,
        run="",
        epoch=0,
        state="refused",
        tenant=tenant,
        launch=launch,
        report=report,
        cause=one_line(lines[0]) if lines else "",
        evidence=lines[:_PROBLEMS],
    )


def from_event(event: Mapping[str, Any]) -> AlertEvent:
    """An event of ours as EventBridge delivers it; InvalidValue for any other."""
    models = {model.detail_type: model for model in EVENTS}
    model = models.get(str(event.get("detail-type")))
    if event.get("source") != SOURCE or model is None:
        raise InvalidValue(
            "not an event of Headrace", expected=f"source {SOURCE}, detail-type one of {', '.join(models)}"
        )
    return model.model_validate(event["detail"])


def entry(event: AlertEvent, *, bus: str = "default") -> dict[str, Any]:
    """The PutEvents entry of an event: `text` filled in, the detail within `DETAIL_LIMIT`."""
    resources = [event.execution] if isinstance(event, RunStateChange) and event.execution else []
    return {
        "Source": SOURCE,
        "DetailType": event.detail_type,
        "Detail": _detail(event),
        "Resources": resources,
        "EventBusName": bus,
    }


def text(event: AlertEvent) -> str:
    """The event in plain words: what happened, why, the lines that matter, what to do. Several lines, bounded."""
    match event:
        case RunStateChange():
            lines = _run_text(event)
        case TaskFailed():
            lines = _task_text(event)
        case JobStuck():
            lines = _stuck_text(event)
        case JobRecovered():
            lines = [
                f"Headrace: no job is held up any more on queue {event.queue}: {event.cause} (since {event.since})"
            ]
    whole = "\n".join(plain(line) for line in lines)
    return whole if len(whole) <= _TEXT_LIMIT else whole[: _TEXT_LIMIT - 1] + "…"


def subject(event: AlertEvent) -> str:
    """A mail's subject: one line of printable ASCII, fewer than 100 characters (SNS Publish's rule)."""
    line = text(event).partition("\n")[0].encode("ascii", "replace").decode()
    return one_line(line, 97).replace("…", "..")


def tenant(event: AlertEvent) -> str:
    """Whose run an event is about, empty when it is about none: a queue is everybody's, and where nothing is parted all is."""
    return str(getattr(event, "tenant", ""))


def schemas() -> dict[str, dict[str, Any]]:
    """File name to JSON Schema (draft 2020-12) of the whole EventBridge event, one per detail type."""
    return {f"{model.detail_type.lower().replace(' ', '_')}.json": _schema(model) for model in EVENTS}


def _schema(model: type[AlertEvent]) -> dict[str, Any]:
    detail = model.model_json_schema(mode="serialization", by_alias=True)
    definitions = detail.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": model.detail_type,
        "type": "object",
        "required": ["source", "detail-type", "detail"],
        "properties": {"source": {"const": SOURCE}, "detail-type": {"const": model.detail_type}, "detail": detail},
        **({"$defs": definitions} if definitions else {}),
    }


def _detail(event: AlertEvent) -> str:
    """The detail as JSON. Lists are what can be long; when it is too long they go, one after the other."""
    event = event.model_copy(update={"text": text(event)})
    for name in ("", "evidence", "causes", "commands", "counts"):
        if name in type(event).model_fields:
            event = event.model_copy(update={name: {} if name == "counts" else ()})
        detail = event.model_dump_json()
        if len(detail.encode()) <= DETAIL_LIMIT:
            return detail
    return _cut(event)


def _cut(event: AlertEvent) -> str:
    """The last resort, for a single field no sane source makes: every text cut to what a line may have."""
    shape = {name: value[:1_000] if isinstance(value, str) else value for name, value in event.model_dump().items()}
    return json.dumps(shape)


def _run_text(event: RunStateChange) -> list[str]:
    if event.state == "refused":
        return [
            f"Headrace: {one_line(event.launch, 1_200)} started nothing",
            "",
            *event.evidence,
            "",
            f"All of it: {one_line(event.report, 1_200)}",
        ]
    named = f" ({one_line(event.name)})" if event.name else ""
    lines = [f"Headrace: run {event.run}{named} {event.state}" + (f": {one_line(event.cause)}" if event.cause else "")]
    if event.counts:
        lines += [
            "",
            "Tasks: " + ", ".join(f"{n} {one_line(status)}" for status, n in sorted(event.counts.items()) if n),
        ]
    for cause in event.causes:
        tasks = cause.example if cause.count == 1 else f"{cause.count} tasks of {cause.process}, as {cause.example}"
        lines += ["", f"* {one_line(tasks, 900)}: {cause.failure}", f"  {one_line(cause.cause)}"]
        lines += [f"  What to change: {one_line(cause.fix)}"] if cause.fix else []
    if event.causes_left_out:
        lines += ["", f"… and {event.causes_left_out} more causes"]
    return lines + _tail(event.evidence, event.digest, event.commands)


def _task_text(event: TaskFailed) -> list[str]:
    how = "failed and was ignored" if event.ignored else "failed"
    lines = [
        f"Headrace: {one_line(event.task, 900)} {how} in run {event.run}: {event.failure}",
        "",
        one_line(event.cause),
    ]
    lines += [f"What to change: {one_line(event.fix)}"] if event.fix else []
    lines += [f"It was tried {event.attempts} times."] if event.attempts > 1 else []
    return lines + _tail(event.evidence, "", event.commands)


def _stuck_text(event: JobStuck) -> list[str]:
    jobs = "1 job" if event.jobs == 1 else f"{event.jobs} jobs"
    lines = [f"Headrace: {jobs} stuck in {event.state} on queue {event.queue}: {one_line(event.cause)}"]
    lines += ["", f"Since {event.since}.", f"What to do: {one_line(event.advice, 500)}"]
    lines += [f"One of them: {one_line(event.task, 900)} of run {event.run}"] if event.task else []
    lines += [f"Done about it: {event.action}"] if event.action != "alert" else []
    return lines + ([event.console] if event.console else [])


def _tail(evidence: tuple[str, ...], digest: str, commands: tuple[str, ...]) -> list[str]:
    shown = shortened(evidence, LIMIT)
    lines = ["", "Log, what matters first:", *(f"    {line}" for line in shown)] if shown else []
    lines += ["", "Look further, and go on:", *(f"    {command}" for command in commands)] if commands else []
    return lines + (["", f"Digest: {digest}"] if digest else [])
