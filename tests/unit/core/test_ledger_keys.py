"""Keys of the ledger, to the letter: they cannot change once a run has used them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.core import ledger_keys, names
from headrace.core.records import Epoch

EPOCH = Epoch("variants-0a1b2c3d4e5f", 2)
TASK = "call[sample=a,chrom=chr1]"
task_ids = st.text(min_size=1, max_size=30).map(names.escape)


def test_keys_are_those_of_the_contract() -> None:
    """Each row of docs/contracts.md section 7."""
    part = names.record_partition(TASK)
    assert ledger_keys.run(EPOCH) == ("R#variants-0a1b2c3d4e5f", "000002")
    assert ledger_keys.listed(EPOCH, "2026-01-01T00:00:00.000Z") == (
        "RUNS",
        "2026-01-01T00:00:00.000Z#variants-0a1b2c3d4e5f#2",
    )
    assert ledger_keys.listed(EPOCH, "2026-01-01T00:00:00.000Z", "genomics").pk == "RUNS#genomics"
    assert (ledger_keys.all_runs().pk, ledger_keys.all_runs("genomics").pk) == ("RUNS", "RUNS#genomics")
    assert ledger_keys.unconcluded(EPOCH) == ("OPEN", "variants-0a1b2c3d4e5f#000002")
    assert ledger_keys.task(EPOCH, TASK) == (f"T#variants-0a1b2c3d4e5f#2#{part}", TASK)
    assert ledger_keys.attempt(EPOCH, TASK, 7) == (f"A#variants-0a1b2c3d4e5f#2#{part}", f"{TASK}#007")
    assert ledger_keys.shard(EPOCH, "call[sample=a]", 3) == ("L#variants-0a1b2c3d4e5f#2#call[sample=a]", "S#03")
    assert ledger_keys.waiter(EPOCH, "call[sample=a]", 12, "merge[sample=a]") == (
        "L#variants-0a1b2c3d4e5f#2#call[sample=a]",
        "W#000000012#merge[sample=a]",
    )
    assert ledger_keys.last_waiter(EPOCH, TASK) == (f"C#variants-0a1b2c3d4e5f#2#{part}", TASK)
    assert ledger_keys.failures(EPOCH, "call") == ("E#variants-0a1b2c3d4e5f#2#call", "count")
    assert ledger_keys.failure(EPOCH, "call", TASK, 2) == ("E#variants-0a1b2c3d4e5f#2#call", f"{TASK}#002")
    assert ledger_keys.resume(EPOCH) == ("D#variants-0a1b2c3d4e5f", "epoch#000002")
    assert ledger_keys.scope(EPOCH, "~chunk[sample=a]") == ("X#variants-0a1b2c3d4e5f#2", "~chunk[sample=a]")
    assert ledger_keys.job_definition("abc") == ("J#abc", "definition")


def test_there_are_16_partitions() -> None:
    """Two digits each, and the ranges of tasks, attempts and waiters cover all of them."""
    assert tuple(f"{i:02d}" for i in range(16)) == ledger_keys.PARTITIONS
    assert len(ledger_keys.tasks(EPOCH)) == len(ledger_keys.all_attempts(EPOCH)) == 16


@given(task=task_ids, needed=st.integers(0, 1000), count=st.integers(0, 1000))
def test_a_range_of_waiters_ends_at_the_count(task: str, needed: int, count: int) -> None:
    """Exactly the waiters that need at most `count` are in range, whatever their ids; shards never are."""
    key, within = ledger_keys.waiter(EPOCH, "A", needed, task), ledger_keys.waiters(EPOCH, "A", count)
    assert (within.low <= key.sk <= within.high) is (needed <= count)
    assert not within.low <= ledger_keys.shard(EPOCH, "A", 0).sk <= within.high


@given(first=task_ids, second=task_ids)
def test_going_on_after_a_waiter_misses_nobody(first: str, second: str) -> None:
    """Beyond a sort key is everything after it in byte order, also ids that begin with it, and not itself."""
    here, other = (ledger_keys.waiter(EPOCH, "A", 1, task).sk for task in (first, second))
    low = ledger_keys.waiters(EPOCH, "A", 1, after=here).low
    assert (other.encode() >= low.encode()) is (other.encode() > here.encode())


def test_attempts_of_a_task_are_its_own() -> None:
    """A task whose id begins with another's has a range of its own."""
    within = ledger_keys.attempts(EPOCH, "call")
    assert within.low <= ledger_keys.attempt(EPOCH, "call", 1).sk <= within.high
    for other in ("call[sample=a]", "caller", "cal"):
        assert not within.low <= f"{other}#001" <= within.high
