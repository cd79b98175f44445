"""A Batch job as AWS describes it, read in one place.

The same JobDetail comes in camelCase (DescribeJobs, the `Batch Job State Change` event) and in PascalCase (Step
Functions' `.sync` result and Cause), and in two shapes: `container` for a job of one container, `ecsProperties` with
`attempts[].taskProperties[].containers[]` for a job definition written that way; there `container` is empty.
Batch numbers a job's attempts from 1 (`AWS_BATCH_JOB_ATTEMPT`), in the order of `attempts`.
Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

DEFAULT_LOG_GROUP: Final = "/aws/batch/job"
_MOST: Final = 1e12
_OUR_DEFINITION: Final = "job-definition/hr-"
_KILLED: Final = frozenset({137, 143})  # what a container ends with when another one's end stops the task


@dataclass(frozen=True, slots=True)
class AttemptDetail:
    """One attempt of a job: how its container ended, as far as Batch says."""

    exit_code: int | None = None
    reason: str = ""
    status_reason: str = ""
    log_stream: str = ""
    started_ms: int | None = None
    stopped_ms: int | None = None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What Headrace wants to know of a Batch job; empty text and `None` where Batch does not say."""

    job_id: str = ""
    name: str = ""
    status: str = ""
    status_reason: str = ""
    attempts: tuple[AttemptDetail, ...] = ()
    queue: str = ""
    definition: str = ""
    image: str = ""
    log_group: str = DEFAULT_LOG_GROUP
    memory_mib: int | None = None
    timeout_s: int | None = None
    created_ms: int | None = None
    started_ms: int | None = None
    stopped_ms: int | None = None
    cancelled: bool = False
    terminated: bool = False
    array_size: int | None = None
    array_failed: int | None = None
    vcpus: float | None = None
    gpus: int = 0
    instance: str = ""
    depends_on: int = 0
    consumables: tuple[str, ...] = ()

    @property
    def last(self) -> AttemptDetail:
        """The last attempt; an empty one for a job that never had any."""
        return self.attempts[-1] if self.attempts else AttemptDetail()

    @property
    def attempt(self) -> int:
        """The last attempt's number as Batch counts; 0 for a job that never started."""
        return len(self.attempts)


def texts(job: JobFacts) -> tuple[str, ...]:
    """Why the job ended, as Batch says it: its last attempt's container, that attempt, the job; then earlier attempts, numbered."""
    earlier = (
        f"attempt {number}: {attempt.reason or attempt.status_reason}"
        for number, attempt in enumerate(job.attempts[:-1], start=1)
        if attempt.reason or attempt.status_reason
    )
    return tuple(filter(None, (job.last.reason, job.last.status_reason, job.status_reason, *earlier)))


def log_group(job: JobFacts, own: str) -> str:
    """Where the job's log is; `own` is the deployment's group, which its definitions name and a cut detail may not."""
    return own if job.log_group == DEFAULT_LOG_GROUP and _OUR_DEFINITION in job.definition else job.log_group


def read(detail: object) -> JobFacts | None:
    """The facts in a JobDetail of either casing and shape; `None` for anything that is not one. Never raises."""
    if not isinstance(detail, Mapping) or not _text(detail, "jobId"):
        return None
    main = _main_container(detail)
    array = _map(detail, "arrayProperties")
    return JobFacts(
        job_id=_text(detail, "jobId"),
        name=_text(detail, "jobName"),
        status=_text(detail, "status").upper(),
        status_reason=_text(detail, "statusReason"),
        attempts=_attempts(detail, main),
        queue=_text(detail, "jobQueue"),
        definition=_text(detail, "jobDefinition"),
        image=_text(main, "image"),
        log_group=_text(_map(_map(main, "logConfiguration"), "options"), "awslogs-group") or DEFAULT_LOG_GROUP,
        memory_mib=_memory_mib(main),
        timeout_s=_number(_map(detail, "timeout"), "attemptDurationSeconds"),
        created_ms=_number(detail, "createdAt"),
        started_ms=_number(detail, "startedAt"),
        stopped_ms=_number(detail, "stoppedAt"),
        cancelled=_get(detail, "isCancelled") is True,
        terminated=_get(detail, "isTerminated") is True,
        array_size=_number(array, "size"),
        array_failed=_number(_map(array, "statusSummary"), "FAILED"),
        vcpus=_vcpus(main),
        gpus=int(_required(main, "GPU") or 0),
        instance=_text(main, "containerInstanceArn"),
        depends_on=len(_maps(detail, "dependsOn")),
        consumables=tuple(
            f"{_text(each, 'consumableResource').rsplit('/', 1)[-1]} x {_number(each, 'quantity') or 1}"
            for each in _maps(_map(detail, "consumableResourceProperties"), "consumableResourceList")
        ),
    )


def _attempts(detail: Mapping[str, object], main: Mapping[str, object]) -> tuple[AttemptDetail, ...]:
    essential = {_text(c, "name") for c in _ecs_containers(detail) if _get(c, "essential") is not False}
    attempts = [_attempt(attempt, essential) for attempt in _maps(detail, "attempts")]
    now = _ending(main)
    if now == AttemptDetail():
        return tuple(attempts)
    if not attempts:  # Batch lists an attempt only once it has ended; the job's container knows of the current one
        return (replace(now, started_ms=_number(detail, "startedAt"), stopped_ms=_number(detail, "stoppedAt")),)
    if now.log_stream and attempts[-1].log_stream not in {"", now.log_stream}:
        return (*attempts, now)  # a further attempt is under way
    return (*attempts[:-1], _filled(attempts[-1], now))


def _attempt(attempt: Mapping[str, object], essential: set[str]) -> AttemptDetail:
    tasks = _maps(attempt, "taskProperties")
    containers = [c for task in tasks for c in _maps(task, "containers")]
    container = _map(attempt, "container") or _decisive(containers, essential)
    return replace(
        _ending(container),
        status_reason=_text(attempt, "statusReason"),
        started_ms=_number(attempt, "startedAt"),
        stopped_ms=_number(attempt, "stoppedAt"),
    )


def _ending(container: Mapping[str, object]) -> AttemptDetail:
    return AttemptDetail(
        exit_code=_number(container, "exitCode"),
        reason=_text(container, "reason"),
        log_stream=_text(container, "logStreamName"),
    )


def _filled(attempt: AttemptDetail, current: AttemptDetail) -> AttemptDetail:
    return replace(
        attempt,
        exit_code=attempt.exit_code if attempt.exit_code is not None else current.exit_code,
        reason=attempt.reason or current.reason,
        log_stream=attempt.log_stream or current.log_stream,
    )


def _main_container(detail: Mapping[str, object]) -> Mapping[str, object]:
    container = _map(detail, "container")
    if container:
        return container
    containers = _ecs_containers(detail)
    essential = {_text(c, "name") for c in containers if _get(c, "essential") is not False}
    return _decisive(containers, essential)


def _ecs_containers(detail: Mapping[str, object]) -> list[Mapping[str, object]]:
    tasks = _maps(_map(detail, "ecsProperties"), "taskProperties")
    return [container for task in tasks for container in _maps(task, "containers")]


def _decisive(containers: list[Mapping[str, object]], essential: set[str]) -> Mapping[str, object]:
    """The container that decided how a task of several ended: the essential one that failed by itself."""

    def rank(container: Mapping[str, object]) -> tuple[bool, bool, bool, bool]:
        code = _number(container, "exitCode")
        return (
            bool(essential) and _text(container, "name") not in essential,
            code == 0,
            code in _KILLED and not _text(container, "reason"),
            code is None and not _text(container, "reason"),
        )

    return min(containers, key=rank, default={})


def _memory_mib(container: Mapping[str, object]) -> int | None:
    asked = _required(container, "MEMORY")
    return _number(container, "memory") if asked is None else int(asked)


def _vcpus(container: Mapping[str, object]) -> float | None:
    asked = _required(container, "VCPU")
    return _number(container, "vcpus") if asked is None else asked


def _required(container: Mapping[str, object], kind: str) -> float | None:
    """A resource requirement; its value is text, and of VCPU a fraction on Fargate."""
    for requirement in _maps(container, "resourceRequirements"):
        if _text(requirement, "type").upper() == kind:
            with suppress(ValueError):
                asked = float(_text(requirement, "value") or _number(requirement, "value") or 0)
                return asked if 0 <= asked < _MOST else None
    return None


def _get(mapping: Mapping[str, object], name: str) -> object:
    """The value under a camelCase name, or under the same name in PascalCase."""
    value = mapping.get(name)
    return mapping.get(name[:1].upper() + name[1:]) if value is None else value


def _map(mapping: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = _get(mapping, name)
    return value if isinstance(value, Mapping) else {}


def _maps(mapping: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    return list(_only_maps(_get(mapping, name)))


def _only_maps(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list | tuple):
        yield from (item for item in value if isinstance(item, Mapping))


def _text(mapping: Mapping[str, object], name: str) -> str:
    value = _get(mapping, name)
    return value if isinstance(value, str) else ""


def _number(mapping: Mapping[str, object], name: str) -> int | None:
    """A whole number, given as number or text; Batch's times are milliseconds since 1970."""
    value = _get(mapping, name)
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
