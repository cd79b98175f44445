"""Telling what is stuck, and that it goes on again: one event per cause and queue."""

from __future__ import annotations

from typing import Any

from headrace.aws import events, ledger_watch
from headrace.aws.clients import client
from headrace.aws.observability import count, logger
from headrace.aws.queue_facts import UNANSWERED
from headrace.aws.table import Table
from headrace.core import stuck_console
from headrace.core.moments import in_words
from headrace.core.stuck_episodes import Episode, Followed


def tell(table: Table, stack: str, followed: Followed, *, now_ms: int, by: str) -> None:
    """Write down how the causes of a queue stand, and tell what is to be told.

    The ledger decides who tells; whoever dies in between tells it when it is called again, so a cause is told once, and a second
    time rather than never.
    """
    from headrace.core import alert_events  # noqa: PLC0415 - its models cost every cold start, and there is seldom an alert

    for episode in followed.keep:
        ledger_watch.keep_episode(table, episode)
    for episode in followed.tell:
        if ledger_watch.note_told(table, episode, now_ms, by):
            if not _published(alert_events.entry(_stuck(stack, episode, now_ms))):
                ledger_watch.note_untold(table, episode, now_ms)
                continue
            logger.warning("jobs are stuck", extra={"queue": episode.queue, "code": episode.code, "jobs": episode.jobs})
            count("JobsStuck", episode.jobs)
    for episode in followed.over:
        if episode.told_ms:
            recovered = alert_events.JobRecovered(
                stack=stack,
                at=in_words(now_ms),
                alert=True,
                queue=episode.queue.rsplit("/", 1)[-1],
                code=episode.code,
                cause=episode.cause,
                since=in_words(episode.since_ms),
            )
            if not _published(alert_events.entry(recovered)):
                continue  # it is still there, and missed, at the next sweep
        ledger_watch.forget_episode(table, episode)


def _published(entry: dict[str, Any]) -> bool:
    """Whether the bus took an event; if not, the next sweep tries again."""
    try:
        events.publish(client("events"), [entry])
    except (*UNANSWERED, events.EventsRefused) as error:
        logger.warning("not told: %s", error)
        return False
    return True


def _stuck(stack: str, episode: Episode, now_ms: int) -> Any:
    from headrace.core import alert_events  # noqa: PLC0415

    return alert_events.JobStuck(
        stack=stack,
        at=in_words(now_ms),
        alert=True,
        queue=episode.queue.rsplit("/", 1)[-1],
        state=episode.state,
        code=episode.code,
        cause=episode.cause,
        advice=episode.advice,
        since=in_words(episode.since_ms),
        jobs=episode.jobs,
        example_job=episode.job,
        run=episode.run,
        task=episode.task,
        action=episode.action,
        console=stuck_console.link(episode.queue),
    )
