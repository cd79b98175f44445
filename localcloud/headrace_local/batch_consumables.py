"""Consumable resources: a job that needs one waits in PENDING until there is enough of it.

https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace_local import clock
from headrace_local.batch_jobs import TERMINAL, Job
from headrace_local.batch_requests import ClientException, page
from headrace_local.place import ACCOUNT, REGION

_ARN: Final = f"arn:aws:batch:{REGION}:{ACCOUNT}:consumable-resource/"
_KINDS: Final = ("REPLENISHABLE", "NON_REPLENISHABLE")
_lock = threading.RLock()
_resources: dict[str, dict[str, Any]] = {}
_held: dict[str, dict[str, int]] = {}
_waiting: list[tuple[Job, Callable[[Job], None]]] = []


def create(request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateConsumableResource."""
    name = str(request.get("consumableResourceName") or "")
    kind = str(request.get("resourceType") or _KINDS[0])
    if not name or name in _resources:
        raise ClientException(f"consumableResourceName '{name}' is {'taken' if name else 'missing'}")
    if kind not in _KINDS:
        raise ClientException(f"resourceType '{kind}' must be one of {', '.join(_KINDS)}")
    with _lock:
        _resources[name] = {
            "consumableResourceName": name,
            "consumableResourceArn": _ARN + name,
            "totalQuantity": int(request.get("totalQuantity") or 0),
            "inUseQuantity": 0,
            "resourceType": kind,
            "createdAt": clock.now_ms(),
            "tags": dict(request.get("tags") or {}),
        }
    return {"consumableResourceName": name, "consumableResourceArn": _ARN + name}


def describe(request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeConsumableResource."""
    found = _find(str(request.get("consumableResource")))
    return {**found, "availableQuantity": _available(found)}


def listing(request: Mapping[str, Any]) -> dict[str, Any]:
    """ListConsumableResources."""
    names = ("consumableResourceArn", "consumableResourceName", "totalQuantity", "inUseQuantity", "resourceType")
    found = [{name: one[name] for name in names} for one in list(_resources.values())]
    return page("consumableResources", found, request)


def update(request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateConsumableResource: set, add to or take from the total."""
    found = _find(str(request.get("consumableResource")))
    amount = int(request.get("quantity") or 0)
    total = int(found["totalQuantity"])
    changed = {"SET": amount, "ADD": total + amount, "REMOVE": total - amount}
    operation = str(request.get("operation"))
    if operation not in changed:
        raise ClientException(f"operation '{operation}' must be one of {', '.join(changed)}")
    with _lock:
        found["totalQuantity"] = max(0, changed[operation])
    _serve()
    return {name: found[name] for name in ("consumableResourceName", "consumableResourceArn", "totalQuantity")}


def delete(request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteConsumableResource."""
    with _lock:
        _resources.pop(_name(str(request.get("consumableResource"))), None)
    return {}


def check(request: Mapping[str, Any]) -> None:
    """`ClientException` when a submission names a resource that does not exist."""
    own = (request.get("consumableResourcePropertiesOverride") or {}).get("consumableResourceList") or []
    for item in own:
        _find(str(item.get("consumableResource")))


def when_there(job: Job, then: Callable[[Job], None]) -> None:
    """Go on with a job now, or PENDING and later, when it can have what it needs."""
    if take(job):
        then(job)
        return
    job.move("PENDING")
    with _lock:
        _waiting.append((job, then))
    _serve()


def take(job: Job, *, anyway: bool = False) -> bool:
    """Give a job what it needs until it ends; False when it is not there, unless `anyway`."""
    needs = {_name(str(item["consumableResource"])): int(item["quantity"]) for item in job.consumables()}
    with _lock:
        if not needs or job.id in _held:
            return True
        if not anyway and any(
            name not in _resources or _available(_resources[name]) < quantity for name, quantity in needs.items()
        ):
            return False
        for name, quantity in needs.items():
            _resources[name]["inUseQuantity"] += quantity
        _held[job.id] = needs
    job.completion.then(lambda: _give_back(job))
    return True


def _give_back(job: Job) -> None:
    with _lock:
        for name, quantity in _held.pop(job.id, {}).items():
            if name in _resources:
                _resources[name]["inUseQuantity"] -= quantity
                if _resources[name]["resourceType"] == "NON_REPLENISHABLE":
                    _resources[name]["totalQuantity"] -= quantity
    _serve()


def _serve() -> None:
    with _lock:
        ready = [pair for pair in _waiting if pair[0].status in TERMINAL or take(pair[0])]
        for pair in ready:
            _waiting.remove(pair)
    for job, then in ready:
        if job.status not in TERMINAL:
            then(job)


def _available(found: Mapping[str, Any]) -> int:
    return max(0, int(found["totalQuantity"]) - int(found["inUseQuantity"]))


def _name(name_or_arn: str) -> str:
    return name_or_arn.removeprefix(_ARN)


def _find(name_or_arn: str) -> dict[str, Any]:
    found = _resources.get(_name(name_or_arn))
    if found is None:
        raise ClientException(f"The consumable resource '{name_or_arn}' does not exist")
    return found
