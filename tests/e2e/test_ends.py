"""Stopping a run, going on with it, changing it: epochs, the sweep, the cache, two stacks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.live_stack import ROOT, Ended, LiveStack, count, until
from tests.support.stack import TEMPLATES

from headrace.aws import ledger
from headrace.aws.step_functions import describe
from headrace.aws.table import get, update
from headrace.core import ledger_keys, names
from headrace.core.records import Epoch
from headrace_local import deploy

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


def _chain(folder: Path, mark: str) -> dict[str, Any]:
    """Two tasks done at once, a third that waits for a file, a fourth behind it."""
    return {
        "name": "chain",
        "defaults": {"container": IMAGE},
        "processes": {
            "part": {
                "each": {"n": [1, 2]},
                "outputs": {"o": "${{ n }}.txt"},
                "script": f"echo {mark} ${{{{ n }}}} > ${{{{ outputs.o }}}}",
            },
            "hold": {
                "inputs": {"parts": "${{ part.o }}"},
                "outputs": {"o": "held.txt"},
                "script": f"until [ -e '{folder}/go' ]; do sleep 0.1; done; cat ${{{{ parts }}}} > held.txt",
            },
            "last": {
                "inputs": {"o": "${{ hold.o }}"},
                "outputs": {"o": "last.txt"},
                "script": "cp ${{ o }} last.txt",
                "publishDir": ".",
            },
        },
    }


def _abort(live: LiveStack, epoch: Epoch) -> Ended:
    """Stop a run's execution while `hold` runs."""
    live.until_record(epoch, "part[n=1]")
    live.until_record(epoch, "part[n=2]")
    live.until_running(epoch)
    live.client("stepfunctions").stop_execution(executionArn=live.execution(epoch)["executionArn"], cause="enough")
    return live.ended(epoch)


def _swept(live: LiveStack, ended: Ended) -> None:
    def concluded() -> bool:
        live.conclude()
        return ended.epoch not in live.open_runs()

    until(concluded, what="the sweep to conclude it")


@pytest.fixture(scope="module")
def aborted(live: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """A run that was aborted while a job ran, and the folder whose file `go` lets that job end next time."""
    folder = tmp_path_factory.mktemp("aborted")
    ended = _abort(live, live.drop("aborted.json", _chain(folder, "aborted"), "chain"))
    return ended, folder


def test_resume_is_refused_while_it_runs(live: LiveStack, tmp_path: Path):
    """A run that goes on cannot be resumed: the answer names it, by upload and by hand, and it is not disturbed."""
    epoch = live.drop("busy.json", _chain(tmp_path, "busy"), "chain")
    live.until_running(epoch)
    live.put("launch/resume-busy.json", {"resume": epoch.run})
    report = until(lambda: live.keys("errors/launch/resume-busy.json.txt"))
    assert f"run {epoch.run}, epoch 1 is running" in live.text(report[0])
    refused = live.ended(live.start({"resume": epoch.run}))
    assert (refused.status, refused.error) == ("FAILED", "Refused")
    assert f"run {epoch.run}, epoch 1 is running" in refused.cause
    (tmp_path / "go").touch()
    assert live.ended(epoch).status == "SUCCEEDED"


def test_an_aborted_run_ends_cancelled(live: LiveStack, aborted: tuple[Ended, Path]):
    """The schedule ends what an abort leaves: no live job, a final state, tasks without record counted as cancelled."""
    ended, _ = aborted
    assert ended.status == "ABORTED"
    _swept(live, ended)
    record = ended.record
    assert (record.state, record.tasks) == ("cancelled", {"succeeded": 2, "cancelled": 2})
    assert {job["status"] for job in ended.jobs()} == {"SUCCEEDED", "FAILED"}
    assert ended.digest()["state"] == "cancelled"
    assert [detail["state"] for detail in until(lambda: live.events(ended.epoch.run))] == ["cancelled"]
    assert len(live.alerts(ended.epoch.run)) == 1
    live.conclude()
    assert len(live.alerts(ended.epoch.run)) == 1


def test_resume_runs_only_what_is_missing(live: LiveStack, aborted: tuple[Ended, Path]):
    """`resume` starts epoch 2 of the run: what was done settles as cached, only the rest is submitted.

    Of two that ask at the same moment one begins it, and the other is told which.
    """
    ended, folder = aborted
    _swept(live, ended)
    live.fault(kind="event", detailType="Object Created", fault="duplicate")
    for name in ("one", "two"):
        live.put(f"launch/resume-aborted-{name}.json", {"resume": ended.epoch.run})
    [report] = until(lambda: live.keys("errors/launch/resume-aborted-"))
    other = "two" if "-one.json" in report else "one"
    assert re.search(f"resume-aborted-{other}.json since|epoch 2 is running", live.text(report))
    (folder / "go").touch()
    again = live.ended(until(lambda: (e := Epoch(ended.epoch.run, 2)) and live.execution(e) and e))
    assert again.status == "SUCCEEDED", again.cause
    assert again.statuses() == {
        "part[n=1]": "cached",
        "part[n=2]": "cached",
        "hold": "succeeded",
        "last": "succeeded",
    }
    assert again.results() == {"last.txt": "aborted 1\naborted 2\n"}
    assert len(again.jobs()) == 2
    assert ended.record.state == "cancelled"
    assert live.keys("errors/launch/resume-aborted-") == [report]
    assert [name for name in live.executions() if name.startswith(ended.epoch.run)] == [
        f"{ended.epoch.run}-1",
        f"{ended.epoch.run}-2",
    ]


def test_a_failed_run_is_resumed_by_hand_with_another_spec(live: LiveStack):
    """Epoch 2 may have another pipeline: what the change does not reach is cached, the rest runs, results are published."""

    def spec(script: str) -> dict[str, Any]:
        return {
            "name": "mend",
            "defaults": {"container": IMAGE},
            "processes": {
                "make": {"outputs": {"o": "o.txt"}, "script": "echo mended > o.txt", "publishDir": "."},
                "use": {"inputs": {"o": "${{ make.o }}"}, "outputs": {"p": "p.txt"}, "script": script},
            },
        }

    first = live.run(spec("exit 1"))
    assert first.statuses() == {"make": "succeeded", "use": "failed"}
    live.start({"resume": first.epoch.run, "pipeline": spec("cp ${{ o }} p.txt")}, name=f"{first.epoch.run}-2")
    again = live.ended(Epoch(first.epoch.run, 2))
    assert again.status == "SUCCEEDED", again.cause
    assert again.statuses() == {"make": "cached", "use": "succeeded"}
    assert again.results() == {"o.txt": "mended\n"}
    assert first.record.state == "failed"


def test_a_job_that_comes_too_late(live: LiveStack, tmp_path: Path):
    """A job submitted after its run began to drain is ended by the schedule, not waited for."""
    spec = {
        "name": "late",
        "defaults": {"container": IMAGE},
        "processes": {
            "boom": {"script": f"until [ -e '{tmp_path}/boom' ]; do sleep 0.1; done; exit 3"},
            "gate": {"outputs": {"o": "o"}, "script": f"until [ -e '{tmp_path}/gate' ]; do sleep 0.1; done; touch o"},
            "late": {"inputs": {"o": "${{ gate.o }}"}, "script": "sleep 3000; cat ${{ o }}"},
        },
    }
    epoch = live.begin(spec)
    live.until_running(epoch, 2)
    live.fault(kind="api", operation="batch:SubmitJob", fault="throttle", times=4)
    (tmp_path / "gate").touch()
    until(lambda: live.cloud.ask("GET", "/faults")[-1]["struck"], what="the submission of `late` to be throttled")
    (tmp_path / "boom").touch()
    live.until_record(epoch, "boom")
    until(lambda: len(live.jobs(names.job_prefix(epoch.run, 1))) == 3, what="the late job")

    def over() -> bool:
        live.conclude()
        return live.execution(epoch)["status"] != "RUNNING"

    until(over, what="the sweep to end the late job")
    ended = live.ended(epoch)
    assert ended.error == "TaskFailed"
    assert ended.statuses() == {"boom": "failed", "gate": "succeeded"}
    assert ended.record.tasks == {"failed": 1, "succeeded": 1, "cancelled": 1}


def test_a_lost_release_costs_one_time_out(live: LiveStack, tmp_path: Path, request: pytest.FixtureRequest):
    """A gate nobody opens is looked at again at its time-out (an hour; three seconds in this stack), with a fresh token."""
    for name in ("functions", "layers", *TEMPLATES):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "statemachines").mkdir()
    for path in (ROOT / "statemachines").glob("*.yaml"):
        changed = path.read_text().replace("TimeoutSeconds: 3600", "TimeoutSeconds: 3")
        (tmp_path / "statemachines" / path.name).write_text(changed)
    outputs = deploy(live.cloud.endpoint, tmp_path / "template.yaml", "hasty", {})
    hasty = LiveStack(live.cloud, "hasty", outputs)
    request.addfinalizer(hasty.delete)
    epoch = hasty.begin(_chain(tmp_path, "hasty"))
    hasty.until_running(epoch)
    waiting = ledger_keys.last_waiter(epoch, "last")
    until(lambda: get(hasty.table, waiting), what="`last` to wait")

    def refreshed() -> bool:
        """Whether a later try has put a fresh token in the place of a spoilt one."""
        item = get(hasty.table, waiting)
        return bool(item and item["tries"]["N"] != "0")

    for key in (waiting, ledger_keys.waiter(epoch, "hold", 1, "last")):
        update(hasty.table, key, "SET #token = :none", "attribute_exists(#pk)", {":none": "nobody"})
    until(refreshed, what="a second try with a fresh token")
    (tmp_path / "go").touch()
    ended = hasty.ended(epoch)
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.statuses()["last"] == "succeeded"


def test_two_stacks_side_by_side(live: LiveStack, tmp_path: Path, request: pytest.FixtureRequest):
    """Two stacks in one account have nothing to do with each other: the same file runs once in each."""
    other = LiveStack(live.cloud, "other", deploy(live.cloud.endpoint, ROOT / "template.yaml", "other", {}))
    request.addfinalizer(other.delete)
    assert set(other.outputs.values()) & set(live.outputs.values()) == {live.outputs["Version"]}
    (tmp_path / "go").touch()
    spec = _chain(tmp_path, "twin")
    epochs = {stack.name: (stack, stack.drop("twin.json", spec, "chain")) for stack in (live, other)}
    for stack, epoch in epochs.values():
        ended = stack.ended(epoch)
        assert ended.status == "SUCCEEDED", ended.cause
        assert count(ended.statuses().values()) == {"succeeded": 4}
    assert live.execution(epochs["other"][1]) is None


def test_what_was_moved_is_let_go_at_the_end_and_brought_back_for_the_next(live: LiveStack):
    """A run that publishes by moving marks the work copy once it has succeeded; another pipeline that finds the work has one without a mark."""
    made = {"container": IMAGE, "outputs": {"o": "o.txt"}, "script": "echo moved > o.txt"}
    moving = {**made, "publishDir": {"path": ".", "mode": "move"}}
    first = live.run({"name": "moving", "processes": {"make": moving}, "outputs": {"o": "${{ make.o }}"}})
    work = str(first.tasks()["make"].outputs).removeprefix(f"s3://{live.bucket}/").removesuffix("outputs.json")
    (file,) = (key for key in live.keys(work) if key.endswith("/o.txt"))

    def marked() -> bool:
        return bool(live.client("s3").get_object_tagging(Bucket=live.bucket, Key=file)["TagSet"])

    assert first.results() == {"o.txt": "moved\n"}
    assert marked()
    second = live.run({"name": "reading", "processes": {"make": made}, "outputs": {"o": "${{ make.o }}"}})
    assert second.statuses() == {"make": "cached"}
    assert not marked()
    assert second.result("o") == "moved\n"


@pytest.mark.parametrize("stopped", [("*run-scope",), ("*run-scope", "*run-pipeline")], ids=["scope", "both"])
def test_a_scope_that_has_not_planned_yet_is_waited_for(live: LiveStack, tmp_path: Path, stopped: tuple[str, ...]):
    """Everything around it is stopped, and AWS did not get to stop it too: its tasks are counted, and nothing goes on after the end."""
    spec = {
        "name": "slow-plan",
        "defaults": {"container": IMAGE},
        "processes": {
            "split": {
                "outputs": {"parts": {"path": "p*"}},
                "script": f"until [ -e '{tmp_path}/go' ]; do sleep 0.1; done; touch p1 p2",
            },
            "use": {"each": [{"part": "${{ split.parts }}"}], "outputs": {"o": "o"}, "script": "sleep 300 > o"},
        },
    }
    epoch = live.begin(spec)
    live.until_running(epoch)
    live.fault(kind="api", caller="lambda:*plan-scope", operation="s3:PutObject", fault="slow", seconds=4)
    (tmp_path / "go").touch()
    (nested,) = until(lambda: ledger.scope_executions(live.table, epoch))
    sfn = live.client("stepfunctions")
    until(lambda: describe(sfn, nested))
    for machine in stopped:
        live.fault(kind="execution", machine=machine, fault="abandon")
    live.start({"pipeline": {}})  # somebody makes a transition
    ended = live.ended(epoch)
    assert ended.status == ("ABORTED" if "*run-pipeline" in stopped else "FAILED")
    _swept(live, ended)
    assert ended.record.tasks == {"succeeded": 1, "cancelled": 2}
    assert [describe(sfn, nested).status, {job["status"] for job in ended.jobs()}] == ["SUCCEEDED", {"SUCCEEDED"}]


MANY = """
name: {name}
defaults: {{container: any}}
processes:
  many:
    outputs: {{files: 'made/*', word: w.txt}}
    script: mkdir made; for n in $(seq 1 {count}); do echo $n > made/a-name-of-some-length-$n.txt; done; echo {name} > w.txt
  use:
    inputs: {{files: "${{{{ many.files }}}}", word: "${{{{ many.word }}}}"}}
    outputs: {{o: o.txt}}
    script: cat ${{{{ files }}}} ${{{{ word }}}} | wc -l > o.txt
outputs: {{o: "${{{{ use.o }}}}"}}
"""


@pytest.mark.parametrize("count", [3, 300])
def test_work_found_done_is_used_whole(live: LiveStack, count: int) -> None:
    """A result that travels in the state and one that is too long for it: found, recorded and given to who comes after alike."""
    spec = MANY.format(name=f"found{count}", count=count)
    first = live.run(spec)
    again = live.run(spec.replace("wc -l >", "cat >"))
    assert again.statuses() == {"many": "cached", "use": "succeeded"}
    assert (first.result("o"), len(again.result("o").splitlines())) == (f"{count + 1}\n", count + 1)
    assert again.tasks()["many"].outputs == first.tasks()["many"].outputs
