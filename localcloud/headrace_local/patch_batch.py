"""Batch: the whole API is ours; moto's jobs want Docker, drop half of what they are given and tell nobody.

moto still receives the requests. Every operation we have is in one table; one that is not there is answered by moto's
own "not implemented", by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local import (
    batch_capacity,
    batch_consumables,
    batch_definitions,
    batch_queues,
    batch_snapshot,
    batch_submissions,
)
from headrace_local.batch_requests import ClientException
from headrace_local.seam import replace

_Answer = dict[str, Any]


def apply() -> None:
    """Replace every method of moto's Batch API by ours; what we do not have is refused by name."""
    from moto.batch import urls
    from moto.batch.responses import BatchResponse

    known = replace(urls, "url_paths", {f"{{0}}/v1/{name}$": BatchResponse.dispatch for name in OPERATIONS})
    urls.url_paths |= {path: serve for path, serve in known.items() if "/tags/" in path}
    for name in [
        name for name in vars(BatchResponse) if not name.startswith("_") and callable(getattr(BatchResponse, name))
    ]:
        replace(BatchResponse, name, _operation(name, OPERATIONS.get(name)))
    for name, serve in OPERATIONS.items():
        if not hasattr(BatchResponse, name):
            setattr(BatchResponse, name, _operation(name, serve))


def _operation(
    name: str, serve: Callable[[Mapping[str, Any], int], _Answer] | None
) -> Callable[[Any], tuple[int, dict[str, str], str]]:
    def answer(self: Any) -> tuple[int, dict[str, str], str]:
        if serve is None:
            return _error(400, "ClientException", f"The local cloud has no batch:{name}")
        body = self.body if isinstance(self.body, (str, bytes)) else b"{}"
        try:
            return 200, {"Content-Type": "application/json"}, json.dumps(serve(json.loads(body or "{}"), len(body)))
        except ClientException as error:
            return _error(400, "ClientException", str(error))

    return answer


def _error(status: int, kind: str, message: str) -> tuple[int, dict[str, str], str]:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": kind,
        "status": str(status),
    }  # where moto looks for it
    return status, headers, json.dumps({"message": message})


def _register(request: Mapping[str, Any], _size: int) -> _Answer:
    stored = batch_definitions.register(request)
    return {name: stored[name] for name in ("jobDefinitionName", "jobDefinitionArn", "revision")}


def _deregister(request: Mapping[str, Any], _size: int) -> _Answer:
    batch_definitions.deregister(str(request["jobDefinition"]))
    return {}


def _created(stored: Mapping[str, Any], *names: str) -> _Answer:
    return {name: stored[name] for name in names}


def _update_environment(request: Mapping[str, Any], _size: int) -> _Answer:
    change = {name: value for name, value in request.items() if name != "computeEnvironment"}
    stored = batch_queues.update(
        batch_queues.environments, str(request["computeEnvironment"]), change, "compute environment"
    )
    _wake()
    return _created(stored, "computeEnvironmentName", "computeEnvironmentArn")


def _update_queue(request: Mapping[str, Any], _size: int) -> _Answer:
    change = {name: value for name, value in request.items() if name != "jobQueue"}
    stored = batch_queues.update(batch_queues.queues, str(request["jobQueue"]), change, "job queue")
    _wake()
    return _created(stored, "jobQueueName", "jobQueueArn")


def _wake() -> None:
    from headrace_local import batch_scheduler

    batch_scheduler.wake()


def _delete(table: dict[str, dict[str, Any]], name: str) -> Callable[[Mapping[str, Any], int], _Answer]:
    def serve(request: Mapping[str, Any], _size: int) -> _Answer:
        batch_queues.delete(table, str(request[name]))
        return {}

    return serve


OPERATIONS: Final[dict[str, Callable[[Mapping[str, Any], int], _Answer]]] = {
    "createcomputeenvironment": lambda r, _: _created(
        batch_queues.create_environment(r), "computeEnvironmentName", "computeEnvironmentArn"
    ),
    "updatecomputeenvironment": _update_environment,
    "deletecomputeenvironment": _delete(batch_queues.environments, "computeEnvironment"),
    "describecomputeenvironments": lambda r, _: batch_queues.describe(
        batch_queues.environments, "computeEnvironments", r.get("computeEnvironments"), r, batch_capacity.shown
    ),
    "createjobqueue": lambda r, _: _created(batch_queues.create_queue(r), "jobQueueName", "jobQueueArn"),
    "updatejobqueue": _update_queue,
    "deletejobqueue": _delete(batch_queues.queues, "jobQueue"),
    "describejobqueues": lambda r, _: batch_queues.describe(batch_queues.queues, "jobQueues", r.get("jobQueues"), r),
    "createschedulingpolicy": lambda r, _: _created(batch_queues.create_policy(r), "name", "arn"),
    "describeschedulingpolicies": lambda r, _: batch_queues.describe(
        batch_queues.policies, "schedulingPolicies", r.get("arns"), r
    ),
    "getjobqueuesnapshot": lambda r, _: batch_snapshot.snapshot(r),
    "createconsumableresource": lambda r, _: batch_consumables.create(r),
    "describeconsumableresource": lambda r, _: batch_consumables.describe(r),
    "listconsumableresources": lambda r, _: batch_consumables.listing(r),
    "updateconsumableresource": lambda r, _: batch_consumables.update(r),
    "deleteconsumableresource": lambda r, _: batch_consumables.delete(r),
    "registerjobdefinition": _register,
    "deregisterjobdefinition": _deregister,
    "describejobdefinitions": lambda r, _: batch_definitions.describe(r),
    "submitjob": batch_submissions.submit,
    "describejobs": lambda r, _: batch_submissions.describe(r),
    "listjobs": lambda r, _: batch_submissions.listing(r),
    "terminatejob": lambda r, _: batch_submissions.terminate(r),
    "canceljob": lambda r, _: batch_submissions.cancel(r),
    "terminatejobs": lambda r, _: batch_submissions.several(batch_submissions.terminate, r),
    "canceljobs": lambda r, _: batch_submissions.several(batch_submissions.cancel, r),
}
