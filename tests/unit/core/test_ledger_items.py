"""Records as items and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import ledger_items, ledger_keys
from headrace.core.errors import InvalidValue
from headrace.core.records import AttemptRecord, Epoch, RunEntry, RunRecord, TaskRecord, Waiter
from headrace.core.run_state import STATES, STATUSES

EPOCH = Epoch("r", 3)
AT = "2026-01-01T00:00:00.000Z"
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = text.filter(bool)
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.builds(
        RunRecord,
        epoch=st.just(EPOCH),
        execution=ids,
        started=st.just(AT),
        state=st.sampled_from(sorted(STATES)),
        tasks=st.dictionaries(ids, st.integers(0, 9), max_size=3),
        **dict.fromkeys(["name", "closing", "ended", "cause", "concluder"], text),
    )
)
def test_a_run_survives_the_table(record: RunRecord) -> None:
    """What is read is what was written."""
    assert ledger_items.run_record(ledger_items.run_item(record)) == record


def test_a_run_says_whose_it_is() -> None:
    """Only where teams part the deployment; elsewhere its record is as it always was."""
    assert "tenant" not in ledger_items.run_item(RunRecord(EPOCH, "e", AT))
    of_a_team = RunRecord(EPOCH, "e", AT, tenant="genomics")
    assert ledger_items.run_item(of_a_team)["tenant"] == {"S": "genomics"}
    assert ledger_items.run_record(ledger_items.run_item(of_a_team)) == of_a_team


def test_a_run_says_its_format() -> None:
    """Written with every run; a record of before there was a mark reads as the first; any other is read as it is."""
    item = ledger_items.run_item(RunRecord(EPOCH, "e", AT))
    assert item["format"] == {"N": "1"}
    assert ledger_items.run_record({name: value for name, value in item.items() if name != "format"}).format == 1
    assert ledger_items.run_record(item | {"format": {"N": "7"}}).format == 7


@given(
    st.builds(
        TaskRecord,
        task=ids,
        status=st.sampled_from(sorted(STATUSES)),
        at=st.just(AT),
        inline=st.none() | st.dictionaries(text, json_values, max_size=3),
        attempts=st.integers(0, 999),
        **dict.fromkeys(["hash", "outputs", "failure", "cause", "job"], text),
    )
)
def test_a_task_survives_the_table(record: TaskRecord) -> None:
    """What is read is what was written; no outputs and empty outputs are two things."""
    assert ledger_items.task_record(ledger_items.task_item(EPOCH, record)) == record


@given(
    st.builds(
        AttemptRecord,
        task=ids,
        n=st.integers(1, 999),
        at=st.just(AT),
        exit_code=st.none() | st.integers(0, 255),
        **dict.fromkeys(["job_name", "queue", "job", "started", "ended", "failure", "cause", "log"], text),
    )
)
def test_an_attempt_survives_the_table(record: AttemptRecord) -> None:
    """What is read is what was written; exit code 0 is not the same as none."""
    assert ledger_items.attempt_record(ledger_items.attempt_item(EPOCH, record)) == record


@given(
    st.builds(
        Waiter,
        task=ids,
        token=ids,
        tries=st.integers(0, 10**8),
        waits=st.dictionaries(ids, st.integers(0, 9), max_size=4),
        turn=st.none() | st.tuples(ids, st.integers(1, 9)),
    )
)
def test_a_waiter_survives_the_table(waiter: Waiter) -> None:
    """It is the same in each place it is kept, and its order of latches stays."""
    item = ledger_items.waiter_item(ledger_keys.last_waiter(EPOCH, waiter.task), waiter)
    assert ledger_items.waiter_read(item) == waiter
    assert list(ledger_items.waiter_read(item).waits) == list(waiter.waits)


def test_lists_of_runs_say_it_in_their_keys() -> None:
    """An entry is found again from its key; a team's run stands in two lists."""
    record = RunRecord(EPOCH, "arn:execution", AT)
    [listed] = ledger_items.listed_items(record)
    assert ledger_items.listed_entry(listed) == RunEntry(EPOCH, started=AT)
    both = ledger_items.listed_items(dataclasses.replace(record, tenant="genomics"))
    assert [item["pk"]["S"] for item in both] == ["RUNS", "RUNS#genomics"]
    assert [ledger_items.listed_entry(item) for item in both] == [RunEntry(EPOCH, started=AT)] * 2
    entry = ledger_items.unconcluded_entry(ledger_items.unconcluded_item(record))
    assert entry == RunEntry(EPOCH, execution="arn:execution")


def test_unknown_states_are_refused() -> None:
    """A status the ledger does not know is an error before it is written."""
    with pytest.raises(InvalidValue, match="task status 'done'"):
        ledger_items.task_item(EPOCH, TaskRecord("a", "done", AT))
    with pytest.raises(InvalidValue, match="run state 'ok'"):
        ledger_items.run_item(dataclasses.replace(RunRecord(EPOCH, "x", AT), state="ok"))


def test_long_outputs_are_not_inline() -> None:
    """The limit counts bytes; a record over it is refused, and `fits_inline` tells beforehand."""
    fits, long = {"v": "é" * 16_000}, {"v": "é" * 16_400}
    assert ledger_items.fits_inline(fits)
    assert not ledger_items.fits_inline(long)
    ledger_items.task_item(EPOCH, TaskRecord("a", "succeeded", AT, inline=fits))
    with pytest.raises(InvalidValue, match="too long for its record"):
        ledger_items.task_item(EPOCH, TaskRecord("a", "succeeded", AT, inline=long))


def test_a_hostile_cause_is_cut_and_made_storable() -> None:
    """A megabyte of log and half a surrogate pair do not fail the write that settles a task."""
    item = ledger_items.task_item(EPOCH, TaskRecord("a", "failed", AT, cause="\ud800" + "x" * 10**6))
    cause = item["cause"]["S"]
    assert len(cause) == ledger_items.CAUSE_LIMIT
    assert cause.encode().startswith(b"?x")
    assert cause.endswith("…")
