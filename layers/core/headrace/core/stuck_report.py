"""What `headrace status` says of jobs that wait or hang: state, since when, why, and what will be done when.

What a sweep suspects of one job stands with the job; what holds for all who wait on a queue stands with the queue. Jobs of one cause
are one line, so that ten thousand do not fill the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headrace.core.live_jobs import LiveJob
from headrace.core.moments import in_words
from headrace.core.stuck_episodes import Episode
from headrace.core.watch_items import Watched

_DONE = {"next-queue": "ended, so that it goes to the next queue", "terminate": "ended"}
_WILL = {"next-queue": "moved to the next queue", "terminate": "ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One job that waits or hangs; empty where nothing is known, or nothing will be done."""

    task: str
    queue: str
    state: str = ""
    since: str = ""
    job: str = ""
    code: str = ""
    cause: str = ""
    alert_due: str = ""
    told: str = ""
    act_due: str = ""
    action: str = "alert"
    done: str = ""
    done_at: str = ""

    def to_json(self) -> dict[str, Any]:
        """What is known, as `--json` prints it."""
        known = {
            "task": self.task,
            "queue": self.queue,
            "state": self.state,
            "since": self.since,
            "job": self.job,
            "code": self.code,
            "cause": self.cause,
            "alertDue": self.alert_due,
            "told": self.told,
            "actDue": self.act_due,
            "action": self.action,
            "done": self.done,
            "doneAt": self.done_at,
        }
        return {name: value for name, value in known.items() if value}


def waiting(
    jobs: Iterable[LiveJob], queued: Iterable[str], episodes: Iterable[Episode], watched: Mapping[str, Watched]
) -> list[Waiting]:
    """The jobs of a run that wait (`queued`: their tasks) or that something is suspected of, in order of their tasks."""
    waits = set(queued)
    causes = {(each.queue.rsplit("/", 1)[-1], each.code): each for each in episodes}
    lines = {queue.rsplit("/", 1)[-1]: each.line for queue, each in watched.items()}
    found = []
    for job in sorted(jobs, key=lambda each: each.task):
        queue = job.queue.rsplit("/", 1)[-1]
        if job.code:
            found.append(_own(job, queue, causes.get((queue, job.code))))
        elif job.task in waits:
            shared = min(
                (each for (name, _), each in causes.items() if name == queue and each.state in ("RUNNABLE", "")),
                key=lambda each: each.since_ms,
                default=None,
            )
            found.append(_shared(job, queue, shared, lines.get(queue, "")))
    return found


def sentences(found: Iterable[Waiting]) -> list[str]:
    """One line per cause and queue, with the number of jobs and an example."""
    groups: dict[tuple[str, ...], list[Waiting]] = {}
    for each in found:
        groups.setdefault((each.queue, each.code, each.cause, each.done), []).append(each)
    return [_sentence(group) for group in groups.values()]


def _own(job: LiveJob, queue: str, episode: Episode | None) -> Waiting:
    return Waiting(
        task=job.task,
        queue=queue,
        state=job.memory.state or job.state,
        since=job.stuck_since,
        job=job.job,
        code=job.code,
        cause=job.cause,
        alert_due=job.alert_due,
        told=in_words(episode.told_ms) if episode else "",
        act_due=job.act_due,
        action=job.limits.action,
        done=job.acted,
        done_at=job.acted_at,
    )


def _shared(job: LiveJob, queue: str, episode: Episode | None, line: str) -> Waiting:
    return Waiting(
        task=job.task,
        queue=queue,
        state=job.state or "RUNNABLE",
        since=job.since or job.at,
        job=job.job,
        code=episode.code if episode else "",
        cause=episode.cause if episode else line,
        alert_due=in_words(episode.due_ms) if episode else "",
        told=in_words(episode.told_ms) if episode else "",
        action=job.limits.action,
    )


def _sentence(group: list[Waiting]) -> str:
    first = min(group, key=lambda each: each.since or "~")
    who = first.task if len(group) == 1 else f"{len(group)} jobs, as {first.task},"
    verb = "is" if len(group) == 1 else "are"
    since = f" since {first.since}" if first.since else ""
    why = f": {first.cause}" if first.cause else ": not looked at yet"
    return f"{who} {verb} {first.state or 'waiting'} on {first.queue}{since}{why}{_what_follows(first)}"


def _what_follows(each: Waiting) -> str:
    if each.done:
        return f"; {_DONE[each.done]} at {each.done_at}"
    parts = []
    if each.told:
        parts.append(f"told at {each.told}")
    elif each.code and each.alert_due:
        parts.append(f"will be told at {each.alert_due} if it lasts")
    if each.act_due and each.action in _WILL:
        parts.append(f"will be {_WILL[each.action]} at {each.act_due}")
    return "; " + ", ".join(parts) if parts else ""
