"""Which jobs are stuck: observations of one queue, what was seen before, and a policy, to verdicts.

`assess` is the whole decision, and it rests on sweeps alone. A job is *suspected* (`stuck_queue`, `stuck_states`) as soon as
something speaks for it; the suspicion *ripens* by patience (`stuck_limits`), which two memories serve: a job's own for what is
about this job, the queue's for what is about all who wait there. A queue that works makes nobody suspicious.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from headrace.core import stuck_queue, stuck_states
from headrace.core.stuck_busy import why_normal
from headrace.core.stuck_jobs import LOST, Dwell, Memory, Seen, Suspicion
from headrace.core.stuck_limits import Action, Patience, Policy, Severity, before_action, before_alert
from headrace.core.stuck_place import Place
from headrace.core.stuck_reasons import published


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A suspected job. `alert`: somebody should hear of it now; `act`: it should be ended now; `due_ms`: when either comes."""

    job: Seen
    suspicion: Suspicion
    since_ms: int
    alert: bool = False
    act: Action | None = None
    alert_due_ms: int | None = None
    act_due_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The verdicts on one queue's jobs, why the others wait when that is normal, and what to remember."""

    verdicts: tuple[Verdict, ...] = ()
    normal: str = ""
    memories: Mapping[str, Memory] = field(default_factory=dict)
    dwells: Mapping[str, Dwell] = field(default_factory=dict)


def assess(place: Place, jobs: Iterable[Seen], dwells: Mapping[str, Dwell], now_ms: int, policy: Policy) -> Assessment:
    """The verdicts on the jobs of a queue.

    `dwells` is the queue's memory: how long each code was found there. The result holds what to keep of a job (by name) when that
    has changed, and the queue's memory for the codes found now.
    """
    jobs = list(jobs)
    suspected, normal = stuck_queue.suspect(place, (job for job in jobs if job.state == "RUNNABLE"), now_ms, policy)
    for job in jobs:
        if job.state != "RUNNABLE" and (found := stuck_states.suspect(place, job, now_ms, policy)):
            suspected[job.name] = found
    shared = {each.remembered_as for each in suspected.values() if not each.own}
    now = {key: dwells.get(key, Dwell()).again(now_ms) for key in sorted(shared)}
    memories, verdicts = {}, []
    for job in jobs:
        suspicion = suspected.get(job.name)
        memory = _remembered(job, suspicion, now_ms)
        if memory != job.memory:
            memories[job.name] = memory
        if suspicion:
            dwell = memory.dwell if suspicion.own else now[suspicion.remembered_as]
            verdicts.append(_verdict(job, suspicion, dwell, memory, now_ms, policy))
    return Assessment(verdicts=tuple(verdicts), normal=normal, memories=memories, dwells=now)


def unclear(place: Place, jobs: Iterable[Seen], now_ms: int, policy: Policy) -> list[Seen]:
    """The jobs that DescribeJobs must tell more of before there can be a verdict on them, most pressing first.

    Young ones need none; where the queue works, only those that Batch itself names, those that others have passed (perhaps they
    fit nowhere), and the oldest of each share.
    """
    waiting = [job for job in jobs if job.state == "RUNNABLE"]
    if stuck_queue.whole_queue(place) or not why_normal(place, 1, now_ms, policy):
        wanted = [job for job in waiting if job.reason or _old(job, now_ms, policy)]
    else:
        oldest = (
            {job.share: job for job in sorted(waiting, key=lambda job: -job.created_ms)} if place.fair_share else {}
        )
        passed = _passed(place, now_ms, policy)
        wanted = [
            job for job in waiting if published(job.reason) or job.job_id in passed or oldest.get(job.share) is job
        ]
    wanted += [
        job for job in jobs if job.state in ("PENDING", "STARTING") and not job.array and _old(job, now_ms, policy)
    ]
    return sorted(wanted, key=lambda job: (not job.reason, job.created_ms))


def _passed(place: Place, now_ms: int, policy: Policy) -> set[str]:
    """The jobs that have kept their place in line for half of a firm patience, while one behind them started."""
    half_ms = policy.firm_s * 500
    return {job for job, at_ms in place.head if now_ms - at_ms >= half_ms and place.last_start_ms > at_ms}


def _old(job: Seen, now_ms: int, policy: Policy) -> bool:
    """Whether half of the shortest patience with such a job is over."""
    patience = before_alert(policy, job.limits, job.state, Severity.FIRM)
    return patience is not None and (now_ms - job.since_ms(now_ms)) * 2 >= patience.wait_s * 1000


def _remembered(job: Seen, suspicion: Suspicion | None, now_ms: int) -> Memory:
    """What to keep of a job: nothing while nothing is suspected of it alone, so a long queue costs no writes."""
    own = suspicion if suspicion and suspicion.own else None
    if own is None:
        return Memory()
    before = job.memory
    since = before.since_ms if before.state == job.state else now_ms
    dwell = before.dwell if (before.state, before.code) == (job.state, own.code) else Dwell()
    return Memory(state=job.state, since_ms=since, code=own.code, dwell=dwell.again(now_ms))


def _verdict(job: Seen, suspicion: Suspicion, dwell: Dwell, memory: Memory, now_ms: int, policy: Policy) -> Verdict:
    since = memory.since_ms if job.state in ("STARTING", LOST) else job.since_ms(now_ms)
    known = job.state != "RUNNABLE" or job.details is not None
    tell = _fitted(before_alert(policy, job.limits, job.state, suspicion.severity), suspicion)
    act = _fitted(before_action(policy, job.limits, job.state, suspicion.severity), suspicion)
    act = None if job.state == LOST else act
    return Verdict(
        job=job,
        suspicion=suspicion,
        since_ms=since,
        alert=known and _ripe(tell, since, dwell, now_ms),
        act=job.limits.action if known and _ripe(act, since, dwell, now_ms) else None,
        alert_due_ms=since + tell.wait_s * 1000 if tell else None,
        act_due_ms=since + act.wait_s * 1000 if act else None,
    )


def _fitted(patience: Patience | None, suspicion: Suspicion) -> Patience | None:
    """A suspicion may want more, or another, patience than its severity has."""
    if patience is None:
        return None
    wait_s = patience.wait_s if suspicion.wait_s is None else suspicion.wait_s
    return replace(patience, wait_s=wait_s, persist_s=max(patience.persist_s, suspicion.persist_s))


def _ripe(patience: Patience | None, since_ms: int, dwell: Dwell, now_ms: int) -> bool:
    return (
        patience is not None
        and now_ms - since_ms >= patience.wait_s * 1000
        and dwell.times >= patience.times
        and now_ms - dwell.first_ms >= patience.persist_s * 1000
    )
