"""Following a task's log: new lines as they come, from one attempt to the next, until the task is done or the run is over.

Only questions are asked, a few a minute of Batch and the ledger, at most one a second of the log; Ctrl-C ends the asking alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from headrace.aws import ledger, ledger_runs
from headrace.aws.logs import after
from headrace.core import run_state
from headrace.core.batch_detail import JobFacts
from headrace.core.bootstrap_marks import is_last
from headrace.core.records import AttemptRecord, RunRecord
from headrace_cli import attempt_log, shown
from headrace_cli.target import Target

_ENDED: Final = ("SUCCEEDED", "FAILED")
_PAGES: Final = 100  # read at one go, before anything else is looked at
_QUIET_LOOKS: Final = 3  # without a new line, after which an ended job has said all
_SLOWEST: Final = 5  # times the first pause


def follow(
    target: Target, run: RunRecord, attempt: AttemptRecord, write: Callable[[str], None], *, alone: bool
) -> AttemptRecord:
    """Write what the attempt prints until its job has ended, then what the next attempt does; `alone`: not of further ones.

    The attempt that was followed last.
    """
    while True:
        _to_its_end(target, run, attempt, write)
        following = None if alone else _next(target, run, attempt)
        if following is None:
            return attempt
        attempt = following
        shown.note(f"{attempt.task}, attempt {attempt.n}", style="dim")


def _to_its_end(target: Target, run: RunRecord, attempt: AttemptRecord, write: Callable[[str], None]) -> None:
    reading, token, quiet, state, last_line = "", "", 0, "", ""
    while True:
        job = attempt_log.job_of(target, run, attempt)
        group, stream = attempt_log.stream_of(target, attempt, job)
        if stream != reading:  # Batch tries a lost job again by itself, into a stream of its own
            if reading:
                shown.note(f"the job was begun again: log stream {stream}", style="dim")
            reading, token = stream, ""
        if job and job.status != state and not stream:
            state = job.status
            shown.note(f"its job is {state}{_reason(job)}", style="dim")
        lines: tuple[str, ...] = ()
        for _ in range(_PAGES if stream else 0):
            new, token = after(target.client("logs"), group, stream, token)
            for line in new:
                write(line)
            lines += new[-1:]
            if not new:
                break
        last_line = lines[-1] if lines else last_line
        quiet = 0 if lines else quiet + 1
        over = job is None or job.status in _ENDED
        if over and (not stream or is_last(last_line.rstrip()) or quiet >= _QUIET_LOOKS):
            if not reading:
                shown.note(f"nothing was logged: {attempt_log.why_none(attempt, job)}")
            return
        time.sleep(target.pause_s * min(1 + quiet, _SLOWEST))


def _next(target: Target, run: RunRecord, attempt: AttemptRecord) -> AttemptRecord | None:
    """The next attempt of the task, waited for as long as one may come."""
    while True:
        concluded = ledger_runs.run_of(target.table, run.epoch).state in run_state.CONCLUDED
        later = [each for each in ledger.attempts_of(target.table, run.epoch, attempt.task) if each.n > attempt.n]
        if later:
            return later[0]
        if concluded or ledger.read_task(target.table, run.epoch, attempt.task) is not None:
            return None
        time.sleep(target.pause_s * 2)


def _reason(job: JobFacts) -> str:
    return f" ({job.status_reason})" if job.status_reason else ""
