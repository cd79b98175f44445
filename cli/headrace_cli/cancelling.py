"""Cancelling a run: close it, let everybody go who waits, end its jobs, and look until nothing of it is alive.

    close      the ledger says closing, `cancelled: …`; from now on no task of the run starts
    sweep      again and again: every live job whose name is the run's is terminated
    over       the run is concluded, and two sweeps in a row found no live job

A child execution that had passed its gate before the run closed may submit a job after a sweep; so one sweep proves nothing.
With `abort` the execution is stopped, and the run is concluded by the sweep of conclude_run, as after any abort.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from headrace.aws import gates, ledger_runs, step_functions, sweeping
from headrace.core import run_state
from headrace.core.conclusion import CANCEL_PREFIX
from headrace.core.errors import Refused
from headrace.core.plain_text import one_line
from headrace.core.records import Epoch, RunRecord
from headrace_cli import logbook
from headrace_cli.target import Target

CLEAN_SWEEPS: Final = 2
REASON_LIMIT: Final = 500
_LOCAL_S: Final = 0.4
_AWS_S: Final = 3.0
_NUDGE_S: Final = 10.0
_UNHURRIED_MS: Final = 3_600_000
_OVER: Final = frozenset({"ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"})


@dataclass(slots=True)
class Cancelled:
    """How far a cancel came: the run as it stands, the jobs that were ended, whether everything is over."""

    run: RunRecord
    jobs: set[str] = field(default_factory=set)
    over: bool = False


def close(target: Target, epoch: Epoch, reason: str) -> RunRecord:
    """Start no further task of the run and let everybody go who waits; the run as it stands then."""
    why = CANCEL_PREFIX + one_line(reason, REASON_LIMIT)
    send = partial(step_functions.send, target.client("stepfunctions"))
    table = target.table
    left = gates.close(table, epoch, why, send=send, remaining_ms=lambda: _UNHURRIED_MS)
    while left:
        left = gates.release_all(table, epoch, left, send=send, remaining_ms=lambda: _UNHURRIED_MS)
    return ledger_runs.run_of(table, epoch)


def stop_execution(target: Target, execution: str) -> None:
    """Stop the run's execution; one that is over already stays as it is."""
    from botocore.exceptions import ClientError

    try:
        target.client("stepfunctions").stop_execution(
            executionArn=execution, error="Cancelled", cause="headrace cancel --abort"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"ExecutionDoesNotExist", "ValidationException"}:
            raise


def sweep_until_over(
    target: Target,
    epoch: Epoch,
    reason: str,
    *,
    patience_s: float,
    told: Callable[[int], None],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Cancelled:
    """Sweep until the run is concluded and nothing of it is alive, or patience ends. `told` hears of newly ended jobs."""
    began = nudged = now()
    clean, ended = 0, Cancelled(ledger_runs.run_of(target.table, epoch))
    while True:
        looked = now()
        # The record first: a job found alive after the run was concluded is still one of its jobs.
        ended.run = ledger_runs.run_of(target.table, epoch)
        queues = sweeping.queues_of(target.table, epoch, target.queue)
        alive = set(sweeping.terminate_jobs(target.client("batch"), epoch, queues, reason))
        if new := alive - ended.jobs:
            ended.jobs |= new
            told(len(new))
        concluded = ended.run.state in run_state.CONCLUDED
        clean = clean + 1 if concluded and not alive else 0
        if clean >= CLEAN_SWEEPS:
            ended.over = True
            return ended
        if now() - began > patience_s:
            return ended
        if not concluded and now() - nudged > _NUDGE_S / (10 if target.is_local else 1):
            nudged = now()
            _nudge(target, ended.run)
        sleep(max(_LOCAL_S if target.is_local else _AWS_S, now() - looked))


def _nudge(target: Target, run: RunRecord) -> None:
    """Ask for what the schedule does every five minutes, when the execution is over and the run is not concluded.

    Only a help: whoever may not call the function waits for the schedule.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    found = step_functions.describe(target.client("stepfunctions"), run.execution)
    if found and found.status not in _OVER:
        return
    event: dict[str, Any] = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}, "resources": []}
    try:
        target.client("lambda").invoke(
            FunctionName=f"{target.stack}-conclude-run", InvocationType="Event", Payload=json.dumps(event)
        )
    except (ClientError, BotoCoreError) as error:
        logbook.log.info("conclude_run could not be asked, the schedule will do it: %s", error)


def refuse_unless_cancelled(run: RunRecord) -> None:
    """A run that ended otherwise cannot be cancelled any more: Refused with what it is."""
    if run.state in run_state.CONCLUDED and run.state != "cancelled":
        raise Refused(
            f"{run.epoch.run} is not cancelled: it is {run.state} already{f' ({one_line(run.cause)})' if run.cause else ''}"
        )
