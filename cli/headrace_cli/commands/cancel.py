"""`headrace cancel`: end a run, and see that nothing of it is left."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.core import run_state
from headrace.core.plain_text import one_line
from headrace_cli import cancelling, exit_codes, options, runs_named, shown
from headrace_cli.cancelling import Cancelled
from headrace_cli.target import Target, reach

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or `last`.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the ledger, the digest and the jobs.")]
Abort = Annotated[
    bool, typer.Option("--abort", help="Stop the execution too, if it does not end by itself: the last resort.")
]
Wait = Annotated[
    float, typer.Option("--wait", metavar="MINUTES", min=0.0, max=1440.0, help="How long to wait for its end.")
]


def cancel(
    run: Run,
    reason: Reason = "by `headrace cancel`",
    abort: Abort = False,
    wait: Wait = 10.0,
    local: options.Local = False,
    profile: options.Profile = None,
    region: options.Region = None,
    stack: options.Stack = "headrace",
    tenant: options.Tenant = "",
) -> int:
    """Cancel a run: start none of its tasks any more, end its jobs, and look until none of them is alive.

    What was done stays, and `headrace resume` goes on from there. Ctrl-C detaches; the run ends all the same.

    For example:

        headrace cancel last --reason "wrong reference"
    """
    target = reach(local=local, profile=profile, region=region, stack=stack)
    record = runs_named.find(target, run, tenant)
    cancelling.refuse_unless_cancelled(record)
    if record.state in run_state.CONCLUDED:
        shown.line(f"{record.epoch.run} is cancelled already ({one_line(record.cause)})")
        return exit_codes.DONE
    name = record.epoch.run
    try:
        standing = cancelling.close(target, record.epoch, reason)
        shown.line(f"{name} is {standing.state}: {one_line(standing.closing or standing.cause)}")
        if abort:
            cancelling.stop_execution(target, record.execution)
        ended = cancelling.sweep_until_over(
            target,
            record.epoch,
            reason,
            patience_s=wait * 60,
            told=lambda count: shown.line(f"ended {count} job{'s' if count != 1 else ''}"),
        )
    except KeyboardInterrupt:
        shown.note(
            f"detached; {name} ends by itself. Look again: headrace cancel {name}{target.flags}, or headrace status {name}{target.flags}"
        )
        return exit_codes.DETACHED
    return _say(target, ended, aborted=abort)


def _say(target: Target, ended: Cancelled, *, aborted: bool) -> int:
    name, flags = ended.run.epoch.run, target.flags
    if not ended.over:
        shown.note(f"{name} is {ended.run.state} still; {len(ended.jobs)} of its jobs were ended", style="yellow")
        shown.note(
            "a task that waits before its next try (at most 30 minutes), or a state that is tried again, keeps its execution\n"
            f"  wait longer:          headrace cancel {name} --wait 40{flags}\n"
            + (
                f"  the schedule of conclude_run ends it within ten minutes: headrace status {name}{flags}"
                if aborted
                else f"  stop its execution:   headrace cancel {name} --abort{flags}"
            )
        )
        return exit_codes.RUN_FAILED
    tasks = ", ".join(f"{count} {status}" for status, count in ended.run.tasks.items())
    shown.line(f"{name} {ended.run.state}{f': {tasks}' if tasks else ''}", style=shown.styled(ended.run.state))
    shown.line(f"{len(ended.jobs)} job{'s' if len(ended.jobs) != 1 else ''} ended")
    shown.line("0 jobs alive")
    cancelling.refuse_unless_cancelled(ended.run)
    shown.line(f"go on from here: headrace resume {name}{flags}")
    return exit_codes.DONE
