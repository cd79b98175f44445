"""From verdicts on jobs to what people hear: one episode per cause and queue, with the number of jobs behind it.

An episode opens when a cause is first suspected, is told when it ripens, again while it lasts (seldom), and is over when two
sweeps in a row have not found it. Only a cause that was told is told to be over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from headrace.core.stuck import Verdict
from headrace.core.stuck_limits import Policy

MISSES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One cause in one queue. `job`, `run` and `task` are an example; `told_ms` 0: nobody was told; `missed`: sweeps without it."""

    queue: str
    code: str
    state: str = ""
    cause: str = ""
    advice: str = ""
    since_ms: int = 0
    found_ms: int = 0
    jobs: int = 0
    job: str = ""
    run: str = ""
    task: str = ""
    action: str = "alert"
    due_ms: int = 0
    told_ms: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The episodes to keep, those to tell now (kept too), and those that are over."""

    keep: tuple[Episode, ...] = ()
    tell: tuple[Episode, ...] = ()
    over: tuple[Episode, ...] = ()


def follow(
    queue: str, verdicts: Iterable[Verdict], open_ones: Mapping[str, Episode], now_ms: int, policy: Policy
) -> Followed:
    """The queue's episodes after a sweep. `open_ones` are those of before, by code."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.suspicion.code, []).append(verdict)
    keep: list[Episode] = []
    tell: list[Episode] = []
    over: list[Episode] = []
    for code, group in sorted(groups.items()):
        before = open_ones.get(code)
        episode = _episode(queue, group, before, now_ms)
        keep.append(episode)
        ripe = any(verdict.alert for verdict in group)
        # Told at this very moment: by this sweep, before it died and was tried again. The ledger knows by whom.
        if ripe and (episode.told_ms in (0, now_ms) or now_ms - episode.told_ms >= policy.again_s * 1000):
            tell.append(episode)
    for code, episode in sorted(open_ones.items()):
        if code in groups:
            continue
        missed = replace(episode, missed=episode.missed + 1)
        (over if missed.missed >= MISSES or not missed.told_ms else keep).append(missed)
    return Followed(keep=tuple(keep), tell=tuple(tell), over=tuple(over))


def _episode(queue: str, group: list[Verdict], before: Episode | None, now_ms: int) -> Episode:
    example = min(group, key=lambda each: (not each.alert, each.since_ms, each.job.name))
    dues = [each.alert_due_ms for each in group if each.alert_due_ms is not None]
    actions = {each.act or "alert" for each in group}
    since = min(each.since_ms for each in group)
    return Episode(
        queue=queue,
        code=example.suspicion.code,
        state=example.job.state,
        cause=example.suspicion.cause,
        advice=example.suspicion.advice,
        since_ms=min(since, before.since_ms) if before and before.since_ms else since,
        found_ms=now_ms,
        jobs=len(group),
        job=example.job.job_id,
        run=example.job.run,
        task=example.job.task,
        action=next((each for each in ("terminate", "next-queue") if each in actions), "alert"),
        due_ms=min(dues, default=0),
        told_ms=before.told_ms if before else 0,
    )
