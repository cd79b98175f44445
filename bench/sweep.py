"""One sweep over 10,000 jobs that wait: time, peak memory and calls, each case in a process of its own.

    python -m bench.sweep

The account and the ledger are data in memory (tests/support/fake_account.py), so the time is that of our own code; what AWS adds
is in the calls. The sweep is the last of four, five minutes apart: what earlier ones had to remember is there.
"""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
import time
from collections import Counter

from tests.support.fake_account import MINUTE, Account

from headrace.aws import observability, stuck_acting, stuck_alerts, watch_looking, watching
from headrace.core import ledger_keys, names, watch_items
from headrace.core.live_jobs import LiveJob
from headrace.core.records import Epoch
from headrace.core.stuck_limits import Limits

JOBS = 10_000
TOO_BIG = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - too big"
_READS = ("query", "get_item")
_WRITES = ("put_item", "update_item", "delete_item")


def main() -> None:
    """Print one line per case."""
    print(f"{JOBS:,} jobs in RUNNABLE on one queue\n")
    print(
        f"{'case':<44} {'seconds':>8} {'peak MiB':>9} {'ListJobs':>9} {'DescribeJobs':>13} {'other AWS':>10} {'reads':>6} {'writes':>7} {'told':>5}"
    )
    for case in CASES:
        command = [sys.executable, "-m", "bench.sweep", case]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def measure(case: str) -> str:
    """Make the account, sweep, and say what it took."""
    account = CASES[case]()
    for module in (watching, watch_looking, stuck_acting, stuck_alerts):
        module.client = account.client  # type: ignore[attr-defined]
    observability.metrics.add_metric = lambda **_: None  # type: ignore[method-assign, assignment]
    logging.disable(logging.CRITICAL)
    for _ in range(3):
        account.sweep(minutes=5)
        _settle(account)
    account.calls.clear()
    begun = time.process_time()
    account.sweep(minutes=5)
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    calls: Counter[str] = account.calls
    ledger = {*_READS, *_WRITES}
    other = sum(n for name, n in calls.items() if name not in ledger | {"list_jobs", "describe_jobs"})
    return (
        f"{case:<44} {seconds:>8.2f} {peak:>9.0f} {calls['list_jobs']:>9} {calls['describe_jobs']:>13} {other:>10} "
        f"{sum(calls[name] for name in _READS):>6} {sum(calls[name] for name in _WRITES):>7} {len(account.told()):>5}\n"
    )


def _settle(account: Account) -> None:
    """What settle_task does of jobs that were ended: nobody waits for them any more."""
    over = {account.jobs[job]["jobName"] for job in account.ended}
    store = account.dynamo.store
    account.dynamo.store = {
        key: item for key, item in store.items() if not (key[0] == "B#r#1" and watch_items.live_job(item).name in over)
    }


def _account(limits: Limits | None = None, **first: str) -> Account:
    account = Account()
    account.queue()
    account.run()
    for number in range(JOBS):
        job = account.job(live=False, task=f"t[n={number}]", **(first if number == 0 else {}))  # type: ignore[arg-type]
        live = LiveJob(
            epoch=Epoch("r", 1),
            task_hash=names.task_hash(f"t[n={number}]"),
            n=1,
            task=f"t[n={number}]",
            process="t",
            queue="default",
            at="2027-01-15T08:00:00.000Z",
            job=job,
            limits=limits or Limits(),
        )
        account.dynamo.store[tuple(ledger_keys.live_job(live.epoch, live.task_hash, 1))] = watch_items.live_item(live)
    account.now_ms += 90 * MINUTE
    return account


def _busy() -> Account:
    account = _account()
    account.environment("spot", resources={"maxvCpus": 64, "desiredvCpus": 64})
    for _ in range(64):
        account.start(account.job(live=False))
    return account


def _blocked() -> Account:
    return _account(statusReason=TOO_BIG)


def _nothing_registers() -> Account:
    account = _account()
    account.environment("spot", resources={"desiredvCpus": 64})
    return account


def _moved_on() -> Account:
    account = _account(Limits(runnable_s=1800, action="next-queue", further=1))
    account.environment("spot", status="INVALID", statusReason="CLIENT_ERROR - no role")
    return account


CASES = {
    "a busy queue": _busy,
    "the first in line is blocked": _blocked,
    "no instance registers": _nothing_registers,
    "environment invalid, jobs move to next queue": _moved_on,
}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(sys.argv[1]), end="")
    else:
        main()
