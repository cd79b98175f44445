"""Attempts that die while they write, and attempts that go on while others have begun: one whole result comes of it, or none.

All runs go at once; each test looks at its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.live_stack import Ended, LiveStack, until

from headrace.core.names import task_hash

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"
HASH = task_hash("t")


def pipeline(script: str, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A spec of one task, `t`."""
    task = {"outputs": outputs, "script": script, "publishDir": ".", **more}
    return {"name": "dirty", "defaults": {"container": IMAGE}, "processes": {"t": task}}


# Each attempt leaves a file of its own behind, in its folder and in its output folder, and says what it found.
SEES = pipeline(
    "found=$(ls -A | grep -v '^.headrace$' || true); echo found: $found > found.txt; touch left-$AWS_BATCH_JOB_ATTEMPT.txt",
    {"found": "found.txt", "left": "left-*.txt"},
)
MANY = pipeline(
    "for n in 1 2 3 4 5 6; do echo $AWS_BATCH_JOB_ATTEMPT > $n.txt; done", {"files": "?.txt"}, maxSpotAttempts=2
)
NEVER_WHOLE = pipeline(
    "echo $AWS_BATCH_JOB_ATTEMPT > 1.txt; echo $AWS_BATCH_JOB_ATTEMPT > 2.txt",
    {"files": "?.txt"},
    maxSpotAttempts=2,
    retry={"host-lost": 0, "spot": 0},
)


def racing(folder: Path) -> dict[str, Any]:
    """The first attempt's host is lost; it ends when it is let, which is when the second has long been committed."""
    return pipeline(
        f"if [ $AWS_BATCH_JOB_ATTEMPT = 1 ]; then touch '{folder}/begun'; until [ -e '{folder}/go' ]; do sleep 0.1; done; fi\n"
        "echo $AWS_BATCH_JOB_ATTEMPT > o.txt",
        {"o": "o.txt"},
    )


def equal(folder: Path) -> dict[str, Any]:
    """Both of two runs are to be at it before one has done it."""
    return pipeline(
        f"touch '{folder}/at-it-'$HEADRACE_RUN_ID; until [ $(ls '{folder}'/at-it-* | wc -l) = 2 ]; do sleep 0.1; done\n"
        "echo $HEADRACE_RUN_ID > o.txt",
        {"o": "o.txt"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Jobs of the local cloud are processes of this machine."""
    return tmp_path_factory.mktemp("marks")


@pytest.fixture(scope="module")
def runs(live: LiveStack, folder: Path) -> dict[str, Ended]:
    """Every run of this page, ended."""
    torn = {"kind": "batch", "fault": "spot", "operation": "s3:PutObject", "call": 2, "when": "after"}
    live.fault(**torn, job=f"hr-dirty-sees-*-{HASH}-*")
    live.fault(**torn, job=f"hr-dirty-many-*-{HASH}-*")
    live.fault(**torn, job=f"hr-dirty-never-*-{HASH}-*", times=2)
    live.fault(kind="batch", fault="lost", job=f"hr-dirty-lost-*-{HASH}-*", times=2)
    live.fault(kind="batch", fault="race", job=f"hr-dirty-race-*-{HASH}-*", afterSeconds=1)
    begun = {
        name: live.start({"pipeline": spec}, name=f"dirty-{name}")
        for name, spec in {
            "sees": SEES,
            "many": MANY,
            "never": NEVER_WHOLE,
            "lost": {**MANY, "name": "lost"} | {"params": {}, "defaults": {"container": IMAGE, "env": {"LOST": "1"}}},
            "race": racing(folder),
            "equal-1": equal(folder),
            "equal-2": equal(folder),
        }.items()
    }
    return {name: live.ended(epoch) for name, epoch in begun.items()}


Runs = dict[str, Ended]


def committed(ended: Ended) -> dict[str, Any]:
    """outputs.json of its task."""
    return dict(json.loads(ended.stack.text(ended.tasks()["t"].outputs)))


def attempt_of(committed: dict[str, Any]) -> str:
    """Batch's number of the attempt whose files were committed."""
    return str(committed["prefix"]).removesuffix("/out/").rpartition(".")[2]


def left_by(ended: Ended, number: int) -> list[str]:
    """What an attempt of its only job wrote, by name."""
    [job] = ended.jobs()
    work = committed(ended)["prefix"].partition("/a/")[0] if ended.tasks()["t"].outputs else _work(ended)
    prefix = f"{work}/a/{job['jobId']}.{number}/".removeprefix(f"s3://{ended.stack.bucket}/")
    return [key.removeprefix(prefix) for key in ended.stack.keys(prefix)]


def _work(ended: Ended) -> str:
    plan = json.loads(ended.text(f"tasks/{HASH}/1.json"))
    return str(plan["prefix"]).rstrip("/")


def versions(ended: Ended) -> int:
    """How often outputs.json was written."""
    key = ended.tasks()["t"].outputs.removeprefix(f"s3://{ended.stack.bucket}/")
    found = ended.stack.client("s3").list_object_versions(Bucket=ended.stack.bucket, Prefix=key)
    return len(found["Versions"])


def test_an_attempt_sees_nothing_of_another(runs: Runs):
    """The second attempt begins in an empty folder, and what the first had stored is no output of it."""
    ended = runs["sees"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert "out/left-1.txt" in left_by(ended, 1) or "out/found.txt" in left_by(ended, 1)
    assert ended.results() == {"found.txt": "found:\n", "left-2.txt": ""}


def test_half_written_outputs_are_never_used(runs: Runs):
    """Killed between two of its uploads: what is there of the first attempt stays unused, to the last file."""
    ended = runs["many"]
    assert ended.status == "SUCCEEDED", ended.cause
    torn = left_by(ended, 1)
    assert 1 < len(torn) < 7
    assert "manifest.json" not in torn
    assert attempt_of(committed(ended)) == "2"
    assert ended.results() == {f"{n}.txt": "2\n" for n in range(1, 7)}


def test_files_without_a_manifest_are_no_result(runs: Runs):
    """All files of an attempt are stored, and its manifest is not: the task has failed, and nothing is published."""
    ended = runs["never"]
    assert ended.status == "FAILED"
    record = ended.tasks()["t"]
    assert (record.status, record.failure, record.outputs) == ("failed", "host-lost", "")
    assert left_by(ended, 1) == left_by(ended, 2) == ["out/1.txt", "out/2.txt"]
    assert ended.results() == {}


def test_a_whole_manifest_is_a_result_whatever_became_of_the_host(live: LiveStack, runs: Runs):
    """The job did all its work, Batch lost its host each time and calls it failed: the task has succeeded."""
    ended = runs["lost"]
    assert ended.status == "SUCCEEDED", ended.cause
    [job] = ended.jobs()
    assert job["status"] == "FAILED"
    assert ended.results() == {f"{n}.txt": "2\n" for n in range(1, 7)}


def test_of_two_attempts_that_race_one_is_committed(live: LiveStack, runs: Runs, folder: Path):
    """The first attempt stores all its files and its manifest after the second was committed, and changes nothing."""
    ended = runs["race"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert (folder / "begun").exists()
    assert "manifest.json" not in left_by(ended, 1)
    (folder / "go").touch()
    until(lambda: "manifest.json" in left_by(ended, 1), what="the first attempt to end")
    assert (attempt_of(committed(ended)), versions(ended)) == ("2", 1)
    assert ended.results() == {"o.txt": "2\n"}


def test_two_runs_at_the_same_work_have_one_result(runs: Runs):
    """Neither found it done, both did it: the second to be settled takes what the first had committed."""
    one, two = runs["equal-1"], runs["equal-2"]
    assert (one.status, two.status) == ("SUCCEEDED", "SUCCEEDED")
    assert [len(run.jobs()) for run in (one, two)] == [1, 1]
    assert one.tasks()["t"].outputs == two.tasks()["t"].outputs
    assert versions(one) == 1
    assert one.results() == two.results()
