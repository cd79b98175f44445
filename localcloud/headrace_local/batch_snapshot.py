"""GetJobQueueSnapshot: who is first in a queue, since when, and what the queue uses.

https://docs.aws.amazon.com/batch/latest/APIReference/API_GetJobQueueSnapshot.html
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace_local import batch_dispatch, batch_jobs, batch_queues, clock
from headrace_local.batch_capacity import LIVE
from headrace_local.batch_jobs import Job

_FRONT: Final = 100
_SHARES: Final = 20


def snapshot(request: Mapping[str, Any]) -> dict[str, Any]:
    """The first 100 RUNNABLE jobs in the order of dispatch, and the vCPUs in use."""
    queue = batch_queues.find(batch_queues.queues, str(request.get("jobQueue")), "job queue")
    shared = batch_queues.policy_of(queue) is not None
    front = itertools.islice(runnable(queue), _FRONT)
    now = clock.now_ms()
    used = usage(queue)
    utilization: dict[str, Any] = {"totalCapacityUsage": _vcpus(sum(used.values())), "lastUpdatedAt": now}
    if shared:
        utilization["fairshareUtilization"] = {
            "activeShareCount": len(used),
            "topCapacityUtilization": [
                {"shareIdentifier": name, "capacityUsage": _vcpus(vcpus)} for name, vcpus in used.most_common(_SHARES)
            ],
        }
    return {
        "frontOfQueue": {
            "jobs": [
                {
                    "jobArn": job.arn,
                    "earliestTimeAtPosition": batch_dispatch.at_place_since(job, by_share=shared),
                }
                for job in front
            ],
            "lastUpdatedAt": now,
        },
        "queueUtilization": utilization,
    }


def runnable(queue: Mapping[str, Any]) -> Iterator[Job]:
    """The RUNNABLE jobs of a queue in the order of dispatch."""
    waiting = [job for job in batch_jobs.of_queue(queue) if job.status == "RUNNABLE"]
    return batch_dispatch.order(waiting, batch_queues.policy_of(queue), usage(queue))


def usage(queue: Mapping[str, Any]) -> Counter[str]:
    """The vCPUs in use by share; all under one name when the queue has no policy."""
    used: Counter[str] = Counter()
    for job in batch_jobs.of_queue(queue):
        if job.status in LIVE and not job.children:
            used[batch_dispatch.share(job)] += job.vcpus  # type: ignore[assignment]  # a Counter counts fractions too
    return used


def _vcpus(quantity: float) -> list[dict[str, Any]]:
    return [{"capacityUnit": "VCPU", "quantity": float(quantity)}]
