"""The ledger's view of jobs that wait and run: live jobs, what sweeps remember, open causes.

put_live       before the job is submitted     forget_live    when its task is settled
tell_live      an event: forward only, and only where a record is
remember       what a sweep found of one job   keep_episode   … of a cause; note_told decides who tells it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from headrace.aws.table import Table, Unmet, items, put, update, write
from headrace.core import ledger_keys, watch_items
from headrace.core.ledger_items import key_item
from headrace.core.live_jobs import LiveJob, Told
from headrace.core.records import Epoch
from headrace.core.stuck_episodes import Episode
from headrace.core.watch_items import Watched


def put_live(table: Table, job: LiveJob) -> None:
    """Record that the engine is about to wait for a job; one that is there stays."""
    with suppress(Unmet):
        put(table, watch_items.live_item(job), "attribute_not_exists(#pk)")


def forget_live(table: Table, epoch: Epoch, task_hash: str, n: int) -> None:
    """The engine waits for this job no more."""
    write(table, "delete_item", {"Key": key_item(ledger_keys.live_job(epoch, task_hash, n))})


def live_of(table: Table, epoch: Epoch) -> list[LiveJob]:
    """Every job of a run's epoch that the engine waits for."""
    return [watch_items.live_job(item) for item in items(table, ledger_keys.live_jobs(epoch))]


def forget_all_live(table: Table, epoch: Epoch) -> None:
    """Whatever is left of a run that is over."""
    table.each(lambda job: forget_live(table, epoch, job.task_hash, job.n), live_of(table, epoch))


def tell_live(table: Table, told: Told) -> bool:
    """Make a live job's view as fresh as an event; False when it is as fresh already, or there is no such job.

    A later rank is a later state, which it has been in since then. The same rank again, later, only brings a reason.
    """
    key = ledger_keys.live_job(told.epoch, told.task_hash, told.n)
    facts = {"job": told.job, "state": told.state, "told": told.at, "reason": told.reason, "stream": told.stream}
    known = {name: value for name, value in facts.items() if value}
    sets = ", ".join(f"#{name} = :{name}" for name in known)
    gone = "" if told.reason else " REMOVE #reason"
    values: dict[str, str | int] = {f":{name}": value for name, value in known.items()} | {":rank": told.rank}
    there = "attribute_exists(#pk) AND "
    try:
        update(
            table,
            key,
            f"SET {sets}, #rank = :rank, #since = :told{gone}",
            there + "(attribute_not_exists(#rank) OR #rank < :rank)",
            values,
        )
    except Unmet:
        try:
            update(table, key, f"SET {sets}{gone}", there + "#rank = :rank AND #told < :told", values)
        except Unmet:
            return False
    return True


def remember(table: Table, job: LiveJob, **facts: str | int) -> None:
    """Write what a sweep found of a job; an empty value takes away what stood there. A job that is gone stays gone."""
    kept = {name: value for name, value in facts.items() if value not in ("", 0)}
    gone = [f"#{name}" for name in facts if name not in kept]
    change = ("SET " + ", ".join(f"#{name} = :{name}" for name in kept) if kept else "") + (
        f" REMOVE {', '.join(gone)}" if gone else ""
    )
    key = ledger_keys.live_job(job.epoch, job.task_hash, job.n)
    with suppress(Unmet):
        update(
            table,
            key,
            change.strip(),
            "attribute_exists(#pk)",
            {f":{name}": value for name, value in kept.items()},
        )


def episodes(table: Table, queue: str = "") -> list[Episode]:
    """The open causes, of one queue or of all."""
    return [watch_items.episode_read(item) for item in items(table, ledger_keys.episodes(queue))]


def keep_episode(table: Table, episode: Episode) -> None:
    """Write how a cause stands; whether it was told is not touched."""
    item = watch_items.episode_item(episode)
    facts: Mapping[str, Any] = {
        name: value for name, value in item.items() if name not in ("pk", "sk", "told_ms", "by")
    }
    gone = [name for name in ("missed", "due_ms", "job", "run", "task") if name not in facts]
    write(
        table,
        "update_item",
        {
            "Key": {name: item[name] for name in ("pk", "sk")},
            "UpdateExpression": "SET "
            + ", ".join(f"#{name} = :{name}" for name in facts)
            + (f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""),
            "ExpressionAttributeNames": {f"#{name}": name for name in (*facts, *gone)},
            "ExpressionAttributeValues": {f":{name}": value for name, value in facts.items()},
        },
    )


def note_told(table: Table, episode: Episode, now_ms: int, by: str) -> bool:
    """Whether this caller is to tell a cause: the first one, or the same again when it died before it had.

    `episode` is as it was read: somebody who told it in between has changed `told_ms`.
    """
    values: dict[str, str | int] = {":now": now_ms, ":by": by}
    mine = "(#told_ms = :now AND #by = :by)"
    if not episode.told_ms:
        condition = f"(attribute_not_exists(#told_ms) OR {mine})"
    elif episode.told_ms == now_ms:
        condition = mine
    else:
        values[":was"] = episode.told_ms
        condition = f"(#told_ms = :was OR {mine})"
    try:
        update(
            table,
            ledger_keys.episode(episode.queue, episode.code),
            "SET #told_ms = :now, #by = :by",
            f"attribute_exists(#pk) AND {condition}",
            values,
        )
    except Unmet:
        return False
    return True


def note_untold(table: Table, episode: Episode, now_ms: int) -> None:
    """It could not be told after all: as it was before `note_told`, unless somebody has told it since."""
    before: dict[str, str | int] = {":was": episode.told_ms} if episode.told_ms else {}
    with suppress(Unmet):
        update(
            table,
            ledger_keys.episode(episode.queue, episode.code),
            "SET #told_ms = :was" if before else "REMOVE #told_ms",
            "#told_ms = :now",
            {":now": now_ms, **before},
        )


def forget_episode(table: Table, episode: Episode) -> None:
    """A cause that is over."""
    write(table, "delete_item", {"Key": key_item(ledger_keys.episode(episode.queue, episode.code))})


def watched_queues(table: Table) -> dict[str, Watched]:
    """What sweeps remember of each queue, by ARN."""
    found = (watch_items.watched_read(item) for item in items(table, ledger_keys.watched_queues()))
    return {each.queue: each for each in found}


def keep_watched(table: Table, watched: Watched) -> None:
    """Write what a sweep remembers of a queue."""
    put(table, watch_items.watched_item(watched))


def forget_watched(table: Table, queues: Iterable[str]) -> None:
    """Queues where nothing of ours waits or runs any more."""
    for queue in queues:
        write(table, "delete_item", {"Key": key_item(ledger_keys.watched_queue(queue))})
