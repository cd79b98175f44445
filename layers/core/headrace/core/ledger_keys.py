"""Keys of the ledger: one table, `pk` and `sk` text (docs/contracts.md section 7). They never change.

Task records, attempts and the waiters of the end are spread over 16 partitions by the task's hash; each latch is a
partition of its own. Numbers in sort keys are padded, so text order is number order. Ids hold no character below `!`
(core/names.py encodes them), which is what `after` leans on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from headrace.core import names
from headrace.core.records import Epoch

PARTITIONS: Final = tuple(f"{number:02d}" for number in range(names.RECORD_PARTITIONS))


class Key(NamedTuple):
    """Primary key of an item."""

    pk: str
    sk: str


class Range(NamedTuple):
    """Items of one partition, in order: with `low <= sk`, `sk <= high` or `sk` starting with `prefix`, as far as given.

    DynamoDB takes one condition on `sk`: both bounds, the low one, or the prefix.
    """

    pk: str
    low: str = ""
    high: str = ""
    prefix: str = ""


def run(epoch: Epoch) -> Key:
    """The run's record."""
    return Key(f"R#{epoch.run}", f"{epoch.number:06d}")


def listed(epoch: Epoch, started: str, tenant: str = "") -> Key:
    """The run in the list of all runs, by time; with a tenant, in that of its runs."""
    return Key(_runs(tenant), f"{started}#{epoch}")


def all_runs(tenant: str = "") -> Range:
    """The list of all runs, or of a tenant's, by time."""
    return Range(_runs(tenant))


def epochs(run_id: str) -> Range:
    """The records of a run, one per epoch, in order."""
    return Range(f"R#{run_id}")


def unconcluded(epoch: Epoch) -> Key:
    """The run in the list of those not concluded."""
    return Key("OPEN", f"{epoch.run}#{epoch.number:06d}")


def all_unconcluded() -> Range:
    """The list of runs not concluded."""
    return Range("OPEN")


def task(epoch: Epoch, task_id: str) -> Key:
    """A task's record."""
    return Key(f"T#{epoch}#{names.record_partition(task_id)}", task_id)


def tasks(epoch: Epoch, prefix: str = "") -> tuple[Range, ...]:
    """The records of tasks whose id starts with `prefix`: one range per partition."""
    return tuple(Range(f"T#{epoch}#{part}", prefix=prefix) for part in PARTITIONS)


def attempt(epoch: Epoch, task_id: str, n: int) -> Key:
    """One attempt of a task."""
    return Key(f"A#{epoch}#{names.record_partition(task_id)}", f"{task_id}#{n:03d}")


def attempts(epoch: Epoch, task_id: str) -> Range:
    """All attempts of a task, in order."""
    return Range(f"A#{epoch}#{names.record_partition(task_id)}", f"{task_id}#", f"{task_id}$")


def all_attempts(epoch: Epoch) -> tuple[Range, ...]:
    """All attempts of the epoch: one range per partition."""
    return tuple(Range(f"A#{epoch}#{part}") for part in PARTITIONS)


def shard(epoch: Epoch, latch: str, number: int) -> Key:
    """One shard of a latch."""
    return Key(_latch(epoch, latch), f"S#{number:02d}")


def shards(epoch: Epoch, latch: str) -> Range:
    """All shards of a latch."""
    return Range(_latch(epoch, latch), "S#", "S$")


def waiter(epoch: Epoch, latch: str, needed: int, task_id: str) -> Key:
    """A task that waits for this latch to count `needed`."""
    return Key(_latch(epoch, latch), f"W#{needed:09d}#{task_id}")


def waiters(epoch: Epoch, latch: str, count: int, after: str = "") -> Range:
    """The waiters a latch that counts `count` may let go, beyond the sort key `after`."""
    return Range(_latch(epoch, latch), _beyond(after) or "W#", f"W#{count:09d}$")


def last_waiter(epoch: Epoch, task_id: str) -> Key:
    """A waiting task where a closing run finds it."""
    return Key(f"C#{epoch}#{names.record_partition(task_id)}", task_id)


def last_waiters(epoch: Epoch, part: str, after: str = "") -> Range:
    """The waiting tasks of one partition, beyond the sort key `after`."""
    return Range(f"C#{epoch}#{part}", _beyond(after))


def launch(launch_id: str, what: str) -> Key:
    """What a dropped file came to, known by the run id it would have: `resume` or `refused`."""
    return Key(f"D#{launch_id}", what)


def resume(epoch: Epoch) -> Key:
    """The launch that may begin this epoch of a run: one of those that ask to resume it at the same moment."""
    return Key(f"D#{epoch.run}", f"epoch#{epoch.number:06d}")


def target(epoch: Epoch, uri: str) -> Key:
    """The task that publishes to this place: one per place and epoch."""
    return Key(f"P#{epoch}#{names.record_partition(uri)}", uri)


def targets(epoch: Epoch) -> tuple[Range, ...]:
    """All places the epoch publishes to: one range per partition."""
    return tuple(Range(f"P#{epoch}#{part}") for part in PARTITIONS)


def latch(epoch: Epoch, latch_id: str) -> Range:
    """Everything of a latch: its shards and who waits for it."""
    return Range(_latch(epoch, latch_id))


def failure(epoch: Epoch, process: str, task_id: str, n: int) -> Key:
    """A failure of a process's task that was put up with: its nth submission."""
    return Key(f"E#{epoch}#{process}", f"{task_id}#{n:03d}")


def failures(epoch: Epoch, process: str) -> Key:
    """How many failures of a process were put up with."""
    return Key(f"E#{epoch}#{process}", "count")


def scope(epoch: Epoch, scope_id: str) -> Key:
    """The execution that runs the scope behind an expansion."""
    return Key(f"X#{epoch}", scope_id)


def scopes(epoch: Epoch) -> Range:
    """The executions of all scopes behind expansions."""
    return Range(f"X#{epoch}")


def job_definition(name: str) -> Key:
    """The Batch job definition registered under this name, which ends in the hash of its content."""
    return Key(f"J#{name}", "definition")


def live_job(epoch: Epoch, task_hash: str, n: int) -> Key:
    """A job the engine waits for. One partition per epoch: Batch takes 50 submissions a second, of the whole account."""
    return Key(f"B#{epoch}", f"{task_hash}#{n:03d}")


def live_jobs(epoch: Epoch) -> Range:
    """All jobs of the epoch that the engine waits for."""
    return Range(f"B#{epoch}")


def episode(queue: str, code: str) -> Key:
    """A cause for which jobs of a queue (its ARN) do not go on."""
    return Key("STUCK", f"{queue}#{code}")


def episodes(queue: str = "") -> Range:
    """All open causes, or those of one queue."""
    return Range("STUCK", prefix=f"{queue}#" if queue else "")


def watched_queue(queue: str) -> Key:
    """What sweeps remember of a queue (its ARN)."""
    return Key("QUEUES", queue)


def watched_queues() -> Range:
    """What sweeps remember of all queues."""
    return Range("QUEUES")


def _runs(tenant: str) -> str:
    return f"RUNS#{tenant}" if tenant else "RUNS"


def _latch(epoch: Epoch, latch: str) -> str:
    return f"L#{epoch}#{latch}"


def _beyond(after: str) -> str:
    return f"{after} " if after else ""
