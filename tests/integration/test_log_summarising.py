"""summarise_logs on moto: which stream of which job, what is written, what is left alone."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.stack import ROOT

from headrace.aws import ledger, ledger_runs, log_summarising, run_folder
from headrace.aws.log_summarising import Summariser
from headrace.aws.settings import SummariseLogsSettings
from headrace.aws.table import Table
from headrace.core import names, run_facts, summary_record
from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.records import AttemptRecord, Epoch, RunRecord, utc

TASK = "call[sample=a,chrom=chr1]"
EPOCH = Epoch("variants-0a1b2c3d4e5f", 1)
GROUP = "/headrace/headrace/jobs"
STREAM = "headrace/default/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
NOW = "2026-03-02T09:08:25.000Z"
PREFIX = "s3://headrace-bucket-1a2b3c/work/default/3f/" + "3f" * 32 + "/"
FOLDER = run_facts.folder("mine", EPOCH.run, EPOCH.number)
PLACE = run_folder.log_summary(FOLDER, names.task_hash(TASK), 1)
LOG = ["headrace: start j.1", "reading", "ValueError: bad sheet", "headrace: script, exit code 7"]


def plenty() -> int:
    """Time enough."""
    return 100_000


def payload(name: str) -> dict[str, Any]:
    """One of events/summarise_logs, its job named after the task here."""
    told: dict[str, Any] = json.loads((ROOT / f"events/summarise_logs/{name}.json").read_text())
    if "detail" in told:
        told["detail"]["jobName"] = names.job_name(EPOCH.run, EPOCH.number, TASK, 1)
    return told


@pytest.fixture
def written(aws: Any) -> Callable[..., None]:
    """Puts lines into a stream of a group, making both."""
    logs = aws("logs")

    def write(lines: list[str], stream: str = STREAM, group: str = GROUP) -> None:
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
        if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return write


@pytest.fixture
def summariser(ledger_table: Table, s3: Any) -> Summariser:
    """On a ledger with the run of the payloads, and the plan of its task's first attempt."""
    ledger_runs.begin_run(ledger_table, RunRecord(EPOCH, "arn:execution", "2026-03-02T09:00:00.000Z"))
    plan = {
        "task": TASK,
        "process": "call",
        "keys": {},
        "hash": "3f" * 32,
        "prefix": PREFIX,
        "parts": {},
        "outputs": {},
        "attempt": {"n": 1},
        "memory_mib": 1024,
        "time_s": None,
    }
    key = run_folder.attempt_plan(FOLDER, names.task_hash(TASK), 1).removeprefix("s3://mine/")
    s3.put_object(Bucket="mine", Key=key, Body=json.dumps(plan).encode())
    pauses: list[float] = []
    settings = SummariseLogsSettings("headrace", "mine", "ledger", "default", GROUP)
    return Summariser(settings, ledger_table, pause=pauses.append)


def kept(s3: Any) -> dict[str, Any] | None:
    """The summary in the bucket."""
    found = s3.list_objects_v2(Bucket="mine", Prefix=PLACE.removeprefix("s3://mine/")).get("Contents", [])
    if not found:
        return None
    told: dict[str, Any] = json.loads(s3.get_object(Bucket="mine", Key=found[0]["Key"])["Body"].read())
    return told


@pytest.mark.parametrize(("name", "job"), [("job_failed", ""), ("containers_failed", ""), ("array_child_failed", ":3")])
def test_a_failed_jobs_log_is_summarised_beside_its_plan(
    s3: Any, summariser: Summariser, written: Callable[..., None], name: str, job: str
):
    """The stream of its last attempt, in either shape of a job, and of the child of an array."""
    written(LOG)
    written(["another container"], stream=STREAM.replace("default", "sidecar"))
    log_summarising.from_event(summariser, payload(name), NOW, plenty)
    found = kept(s3)
    assert found == {
        "run": EPOCH.run,
        "epoch": 1,
        "task": TASK,
        "n": 1,
        "at": NOW,
        "attempt": 1,
        "status": "FAILED",
        "exitCode": 7,
        "job": f"876da822-4198-45f2-a252-6cea32512ea8{job}",
        "logGroup": GROUP,
        "logStream": STREAM,
        "read": 4,
        "whole": True,
        "trace": "",
        "telling": "ValueError: bad sheet",
        "version": 1,
        "lines": ["ValueError: bad sheet", "-- the end of the log:", "reading"],
    }


def test_a_job_without_a_stream_has_its_reasons(s3: Any, summariser: Summariser):
    """It never began, and Batch says why."""
    log_summarising.from_event(summariser, payload("never_started"), NOW, plenty)
    found = kept(s3)
    assert found is not None
    assert found["lines"] == [
        "Batch: CannotPullContainerError: pull image manifest has been retried 1 time(s)",
        "no log: the job never began to run",
    ]
    assert (found["logStream"], found["attempt"]) == ("", 0)


def test_a_stream_that_is_not_there_is_said(s3: Any, summariser: Summariser):
    """Its name is known, and it holds nothing (any more)."""
    log_summarising.from_event(summariser, payload("job_failed"), NOW, plenty)
    found = kept(s3)
    assert found is not None
    assert found["lines"][0] == "Batch: Essential container in task exited"
    assert STREAM in found["lines"][1]


def test_a_summary_is_written_once(s3: Any, summariser: Summariser, written: Callable[..., None]):
    """A second event, and somebody who asks, find the first one."""
    written(LOG)
    log_summarising.from_event(summariser, payload("job_failed"), NOW, plenty)
    first = kept(s3)
    written(["ValueError: another"])
    log_summarising.from_event(summariser, payload("job_failed"), utc("2026-03-02T10:00:00Z"), plenty)
    assert kept(s3) == first
    ledger.put_attempt(summariser.table, EPOCH, AttemptRecord(TASK, 1, NOW))
    request = {"run": EPOCH.run, "epoch": 1, "task": TASK, "n": 1}
    assert log_summarising.of_attempt(summariser, request, NOW, plenty) == first


@pytest.mark.parametrize(
    "change",
    [
        {"status": "SUCCEEDED"},
        {"jobName": "nightly"},
        {"statusReason": "headrace cancel: the run drains since call failed"},
        {"arrayProperties": {"size": 10, "statusSummary": {"FAILED": 2}}},
        {"jobName": names.job_name("another-run", 1, TASK, 1)},
        {"jobName": names.job_name(EPOCH.run, 2, TASK, 1)},
        {"jobName": names.job_name(EPOCH.run, 1, "nobody", 1)},
        {"container": {"command": ["/bin/sh", "-c", "j=s3://other-stack/work/x/j/r.1.1/"]}},
    ],
)
def test_what_is_not_ours_or_no_failure_is_left_alone(
    s3: Any, summariser: Summariser, written: Callable[..., None], change: dict[str, Any]
):
    """Jobs of other stacks in a shared queue, also under the name of a run of ours; those we ended; an array's parent."""
    written(LOG)
    told = payload("job_failed")
    told["detail"] |= change
    log_summarising.from_event(summariser, told, NOW, plenty)
    assert kept(s3) is None


def test_lines_that_come_late_are_waited_for(s3: Any, summariser: Summariser, written: Callable[..., None]):
    """A container's last lines reach the stream after its end: without the bootstrap's last one it is looked at again, twice."""
    written(LOG[:2])
    waits: list[float] = []

    def arrive(seconds: float) -> None:
        waits.append(seconds)
        written(LOG[2:])

    late = Summariser(summariser.settings, summariser.table, pause=arrive)
    told = payload("job_failed")
    ended = told["detail"]["stoppedAt"]
    just_now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(ended / 1000 + 2))
    log_summarising.from_event(late, told, just_now, plenty)
    found = kept(s3)
    assert found is not None
    assert found["telling"] == "ValueError: bad sheet"
    assert waits == [2.0]


def test_an_old_log_without_a_last_line_is_not_waited_for(summariser: Summariser, written: Callable[..., None]):
    """A job that was killed an hour ago has said what it had to."""
    written(LOG[:2])

    def never(_: float) -> None:
        raise AssertionError

    patient = Summariser(summariser.settings, summariser.table, pause=never)
    log_summarising.from_event(patient, payload("job_failed"), utc("2026-03-02T10:08:25Z"), plenty)


def test_an_attempt_whose_job_is_forgotten_is_read_by_its_record(
    s3: Any, aws: Any, summariser: Summariser, written: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    """Batch keeps jobs for days, the ledger the stream and its group for good."""
    monkeypatch.setattr("headrace.aws.log_summarising.jobs.describe_jobs", lambda *_: {})
    written(LOG, group="/mine/own")
    record = AttemptRecord(TASK, 1, NOW, job="gone", failure="exit", cause="exit code 7", exit_code=7)
    ledger.put_attempt(summariser.table, EPOCH, record)
    ledger.note_attempt(
        summariser.table,
        EPOCH,
        AttemptRecord(TASK, 1, NOW, log=STREAM, log_group="/mine/own", ended=NOW, failure="exit"),
    )
    told = log_summarising.of_attempt(summariser, {"run": EPOCH.run, "epoch": 1, "task": TASK, "n": 1}, NOW, plenty)
    assert (told["logGroup"], told["telling"], told["exitCode"]) == ("/mine/own", "ValueError: bad sheet", 7)
    assert told["lines"][0] == "exit code 7"
    assert kept(s3) == told


def test_a_running_attempt_is_summarised_and_not_written(
    s3: Any, summariser: Summariser, written: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    """It is not over: the next look says more."""
    detail = {
        "jobId": "j",
        "status": "RUNNING",
        "container": {"logStreamName": STREAM, "logConfiguration": {"options": {"awslogs-group": GROUP}}},
    }
    monkeypatch.setattr("headrace.aws.log_summarising.jobs.describe_jobs", lambda *_: {"j": detail})
    written(["step 1 of 9", "warning: slow"])
    ledger.put_attempt(summariser.table, EPOCH, AttemptRecord(TASK, 1, NOW, job="j"))
    request = {"run": EPOCH.run, "epoch": 1, "task": TASK, "n": 1}
    told = log_summarising.of_attempt(summariser, request, NOW, plenty)
    assert (told["status"], told["lines"]) == ("RUNNING", ["step 1 of 9", "warning: slow"])
    assert kept(s3) is None
    detail["container"] = {}
    detail["status"] = "RUNNABLE"
    assert log_summarising.of_attempt(summariser, request, NOW, plenty)["lines"] == ["no log yet: the job is RUNNABLE"]


def test_an_array_is_read_by_its_first_failed_child(summariser: Summariser, monkeypatch: pytest.MonkeyPatch):
    """The parent has no stream."""
    details = {
        "j": {"jobId": "j", "status": "FAILED", "arrayProperties": {"size": 3, "statusSummary": {"FAILED": 1}}},
        "j:2": {"jobId": "j:2", "status": "FAILED", "container": {"exitCode": 3, "reason": "bad disk"}},
    }
    monkeypatch.setattr("headrace.aws.log_summarising.jobs.describe_jobs", lambda _, ids: {ids[0]: details[ids[0]]})
    monkeypatch.setattr("headrace.aws.log_summarising.jobs.failed_child", lambda *_: "j:2")
    ledger.put_attempt(summariser.table, EPOCH, AttemptRecord(TASK, 1, NOW, job="j"))
    told = log_summarising.of_attempt(summariser, {"run": EPOCH.run, "epoch": 1, "task": TASK, "n": 1}, NOW, plenty)
    assert (told["job"], told["exitCode"], told["lines"][0]) == ("j:2", 3, "Batch: bad disk")


def test_an_attempt_that_is_none_is_refused(summariser: Summariser):
    """By its name."""
    with pytest.raises((InvalidValue, InvalidSpec), match="has no attempt 1"):
        log_summarising.of_attempt(summariser, payload("by_hand"), NOW, plenty)


def test_a_record_reads_back(s3: Any, summariser: Summariser, written: Callable[..., None]):
    """What conclude_run and the command read is what was written."""
    written(LOG)
    log_summarising.from_event(summariser, payload("job_failed"), NOW, plenty)
    found = kept(s3)
    assert found is not None
    assert summary_record.to_json(summary_record.from_json(found)) == found
