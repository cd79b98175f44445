"""Each invariant finds what it is there for: a run without fault keeps them all, and every lie told about it breaks the right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.chaos import invariants
from tests.chaos.seen import Item, Seen, Work

from headrace.core.names import job_name
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord

AT = "2026-01-01T00:00:00.000Z"
PREFIX = "s3://b/work/t/aa/aa/a/job-one.1/out/"
FILE = {"$file": f"{PREFIX}o.txt", "size": 3, "etag": "e"}
STATUSES = {"one": "succeeded", "made[n=1]": "succeeded"}
RESULTS = {"all.txt": "all\n"}
ALL = (
    *invariants.ALWAYS,
    invariants.outputs_are_those_of_a_quiet_run(RESULTS),
    invariants.tasks_came_to_what_they_always_do(STATUSES),
)


def _record(task: str, status: str = "succeeded", **more: Any) -> TaskRecord:
    job = f"job-{task[:4]}" if status == "succeeded" else ""
    return TaskRecord(task, status, AT, job=job, **more)


def _work(**more: Any) -> Work:
    return replace(
        Work(1, {"prefix": PREFIX, "outputs": {"o": FILE}}, {"stage": "done", "exitCode": 0}, {FILE["$file"]: 3}),
        **more,
    )


def _job(task: str, **more: Any) -> dict[str, Any]:
    return {"jobName": job_name("r", 1, task, 1), "status": "SUCCEEDED", **more}


GOOD = Seen(
    epoch=Epoch("r", 1),
    execution="SUCCEEDED",
    run=RunRecord(Epoch("r", 1), "arn", AT, state="succeeded", ended=AT, tasks={"succeeded": 2}),
    plan=(Item("one", "", ("one",)), Item("~n", "", ("made",)), Item("made[n=1]", "~n", ("made", "made[n=1]"))),
    records={
        "one": _record("one", outputs="s3://b/1", inline={"o": FILE}),
        "~n": _record("~n", "expanded"),
        "made[n=1]": _record("made[n=1]", outputs="s3://b/2"),
    },
    latches={"one": (1, 0), "made": (2, 1), "made[n=1]": (1, 0)},
    attempts=(
        AttemptRecord("one", 1, AT, job="job-one", ended=AT),
        AttemptRecord("made[n=1]", 1, AT, job="job-made", ended=AT),
    ),
    jobs={"job-one": _job("one"), "job-made": _job("made[n=1]")},
    work={"one": _work(), "made[n=1]": _work()},
    results=RESULTS,
    output="all\n",
    digest={"state": "succeeded", "counts": {"succeeded": 2, "failed": 0}},
    told=({"state": "succeeded", "counts": {"succeeded": 2, "failed": 0}},),
    failures=(),
    alerts=0,
    running=(),
    watched=(),
    stuck=(),
    open=False,
    dead=(),
)


def _failed() -> Seen:
    """The same run, failed: one task did, one never ran."""
    assert GOOD.run is not None
    return replace(
        GOOD,
        execution="FAILED",
        run=replace(GOOD.run, state="failed", tasks={"failed": 1, "cancelled": 1}),
        records={"one": _record("one", "failed"), "~n": GOOD.records["~n"]},
        latches={"made": (1, 1)},
        attempts=(GOOD.attempts[0],),
        jobs={"job-one": _job("one", status="FAILED")},
        work={},
        results={},
        output="",
        digest={"state": "failed", "counts": {"failed": 1, "cancelled": 1}},
        told=({"state": "failed", "counts": {"failed": 1, "cancelled": 1}},),
        failures=("one",),
        alerts=1,
    )


def _with(of: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**of, **changes}.items() if value is not None}


def _run(state: str = "succeeded", **more: Any) -> RunRecord:
    assert GOOD.run is not None
    return replace(GOOD.run, state=state, **more)


@pytest.mark.parametrize("seen", [GOOD, _failed()], ids=["succeeded", "failed"])
def test_what_is_as_it_should_be_breaks_nothing(seen: Seen):
    """No invariant complains of a run that kept all its promises, whether it succeeded or failed."""
    assert invariants.broken(seen, ALL) == []


LIES: dict[str, list[Seen]] = {
    "outputs_are_those_of_a_quiet_run": [
        replace(GOOD, results={"all.txt": "other\n"}),
        replace(GOOD, results={**RESULTS, "more.txt": ""}),
        replace(GOOD, results={}),
        replace(GOOD, output="half"),
    ],
    "tasks_came_to_what_they_always_do": [
        replace(GOOD, records=_with(GOOD.records, one=_record("one", "ignored"))),
        replace(GOOD, records=_with(GOOD.records, one=None)),
        replace(GOOD, records=_with(GOOD.records, two=_record("two"))),
    ],
    "every_task_is_planned_once": [
        replace(GOOD, plan=(*GOOD.plan, Item("one", "~n", ()))),
        replace(GOOD, plan=(*GOOD.plan, Item("two", "", ()))),
        replace(GOOD, plan=GOOD.plan[1:]),
    ],
    "latches_count_the_records": [
        replace(GOOD, latches={**GOOD.latches, "one": (2, 0)}),
        replace(GOOD, latches={**GOOD.latches, "made": (2, 2)}),
        replace(GOOD, latches=_with(GOOD.latches, one=None)),
        replace(GOOD, latches={**GOOD.latches, "other": (1, 0)}),
        replace(_failed(), latches={"made": (1, 1), "one": (1, 0)}),
    ],
    "results_are_committed_once": [
        replace(GOOD, work=_with(GOOD.work, one=_work(versions=2))),
        replace(GOOD, work=_with(GOOD.work, one=_work(manifest=None))),
        replace(GOOD, work=_with(GOOD.work, one=_work(manifest={"stage": "stage-out", "exitCode": 0}))),
        replace(GOOD, work=_with(GOOD.work, one=_work(files={}))),
        replace(GOOD, work=_with(GOOD.work, one=_work(files={FILE["$file"]: 2}))),
        replace(GOOD, work=_with(GOOD.work, one=_work(result={"prefix": "s3://b/other/", "outputs": {"o": [FILE]}}))),
        replace(GOOD, records=_with(GOOD.records, one=_record("one", inline={"o": None}))),
    ],
    "the_run_is_over": [
        replace(GOOD, execution="RUNNING"),
        replace(GOOD, open=True),
        replace(GOOD, run=_run("closing")),
        replace(GOOD, run=_run("failed")),
        replace(_failed(), execution="SUCCEEDED"),
        replace(GOOD, run=_run("cancelled")),
        replace(GOOD, run=_run(ended="")),
        replace(GOOD, run=None),
    ],
    "nothing_is_alive": [
        replace(GOOD, jobs=_with(GOOD.jobs, **{"job-one": _job("one", status="RUNNING")})),
        replace(GOOD, running=("arn",)),
    ],
    "the_ledger_is_what_happened": [
        replace(GOOD, run=_run(tasks={"succeeded": 1})),
        replace(_failed(), run=_run("failed", tasks={"failed": 1})),
        replace(GOOD, jobs=_with(GOOD.jobs, more=_job("two"))),
        replace(GOOD, jobs=_with(GOOD.jobs, **{"job-one": None})),
        replace(GOOD, jobs=_with(GOOD.jobs, **{"job-one": _job("one", status="RUNNING")})),
        replace(GOOD, records=_with(GOOD.records, one=replace(GOOD.records["one"], job=""))),
        replace(GOOD, work=_with(GOOD.work, one=None)),
    ],
    "somebody_was_told": [
        replace(GOOD, told=()),
        replace(GOOD, told=({"state": "failed", "counts": {"succeeded": 2}},)),
        replace(GOOD, told=({"state": "succeeded", "counts": {"succeeded": 1}},)),
        replace(_failed(), alerts=0),
        replace(_failed(), failures=()),
        replace(GOOD, failures=("one",)),
    ],
    "the_digest_tells_the_same": [
        replace(GOOD, digest=None),
        replace(GOOD, digest={"state": "cancelled", "counts": {"succeeded": 2}}),
        replace(GOOD, digest={"state": "succeeded", "counts": {"succeeded": 1}}),
    ],
    "nobody_waits_in_vain": [
        replace(GOOD, watched=("one, attempt 1",)),
        replace(GOOD, stuck=(("one", "forgotten"),)),
        replace(GOOD, stuck=(("one", "start-hangs"),)),
    ],
    "nothing_is_given_up": [replace(GOOD, dead=("an event",))],
}


@pytest.mark.parametrize(
    ("invariant", "lie"),
    [pytest.param(name, lie, id=f"{name}-{n}") for name, lies in LIES.items() for n, lie in enumerate(lies, 1)],
)
def test_every_lie_is_found_out(invariant: str, lie: Seen):
    """What was doctored is said by the invariant that is about it."""
    assert invariant in {line.split(": ")[1] for line in invariants.broken(lie, ALL)}


def test_every_invariant_can_break():
    """None of them is there for show."""
    assert set(LIES) == {invariant.__qualname__.partition(".")[0] for invariant in ALL}
