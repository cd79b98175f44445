"""Why a run's jobs wait, as watch_jobs wrote it down: read from the ledger, nothing is asked of Batch."""

from __future__ import annotations

from headrace.aws import ledger_watch
from headrace.core import run_state
from headrace.core.stuck_report import Waiting, waiting
from headrace_cli.snapshot import Snapshot
from headrace_cli.target import Target


def look(target: Target, snapshot: Snapshot) -> list[Waiting]:
    """The jobs of a run that wait or hang, with cause and what will be done; none of a run that is over."""
    if snapshot.run.state in run_state.CONCLUDED:
        return []
    jobs = ledger_watch.live_of(target.table, snapshot.run.epoch)
    queued = [task for task, state in snapshot.states.items() if state == "queued"]
    if not jobs:
        return []
    return waiting(jobs, queued, ledger_watch.episodes(target.table), ledger_watch.watched_queues(target.table))
