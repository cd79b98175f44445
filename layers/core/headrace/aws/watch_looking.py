"""Looking at one queue: its jobs as listed, then details of those that need them, and the machines behind it.

Every question has its reason: a queue that works is listed and nothing more; machines and failed launches are looked at when jobs
wait for long; a log when its job has been running for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from headrace.aws import batch as batch_jobs
from headrace.aws import ledger_watch, logs
from headrace.aws.clients import client
from headrace.aws.observability import logger, meanwhile
from headrace.aws.queue_facts import UNANSWERED
from headrace.aws.watch_sweep import Sweep
from headrace.core import batch_detail, names, stuck, stuck_jobs, stuck_place
from headrace.core.live_jobs import LiveJob
from headrace.core.moments import in_ms
from headrace.core.pulse import pulse
from headrace.core.records import Epoch
from headrace.core.stuck_jobs import LOST, Seen
from headrace.core.stuck_place import Place
from headrace.core.watch_items import Watched

_DETAILS: Final = 500  # jobs described per queue and sweep: as many as can be ended in one
_LINES: Final = 50  # logs looked at, and names looked up, per queue and sweep
_TAIL: Final = 50  # lines of a log: more than one a minute between two looks
_BY_LOG: Final = ("silent", "idle")
_SETTLING_MS: Final = 10 * 60 * 1000  # younger records are not missed yet: submitted in a moment, or just settled


def look(
    doing: Sweep,
    queue: dict[str, Any],
    known: Mapping[str, LiveJob],
    runs: set[Epoch],
    watched: Watched,
) -> tuple[Place, list[Seen]]:
    """The queue and our jobs there, as listed: no job is described yet."""
    counts = dict.fromkeys(stuck_jobs.STATES, 0)
    found: dict[str, Seen] = {}
    others: dict[str, str] = {}
    shares: set[str] = set()
    last_start = watched.last_start_ms
    for summary in doing.account.jobs(queue["jobQueueArn"]):
        state = str(summary.get("status"))
        counts[state] = counts.get(state, 0) + 1
        if state in ("STARTING", "RUNNING"):
            shares.add(str(summary.get("shareIdentifier") or ""))
        if state == "RUNNING":
            last_start = max(last_start, int(summary.get("startedAt") or 0))
        name = names.parse_job_name(summary["jobName"])
        if name and Epoch(name.run, name.epoch) in runs:
            found[summary["jobName"]] = _seen(summary, known.get(summary["jobName"]), name.run)
        elif summary.get("statusReason") and state == "RUNNABLE":
            others[summary["jobId"]] = str(summary["statusReason"])
    front = doing.account.front(queue["jobQueueArn"]) if counts["RUNNABLE"] else {}
    head = stuck_place.front_of(front)
    place = stuck_place.place_of(
        queue,
        [stuck_place.environment_of(each) for each in doing.account.of(queue)],
        waiting=counts["RUNNABLE"],
        starting=counts["STARTING"],
        running=counts["RUNNING"],
        last_start_ms=last_start,
        head=head,
        head_reason=others.get(head[0][0], "") if head else "",
        used_vcpus=stuck_place.used_vcpus(front),
        shares=frozenset(shares),
    )
    missing = [job for name, job in known.items() if name not in found and doing.now_ms - in_ms(job.at) > _SETTLING_MS]
    return place, [*found.values(), *(_missing(job) for job in missing)]


def look_deeper(
    doing: Sweep, queue: dict[str, Any], place: Place, jobs: list[Seen], known: Mapping[str, LiveJob]
) -> tuple[Place, list[Seen]]:
    """Details of the jobs that need them, and, where something may be wrong, the machines behind the queue."""
    policy, batch = doing.watcher.policy, client("batch")
    unclear = stuck.unclear(place, jobs, doing.now_ms, policy)
    if any(job.state in ("RUNNABLE", "STARTING") for job in unclear) and not _shut(place):
        place = _with_machines(doing, queue, place)
        unclear = stuck.unclear(place, jobs, doing.now_ms, policy)
    wanted = [job.job_id for job in unclear[:_DETAILS]]
    quiet = _quiet(doing, jobs, known)
    wanted += [job.job_id for job in quiet]  # which group it logs to, and which attempt, only the job itself tells
    lost = [job for job in jobs if job.state == LOST and job.memory.state == LOST]
    by_id, by_name = [job for job in lost if job.job_id], [job for job in lost if not job.job_id]
    # Of those nobody asks about this time nothing is concluded: Batch may well know them.
    left = {job.name for job in (*by_id[_DETAILS:], *by_name[_LINES:])}
    wanted += [job.job_id for job in by_id[:_DETAILS]]
    facts = {
        job_id: facts
        for job_id, detail in batch_jobs.describe_jobs(batch, list(dict.fromkeys(wanted))).items()
        if (facts := batch_detail.read(detail))
    }
    found = {job.name: replace(job, details=facts[job.job_id]) for job in jobs if job.job_id in facts}
    for job in by_name[:_LINES]:
        found[job.name] = _by_name(queue["jobQueueArn"], job)
    for job in quiet:
        found[job.name] = _with_pulse(doing, known[job.name], found.get(job.name, job))
    return place, [found.get(job.name, job) for job in jobs if job.name not in left]


def _shut(place: Place) -> bool:
    """Whether the queue itself says why nothing starts: then nobody asks for its machines."""
    return place.state != "ENABLED" or not place.usable


def _with_machines(doing: Sweep, queue: dict[str, Any], place: Place) -> Place:
    failures = doing.account.failures([each.name for each in place.usable if each.has_instances])
    environments = tuple(
        replace(
            each,
            instances=doing.account.instances(each) if each.usable else None,
            failures=None if failures is None else failures.get(each.name, ()),
        )
        for each in place.environments
    )
    return replace(place, environments=environments, fit=doing.account.sizes(queue))


def _seen(summary: Mapping[str, Any], job: LiveJob | None, run: str) -> Seen:
    if job is None:
        return stuck_jobs.seen(summary, run=run)
    return stuck_jobs.seen(
        summary,
        run=run,
        task=job.task,
        prepared_ms=in_ms(job.at),
        time_s=job.time_s,
        limits=job.limits,
        memory=job.memory,
    )


def _missing(job: LiveJob) -> Seen:
    return Seen(
        name=job.name,
        state=LOST,
        job_id=job.job,
        run=job.epoch.run,
        task=job.task,
        prepared_ms=in_ms(job.at),
        limits=job.limits,
        memory=job.memory,
    )


def _by_name(queue: str, job: Seen) -> Seen:
    """A lost job looked up by its name: no event told its id."""
    named = [
        each
        for each in batch_jobs.jobs_named(client("batch"), queue, job.name, live_only=False)
        if each["jobName"] == job.name
    ]
    if not named:
        return job
    newest = max(named, key=lambda each: int(each.get("createdAt") or 0))
    return replace(job, job_id=str(newest["jobId"]), details=batch_detail.read(dict(newest)))


def _quiet(doing: Sweep, jobs: Iterable[Seen], known: Mapping[str, LiveJob]) -> list[Seen]:
    """The running jobs whose log is to be looked at now: old enough, and not looked at for half of what is too long."""
    silent_ms = doing.watcher.policy.silent_s * 1000
    if not silent_ms:
        return []
    old = [
        job
        for job in jobs
        if job.state == "RUNNING" and job.name in known and doing.now_ms - job.since_ms(doing.now_ms) >= silent_ms
    ]
    due = [
        job for job in old if job.memory.code in _BY_LOG or doing.now_ms - known[job.name].looked_ms >= silent_ms // 2
    ]
    return sorted(due, key=lambda job: (job.memory.code not in _BY_LOG, known[job.name].looked_ms))[:_LINES]


def _with_pulse(doing: Sweep, live: LiveJob, job: Seen) -> Seen:
    """The job with what its log says; as it is when that is not known, as for a log elsewhere."""
    if job.details is None or job.details.log_group != doing.watcher.settings.job_logs:
        return job
    group, stream = job.details.log_group, job.details.last.log_stream or live.stream
    if not stream:
        return job
    try:
        lines = logs.latest(client("logs"), group, stream, _TAIL)
    except UNANSWERED as error:
        with meanwhile(run=live.epoch.run, epoch=live.epoch.number, task=live.task, job=job.job_id):
            logger.warning("log of %s not looked at: %s", job.name, error)
        return job
    if lines is None:
        return job
    seen, since = pulse(lines), job.since_ms(doing.now_ms)
    # Lines from before the last look were judged then; the first look begins to count with the oldest line it sees.
    worked = max(seen.worked_ms or live.worked_ms or (lines[0][0] if lines else 0), since)
    ledger_watch.remember(doing.watcher.table, live, looked_ms=doing.now_ms, worked_ms=worked)
    return replace(job, line_ms=max(seen.line_ms or 0, since), worked_ms=worked)
