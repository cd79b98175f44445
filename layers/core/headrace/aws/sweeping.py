"""Ending what a run left behind: its live jobs, and the Map Runs that may go on after their execution was stopped.

Step Functions only tries to end what an aborted execution has started, jobs and executions, and a Map Run can outlive its parent. So a run whose execution
was aborted is swept until nothing of it is found twice in a row (design.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from headrace.aws import batch as jobs
from headrace.aws import ledger
from headrace.aws.clients import client
from headrace.aws.step_functions import describe
from headrace.aws.table import Table
from headrace.core.names import job_prefix
from headrace.core.outcome_classes import TERMINATE_CANCEL
from headrace.core.records import Epoch


def queues_of(table: Table, epoch: Epoch, default: str) -> list[str]:
    """The queues a run has submitted to, `default` first where there is one."""
    used = {
        attempt.queue
        for attempts in ledger.all_attempts(table, epoch).values()
        for attempt in attempts
        if attempt.queue
    }
    return [*([default] if default else []), *sorted(used - {default})]


def terminate_jobs(batch: Any, epoch: Epoch, queues: Iterable[str], reason: str) -> list[str]:
    """End every live job of a run's epoch; their ids.

    The reason begins with the word by which settling tells a job we ended from one that failed while we did.
    """
    found = []
    for queue in queues:
        for job in jobs.jobs_named(batch, queue, job_prefix(epoch.run, epoch.number)):
            jobs.terminate(batch, job["jobId"], f"{TERMINATE_CANCEL} {reason}")
            found.append(job["jobId"])
    return found


def scopes_over(pipeline: str, scopes: Iterable[str]) -> bool:
    """Whether nothing of a run goes on: no execution of its scopes, nor a Map Run that outlives one.

    `pipeline` is the run's execution, `scopes` those of its scopes, as far as they are known. The root scope's has the same name as the
    run's (statemachines/run_pipeline), so it is found before it has planned anything.
    """
    return not any(
        _goes_on(client("stepfunctions"), execution) for execution in dict.fromkeys([_root_of(pipeline), *scopes])
    )


def root_was_stopped(pipeline: str) -> bool:
    """Whether a run's root scope was ended from outside, in the middle of what it did, instead of failing by itself."""
    found = describe(client("stepfunctions"), _root_of(pipeline))
    return found is not None and found.status in ("ABORTED", "TIMED_OUT")


def _root_of(pipeline: str) -> str:
    return pipeline.replace("-run-pipeline:", "-run-scope:")


def _goes_on(sfn: Any, execution: str) -> bool:
    found = describe(sfn, execution)
    return (found is not None and found.status == "RUNNING") or _has_live_map_run(sfn, execution)


def _has_live_map_run(sfn: Any, execution: str) -> bool:
    try:
        for page in sfn.get_paginator("list_map_runs").paginate(executionArn=execution):
            for run in page["mapRuns"]:
                if sfn.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "RUNNING":
                    return True
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ExecutionDoesNotExist", "ResourceNotFound"}:
            raise
    return False
