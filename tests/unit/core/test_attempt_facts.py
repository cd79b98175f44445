"""What is known of one attempt, read once."""

import json

from headrace.core.attempt_facts import AttemptFacts, Manifest, read, read_manifest


def test_a_manifest_of_another_shape_is_none() -> None:
    """What is no manifest proves nothing."""
    assert read_manifest({"stage": 3}) is None
    assert read_manifest([]) is None
    assert read_manifest({"stage": "done", "exitCode": True, "missing": "x"}) == Manifest("done", None)


def test_the_detail_given_is_stronger_than_the_cause() -> None:
    """A job that was looked up is newer than what Step Functions said of it."""
    cause = json.dumps({"JobId": "old", "StatusReason": "x"})
    known = read(AttemptFacts(job={"jobId": "new", "status": "FAILED"}, error="States.TaskFailed", cause=cause))
    assert known.job is not None
    assert known.job.job_id == "new"


def test_the_scripts_exit_code_is_the_manifests() -> None:
    """The bootstrap may end otherwise than the script did; the script is what failed."""
    job = {"jobId": "j", "status": "FAILED", "attempts": [{"container": {"exitCode": 1}}]}
    assert read(AttemptFacts(job=job, manifest={"stage": "script", "exitCode": 42})).exit_code == 42
    assert read(AttemptFacts(job=job, manifest={"stage": "stage-out", "exitCode": 0})).exit_code == 1
    assert read(AttemptFacts(job=job)).exit_code == 1
    assert read(AttemptFacts()).exit_code is None


def test_a_mark_in_the_log_proves_that_the_command_began() -> None:
    """Whatever the caller believes; without a mark the caller's word stands."""
    assert read(AttemptFacts(log=("headrace: begin",), started=False)).started is True
    assert read(AttemptFacts(log=("else",), started=False)).started is False
    assert read(AttemptFacts(log=("else",))).started is None
