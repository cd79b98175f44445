"""Two that conclude one run at the same time: the ledger decides, and nothing says otherwise."""

import json
from typing import Any

import pytest

from headrace.aws import concluding, gates, ledger_runs, moved_work, sweeping, work_in_use
from headrace.aws import s3 as store
from headrace.aws.concluding import Concluder
from headrace.aws.settings import ConcludeRunSettings
from headrace.aws.table import Table
from headrace.core.conclusion import CANCEL_PREFIX
from headrace.core.records import Epoch, RunRecord, TaskRecord

EPOCH = Epoch("r", 1)
NOW = "2026-01-01T00:00:01.000Z"


@pytest.fixture
def concluder(ledger_table: Table) -> Concluder:
    """conclude_run, and a run that has begun and was never planned."""
    ledger_runs.begin_run(ledger_table, RunRecord(EPOCH, "arn", "2026-01-01T00:00:00Z"))
    settings = ConcludeRunSettings(
        "stack", "mine", "ledger", "t", run_pipeline="", queue="", settle_task="", summarise_logs="", job_logs=""
    )
    return Concluder(settings, ledger_table)


def _conclude(concluder: Concluder, by: str) -> str:
    run = ledger_runs.run_of(concluder.table, EPOCH)
    return concluding.conclude(concluder, run, NOW, lambda: 60_000, by=by).state


def test_who_concludes_late_says_what_the_ledger_says(concluder: Concluder, s3: Any, monkeypatch: pytest.MonkeyPatch):
    """Cancelled while its last step was about to say `succeeded`: the digest that was written last says cancelled too."""
    held = [True]
    write = store.write

    def slow(client: Any, uri: str, body: bytes, **more: Any) -> None:
        if held and held.pop():
            gates.close(
                concluder.table,
                EPOCH,
                f"{CANCEL_PREFIX}by hand",
                send=lambda _token, _output: None,
                remaining_ms=lambda: 60_000,
            )
            assert _conclude(concluder, "sweep") == "cancelled"
        write(client, uri, body, **more)

    monkeypatch.setattr(store, "write", slow)
    assert _conclude(concluder, "the run's last step") == "cancelled"
    assert ledger_runs.run_of(concluder.table, EPOCH).state == "cancelled"
    digest = json.loads(store.read(s3, "s3://mine/runs/r/1/digest.json"))
    assert (digest["state"], digest["cause"]) == ("cancelled", "by hand")
    assert b"cancelled" in store.read(s3, "s3://mine/runs/r/1/digest.md")
    assert list(ledger_runs.unconcluded_runs(concluder.table)) == []


@pytest.mark.parametrize(("error", "marked"), [(None, True), ({"Error": "TaskFailed", "Cause": "{}"}, False)])
def test_moved_work_goes_when_the_run_has_succeeded(
    concluder: Concluder, s3: Any, error: dict[str, str] | None, marked: bool
):
    """A run that failed is resumed from it; work in a bucket of the user's has no rule of ours."""
    for bucket in ("mine", "other"):
        work = f"s3://{bucket}/work/t/ab/1/"
        for name, body in (("outputs.json", b"{}"), ("out", b"1")):
            store.write(s3, work + name, body)
        store.write(s3, "s3://mine/results/out", b"1")
        moved_work.note(s3, work, {work + "out": "s3://mine/results/out"}, EPOCH)
        record = TaskRecord(f"t{bucket}", "succeeded", NOW, outputs=work + "outputs.json", moved=True)
        gates.settle(concluder.table, EPOCH, record, [], send=lambda _t, _o: None, remaining_ms=lambda: 60_000)
    run = ledger_runs.run_of(concluder.table, EPOCH)
    concluding.conclude(concluder, run, NOW, lambda: 60_000, error=error, by="x")
    tags = [s3.get_object_tagging(Bucket=bucket, Key="work/t/ab/1/out")["TagSet"] for bucket in ("mine", "other")]
    assert [bool(found) for found in tags] == [marked, False]


@pytest.mark.parametrize(
    ("waited", "stopped", "over", "verdict"),
    [
        (0, False, True, "failed"),
        (0, False, False, "wait"),
        (0, True, True, "wait"),
        (1, True, True, "wait"),
        (2, True, True, "failed"),
        (479, True, False, "wait"),
        (480, True, False, "failed"),
    ],
)
def test_a_broken_root_scope_is_waited_behind_but_not_for_ever(
    concluder: Concluder, monkeypatch: pytest.MonkeyPatch, waited: int, stopped: bool, over: bool, verdict: str
):
    """One that failed by itself has left nothing; one that was stopped may have; scopes that go on are waited for; the run drains."""
    monkeypatch.setattr(sweeping, "root_was_stopped", lambda _pipeline: stopped)
    monkeypatch.setattr(sweeping, "scopes_over", lambda _pipeline, _scopes: over)
    execution = {"id": "arn", "name": "r-1", "started": "2026-01-01T00:00:00Z"}
    error = {"Error": "States.TaskFailed", "Cause": "{}"}
    event = {"launch": {"pipeline": "s3://mine/p", "run": "r", "epoch": 1}, "error": error, "waited": waited}
    told = concluding.from_machine(concluder, {**event, "execution": execution}, NOW, lambda: 60_000)
    assert told["verdict"] == verdict
    assert ledger_runs.run_of(concluder.table, EPOCH).state == ("closing" if verdict == "wait" else "failed")


@pytest.mark.parametrize(
    ("planned", "most", "marked"), [("a" * 64, 2_000, False), ("b" * 64, 2_000, True), ("b" * 64, 0, False)]
)
def test_moved_work_stays_while_another_run_has_looked_for_it(
    concluder: Concluder, s3: Any, monkeypatch: pytest.MonkeyPatch, planned: str, most: int, marked: bool
):
    """Its plan names the work; where there are more plans than can be read, all of it is taken to be in use."""
    monkeypatch.setattr(work_in_use, "MOST", most)
    work = f"s3://mine/work/t/aa/{'a' * 64}/"
    for name, body in (("outputs.json", b"{}"), ("out", b"1")):
        store.write(s3, work + name, body)
    store.write(s3, "s3://mine/results/out", b"1")
    moved_work.note(s3, work, {work + "out": "s3://mine/results/out"}, EPOCH)
    other = Epoch("other", 1)
    ledger_runs.begin_run(concluder.table, RunRecord(other, "arn", "2026-01-01T00:00:00Z"))
    for epoch, said in ((EPOCH, "a" * 64), (other, planned)):
        store.write(s3, f"s3://mine/runs/{epoch.run}/1/tasks/x/1.json", json.dumps({"hash": said}).encode())
    record = TaskRecord("t", "succeeded", NOW, outputs=work + "outputs.json", moved=True)
    gates.settle(concluder.table, EPOCH, record, [], send=lambda _t, _o: None, remaining_ms=lambda: 60_000)
    assert _conclude(concluder, "x") == "succeeded"
    tags = s3.get_object_tagging(Bucket="mine", Key=(work + "out").removeprefix("s3://mine/"))["TagSet"]
    assert bool(tags) is marked
