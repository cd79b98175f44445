"""Whether a queue works: then whoever waits there waits for his turn, however long that takes.

It works when one of its jobs started within the last sweeps, or when jobs hold everything it may have. Environments may be shared
with other queues, so what counts is what an environment itself wants (`desiredvCpus` against `maxvCpus`) and that tasks run on it.
"""

from __future__ import annotations

from headrace.core.stuck_limits import Policy
from headrace.core.stuck_place import Environment, Place


def why_normal(place: Place, vcpus: float, now_ms: int, policy: Policy) -> str:
    """Why a job that asks for `vcpus` waits although nothing is wrong, in a few words; empty when that cannot be said."""
    if not place.usable or place.state != "ENABLED":
        return ""
    if place.last_start_ms and now_ms - place.last_start_ms <= policy.busy_s * 1000:
        return f"{_line(place)}; the queue starts jobs"
    if _held(place) and _full(place, vcpus):
        return f"{_line(place)}; jobs hold all the vCPUs the queue may have ({_most(place)})"
    return ""


def _line(place: Place) -> str:
    waiting = "1 job waits" if place.waiting == 1 else f"{place.waiting} jobs wait"
    return f"{waiting}, {place.running + place.starting} run"


def _held(place: Place) -> bool:
    """Whether somebody's jobs run where this queue's jobs would."""
    return bool(place.running or place.starting) or any(
        instance.running or instance.pending for environment in place.usable for instance in environment.instances or ()
    )


def _full(place: Place, vcpus: float) -> bool:
    if all(environment.max_vcpus is not None for environment in place.usable):
        most = sum(environment.max_vcpus or 0 for environment in place.usable)
        if place.used_vcpus is not None and place.used_vcpus + vcpus > most:
            return True
    return all(_grown(environment, vcpus) for environment in place.usable)


def _grown(environment: Environment, vcpus: float) -> bool:
    """Whether an environment cannot grow by another job of this size."""
    most, wants = environment.max_vcpus, environment.desired_vcpus
    return most is not None and wants is not None and wants + vcpus > most


def _most(place: Place) -> int:
    return sum(environment.max_vcpus or 0 for environment in place.usable)
