"""The control endpoint: what the CLI and tests ask of the cloud itself, under /_headrace.

GET  /status        POST /stop          GET /alerts    GET /calls
GET  /permissions   POST /callers
GET  /faults        POST /faults        DELETE /faults
GET  /clock         POST /clock
GET  /environments  POST /environments  DELETE /environments
POST /jobs          POST /jobs/move     POST /jobs/forget      POST /blocked
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any, Final

from headrace.core.errors import InvalidValue
from headrace_local import (
    api_calls,
    batch_blocked,
    batch_capacity,
    batch_scheduler,
    batch_staging,
    batch_time_limits,
    callers,
    clock,
    faults,
    lambda_workers,
    patch_step_functions,
    patch_step_functions_executions,
    patch_step_functions_map,
    permissions,
    schedules,
    stack_operations,
)
from headrace_local.batch_requests import ClientException
from headrace_local.place import ACCOUNT, REGION
from headrace_local.surroundings import current

IMAGES: Final = "container images are not used: jobs run as processes of this machine, with the programs on PATH"
stopping = threading.Event()


def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Serve one request."""
    serve = _ROUTES.get((method, path))
    if serve is None:
        return 404, json.dumps({"message": f"no {method} {path}", "known": [f"{m} {p}" for m, p in _ROUTES]}).encode()
    try:
        return 200, json.dumps(serve(body), default=str).encode()
    except (InvalidValue, ClientException, ValueError, TypeError) as error:
        return 400, json.dumps(
            {"message": f"{error}", "expected": getattr(error, "expected", ""), "hint": getattr(error, "hint", "")}
        ).encode()


def live() -> int:
    """Executions, jobs and invocations in progress."""
    return patch_step_functions_executions.running() + batch_scheduler.live() + lambda_workers.busy()


def _status(_body: bytes) -> dict[str, Any]:
    here = current()
    return {
        "endpoint": here.endpoint,
        "pid": os.getpid(),
        "home": str(here.home),
        "vcpus": here.vcpus,
        "memoryMiB": here.memory_mib,
        "executions": patch_step_functions_executions.running(),
        "jobs": batch_scheduler.live(),
        "invocations": lambda_workers.busy(),
        "recorded": stack_operations.recorded,
        "bridged": {name: list(lines) for name, lines in patch_step_functions.bridged.items() if lines},
        "notes": [IMAGES, "state is kept in memory: `down` forgets everything"],
    }


def _stop(_body: bytes) -> dict[str, Any]:
    stopping.set()
    return {"stopping": True}


def _alerts(_body: bytes) -> list[dict[str, Any]]:
    from moto.sns.models import sns_backends

    sent = []
    for arn, topic in list(sns_backends[ACCOUNT][REGION].topics.items()):
        for message_id, message, subject, _attributes, group in list(topic.sent_notifications):
            sent.append({"topic": arn, "id": message_id, "subject": subject, "message": message, "group": group})
    return sent


def _calls(_body: bytes) -> dict[str, Any]:
    return {"calls": api_calls.counts(), "stateTransitions": patch_step_functions_map.transitions_so_far()}


def _add_caller(body: bytes) -> dict[str, Any]:
    """Somebody whose calls are judged by a policy of their own, or by a role that is there: their access key id."""
    request = json.loads(body)
    if sorted(request) not in (["name", "policy"], ["name", "role"]):
        raise InvalidValue(f"a caller with {', '.join(sorted(request))}", expected="name, and policy or role")
    name = str(request["name"])
    who = str(request["role"]) if "role" in request else permissions.add_person(name, request["policy"])
    return {"accessKeyId": callers.register(f"person:{name}", lambda: None, role=who, session=name), "arn": who}


def _add_fault(body: bytes) -> list[dict[str, Any]]:
    faults.add(json.loads(body))
    return faults.report()


def _clear_faults(_body: bytes) -> list[dict[str, Any]]:
    faults.clear()
    return []


def _move_clock(body: bytes) -> dict[str, Any]:
    """Time passes: instances arrive, time limits act; schedules fire only when asked to."""
    request = json.loads(body)
    batch_capacity.note()
    before, after = clock.move(request)
    batch_time_limits.act()
    batch_scheduler.wake()
    fired = schedules.fire_between(before, after) if request.get("schedules") else 0
    return {**clock.report(), "scheduledEvents": fired}


def _plan_environment(body: bytes) -> list[dict[str, Any]]:
    batch_capacity.plan(json.loads(body))
    batch_scheduler.wake()
    return batch_capacity.report()


def _clear_environments(_body: bytes) -> list[dict[str, Any]]:
    batch_capacity.clear()
    batch_scheduler.wake()
    return []


_ROUTES: Final[dict[tuple[str, str], Callable[[bytes], Any]]] = {
    ("GET", "/status"): _status,
    ("POST", "/stop"): _stop,
    ("GET", "/alerts"): _alerts,
    ("GET", "/calls"): _calls,
    ("GET", "/permissions"): lambda _body: permissions.report(),
    ("POST", "/callers"): _add_caller,
    ("GET", "/faults"): lambda _body: faults.report(),
    ("POST", "/faults"): _add_fault,
    ("DELETE", "/faults"): _clear_faults,
    ("GET", "/clock"): lambda _body: clock.report(),
    ("POST", "/clock"): _move_clock,
    ("GET", "/environments"): lambda _body: batch_capacity.report(),
    ("POST", "/environments"): _plan_environment,
    ("DELETE", "/environments"): _clear_environments,
    ("POST", "/jobs"): lambda body: batch_staging.stage(json.loads(body)),
    ("POST", "/jobs/move"): lambda body: batch_staging.move(json.loads(body)),
    ("POST", "/jobs/forget"): lambda body: batch_staging.forget(json.loads(body)),
    ("POST", "/blocked"): lambda body: batch_blocked.plan(json.loads(body)),
}
