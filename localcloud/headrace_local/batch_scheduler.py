"""Which job runs when: queues, the compute environments behind them, and what this machine has left.

Jobs wait in RUNNABLE, in the order of their queue's priority and then of its dispatch; a job that does not fit is passed
by smaller ones. A compute environment has its `maxvCpus`; all of them share the machine. A job that is bigger than the
machine, but not than its environment, runs alone; one that is bigger than every environment stays RUNNABLE for ever, and
says so when it is at the head of its queue, as on AWS.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace_local import (
    batch_blocked,
    batch_capacity,
    batch_dispatch,
    batch_instances,
    batch_queues,
    batch_runner,
    batch_snapshot,
)
from headrace_local.batch_jobs import TERMINAL, Job
from headrace_local.batch_runner import Ended
from headrace_local.surroundings import current

_log = logging.getLogger(__name__)
_OVERRIDES: Final = "Container Overrides length must be at most 8192"


@dataclass(frozen=True, slots=True)
class Share:
    """What a running job holds."""

    environment: str
    vcpus: float
    memory_mib: float


_condition = threading.Condition()
_waiting: list[Job] = []
_held: dict[str, Share] = {}
_started: list[threading.Thread] = []
_stopping = threading.Event()


def enqueue(job: Job) -> None:
    """The job is ready to run."""
    if not job.move("RUNNABLE"):
        return
    with _condition:
        job.interrupt = wake
        _waiting.append(job)
        if not _started:
            _started.append(threading.Thread(target=_place_jobs, daemon=True, name="batch scheduler"))
            _started[0].start()
        _condition.notify()


def wake() -> None:
    """Something changed: a job was stopped, an environment enabled."""
    with _condition:
        _condition.notify()


def stop() -> None:
    """Start nothing any more, and kill what runs."""
    _stopping.set()
    wake()
    batch_runner.kill_all()


def live() -> int:
    """How many jobs wait or run."""
    with _condition:
        return len(_waiting) + len(_held)


def _place_jobs() -> None:
    while not _stopping.is_set():
        with _condition:
            chosen = _next()
            while not chosen and not _stopping.is_set():
                _condition.wait()
                chosen = _next()
        for job in chosen:
            threading.Thread(target=_run, args=(job,), daemon=True, name=f"job {job.name}").start()


def _next() -> list[Job]:
    """The jobs to start or to end now; taken out of the queue, their share held."""
    chosen = []
    for job in _in_order():
        share = None if job.stopping is not None else _fits(job)
        if share is not None:
            _held[job.id] = share
            job.environment = share.environment
        if share is not None or job.stopping is not None:
            _waiting.remove(job)
            chosen.append(job)
        elif _full():
            break
    return [*chosen, *_stopped_behind()]


def _in_order() -> list[Job]:
    """The waiting jobs, queue after queue in the order of their priority, each in its own order."""
    queues: dict[str, list[Job]] = {}
    for job in _waiting:
        queues.setdefault(str(job.queue["jobQueueArn"]), []).append(job)
    ordered: list[Job] = []
    for jobs in sorted(queues.values(), key=lambda jobs: -int(jobs[0].queue.get("priority", 1))):
        ordered += batch_dispatch.order(jobs, batch_queues.policy_of(jobs[0].queue), _used_by_share(jobs[0].queue))
    return ordered


def _used_by_share(queue: Mapping[str, Any]) -> Mapping[str, float]:
    return batch_snapshot.usage(queue) if batch_queues.policy_of(queue) is not None else {}


def _stopped_behind() -> list[Job]:
    stopped = [job for job in _waiting if job.stopping is not None]
    for job in stopped:
        _waiting.remove(job)
    return stopped


def _full() -> bool:
    return sum(share.vcpus for share in _held.values()) >= current().vcpus


def _fits(job: Job) -> Share | None:
    if job.queue["state"] != "ENABLED":
        return None
    vcpus, memory = job.vcpus, job.memory_mib
    reason = batch_blocked.MAX_RESOURCE
    for place in sorted(job.queue["computeEnvironmentOrder"], key=lambda place: place.get("order", 0)):
        name = str(place["computeEnvironment"]).rsplit("/", 1)[-1]
        environment = batch_queues.environments.get(name)
        if environment is None:
            continue
        limit = _limit(environment)
        if vcpus > limit:
            continue
        if not batch_capacity.fits_some_type(environment, vcpus, memory):
            reason = batch_blocked.REQUIREMENT
            continue
        reason = ""
        if environment["state"] == "ENABLED" and batch_instances.takes_jobs(name) and _room(name, vcpus, memory, limit):
            return Share(name, vcpus, memory)
    if reason and next(batch_snapshot.runnable(job.queue), None) is job:
        batch_blocked.block(job, reason)
    return None


def _limit(environment: dict[str, Any]) -> float:
    return float((environment.get("computeResources") or {}).get("maxvCpus", current().vcpus))


def _room(name: str, vcpus: float, memory: float, limit: float) -> bool:
    here = sum(share.vcpus for share in _held.values() if share.environment == name)
    machine = current()
    used_vcpus, used_memory = sum(s.vcpus for s in _held.values()), sum(s.memory_mib for s in _held.values())
    alone = not _held
    return here + vcpus <= limit and (
        alone or (used_vcpus + vcpus <= machine.vcpus and used_memory + memory <= machine.memory_mib)
    )


def _run(job: Job) -> None:
    ended: Ended | None = None
    try:
        if job.stopping is None and job.status not in TERMINAL:
            ended = (
                batch_runner.run_attempt(job) if _overrides_fit(job) else Ended(None, None, _OVERRIDES, retryable=False)
            )
    except Exception as error:  # noqa: BLE001 - a job must end, whatever went wrong in here
        _log.exception("job %s", job.id)
        ended = Ended(None, None, f"InternalError: {error}", retryable=False)
    finally:
        with _condition:
            _held.pop(job.id, None)
            _condition.notify()
    if not _stopping.is_set():
        _after(job, ended)


def _overrides_fit(job: Job) -> bool:
    """What ECS allows of command and environment together; Batch accepts the job and fails it later."""
    overrides = {name: job.overrides.get(name, []) for name in ("command", "environment")}
    return len(json.dumps(overrides, separators=(",", ":"))) <= 8192


def _after(job: Job, ended: Ended | None) -> None:
    if ended is None or job.stopping is not None:
        job.move("FAILED", job.stopping)
    elif ended.exit_code == 0 and not ended.reason and ended.retryable:
        job.move("SUCCEEDED", ended.status_reason)
    elif _retry(job, ended):
        enqueue(job)
    else:
        job.move("FAILED", ended.status_reason)


def _retry(job: Job, ended: Ended) -> bool:
    """https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html: the first matching rule decides, else retry."""
    strategy = job.either("retryStrategy") or {}
    if not ended.retryable or len(job.attempts) >= int(strategy.get("attempts") or 1):
        return False
    for rule in strategy.get("evaluateOnExit") or []:
        seen = {
            "onExitCode": "" if ended.exit_code is None else str(ended.exit_code),
            "onReason": ended.reason or "",
            "onStatusReason": ended.status_reason,
        }
        if all(_like(seen[name], rule[name]) for name in seen if name in rule):
            return str(rule["action"]).upper() == "RETRY"
    return True


def _like(value: str, pattern: str) -> bool:
    """A pattern may end in `*`; nothing else in it is special."""
    return fnmatch.fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]").replace("?", "[?]"))
