"""Starting and ending local clouds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from headrace.core.errors import Refused
from headrace_local import find, home_of, reset, start, stop

from .conftest import client, until


def _group_of(text: str) -> list[int]:
    """Processes whose command line or environment names this cloud's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                seen = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in seen:
                found.append(int(entry.name))
    return found


def _busy(home: Path) -> None:
    """Give the cloud a job that would run for long."""
    cloud = find(home)
    assert cloud is not None
    batch = client(cloud.endpoint, "batch")
    batch.create_compute_environment(
        computeEnvironmentName="ce", type="MANAGED", computeResources={"type": "EC2", "maxvCpus": 4, "subnets": []}
    )
    batch.create_job_queue(
        jobQueueName="q", priority=1, computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ce"}]
    )
    batch.register_job_definition(
        jobDefinitionName="d", type="container", containerProperties={"image": "x", "command": ["sleep", "600"]}
    )
    job = batch.submit_job(jobName="long", jobQueue="q", jobDefinition="d")["jobId"]
    until(lambda: batch.describe_jobs(jobs=[job])["jobs"][0]["status"] == "RUNNING")
    until((home / "jobs").exists)


def test_a_cloud_is_found_by_those_who_come_later_and_leaves_nothing(tmp_path: Path) -> None:
    """Started once, however large, found again, ended with its jobs; a second stop has nothing to do."""
    first = start(tmp_path, vcpus=2.5, memory_mib=12_345_678)
    assert start(tmp_path) == first == find(tmp_path)
    _busy(tmp_path)
    assert stop(tmp_path) is True
    until(lambda: not _group_of(str(tmp_path)))
    assert find(tmp_path) is None
    assert stop(tmp_path) is False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_cloud_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the cloud, its jobs end with it."""
    cloud = start(tmp_path)
    _busy(tmp_path)
    os.kill(cloud.pid, number)
    until(lambda: not [pid for pid in _group_of(str(tmp_path)) if pid != cloud.pid])
    assert find(tmp_path) is None


def test_two_clouds_do_not_see_each_other(tmp_path: Path) -> None:
    """Each has its own port, folder and state."""
    one, two = start(tmp_path / "one"), start(tmp_path / "two")
    try:
        assert one.endpoint != two.endpoint
        client(one.endpoint, "s3").create_bucket(Bucket="only-one")
        assert client(two.endpoint, "s3").list_buckets()["Buckets"] == []
    finally:
        reset(one.home)
        reset(two.home)
    assert not one.home.exists()


def test_an_idle_cloud_ends_by_itself(tmp_path: Path) -> None:
    """Without calls and live work it ends after its idle time."""
    start(tmp_path, idle_s=1)
    until(lambda: find(tmp_path) is None and not _group_of(str(tmp_path)))


def test_a_cloud_does_not_outlive_a_starter_that_dies_half_way(tmp_path: Path) -> None:
    """The starter is killed before the cloud is up: the cloud ends too."""
    code = f"from pathlib import Path; from headrace_local import start; start(Path({str(tmp_path)!r}))"
    starter = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    until(lambda: [pid for pid in _group_of("headrace_local.server") if pid in _group_of(str(tmp_path))])
    starter.kill()
    starter.wait()
    until(lambda: not _group_of(f"--home\0{tmp_path}") or (find(tmp_path) and stop(tmp_path)))


def test_it_listens_on_the_loopback_only(tmp_path: Path) -> None:
    """The one listening socket of the cloud is 127.0.0.1's, whatever AWS_* says."""
    os.environ["AWS_ENDPOINT_URL"] = "http://192.0.2.1:1"
    try:
        cloud = start(tmp_path)
        assert cloud.endpoint.startswith("http://127.0.0.1:")
        session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
        assert session.client("sqs", endpoint_url=cloud.endpoint).list_queues().get("QueueUrls", []) == []
    finally:
        del os.environ["AWS_ENDPOINT_URL"]
        stop(tmp_path)


def test_the_folder_is_the_checkouts_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkouts have two folders; HEADRACE_LOCAL_HOME goes before."""
    monkeypatch.delenv("HEADRACE_LOCAL_HOME", raising=False)
    assert home_of(tmp_path / "a") != home_of(tmp_path / "b")
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(tmp_path))
    assert home_of(tmp_path / "a") == tmp_path


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The end of its log is in the message."""
    with pytest.raises(Refused, match="did not start"):
        start(tmp_path, port=-5)
