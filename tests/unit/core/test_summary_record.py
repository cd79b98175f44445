"""What stays of a failed attempt's log."""

import json

from hypothesis import given
from hypothesis import strategies as st

from headrace.core import batch_detail
from headrace.core.log_lines import size
from headrace.core.log_summary import LIMIT
from headrace.core.records import AttemptRecord, Epoch
from headrace.core.summary_record import LogSummary, from_json, summary_record, to_json

EPOCH = Epoch("demo-1", 2)
AT = "2026-01-01T00:00:00.000Z"
ATTEMPT = AttemptRecord(
    "call[s=a]", 3, AT, job="j", log="x/default/1", log_group="/own", cause="exit code 7", exit_code=7
)
JOB = batch_detail.read(
    {
        "jobId": "j",
        "status": "FAILED",
        "statusReason": "Essential container in task exited",
        "jobDefinition": "arn:aws:batch:eu-west-1:1:job-definition/hr-x:1",
        "attempts": [
            {"statusReason": "Host EC2 (instance i-1) terminated.", "container": {}},
            {
                "statusReason": "Essential container in task exited",
                "container": {"exitCode": 7, "logStreamName": "s/2"},
            },
        ],
    }
)


def test_a_job_gives_the_stream_of_its_last_attempt_and_the_reasons_of_all() -> None:
    """Batch tried twice: the first lost its host."""
    found = summary_record(EPOCH, ATTEMPT, JOB, ("one", "Error: bad"), at=AT, own_group="/jobs")
    assert (found.task, found.n, found.attempt, found.exit_code) == ("call[s=a]", 3, 2, 7)
    assert (found.log_group, found.log_stream, found.read) == ("/jobs", "s/2", 2)
    assert found.lines[:2] == ("Batch: attempt 1: Host EC2 (instance i-1) terminated.", "Error: bad")
    assert found.telling == "Error: bad"


def test_a_job_that_batch_forgot_is_known_by_its_record() -> None:
    """Its cause, its stream, its group."""
    found = summary_record(EPOCH, ATTEMPT, None, (), at=AT, own_group="/jobs", missing="no log: gone")
    assert (found.job, found.attempt, found.status, found.exit_code) == ("j", 0, "", 7)
    assert (found.log_group, found.log_stream) == ("/own", "x/default/1")
    assert found.lines == ("exit code 7", "no log: gone")


def test_a_record_reads_back_and_a_later_versions_keys_are_passed_over() -> None:
    """Keys are camelCase; the version is there."""
    found = summary_record(EPOCH, ATTEMPT, JOB, ("Error: bad",), at=AT, own_group="/jobs")
    told = json.loads(json.dumps(to_json(found)))
    assert (told["version"], told["exitCode"], told["logStream"]) == (1, 7, "s/2")
    assert from_json(told) == found
    assert from_json({**told, "version": 2, "cost": 3.0}).version == 2
    least = {"run": "r", "epoch": 1, "task": "t", "n": 1, "at": AT}
    assert from_json(least) == LogSummary(**least)


@given(st.lists(st.text(max_size=400), max_size=40), st.text(max_size=2_000), st.text(max_size=2_000))
def test_a_record_is_bounded(log: list[str], cause: str, missing: str) -> None:
    """Its lines are 4 KiB at most, whatever is given, and it can be written."""
    attempt = AttemptRecord("t", 1, AT, cause=cause)
    for job in (JOB, None):
        found = summary_record(EPOCH, attempt, job, log, at=AT, own_group="/jobs", missing=missing)
        assert size(found.lines) <= LIMIT
        json.dumps(to_json(found), ensure_ascii=False).encode("utf-8", "replace")
