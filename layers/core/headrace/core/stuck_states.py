"""What is suspected of a job that is not RUNNABLE, and of one that Batch does not list any more.

    SUBMITTED  Batch has not looked at it            PENDING   it waits for other jobs, or for a consumable resource
    STARTING   pull, disk, agent: Batch has no limit of its own here, and its timeout counts from RUNNING
    RUNNING    past its timeout; without a line in its log (the bootstrap writes one each minute); or alive and idle for hours
    LOST       the ledger waits for it, and Batch does not list it
https://docs.aws.amazon.com/batch/latest/userguide/job_states.html
"""

from __future__ import annotations

from headrace.core.outcome_reasons import REASONS
from headrace.core.plain_text import one_line
from headrace.core.stuck_jobs import LOST, Seen, Suspicion
from headrace.core.stuck_limits import FORGOTTEN_AFTER_S, OVERDUE_S, UNSUBMITTED_AFTER_S, Policy, Severity
from headrace.core.stuck_place import Instance, Place


def suspect(place: Place, job: Seen, now_ms: int, policy: Policy) -> Suspicion | None:
    """What may be wrong with a job in another state than RUNNABLE, should it stay there."""
    match job.state:
        case "SUBMITTED":
            return _submitted()
        case "PENDING":
            return None if job.array else _pending(job)  # an array's parent is PENDING while its children run
        case "STARTING":
            return _starting(place, job)
        case "RUNNING":
            return _running(job, now_ms, policy)
    return _lost(job) if job.state == LOST else None


def _submitted() -> Suspicion:
    return Suspicion(
        code="submitted",
        severity=Severity.SOFT,
        cause="Batch has not looked at it since it was submitted",
        advice="look at the AWS Health dashboard; Batch may have very many jobs in SUBMITTED",
        own=True,
    )


def _pending(job: Seen) -> Suspicion:
    said = job.details
    if said and said.consumables:
        return Suspicion(
            code="consumable-resource",
            severity=Severity.SOFT,
            cause=f"waits for a consumable resource: {one_line(', '.join(said.consumables), 120)}",
            advice="look who holds the resource, or raise its total quantity",
            own=True,
        )
    if said and said.depends_on:
        return Suspicion(
            code="dependency",
            severity=Severity.SOFT,
            cause=f"waits for {said.depends_on} other jobs",
            advice="look at the jobs it depends on",
            own=True,
        )
    return Suspicion(
        code="pending",
        severity=Severity.SOFT,
        cause=one_line(job.reason, 120)
        or "waits for something Batch does not name: another job, or a consumable resource",
        advice="look at the job in the Batch console",
        own=True,
    )


def _starting(place: Place, job: Seen) -> Suspicion:
    reason = job.details.last.reason if job.details else ""
    for rule in REASONS if reason else ():
        if rule.pattern.search(reason):
            return Suspicion(
                code=f"starting-{rule.kind}",
                severity=Severity.SOFT,
                cause=f"its container does not start: {one_line(reason, 160)}",
                advice="see `headrace logs`; the host may be full, or not reach the registry",
                own=True,
            )
    host = _host(place, job)
    if host and not host.connected:
        return Suspicion(
            code="agent-disconnected",
            severity=Severity.SOFT,
            cause="the ECS agent of its host is disconnected",
            advice="end the instance; Batch starts the job again elsewhere",
            own=True,
        )
    image = f" {job.details.image}" if job.details and job.details.image else ""
    return Suspicion(
        code="start-hangs",
        severity=Severity.SOFT,
        cause=f"its container does not start: the image{image} is still being pulled, or its host's disk or agent is in trouble",
        advice="a large image wants a nearer registry (ECR) or a higher waitLimit: {starting: …}; else end the instance",
        own=True,
    )


def _running(job: Seen, now_ms: int, policy: Policy) -> Suspicion | None:
    limit_s = (job.details.timeout_s if job.details else None) or job.time_s
    ran_s = (now_ms - job.since_ms(now_ms)) // 1000
    if limit_s and ran_s > limit_s + OVERDUE_S:
        return Suspicion(
            code="overdue",
            severity=Severity.SOFT,
            cause=f"runs for {_minutes(ran_s)}, though Batch should have ended it after {_minutes(limit_s)}",
            advice="its host may be lost: end the job (`aws batch terminate-job`), it is tried again",
            own=True,
        )
    if policy.silent_s and job.line_ms is not None and (now_ms - job.line_ms) // 1000 >= policy.silent_s:
        silent = _minutes((now_ms - job.line_ms) // 1000)
        return Suspicion(
            code="silent",
            severity=Severity.SOFT,
            cause=f"runs, but wrote nothing for {silent}, not even the line of each minute",
            advice="its host or container hangs: look at `headrace logs`, then end the job; it is tried again",
            own=True,
        )
    if policy.silent_s and job.worked_ms is not None and (now_ms - job.worked_ms) // 1000 >= policy.idle_s:
        idle = _minutes((now_ms - job.worked_ms) // 1000)
        return Suspicion(
            code="idle",
            severity=Severity.SOFT,
            cause=f"runs, but has used no CPU and written nothing of its own for {idle}",
            advice="it waits for something that does not come: look at `headrace logs`, give it a limit (time: …), or end the job",
            own=True,
        )
    return None


def _lost(job: Seen) -> Suspicion:
    if job.details is not None:
        return Suspicion(
            code="unheard",
            severity=Severity.SOFT,
            cause=f"it ended ({job.details.status}), and the engine was never told",
            advice="the task is given up and the run drains; resume the run",
            own=True,
            wait_s=4 * FORGOTTEN_AFTER_S,
            persist_s=4 * FORGOTTEN_AFTER_S,
        )
    if not job.job_id:
        return Suspicion(
            code="unsubmitted",
            severity=Severity.SOFT,
            cause="it was asked for, and Batch has no job of its name",
            advice="the task is given up and the run drains; resume the run",
            own=True,
            wait_s=UNSUBMITTED_AFTER_S,
            persist_s=UNSUBMITTED_AFTER_S,
        )
    return Suspicion(
        code="forgotten",
        severity=Severity.SOFT,
        cause=f"Batch does not know its job {job.job_id} any more",
        advice="the task is given up and the run drains; resume the run",
        own=True,
        wait_s=FORGOTTEN_AFTER_S,
        persist_s=FORGOTTEN_AFTER_S,
    )


def _host(place: Place, job: Seen) -> Instance | None:
    arn = job.details.instance if job.details else ""
    instances = (instance for each in place.environments for instance in each.instances or ())
    return next((instance for instance in instances if arn and instance.arn == arn), None)


def _minutes(seconds: int) -> str:
    return f"{seconds // 3600} h {seconds % 3600 // 60} min" if seconds >= 3600 else f"{seconds // 60} min"
