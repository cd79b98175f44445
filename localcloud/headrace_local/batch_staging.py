"""Jobs put where a test wants them: in any state, since any time, by the thousand, with no process behind them.

    stage   {"submit": a SubmitJob request; {n} in its jobName counts, "count"?: 1 | "names"?: […], "status"?: "RUNNABLE", "secondsAgo"?: 7200, "environment"?, "tell"?}
    move    {"jobs": [ids], "status": "RUNNING", "statusReason"?, "reason"?, "exitCode"?, "tell"?}
    forget  {"jobs": [ids]}

What is asked for is checked as SubmitJob checks it. The scheduler leaves staged jobs alone: only the test, CancelJob and
TerminateJob move them. `tell` false keeps their events back, as if all were lost. An array's state is that of its children.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest
from headrace_local import batch_capacity, batch_consumables, batch_jobs, batch_submissions, clock
from headrace_local.batch_capacity import LIVE
from headrace_local.batch_jobs import STATES, Job
from headrace_local.batch_requests import ClientException
from headrace_local.batch_runner import ESSENTIAL, new_container

_STAGE: Final = {"submit": None, "names": (), "count": 1, "status": "RUNNABLE", "secondsAgo": 0.0, "environment": "", "statusReason": "", "tell": True}  # fmt: skip
_MOVE: Final = {"jobs": None, "status": None, "statusReason": "", "reason": "", "exitCode": "", "tell": True}
_FORGET: Final = {"jobs": None}
_MOST: Final = 20_000


def stage(request: Mapping[str, Any]) -> list[str]:
    """Make the jobs; their ids. `InvalidValue` says what is wrong with the request."""
    values = _values(request, _STAGE, "staged job")
    status, submit = _status(values["status"]), dict(values["submit"])
    named = [str(name) for name in values["names"]] or _counted(str(submit.get("jobName", "")), int(values["count"]))
    if not 1 <= len(named) <= _MOST:
        raise InvalidValue(f"{len(named)} jobs are asked for", expected=f"1 to {_MOST}")
    since = clock.now_ms() - int(float(values["secondsAgo"]) * 1000)
    made = []
    for name in named:
        one_request = {**submit, "jobName": name}
        try:
            definition, queue, _before = batch_submissions.accepted(one_request)
        except ClientException as error:
            raise InvalidValue(f"SubmitJob: {error}") from error
        job = Job(str(uuid.uuid4()), one_request, definition, queue)
        batch_submissions.add_children(job)
        made.append(job)
        for one in [job, *job.children]:
            one.created_at = one.since = since
            one.environment = str(values["environment"]) or _first_environment(queue)
            one.interrupt = functools.partial(_end, one)
            goal = "PENDING" if one.children else status
            if goal != "SUBMITTED":
                _go(one, goal, str(values["statusReason"]), since, tell=bool(values["tell"]))
    batch_capacity.note()
    return [job.id for job in made]


def move(request: Mapping[str, Any]) -> list[str]:
    """Move staged jobs to a state, with Batch's reasons and the exit code as given; their ids."""
    values = _values(request, _MOVE, "move of jobs")
    status = _status(values["status"])
    for job in _found(values["jobs"]):
        _close(job, status, values)
        _go(job, status, str(values["statusReason"]), None, tell=bool(values["tell"]))
    batch_capacity.note()
    return [str(job_id) for job_id in values["jobs"]]


def forget(request: Mapping[str, Any]) -> list[str]:
    """Let Batch know nothing of jobs any more."""
    values = _values(request, _FORGET, "forgetting of jobs")
    for job in _found(values["jobs"]):
        batch_jobs.forget(job)
    return [str(job_id) for job_id in values["jobs"]]


def _counted(name: str, count: int) -> list[str]:
    return [name.replace("{n}", str(number)) for number in range(count)]


def _values(request: Mapping[str, Any], known: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name in request:
        if name not in known:
            raise InvalidValue(f"a {what} has no '{name}'", hint=nearest(name, known))
    values = {**known, **request}
    for name, value in values.items():
        if value is None:
            raise InvalidValue(f"a {what} needs '{name}'")
    return values


def _status(status: Any) -> str:
    if status not in STATES:
        raise InvalidValue(f"'status' is {status!r}", expected=f"one of {', '.join(STATES)}")
    return str(status)


def _found(job_ids: Any) -> list[Job]:
    found = []
    for job_id in job_ids:
        try:
            found.append(batch_jobs.find(str(job_id)))
        except KeyError:
            raise InvalidValue(f"there is no job {job_id}") from None
    return found


def _first_environment(queue: Mapping[str, Any]) -> str:
    first = min(queue["computeEnvironmentOrder"], key=lambda place: int(place.get("order", 0)))
    return str(first["computeEnvironment"]).rsplit("/", 1)[-1]


def _go(job: Job, status: str, reason: str, since: int | None, *, tell: bool) -> None:
    """One transition; an attempt begins with STARTING and has a log stream once RUNNING."""
    at = clock.now_ms() if since is None else since
    if status in LIVE and (not job.attempts or "stoppedAt" in job.attempts[-1]):
        job.attempts.append({"container": new_container(job), "startedAt": at})
    if status == "RUNNING":
        job.started_at = job.attempts[-1]["startedAt"] = at
        stream = f"{job.definition['jobDefinitionName']}/default/{job.attempts[-1]['container']['taskArn'].rsplit('/', 1)[-1]}"
        job.attempts[-1]["container"]["logStreamName"] = stream
    if status in LIVE:
        batch_consumables.take(job, anyway=True)
    job.move(status, reason or None, at=since, tell=tell)


def _close(job: Job, status: str, values: Mapping[str, Any]) -> None:
    """The attempt that a move out of STARTING or RUNNING ends."""
    if status in LIVE or not job.attempts or "stoppedAt" in job.attempts[-1]:
        return
    attempt = job.attempts[-1]
    attempt |= {"stoppedAt": clock.now_ms(), "statusReason": str(values["statusReason"]) or ESSENTIAL}
    if values["exitCode"] != "":
        attempt["container"]["exitCode"] = int(values["exitCode"])
    if values["reason"]:
        attempt["container"]["reason"] = str(values["reason"])


def _end(job: Job) -> None:
    """What CancelJob and TerminateJob do to a staged job, at once."""
    reason = str(job.stopping)
    _close(job, "FAILED", {"statusReason": reason, "exitCode": 143 if job.status == "RUNNING" else "", "reason": ""})
    job.move("FAILED", reason)
