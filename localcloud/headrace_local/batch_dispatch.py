"""The order in which a queue dispatches its RUNNABLE jobs, and since when each has its place in it.

Without a scheduling policy it is the order of submission. With one, the share that uses least for its weight comes next, and
within a share the job with the highest priority; decay and reservations of a policy are not simulated.
https://docs.aws.amazon.com/batch/latest/userguide/fair-share-scheduling.html
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace_local.batch_jobs import Job

_Key = tuple[int, int]
_departures: dict[str, list[tuple[_Key, int]]] = {}
"""By queue: which places became free, and when. Later departures have larger keys; earlier ones they hide are dropped."""


def order(jobs: Iterable[Job], policy: Mapping[str, Any] | None, used: Mapping[str, float]) -> Iterator[Job]:
    """The jobs in the order in which they start; `used` are the vCPUs each share has now."""
    if policy is None:
        yield from sorted(jobs, key=_submitted)
        return
    weights = _weights(policy)
    shares: dict[str, list[Job]] = {}
    for job in sorted(jobs, key=lambda job: (priority(job), [-part for part in _submitted(job)])):
        shares.setdefault(share(job), []).append(job)
    heap = [(used.get(name, 0.0) * _weight(weights, name), name) for name in shares]
    heapq.heapify(heap)
    while heap:
        load, name = heapq.heappop(heap)
        job = shares[name].pop()
        yield job
        if shares[name]:
            heapq.heappush(heap, (load + job.vcpus * _weight(weights, name), name))


def share(job: Job) -> str:
    """The share a job counts on."""
    return str(job.request.get("shareIdentifier", ""))


def priority(job: Job) -> int:
    """The job's scheduling priority; higher goes first within its share."""
    return int(job.request.get("schedulingPriorityOverride", job.definition.get("schedulingPriority") or 0))


def left(job: Job, at_ms: int) -> None:
    """A job is RUNNABLE no more: those behind it have moved up."""
    key = _submitted(job)
    seen = _departures.setdefault(str(job.queue["jobQueueArn"]), [])
    while seen and seen[-1][0] >= key:
        seen.pop()
    seen.append((key, at_ms))


def at_place_since(job: Job, *, by_share: bool) -> int:
    """Since when (ms) a RUNNABLE job has its place; with a policy, at the latest when any job left its queue."""
    seen = _departures.get(str(job.queue["jobQueueArn"]), [])
    before = len(seen) if by_share else bisect.bisect_left(seen, (_submitted(job), -1))
    return max(job.since, seen[before - 1][1] if before else 0)


def _submitted(job: Job) -> _Key:
    return job.created_at, job.sequence


def _weights(policy: Mapping[str, Any]) -> dict[str, float]:
    given = (policy.get("fairsharePolicy") or {}).get("shareDistribution") or []
    return {str(item["shareIdentifier"]): float(item.get("weightFactor", 1.0)) for item in given}


def _weight(weights: Mapping[str, float], name: str) -> float:
    """A share's weight; `abc*` gives one to every share that begins so. A smaller weight gets more."""
    if name in weights:
        return weights[name]
    prefixes = [key for key in weights if key.endswith("*") and name.startswith(key[:-1])]
    return weights[max(prefixes, key=len)] if prefixes else 1.0
