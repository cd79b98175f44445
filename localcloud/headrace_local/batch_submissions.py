"""SubmitJob, and what other calls do with submitted jobs: dependencies, arrays, listing, cancelling.

https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html
"""

from __future__ import annotations

import contextlib
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local import (
    api_calls,
    batch_consumables,
    batch_definitions,
    batch_jobs,
    batch_queues,
    batch_scheduler,
)
from headrace_local.batch_jobs import STATES, TERMINAL, Job
from headrace_local.batch_requests import ClientException, page

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_LARGEST: Final = 30 * 1024
_LARGEST_PAGE: Final = 1000
_FILTERED_PAGE: Final = 100
_MOST_AT_ONCE: Final = 50


def submit(request: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Accept a job, or an array of them; `size` is the request's length in bytes."""
    if size > _LARGEST:
        raise ClientException("The job submission is larger than 30 KiB")
    definition, queue, before = accepted(request)
    api_calls.count("executed", "batch:SubmitJob")
    job = Job(str(uuid.uuid4()), dict(request), definition, queue)
    add_children(job)
    if job.children:
        _array(job, before)
    else:
        _start(job, before)
    return {"jobArn": job.arn, "jobName": job.name, "jobId": job.id}


def accepted(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[Job]]:
    """The definition, the queue and the jobs a request depends on; `ClientException` when it cannot be accepted."""
    if not _NAME.fullmatch(str(request.get("jobName") or "")):
        raise ClientException("Job name must be 1 to 128 letters, digits, '-' or '_', and start with a letter or digit")
    definition = batch_definitions.find(str(request.get("jobDefinition")))
    queue = batch_queues.find(batch_queues.queues, str(request.get("jobQueue")), "job queue")
    if queue["state"] != "ENABLED":
        raise ClientException(f"The job queue '{queue['jobQueueName']}' is disabled")
    if batch_queues.policy_of(queue) is not None and not request.get("shareIdentifier"):
        raise ClientException("shareIdentifier is required: the job queue has a scheduling policy")
    batch_consumables.check(request)
    return definition, queue, [_dependency(item) for item in request.get("dependsOn") or [] if "jobId" in item]


def add_children(parent: Job) -> None:
    """The children of an array job, SUBMITTED; none of a plain job."""
    for index in range(int((parent.request.get("arrayProperties") or {}).get("size") or 0)):
        child = Job(f"{parent.id}:{index}", parent.request, parent.definition, parent.queue, index=index)
        child.parent = parent
        parent.children.append(child)


def describe(request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeJobs: up to 100 jobs by id or ARN; unknown ones are left out."""
    found = []
    for job_id in (request.get("jobs") or [])[:100]:
        try:
            found.append(batch_jobs.find(job_id).describe())
        except KeyError:
            continue
    return {"jobs": found}


def listing(request: Mapping[str, Any]) -> dict[str, Any]:
    """ListJobs: by status (RUNNING when none is given) or by one filter, which ignores the status; newest first."""
    if "arrayJobId" in request:
        jobs = list(_found(request["arrayJobId"]).children)
    elif "jobQueue" in request:
        queue = batch_queues.find(batch_queues.queues, request["jobQueue"], "job queue")
        jobs = [job for job in batch_jobs.of_queue(queue) if job.parent is None]
    else:
        raise ClientException("ListJobs needs jobQueue or arrayJobId")
    filters = request.get("filters") or []
    if len(filters) > 1:
        raise ClientException("Only one filter can be used at a time")
    jobs = [job for job in jobs if all(_matches(job, item) for item in filters)]
    status = request.get("jobStatus") or "RUNNING"
    if status not in STATES:
        raise ClientException(f"'{status}' is not a job status")
    if not filters or (filters[0]["name"] == "SHARE_IDENTIFIER" and "jobStatus" in request):
        jobs = [job for job in jobs if job.status == status]
    jobs.sort(key=lambda job: (-job.created_at, -job.sequence))
    return page("jobSummaryList", jobs, request, show=Job.summary, largest=_FILTERED_PAGE if filters else _LARGEST_PAGE)


def terminate(request: Mapping[str, Any]) -> dict[str, Any]:
    """TerminateJob."""
    _found(request["jobId"]).terminate(str(request["reason"]))
    return {}


def cancel(request: Mapping[str, Any]) -> dict[str, Any]:
    """CancelJob: ends what has not started; what is STARTING or RUNNING goes on."""
    job = _found(request["jobId"])
    for one in [job, *job.children]:
        with one.lock:
            waiting = one.status in ("SUBMITTED", "PENDING", "RUNNABLE")
            one.cancelled = waiting
        if waiting:
            one.terminate(str(request["reason"]))
    return {}


def several(one: Callable[[Mapping[str, Any]], Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """CancelJobs and TerminateJobs: up to 50 at once; jobs that cannot be found count as done."""
    wanted = [str(job_id) for job_id in request.get("jobs") or []]
    if not 1 <= len(wanted) <= _MOST_AT_ONCE:
        raise ClientException(f"jobs has {len(wanted)} ids: 1 to {_MOST_AT_ONCE} are allowed")
    for job_id in wanted:
        with contextlib.suppress(ClientException):
            one({"jobId": job_id, "reason": request["reason"]})
    return {"successful": wanted, "errors": []}


def _found(job_id: str) -> Job:
    try:
        return batch_jobs.find(job_id)
    except KeyError:
        raise ClientException(f"Job '{job_id}' does not exist") from None


def _matches(job: Job, item: Mapping[str, Any]) -> bool:
    values = [str(value) for value in item["values"]]
    exact = {"JOB_NAME": job.name, "JOB_DEFINITION": job.definition["jobDefinitionName"]}
    if item["name"] in exact:
        seen = exact[item["name"]].lower()
        return any(
            seen.startswith(v[:-1].lower()) if v.endswith("*") else seen == v.rsplit("/", 1)[-1].lower() for v in values
        )
    if item["name"] == "SHARE_IDENTIFIER":
        return job.request.get("shareIdentifier") in values
    if item["name"] == "BEFORE_CREATED_AT":
        return job.created_at < int(values[0])
    if item["name"] == "AFTER_CREATED_AT":
        return job.created_at > int(values[0])
    raise ClientException(f"'{item['name']}' is not a filter of ListJobs")


def _dependency(item: Mapping[str, Any]) -> Job:
    return _found(item["jobId"])


def _start(job: Job, before: list[Job]) -> None:
    """PENDING while other jobs are in the way, then RUNNABLE; one that failed fails this one."""
    if before:
        job.move("PENDING")
    left = [len(before)]
    lock = threading.Lock()

    def one_done() -> None:
        with lock:
            left[0] -= 1
            ready = left[0] == 0
        failed = any(other.status == "FAILED" for other in before)
        if failed:
            job.move("FAILED", "Dependent Job failed")
        elif ready and job.status not in TERMINAL:
            batch_consumables.when_there(job, batch_scheduler.enqueue)

    def give_up() -> None:
        job.move("FAILED", job.stopping)

    job.interrupt = give_up
    if not before:
        batch_consumables.when_there(job, batch_scheduler.enqueue)
    for other in before:
        other.completion.then(one_done)


def _array(parent: Job, before: list[Job]) -> None:
    sequential = any(
        item.get("type") == "SEQUENTIAL" and "jobId" not in item for item in parent.request.get("dependsOn") or []
    )
    pairwise = {item["jobId"] for item in parent.request.get("dependsOn") or [] if item.get("type") == "N_TO_N"}
    parent.move("PENDING")
    for child in parent.children:
        child.completion.then(lambda: _child_done(parent))
    for index, child in enumerate(parent.children):
        own = [job.children[index] if job.id in pairwise and index < len(job.children) else job for job in before]
        _start(child, [*own, parent.children[index - 1]] if sequential and index else own)


def _child_done(parent: Job) -> None:
    if all(child.status in TERMINAL for child in parent.children):
        failed = any(child.status == "FAILED" for child in parent.children)
        parent.move(
            "FAILED" if failed else "SUCCEEDED", parent.stopping or ("Array Child Job failed" if failed else None)
        )
