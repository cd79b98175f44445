"""What watch_jobs remembers, as DynamoDB items and back: live jobs, open causes, and the memory of a queue.

As in `ledger_items`: empty values are left out, structured ones travel as JSON. Times of sweeps are milliseconds, those people
read are ISO 8601.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from headrace.core import ledger_keys
from headrace.core.ledger_items import Item, attribute, key_item
from headrace.core.live_jobs import LiveJob
from headrace.core.records import Epoch
from headrace.core.stuck_episodes import Episode
from headrace.core.stuck_jobs import Dwell, Memory
from headrace.core.stuck_limits import Limits

_KEYED = ("epoch", "task_hash", "n")
_NESTED = ("limits", "memory")
_APART_MS = 30 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What sweeps remember of a queue: when it was swept, when a job last started, how long what was found there lasts.

    `line` says in words how the queue stands, for people.
    """

    queue: str
    swept_ms: int = 0
    last_start_ms: int = 0
    dwells: Mapping[str, Dwell] = field(default_factory=dict)
    line: str = ""

    def in_a_row(self, now_ms: int) -> Mapping[str, Dwell]:
        """What sweeps have found in a row until now: nothing when nobody looked for half an hour, as it may have passed meanwhile."""
        return self.dwells if now_ms - self.swept_ms <= _APART_MS else {}


def live_item(job: LiveJob) -> Item:
    """A live job."""
    plain = {each.name: getattr(job, each.name) for each in fields(job) if each.name not in (*_KEYED, *_NESTED)}
    return key_item(ledger_keys.live_job(job.epoch, job.task_hash, job.n)) | _attributes(
        **plain, limits=limits_text(job.limits), memory=memory_text(job.memory)
    )


def live_job(item: Mapping[str, Any]) -> LiveJob:
    """A live job, read."""
    _, run, number = item["pk"]["S"].split("#")
    task_hash, n = item["sk"]["S"].split("#")
    plain = {
        each.name: _plain(item[each.name])
        for each in fields(LiveJob)
        if each.name in item and each.name not in (*_KEYED, *_NESTED)
    }
    return LiveJob(
        epoch=Epoch(run, int(number)),
        task_hash=task_hash,
        n=int(n),
        limits=Limits(**_parsed(item, "limits")),
        memory=_memory(_parsed(item, "memory")),
        **plain,
    )


def episode_item(episode: Episode) -> Item:
    """An open cause. Its `told_ms` is not written with the rest: who tells it decides that alone."""
    plain = {each.name: getattr(episode, each.name) for each in fields(episode) if each.name not in ("queue", "code")}
    return key_item(ledger_keys.episode(episode.queue, episode.code)) | _attributes(**plain)


def episode_read(item: Mapping[str, Any]) -> Episode:
    """An open cause, read."""
    queue, _, code = item["sk"]["S"].rpartition("#")
    plain = {each.name: _plain(item[each.name]) for each in fields(Episode) if each.name in item}
    return Episode(queue=queue, code=code, **plain)


def watched_item(watched: Watched) -> Item:
    """A queue's memory."""
    dwells = {key: [dwell.first_ms, dwell.times] for key, dwell in sorted(watched.dwells.items())}
    return key_item(ledger_keys.watched_queue(watched.queue)) | _attributes(
        swept_ms=watched.swept_ms,
        last_start_ms=watched.last_start_ms,
        line=watched.line,
        dwells=_dumped(dwells) if dwells else "",
    )


def watched_read(item: Mapping[str, Any]) -> Watched:
    """A queue's memory, read."""
    return Watched(
        queue=item["sk"]["S"],
        swept_ms=int(item["swept_ms"]["N"]) if "swept_ms" in item else 0,
        last_start_ms=int(item["last_start_ms"]["N"]) if "last_start_ms" in item else 0,
        line=item["line"]["S"] if "line" in item else "",
        dwells={key: Dwell(first_ms=first, times=times) for key, (first, times) in _parsed(item, "dwells").items()},
    )


def memory_text(memory: Memory) -> str:
    """A job's memory as text; empty when there is nothing to remember."""
    if memory == Memory():
        return ""
    return _dumped([memory.state, memory.since_ms, memory.code, memory.dwell.first_ms, memory.dwell.times])


def limits_text(limits: Limits) -> str:
    """A process's own limits as text; empty when it has none."""
    usual = Limits()
    own = {
        each.name: getattr(limits, each.name)
        for each in fields(limits)
        if getattr(limits, each.name) != getattr(usual, each.name)
    }
    return _dumped(own) if own else ""


def _memory(told: Any) -> Memory:
    if not told:
        return Memory()
    state, since_ms, code, first_ms, times = told
    return Memory(state=state, since_ms=since_ms, code=code, dwell=Dwell(first_ms=first_ms, times=times))


def _attributes(**values: str | int | None) -> Item:
    return {name: attribute(value) for name, value in values.items() if value not in ("", None, 0)}


def _plain(value: Mapping[str, str]) -> Any:
    return int(value["N"]) if "N" in value else value["S"]


def _parsed(item: Mapping[str, Any], name: str) -> Any:
    return json.loads(item[name]["S"]) if name in item else {}


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
