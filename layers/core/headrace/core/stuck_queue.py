"""Why a job waits in RUNNABLE: from what Batch publishes, from its queue, and from the machines that do not come.

What is certain about the whole queue comes first (nobody can start there), then what is wrong with the job itself, then whether
the queue works (`stuck_busy`), then what keeps machines away. Batch publishes a reason only for the first job in line; those
behind it wait for the same.
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable_common_causes.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from headrace.core import preflight, stuck_reasons
from headrace.core.plain_text import one_line
from headrace.core.stuck_busy import why_normal
from headrace.core.stuck_jobs import Seen, Suspicion
from headrace.core.stuck_limits import Policy, Severity
from headrace.core.stuck_place import Environment, Place

_NETWORK = (
    "look whether instances start (EC2 console) and reach ECS: public IP or NAT, route, security group; then the ECS agent's log, "
    "the instance role, and user data that does not end"
)


def suspect(place: Place, jobs: Iterable[Seen], now_ms: int, policy: Policy) -> tuple[dict[str, Suspicion], str]:
    """What is suspected of each RUNNABLE job, by name, and why the queue's other jobs wait when that is normal."""
    jobs = list(jobs)
    if whole := whole_queue(place):
        return {job.name: whole for job in jobs}, ""
    oldest = min(jobs, key=lambda job: job.created_ms, default=None)
    demand = next((d for job in sorted(jobs, key=lambda j: j.created_ms) if (d := job.details)), None)
    normal = why_normal(place, (demand.vcpus if demand else None) or 1, now_ms, policy)
    found: dict[str, Suspicion] = {}
    for job in jobs:
        own = _own(place, job, working=bool(normal))
        if own:
            found[job.name] = own
    if oldest is None:
        return found, normal
    if normal:
        return found | _starved(place, jobs, found, now_ms), normal
    rest = _behind(place, jobs, found) or machines(place) or _unexplained(place)
    return found | {job.name: rest for job in jobs if job.name not in found}, ""


def whole_queue(place: Place) -> Suspicion | None:
    """What is wrong with a queue as a whole: nothing starts there until somebody changes it."""
    if place.state != "ENABLED":
        return Suspicion(
            code="queue-disabled",
            severity=Severity.PAUSED,
            cause=f"the queue {place.name} is switched off ({place.state})",
            advice="enable the queue when its jobs shall start",
        )
    if place.status not in ("VALID", "UPDATING", "CREATING"):
        return Suspicion(
            code="queue-invalid",
            severity=Severity.BROKEN,
            cause=f"the queue {place.name} is {place.status}: {one_line(place.reason, 160)}",
            advice="open the queue in the Batch console; its status reason says what is wrong",
        )
    if place.usable:
        return None
    if not place.environments:
        return Suspicion(
            code="no-environment",
            severity=Severity.BROKEN,
            cause=f"the queue {place.name} has no compute environment",
            advice="connect a compute environment to the queue",
        )
    sick = [each for each in place.environments if each.status in ("INVALID", "DELETING", "DELETED")]
    if sick:
        said = "; ".join(f"{each.name} is {each.status}: {one_line(each.reason, 160)}" for each in sick)
        return Suspicion(
            code="environment-invalid",
            severity=Severity.BROKEN,
            cause=f"no compute environment of the queue is usable: {said}",
            advice="correct what the status reason names (often a role), or make the environment anew",
        )
    names = ", ".join(each.name for each in place.environments)
    return Suspicion(
        code="environment-disabled",
        severity=Severity.BROKEN,
        cause=f"every compute environment of the queue is switched off: {names}",
        advice="enable a compute environment of the queue",
    )


def machines(place: Place) -> Suspicion | None:
    """What keeps machines away, as far as they were looked at; None when nothing speaks for it."""
    texts = [text for environment in place.usable for text in environment.failures or ()]
    failure = stuck_reasons.launch_failure(texts)
    looked = [each for each in place.usable if each.has_instances and each.instances is not None]
    instances = [instance for each in looked for instance in each.instances or ()]
    if failure and not any(instance.connected for instance in instances):
        return failure
    if looked and not instances:
        return _never_registered(looked)
    if instances and not any(instance.connected for instance in instances):
        return Suspicion(
            code="agent-disconnected",
            severity=Severity.BROKEN,
            cause=f"the ECS agent of all {len(instances)} instances of the queue is disconnected",
            advice=_NETWORK,
        )
    if instances and not any(instance.writes_logs for instance in instances):
        return Suspicion(
            code="no-log-driver",
            severity=Severity.BROKEN,
            cause="no instance of the queue offers the awslogs log driver, which jobs log with",
            advice="add awslogs to ECS_AVAILABLE_LOGGING_DRIVERS in the image's /etc/ecs/ecs.config",
        )
    return failure


def numbers(place: Place, job: Seen) -> str:
    """What a job asks for and what its queue has, as `asks 96 vCPUs, 8192 MiB; largest machine 16 vCPUs, 31584 MiB`."""
    said = job.details
    if said is None:
        return ""
    asked = ", ".join(
        part
        for part in (
            f"{said.vcpus:g} vCPUs" if said.vcpus is not None else "",
            f"{said.memory_mib} MiB" if said.memory_mib is not None else "",
            f"{said.gpus} GPUs" if said.gpus else "",
        )
        if part
    )
    has = _largest(place)
    return f"asks {asked}" + (f"; {has}" if has else "") if asked else ""


def _largest(place: Place) -> str:
    instances = [instance for each in place.usable for instance in each.instances or ()]
    if instances:
        top = max(instances, key=lambda each: (each.memory_mib, each.vcpus))
        return f"the largest registered instance has {top.vcpus:g} vCPUs, {top.memory_mib} MiB for jobs"
    most = [f"{each.name} may have {each.max_vcpus} vCPUs" for each in place.usable if each.max_vcpus is not None]
    return ", ".join(most)


def _own(place: Place, job: Seen, *, working: bool) -> Suspicion | None:
    """What is wrong with this job alone."""
    if misfit := _misfit(place, job):
        return misfit
    row = stuck_reasons.published(job.reason)
    if row is None or (working and row.may_pass):
        return None
    return stuck_reasons.suspicion(job.reason, numbers(place, job))


def _misfit(place: Place, job: Seen) -> Suspicion | None:
    """What the pre-flight would have refused, had the queue been then as it is now."""
    if place.fit is None or job.details is None or not place.fit.environments:
        return None
    usable = {each.name for each in place.usable}
    fit = replace(place.fit, environments=tuple(each for each in place.fit.environments if each.name in usable))
    if not fit.environments:
        return None
    demand = preflight.Demand(
        platform=fit.environments[0].platform,
        vcpus=job.details.vcpus,
        memory_mib=job.details.memory_mib,
        gpus=job.details.gpus,
    )
    problems = preflight.misfits(demand, fit)
    if not problems:
        return None
    capped = all((each.max_vcpus or 0) < (demand.vcpus or 0) for each in fit.environments if each.max_vcpus is not None)
    return Suspicion(
        code="max-vcpus" if demand.vcpus and capped and fit.environments[0].max_vcpus is not None else "too-big",
        severity=Severity.FIRM,
        cause=one_line(problems[0].message, 300),
        advice=problems[0].hint or "ask for less, or name a queue with larger machines",
        own=True,
    )


def _starved(place: Place, jobs: list[Seen], found: dict[str, Suspicion], now_ms: int) -> dict[str, Suspicion]:
    """On a fair-share queue that works for others: a share of ours none of whose jobs starts."""
    if not place.fair_share or not place.last_start_ms:
        return {}
    return {
        job.name: Suspicion(
            code="starved",
            severity=Severity.SOFT,
            cause=f"the queue {place.name} starts jobs of other shares, none of share {job.share or 'default'}",
            advice="raise the share's weight in the scheduling policy, or the job's schedulingPriority, or use another queue",
        )
        for job in jobs
        if job.name not in found and place.last_start_ms > job.since_ms(now_ms) and job.share not in place.shares
    }


def _behind(place: Place, jobs: list[Seen], found: dict[str, Suspicion]) -> Suspicion | None:
    """The first in line is blocked: those behind wait for the same."""
    first = place.head[0][0] if place.head else ""
    ours = next((job for job in jobs if job.job_id == first), None)
    if ours:
        blocking = found.get(ours.name)
        return replace(blocking, own=False, key=f"{blocking.code}@{first}") if blocking else None
    if not first:
        # Without a snapshot: one published reason speaks for all that are not known to be something else.
        blocked = [each for each in found.values() if each.own]
        return replace(blocked[0], own=False) if blocked else None
    others = stuck_reasons.suspicion(place.head_reason)
    if others is None:
        return None
    cause = f"waits behind a job of somebody else that cannot start: {others.cause}"
    return replace(others, cause=cause, own=False, severity=Severity.SOFT, key=f"{others.code}@{first}")


def _never_registered(looked: list[Environment]) -> Suspicion | None:
    wanting = [each for each in looked if (each.desired_vcpus or 0) > 0]
    if not wanting:
        return None
    said = ", ".join(f"{each.name} wants {each.desired_vcpus} vCPUs" for each in wanting)
    return Suspicion(
        code="never-registered",
        severity=Severity.BROKEN,
        cause=f"no instance registers with ECS: {said} and has none",
        advice=_NETWORK,
        persist_s=900,
    )


def _unexplained(place: Place) -> Suspicion:
    wants = ", ".join(
        f"{each.name} wants {each.desired_vcpus} of {each.max_vcpus} vCPUs"
        for each in place.usable
        if each.desired_vcpus is not None
    )
    return Suspicion(
        code="undetermined",
        severity=Severity.SOFT,
        cause="it is not placed, and neither Batch, its queue nor its machines say why"
        + (f" ({wants})" if wants else ""),
        advice="see docs/troubleshooting.md, A job that does not start",
    )
