"""watch_jobs: events make the live view fresh, the sweep finds the jobs that are stuck and does what their process asks for.

A sweep reads the runs that go on and the jobs they wait for, looks at each queue once, lets the core decide (`stuck.assess`), and
writes down what it will have to remember. It gives up politely: a queue it has no time for, or that Batch throttles, is the
first of the next sweep, and nothing is concluded from what was not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from headrace.aws import ledger_runs, ledger_watch
from headrace.aws.clients import client
from headrace.aws.observability import count, logger
from headrace.aws.queue_facts import UNANSWERED, Account
from headrace.aws.settings import WatchJobsSettings
from headrace.aws.stuck_acting import act, give_up_lost, show
from headrace.aws.stuck_alerts import tell
from headrace.aws.watch_looking import look, look_deeper
from headrace.aws.watch_sweep import ENOUGH_MS, RemainingMs, Sweep, Watcher
from headrace.core import live_jobs, stuck, stuck_episodes, watch_items
from headrace.core.errors import HeadraceError
from headrace.core.live_jobs import LiveJob
from headrace.core.moments import in_ms
from headrace.core.plain_text import one_line
from headrace.core.records import Epoch, utc
from headrace.core.stuck_limits import Policy
from headrace.core.watch_items import Watched

_ABSURD: Final = timedelta(days=400)
_LATE_MS: Final = 10 * 60 * 1000


def policy_of(settings: WatchJobsSettings) -> Policy:
    """The deployment's limits."""
    return Policy(
        runnable_s=settings.wait_runnable_minutes * 60,
        firm_s=settings.wait_firm_minutes * 60,
        starting_s=settings.wait_starting_minutes * 60,
        silent_s=settings.silent_minutes * 60,
        idle_s=settings.silent_minutes * 4 * 60,
        again_s=settings.alert_again_hours * 3600,
    )


def take(watcher: Watcher, event: Mapping[str, Any]) -> dict[str, Any]:
    """A batch of messages from the queue of Batch's events; the ids of those that could not be taken."""
    found, failed = [], []
    for record in event["Records"]:
        try:
            if told := live_jobs.told(json.loads(record["body"])):
                found.append(told)
        except (HeadraceError, ValueError, KeyError, TypeError, AttributeError) as error:
            # Neither is its content logged: an event of Batch holds the job's environment.
            logger.error("message %s is no event of Batch: %s", record["messageId"], type(error).__name__)
            failed.append(record["messageId"])
    fresh = sum(watcher.table.each(lambda told: ledger_watch.tell_live(watcher.table, told), live_jobs.newest(found)))
    count("JobEvents", len(event["Records"]))
    logger.info("events taken", extra={"events": len(event["Records"]), "fresh": fresh})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def moment(event: Mapping[str, Any], now: str) -> str:
    """The time a sweep goes by: that of its schedule, so that a late delivery is not a long wait; the clock's when that is absurd."""
    try:
        said = datetime.fromisoformat(str(event.get("time") or now))
    except ValueError:
        return now
    known = said if said.tzinfo else said.replace(tzinfo=UTC)
    return utc(known.isoformat()) if abs(known - datetime.fromisoformat(now)) < _ABSURD else now


def sweep(watcher: Watcher, now: str, remaining_ms: RemainingMs, *, by: str) -> dict[str, int]:
    """Look at every queue where a run that goes on has jobs. `by` names the invocation. Gives what was swept and what was left."""
    doing = Sweep(watcher, in_ms(now), by, Account(client, in_ms(now)), remaining_ms)
    runs = [entry.epoch for entry in ledger_runs.unconcluded_runs(watcher.table)]
    live = [job for epoch in runs for job in ledger_watch.live_of(watcher.table, epoch)]
    remembered = ledger_watch.watched_queues(watcher.table)
    try:
        named = doing.account.queues({*(job.queue for job in live), *([watcher.settings.queue] if runs else [])} - {""})
        queues = {queue["jobQueueArn"]: queue for queue in named.values()}
        doing.account.environments(queues.values())
    except UNANSWERED as error:
        _gave_up("queues", error)
        return {"queues": 0, "left": len(remembered)}
    of_queue: dict[str, list[LiveJob]] = {arn: [] for arn in queues}
    for job in live:
        if job.queue in named:
            of_queue[named[job.queue]["jobQueueArn"]].append(job)
    longest_ago = sorted(queues, key=lambda arn: remembered[arn].swept_ms if arn in remembered else 0)
    swept = [
        arn
        for arn in longest_ago
        if _swept(doing, queues[arn], of_queue[arn], set(runs), remembered.get(arn, Watched(queue=arn)))
    ]
    _left_behind(doing, set(queues), remembered)
    count("QueuesSwept", len(swept))
    return {"queues": len(swept), "left": len(queues) - len(swept)}


def _swept(doing: Sweep, queue: dict[str, Any], live: list[LiveJob], runs: set[Epoch], watched: Watched) -> bool:
    """Whether there was time for a queue, and Batch answered. A schedule that fires twice, or late, is no second look."""
    if 0 <= watched.swept_ms - doing.now_ms < _LATE_MS:
        return True
    if doing.remaining_ms() < ENOUGH_MS:
        return False
    try:
        _one_queue(doing, queue, live, runs, watched)
    except UNANSWERED as error:
        _gave_up(watched.queue, error)
        return False
    return True


def _gave_up(what: str, error: Exception) -> None:
    logger.warning("%s not swept: %s", what, error)
    count("SweepsGivenUp")


def _one_queue(doing: Sweep, queue: dict[str, Any], live: list[LiveJob], runs: set[Epoch], watched: Watched) -> None:
    known = {job.name: job for job in live}
    place, jobs = look(doing, queue, known, runs, watched)
    place, jobs = look_deeper(doing, queue, place, jobs, known)
    assessed = stuck.assess(place, jobs, watched.in_a_row(doing.now_ms), doing.now_ms, doing.watcher.policy)
    table = doing.watcher.table
    for name, memory in assessed.memories.items():
        if name in known:
            ledger_watch.remember(table, known[name], memory=watch_items.memory_text(memory))
    show(table, known, assessed.verdicts)
    acted = act(doing, known, assessed.verdicts)
    before = {each.code: each for each in ledger_watch.episodes(table, place.arn)}
    followed = stuck_episodes.follow(place.arn, assessed.verdicts, before, doing.now_ms, doing.watcher.policy)
    tell(table, doing.watcher.settings.stack, followed, now_ms=doing.now_ms, by=doing.by)
    give_up_lost(doing, known, assessed.verdicts)
    line = assessed.normal or (followed.keep[0].cause if followed.keep else "")
    ledger_watch.keep_watched(
        table,
        Watched(
            queue=place.arn,
            swept_ms=doing.now_ms,
            last_start_ms=place.last_start_ms,
            dwells=assessed.dwells,
            line=one_line(line, 300),
        ),
    )
    logger.info(
        "queue swept",
        extra={
            "queue": place.name,
            "jobs": len(jobs),
            "suspected": len(assessed.verdicts),
            "told": len(followed.tell),
            "acted": acted,
            "normal": assessed.normal,
        },
    )


def _left_behind(doing: Sweep, swept: set[str], remembered: Mapping[str, Watched]) -> None:
    """Queues where nothing of ours is any more: their causes are over, as far as anybody here is concerned."""
    table = doing.watcher.table
    gone = set(remembered) - swept
    for queue in gone:
        before = {each.code: each for each in ledger_watch.episodes(table, queue)}
        followed = stuck_episodes.follow(queue, (), before, doing.now_ms, doing.watcher.policy)
        tell(table, doing.watcher.settings.stack, followed, now_ms=doing.now_ms, by=doing.by)
        if not followed.keep:
            ledger_watch.forget_watched(table, [queue])
