"""What goes wrong with a task, and what the run makes of it. All runs go at once; each test looks at its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.live_stack import Ended, LiveStack, until

from headrace.core import names
from headrace.core.records import Epoch

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


def pipeline(processes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A spec of these processes."""
    return {"name": "failing", "defaults": {"container": IMAGE}, "processes": processes, **more}


def _terminate(folder: Path) -> dict[str, Any]:
    # `slow` runs when `boom` fails: jobs of the local cloud are processes of this machine.
    return pipeline(
        {
            "boom": {
                "outputs": {"o": "o.txt"},
                "script": f"until [ -e '{folder}/slow' ]; do sleep 0.1; done; echo 'cannot open reads.fq' >&2; exit 7",
            },
            "slow": {"outputs": {"o": "o.txt"}, "script": f"touch '{folder}/slow'; sleep 300; touch o.txt"},
            "after": {
                "inputs": {"o": "${{ boom.o }}"},
                "outputs": {"p": "p.txt"},
                "script": "cp ${{ o }} p.txt",
                "publishDir": ".",
            },
            "last": {"inputs": {"p": "${{ after.p }}", "o": "${{ slow.o }}"}, "script": "cat ${{ p }} ${{ o }}"},
        }
    )


def _finish(folder: Path) -> dict[str, Any]:
    return pipeline(
        {
            "boom": {
                "errorStrategy": "finish",
                "script": f"until [ -e '{folder}/begun' ]; do sleep 0.1; done; exit 3",
            },
            "slow": {
                "outputs": {"o": "o.txt"},
                "script": f"touch '{folder}/begun'; until [ -e '{folder}/go' ]; do sleep 0.1; done; echo done > o.txt",
                "publishDir": ".",
            },
            "after": {"inputs": {"o": "${{ slow.o }}"}, "script": "cat ${{ o }}"},
        }
    )


def _stop(folder: Path) -> dict[str, Any]:
    # The task that stops the run ends while `slow` runs; a second epoch finds both done.
    return pipeline(
        {
            "count": {
                "outputs": {"n": {"json": "n.json", "at": "n"}},
                "script": f"until [ -e '{folder}/slowly' ]; do sleep 0.1; done; echo '{{\"n\": 0}}' > n.json",
                "stopWhen": "${{ outputs.n == 0 }}",
            },
            "slow": {
                "outputs": {"o": "o.txt"},
                "script": f"touch '{folder}/slowly'; until [ -e '{folder}/stop' ]; do sleep 0.1; done; echo done > o.txt",
                "publishDir": ".",
            },
            "plot": {"after": "count", "script": "true"},
            "last": {"inputs": {"o": "${{ slow.o }}"}, "script": "cat ${{ o }}"},
        }
    )


IGNORE = pipeline(
    {
        "part": {
            "each": {"n": [1, 2, 3]},
            "errorStrategy": "ignore",
            "maxErrors": 1,
            "outputs": {"o": "${{ n }}.txt"},
            "script": "if [ ${{ n }} = 2 ]; then exit 4; fi; echo ${{ n }} > ${{ outputs.o }}",
        },
        "all": {
            "inputs": {"parts": "${{ part.o }}"},
            "outputs": {"o": "all.txt"},
            "script": "cat ${{ parts }} > all.txt",
            "publishDir": ".",
        },
    }
)
TOO_MANY = pipeline(
    {
        "part": {
            "each": {"n": [1, 2, 3]},
            "errorStrategy": "ignore",
            "maxErrors": "50%",
            "script": "echo no reads for ${{ n }}; exit 4",
        },
        "all": {"after": ["part"], "script": "true"},
    }
)
RETRY = pipeline(
    {
        "flaky": {
            "errorStrategy": "retry",
            "maxRetries": 2,
            "outputs": {"o": "o.txt"},
            "script": "[ ${{ task.attempt }} = 3 ] || exit 9; echo attempt ${{ task.attempt }} > o.txt",
            "publishDir": ".",
        }
    }
)
GIVEN_UP = pipeline({"flaky": {"errorStrategy": "retry", "maxRetries": 1, "script": "exit 9"}})
NO_OUTPUT = pipeline(
    {"lazy": {"outputs": {"vcf": "calls.vcf"}, "script": "touch calls.vcg"}},
    outputs={"vcf": "${{ lazy.vcf }}"},
)
NO_INPUT = pipeline({"reader": {"inputs": {"x": "s3://BUCKET/inputs/nowhere.txt"}, "script": "cat ${{ x }}"}})
BAD_WHEN = pipeline(
    {
        "count": {"outputs": {"n": {"json": "n.json", "at": "n"}}, "script": """echo '{"n": 3}' > n.json"""},
        "some": {"when": "${{ count.n }}", "script": "true"},
    }
)
TWIN_KEYS = pipeline(
    {
        "list": {
            "outputs": {"names": {"json": "n.json", "at": "n"}},
            "script": """echo '{"n": ["a", "b", "a"]}' > n.json""",
        },
        "one": {"each": {"name": "${{ list.names }}"}, "outputs": {"o": "o.txt"}, "script": "touch o.txt"},
        "all": {
            "inputs": {"o": {"from": "${{ one.o }}", "stageAs": "${{ file.key.name }}.txt"}},
            "script": "ls ${{ o }}",
        },
    }
)
TWO_ON_ONE = pipeline(
    {
        "part": {
            "each": {"n": [1, 2]},
            "outputs": {"o": "same.txt"},
            "script": "echo ${{ n }} > same.txt",
            "publishDir": ".",
        }
    }
)
MEMORY = pipeline({"hungry": {"memory": "512 MB", "script": "echo $HEADRACE_ATTEMPT"}})
SPOT = pipeline(
    {
        "brief": {
            "outputs": {"o": "o.txt"},
            "script": "sleep 1; echo ${{ task.attempt }} > o.txt",
            "publishDir": ".",
        }
    }
)
NAMED = pipeline(
    {
        "busy": {
            "outputs": {"o": "o.txt"},
            "script": "[ ${{ task.attempt }} = 2 ] || { echo 'Checkout failed: no LICENCE left'; exit 1; }; touch o.txt",
        },
        "empty": {
            "errors": [{"name": "empty", "pattern": "no reads left", "action": "ignore"}],
            "outputs": {"o": "o.txt"},
            "script": "echo 'no reads left'; exit 1",
        },
        "old": {"after": ["busy", "empty"], "script": "echo 'index is of version 3' >&2; exit 1"},
    },
    errors=[
        {"name": "no licence", "pattern": "checkout*licence", "action": "retry"},
        {"name": "old index", "pattern": "index is of version", "hint": "index the reference again"},
    ],
)
BAD_MEMORY = pipeline(
    {
        "count": {"outputs": {"n": {"json": "n.json", "at": "n"}}, "script": """echo '{"n": 3}' > n.json"""},
        "some": {"memory": "${{ count.n }} GB", "cpus": "${{ count.n / 2 }}", "script": "true"},
    }
)


@pytest.fixture(scope="module")
def runs(live: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Every run of this page, ended."""
    folder = tmp_path_factory.mktemp("marks")
    no_input = pipeline({"reader": {**NO_INPUT["processes"]["reader"]}})
    no_input["processes"]["reader"]["inputs"] = {"x": f"s3://{live.bucket}/inputs/nowhere.txt"}
    live.fault(kind="batch", job="hr-fail-memory-*", fault="oom")
    live.fault(kind="batch", job="hr-fail-spot-*", fault="spot", afterSeconds=0.1)
    specs = {
        "terminate": _terminate(folder),
        "finish": _finish(folder),
        "stop": _stop(folder),
        "ignore": IGNORE,
        "too-many": TOO_MANY,
        "retry": RETRY,
        "given-up": GIVEN_UP,
        "no-output": NO_OUTPUT,
        "no-input": no_input,
        "bad-when": BAD_WHEN,
        "bad-memory": BAD_MEMORY,
        "twin-keys": TWIN_KEYS,
        "two-on-one": TWO_ON_ONE,
        "memory": MEMORY,
        "spot": SPOT,
        "named": NAMED,
    }
    begun = {name: live.start({"pipeline": spec}, name=f"fail-{name}") for name, spec in specs.items()}
    live.until_record(begun["finish"], "boom")
    (folder / "go").touch()
    live.until_record(begun["stop"], "count")
    (folder / "stop").touch()
    return {name: live.ended(epoch) for name, epoch in begun.items()}


Runs = dict[str, Ended]


def test_a_failed_task_ends_the_run(runs: Runs):
    """Exit code 7 fails the run with that cause; dependents have no record, the running job is ended, the ledger is final."""
    ended = runs["terminate"]
    assert (ended.status, ended.error) == ("FAILED", "TaskFailed")
    assert ended.cause.startswith("boom: ")
    assert "7" in ended.cause
    assert ended.statuses() == {"boom": "failed"}
    record = ended.record
    assert (record.state, record.tasks) == ("failed", {"failed": 1, "cancelled": 3})
    assert record.ended >= record.started
    assert {job["status"] for job in ended.jobs()} == {"FAILED"}
    assert len(ended.jobs()) == 2
    assert ended.results() == {}


def test_the_bus_hears_of_it_once(live: LiveStack, runs: Runs):
    """One `Task Failed` and one `Run State Change`, and one notification for a person."""
    ended = runs["terminate"]
    [task] = until(lambda: live.events(ended.epoch.run, "Task Failed"))
    assert (task["task"], task["exitCode"], task["failure"], task["ignored"]) == ("boom", 7, "exit", False)
    assert any("cannot open reads.fq" in line for line in task["evidence"])
    [run] = until(lambda: live.events(ended.epoch.run))
    assert (run["state"], run["alert"], run["counts"]) == ("failed", True, {"failed": 1, "cancelled": 3})
    [alert] = until(lambda: live.alerts(ended.epoch.run))
    assert "cannot open reads.fq" in alert
    assert "exit code 7" in alert


def test_the_digest_says_why(live: LiveStack, runs: Runs):
    """Cause, fix, the log's lines and the commands are in the digest, for programs and for people."""
    digest = runs["terminate"].digest()
    [group] = digest["groups"]
    assert (group["process"], group["failure"], group["exitCode"], group["count"]) == ("boom", "exit", 7, 1)
    assert any("cannot open reads.fq" in line for line in group["evidence"])
    assert group["logStream"]
    assert digest["cause"].startswith("boom: ")
    page = runs["terminate"].text("digest.md")
    assert "cannot open reads.fq" in page
    assert f'in ["{group["logStream"]}"' in digest["logs"]["query"]
    assert digest["logs"]["logGroups"] == [live.outputs["JobLogs"]]
    assert "#logsV2:logs-insights$3F" in page
    assert f"headrace resume {runs['terminate'].epoch.run}" in page


def test_what_matters_of_a_log_stays_with_the_run(live: LiveStack, runs: Runs):
    """The failed attempt's log is summarised beside its plan; a job that we ended for the run has none."""
    ended = runs["terminate"]
    place = f"runs/{ended.epoch.run}/{ended.epoch.number}/tasks/{names.task_hash('boom')}/1.log_summary.json"
    until(lambda: place in live.keys(place))
    told = json.loads(live.text(place))
    assert (told["task"], told["n"], told["status"], told["exitCode"]) == ("boom", 1, "FAILED", 7)
    assert (told["telling"], told["lines"][0]) == ("cannot open reads.fq", "cannot open reads.fq")
    assert (told["logStream"], told["whole"]) == (ended.digest()["groups"][0]["logStream"], True)
    assert live.keys(f"runs/{ended.epoch.run}/{ended.epoch.number}/tasks/{names.task_hash('slow')}/1.log_summary") == []


def test_finish_lets_running_jobs_end(runs: Runs):
    """With `errorStrategy: finish` what runs is brought to its end and published; what waits is cancelled."""
    ended = runs["finish"]
    assert (ended.status, ended.error) == ("FAILED", "TaskFailed")
    assert ended.statuses() == {"boom": "failed", "slow": "succeeded"}
    assert ended.record.tasks == {"failed": 1, "succeeded": 1, "cancelled": 1}
    assert ended.results() == {"o.txt": "done\n"}


def test_ignore_goes_on_with_the_survivors(live: LiveStack, runs: Runs):
    """With `errorStrategy: ignore` a gather takes what there is, and the failure is an event that says so."""
    ended = runs["ignore"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.statuses() == {
        "part[n=1]": "succeeded",
        "part[n=2]": "ignored",
        "part[n=3]": "succeeded",
        "all": "succeeded",
    }
    assert ended.results() == {"all.txt": "1\n3\n"}
    [task] = until(lambda: live.events(ended.epoch.run, "Task Failed"))
    assert (task["task"], task["ignored"], task["exitCode"]) == ("part[n=2]", True, 4)
    assert live.alerts(ended.epoch.run) == []
    digest = ended.digest()
    [group] = digest["ignoredGroups"]
    assert (digest["failed"], digest["ignored"], group["tasks"], group["exitCode"]) == (0, 1, ["part[n=2]"], 4)
    assert "## What failed and was ignored" in ended.text("digest.md")


def test_more_failures_than_max_errors_fail_the_run(runs: Runs):
    """Of three tasks half may fail: one is ignored, the next fails the run, which says what the bound was."""
    ended = runs["too-many"]
    assert (ended.status, ended.error) == ("FAILED", "TaskFailed")
    statuses = list(ended.statuses().values())
    assert statuses.count("ignored") == 1
    assert set(statuses) == {"ignored", "failed"}
    assert "maxErrors of 'part' allows 1 (50% of 3 tasks planned) failures, this is one more: " in ended.cause
    assert ended.cause.count("no reads for") == 1


def test_stop_when_ends_the_run_well(live: LiveStack, runs: Runs):
    """The run that stops itself is a good end: what runs ends and counts, what waits is cancelled, and everybody hears why."""
    ended = runs["stop"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert (ended.record.state, ended.statuses()) == ("stopped", {"count": "succeeded", "slow": "succeeded"})
    assert ended.record.tasks == {"succeeded": 2, "cancelled": 2}
    assert ended.record.cause == "count: stopWhen ${{ outputs.n == 0 }} is true"
    assert ended.results() == {"o.txt": "done\n"}
    [run] = until(lambda: live.events(ended.epoch.run))
    assert (run["state"], run["cause"]) == ("stopped", ended.record.cause)
    page = ended.text("digest.md")
    assert "epoch 1: stopped" in page
    assert "stopWhen" in page
    assert ended.epoch not in live.open_runs()


def test_a_stopped_run_goes_on_when_it_is_resumed(live: LiveStack, runs: Runs):
    """What stopped it is found done and stops it no more."""
    run = runs["stop"].epoch.run
    live.start({"resume": run}, name=f"{run}-2")
    again = live.ended(Epoch(run, 2))
    assert again.status == "SUCCEEDED", again.cause
    assert again.record.state == "succeeded"
    assert again.statuses() == {"count": "cached", "slow": "cached", "plot": "succeeded", "last": "succeeded"}


def test_retry_counts_attempts(runs: Runs):
    """`maxRetries: 2` gives a third attempt, which knows its number; every submission is on record."""
    ended = runs["retry"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.results() == {"o.txt": "attempt 3\n"}
    attempts = ended.attempts("flaky")
    assert [(attempt.n, attempt.exit_code) for attempt in attempts] == [(1, 9), (2, 9), (3, 0)]
    assert [attempt.failure for attempt in attempts] == ["exit", "exit", ""]
    assert all(attempt.ended >= attempt.at for attempt in attempts)
    assert ended.tasks()["flaky"].attempts == 3
    assert sorted(job["jobName"][-2:] for job in ended.jobs()) == ["-1", "-2", "-3"]


def test_retries_end(runs: Runs):
    """When the tries are used up the run fails, with as many submissions as allowed."""
    ended = runs["given-up"]
    assert ended.error == "TaskFailed"
    assert [attempt.exit_code for attempt in ended.attempts("flaky")] == [9, 9]
    assert ended.tasks()["flaky"].attempts == 2


def test_a_missing_output_is_named(runs: Runs):
    """Exit code 0 without the declared file is a failure that names the output."""
    ended = runs["no-output"]
    assert ended.error == "TaskFailed"
    record = ended.tasks()["lazy"]
    assert (record.status, record.failure) == ("failed", "missing-output")
    assert record.cause.endswith(": vcf")


def test_a_missing_input_is_named(runs: Runs):
    """An input that is not there fails the task before a job is made, and names the object."""
    ended = runs["no-input"]
    assert ended.error == "TaskFailed"
    assert "inputs/nowhere.txt" in ended.cause
    assert ended.jobs() == []


@pytest.mark.parametrize(
    ("name", "task", "said"),
    [
        ("bad-when", "some", "when"),
        ("bad-memory", "some", "cpus"),
        ("twin-keys", "~name", "name"),
        ("two-on-one", None, "same.txt"),
    ],
)
def test_what_is_wrong_only_at_run_time(runs: Runs, name: str, task: str | None, said: str):
    """A spec that turns out wrong with a task's values fails that task, which says where; the engine does not hang or crash."""
    ended = runs[name]
    assert (ended.status, ended.error) == ("FAILED", "TaskFailed")
    failed = [record for record in ended.tasks().values() if record.status == "failed"]
    assert [record.task for record in failed] == ([task] if task else [failed[0].task])
    assert said in failed[0].cause
    assert ended.record.state == "failed"
    [group] = ended.digest()["groups"]
    assert said in group["cause"]


def test_out_of_memory_gets_more(live: LiveStack, runs: Runs):
    """An attempt that was killed for its memory is followed by one with twice as much; it is not the task's own failure."""
    ended = runs["memory"]
    assert ended.status == "SUCCEEDED", ended.cause
    assert [attempt.failure for attempt in ended.attempts("hungry")] == ["out-of-memory", ""]
    jobs = sorted(ended.jobs(), key=lambda job: job["jobName"])
    described = live.client("batch").describe_jobs(jobs=[job["jobId"] for job in jobs])["jobs"]
    memory = {
        job["jobName"][-1]: need["value"]
        for job in described
        for need in job["container"]["resourceRequirements"]
        if need["type"] == "MEMORY"
    }
    assert memory == {"1": "512", "2": "1024"}


def test_a_lost_host_is_retried_inside_batch(live: LiveStack, runs: Runs):
    """A spot loss is Batch's own retry: one submission, two attempts of the job, and `task.attempt` stays 1."""
    ended = runs["spot"]
    assert ended.status == "SUCCEEDED", ended.cause
    [job] = ended.jobs()
    [told] = live.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    assert len(told["attempts"]) == 2
    assert [attempt.n for attempt in ended.attempts("brief")] == [1]
    assert ended.results() == {"o.txt": "1\n"}


def test_failures_have_the_names_the_spec_gives_them(live: LiveStack, runs: Runs):
    """A named failure is tried again or ignored as it says; name and hint are in ledger, digest and alert."""
    ended = runs["named"]
    assert ended.statuses() == {"busy": "succeeded", "empty": "ignored", "old": "failed"}
    assert [attempt.failure for attempt in ended.attempts("busy")] == ["exit", ""]
    assert ended.tasks()["old"].cause == "old index: index is of version 3"
    [group] = ended.digest()["groups"]
    assert (group["named"], group["fix"]) == ("old index", "index the reference again")
    assert "known as `old index`" in ended.text("digest.md")
    [alert] = until(lambda: live.alerts(ended.epoch.run))
    assert "index the reference again" in alert


@pytest.mark.parametrize("name", ["terminate", "finish", "given-up", "no-output", "no-input", "twin-keys"])
def test_nothing_is_left_behind(live: LiveStack, runs: Runs, name: str):
    """No job of a failed run lives, and the run is off the list of open ones."""
    ended = runs[name]
    assert {job["status"] for job in ended.jobs()} <= {"SUCCEEDED", "FAILED"}
    assert ended.epoch not in live.open_runs()
