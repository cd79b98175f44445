"""Batch: find or register a job definition, find and end jobs. Requests are built by the core; this sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

_DESCRIBE = 100  # job ids a DescribeJobs call takes
_ENDED = ("SUCCEEDED", "FAILED")
_LIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")


def find_definition(batch: Any, name: str) -> str | None:
    """ARN of the newest ACTIVE revision of a definition, over all pages; None when there is none."""
    newest: tuple[int, str] | None = None
    pages = batch.get_paginator("describe_job_definitions").paginate(jobDefinitionName=name, status="ACTIVE")
    for page in pages:
        for definition in page["jobDefinitions"]:
            newest = max(newest or (0, ""), (definition["revision"], definition["jobDefinitionArn"]))
    return newest[1] if newest else None


def is_active(batch: Any, arn: str) -> bool:
    """Whether this revision can be submitted."""
    found = batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"]
    return any(each.get("status") == "ACTIVE" for each in found)


def definitions(batch: Any) -> Iterator[dict[str, Any]]:
    """Every ACTIVE definition of the region, all pages."""
    for page in batch.get_paginator("describe_job_definitions").paginate(status="ACTIVE"):
        yield from page["jobDefinitions"]


def definitions_in_use(batch: Any) -> set[str]:
    """ARNs of the definitions that jobs not yet ended were made from, in every queue of the region."""
    queues = [
        queue["jobQueueArn"]
        for page in batch.get_paginator("describe_job_queues").paginate()
        for queue in page["jobQueues"]
    ]
    return {
        str(job["jobDefinition"])
        for queue in queues
        for status in _LIVE
        for page in batch.get_paginator("list_jobs").paginate(jobQueue=queue, jobStatus=status)
        for job in page["jobSummaryList"]
        if job.get("jobDefinition")
    }


def register_definition(batch: Any, request: dict[str, Any]) -> str:
    """Register a definition and return its ARN with revision."""
    return str(batch.register_job_definition(**request)["jobDefinitionArn"])


def jobs_named(batch: Any, queue: str, prefix: str, *, live_only: bool = True) -> Iterator[dict[str, Any]]:
    """Job summaries of a queue whose name begins with `prefix`, all pages.

    With the JOB_NAME filter ListJobs answers for every status (its `jobStatus` is ignored), so ended ones are dropped here.
    """
    pages = batch.get_paginator("list_jobs").paginate(
        jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [prefix + "*"]}]
    )
    for page in pages:
        for job in page["jobSummaryList"]:
            # The filter ignores case; names do not.
            if job["jobName"].startswith(prefix) and (not live_only or job.get("status") not in _ENDED):
                yield job


def newest_named(batch: Any, queue: str, name: str) -> str:
    """Id of the newest job of exactly this name, ended or not; empty when there is none (any more)."""
    found = [job for job in jobs_named(batch, queue, name, live_only=False) if job["jobName"] == name]
    return str(max(found, key=lambda job: job.get("createdAt", 0))["jobId"]) if found else ""


def failed_child(batch: Any, array: str) -> str:
    """Id of an array job's first child that failed, empty when none did."""
    for page in batch.get_paginator("list_jobs").paginate(arrayJobId=array, jobStatus="FAILED"):
        for job in page["jobSummaryList"]:
            return str(job["jobId"])
    return ""


def describe_jobs(batch: Any, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Job details by id; a job Batch has forgotten is absent."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _DESCRIBE):
        for job in batch.describe_jobs(jobs=ids[start : start + _DESCRIBE])["jobs"]:
            found[job["jobId"]] = job
    return found


def terminate(batch: Any, job_id: str, reason: str) -> None:
    """End a job in whatever state it is; one that Batch no longer knows is as good as ended."""
    try:
        batch.terminate_job(jobId=job_id, reason=reason[:1024])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ClientException":
            raise
