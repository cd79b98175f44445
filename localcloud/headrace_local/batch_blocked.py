"""Why a queue is blocked: the reasons Batch publishes for the job at the head of it, and the event that tells.

https://docs.aws.amazon.com/batch/latest/userguide/batch-job-queue-blocked-events.html and job_stuck_in_runnable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest
from headrace_local import batch_queues, batch_snapshot, event_bus
from headrace_local.batch_jobs import Job

CAPACITY: Final = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
MAX_RESOURCE: Final = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
REQUIREMENT: Final = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
REASONS: Final = {
    CAPACITY: " - Service cannot fulfill the capacity requested for instance type [{type}]",
    MAX_RESOURCE: " - CE(s) associated with the job queue cannot meet the CPU requirement of the job.",
    REQUIREMENT: " - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.",
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS": " – Batch service role has a permission issue.",  # noqa: RUF001 - AWS's dash
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED": " - Your compute environment associated with this job queue has an "
    "unsupported instance type configuration.",
    "ACTION_REQUIRED": " - CE(s) associated with the job queue are invalid.",
    "UNDETERMINED": " - Batch job is blocked, root cause is undetermined.",
}
_FIELDS: Final = {"queue": None, "reason": None, "instanceType": "m5.4xlarge", "tell": True}


def text(reason: str, instance_type: str = "m5.4xlarge") -> str:
    """The statusReason of a published reason."""
    return reason + REASONS[reason].format(type=instance_type)


def block(job: Job, reason: str, instance_type: str = "m5.4xlarge", *, tell: bool = True) -> None:
    """Say on a RUNNABLE job why it is blocked, and tell the bus, once per reason."""
    told = text(reason, instance_type)
    with job.lock:
        if job.status != "RUNNABLE" or job.status_reason == told:
            return
        job.status_reason = told
        seen = job.describe()
    if tell:
        resources = [job.arn, str(job.queue["jobQueueArn"])]
        event_bus.announce("aws.batch", "Batch Job Queue Blocked", resources, lambda: seen)


def plan(request: Mapping[str, Any]) -> dict[str, Any]:
    """Block the head of a queue for a published reason, or with `reason` empty let the reason go; which job it was.

    `tell` false keeps the event back. `InvalidValue` when the request is wrong or nothing is RUNNABLE in the queue.
    """
    for name in request:
        if name not in _FIELDS:
            raise InvalidValue(f"a blocked queue has no '{name}'", hint=nearest(name, _FIELDS))
    values = {**_FIELDS, **request}
    reason = values["reason"]
    if reason and reason not in REASONS:
        raise InvalidValue(f"'{reason}' is no reason Batch publishes", expected=f"one of {', '.join(REASONS)}")
    queue = batch_queues.find(batch_queues.queues, str(values["queue"]), "job queue")
    head = next(batch_snapshot.runnable(queue), None)
    if head is None:
        raise InvalidValue(f"no job is RUNNABLE in {values['queue']}")
    if reason:
        block(head, str(reason), str(values["instanceType"]), tell=bool(values["tell"]))
    else:
        with head.lock:
            head.status_reason = None
    return {"jobId": head.id}
