"""jobStateTimeLimitActions of a queue: Batch cancels a blocked job that stays at the head for too long.

https://docs.aws.amazon.com/batch/latest/APIReference/API_JobStateTimeLimitAction.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headrace_local import batch_dispatch, batch_queues, batch_snapshot, clock
from headrace_local.batch_jobs import Job


def act() -> None:
    """Cancel what has waited at the head of its queue for longer than the queue allows."""
    for queue in list(batch_queues.queues.values()):
        while queue.get("jobStateTimeLimitActions") and (head := next(batch_snapshot.runnable(queue), None)):
            action = _due(queue, head)
            if action is None:
                break
            head.cancelled = True
            head.terminate(_CANCELLED + str(action["reason"]))
            if head.status == "RUNNABLE":  # the scheduler ends it in a moment
                break


_CANCELLED: Final = "Canceled by JobStateTimeLimit action due to reason: "


def _due(queue: Mapping[str, Any], head: Job) -> Mapping[str, Any] | None:
    shared = batch_queues.policy_of(queue) is not None
    waited_s = (clock.now_ms() - batch_dispatch.at_place_since(head, by_share=shared)) / 1000
    for action in queue["jobStateTimeLimitActions"]:
        blocked = (head.status_reason or "").startswith(str(action["reason"]))
        if blocked and waited_s >= int(action["maxTimeSeconds"]):
            return dict(action)
    return None
