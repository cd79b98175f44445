"""What the deployment says for all runs, what fits no queue, and job definitions that go away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.live_stack import LiveStack, until

from headrace.aws import ledger
from headrace.core.deployment_defaults import KEY
from headrace_cli.main import main

SPEC = """\
name: NAME
processes:
  p:
    container: IMAGE
    outputs: {o: o.txt}
    script: echo "$WORD" > o.txt
    DIRECTIVE
outputs: {o: "${{ p.o }}"}
"""


def spec(directive: str, image: str = "any") -> str:
    """A pipeline of one process, with work of its own."""
    name = f"q{uuid.uuid4().hex[:8]}"
    return SPEC.replace("NAME", name).replace("DIRECTIVE", directive).replace("IMAGE", image)


@pytest.fixture
def defaults(live: LiveStack) -> Iterator[LiveStack]:
    """The stack; its defaults are taken back after the test."""
    yield live
    live.client("s3").delete_object(Bucket=live.bucket, Key=KEY)


def test_a_deployments_directives_reach_every_run(defaults: LiveStack):
    """The weakest layer: it holds where a pipeline is silent; a mistake in it refuses the launch with its line."""
    defaults.put(KEY, "env: {WORD: fleet}\nresourceLabels: {team: genomes}\n")
    ended = defaults.run(spec("cache: false"))
    assert ended.result("o") == "fleet\n"
    (job,) = defaults.client("batch").describe_jobs(jobs=[ended.jobs()[0]["jobId"]])["jobs"]
    assert job["tags"]["team"] == "genomes"
    assert defaults.run(spec("env: {WORD: mine}")).result("o") == "mine\n"
    defaults.put(KEY, "env: {WORD: fleet}\nmemory: 8\n")
    refused = defaults.run(spec("cache: false"))
    assert refused.status == "FAILED"
    assert f"{KEY}:2" in refused.cause


def test_what_fits_no_machine_is_refused_before_it_is_submitted(live: LiveStack):
    """More vCPUs than any environment may start: no job, and the queue's limit in the digest."""
    ended = live.run(spec("cpus: 5000"))
    assert ended.status == "FAILED"
    assert ended.jobs() == []
    assert "maxvCpus" in ended.text("digest.md")


def test_a_queue_that_is_not_there(live: LiveStack):
    """Refused with the region looked in and the queues found there."""
    ended = live.run(spec("queue: nowhere"))
    assert ended.jobs() == []
    assert "there is no job queue 'nowhere' in us-east-1" in ended.text("digest.md")
    assert "headrace-" in ended.text("digest.md")


def test_a_definition_that_went_away_is_registered_again(live: LiveStack):
    """Deregistered behind the ledger's back: the task is tried again and the run succeeds."""
    image = f"image-{uuid.uuid4().hex[:8]}"
    assert live.run(spec("env: {WORD: a}", image)).status == "SUCCEEDED"
    batch = live.client("batch")
    (one,) = [
        each
        for each in batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
        if image in each["jobDefinitionName"]
    ]
    batch.deregister_job_definition(jobDefinition=one["jobDefinitionArn"])
    ended = live.run(spec("env: {WORD: b}\n    retry: {engine: {times: 2, delay: 1s}}", image))
    assert ended.status == "SUCCEEDED"
    assert ended.attempts("p")[0].failure == "engine"
    assert ledger.job_definition(live.table, one["jobDefinitionName"]) != one["jobDefinitionArn"]


def test_clean_definitions(
    live: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """Listed only, then deregistered with --yes, and registered again by the next run that needs it."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    image = f"image-{uuid.uuid4().hex[:8]}"
    assert live.run(spec("env: {WORD: a}", image)).status == "SUCCEEDED"

    def listed(*words: str) -> str:
        assert main(["clean", "definitions", *words, "--local"]) == 0
        return capsys.readouterr().out

    assert image not in listed("--unused", "30d")
    assert image in listed("--unused", "0s")
    assert image in listed("--unused", "0s", "--yes")
    assert image not in listed("--unused", "0s")
    assert live.run(spec("env: {WORD: b}", image)).status == "SUCCEEDED"


def test_check_against_a_queue(
    defaults: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """What fits is told, what does not is exit code 2, and so is a queue that is not there; the deployment's directives count."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(defaults.cloud.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    queue = defaults.client("batch").describe_job_queues()["jobQueues"][0]["jobQueueName"]
    good, large = tmp_path / "good.yaml", tmp_path / "large.yaml"
    good.write_text(spec("cpus: 1"))
    large.write_text(spec("cpus: 5000"))
    assert main(["check", str(good), "--against", queue, "--local"]) == 0
    assert "fits: 1 kind of task on 1 queue" in capsys.readouterr().out
    assert main(["check", str(large), "--against", queue, "--local"]) == 2
    assert "maxvCpus" in capsys.readouterr().err
    assert main(["check", str(good), "--against", "nowhere", "--local"]) == 2
    assert queue in capsys.readouterr().err
    defaults.put(KEY, "cpus: 5000\n")
    good.write_text(spec("cache: false"))
    assert main(["check", str(good), "--against", queue, "--local"]) == 2
    said = capsys.readouterr().err
    assert f"{KEY} counts: cpus" in said
    assert "maxvCpus" in said


def test_what_the_deployment_does_not_allow_is_refused_by_name(live: LiveStack):
    """Said literally, nothing starts and the errors file tells; said by an expression, its task has no job."""
    live.put("launch/privileged.yaml", spec("containerOptions: --privileged\n    volumes: /var/run"))
    report = "errors/launch/privileged.yaml.txt"
    told = live.text(until(lambda: next(iter(live.keys(report)), None), what="the errors file"))
    assert "containerOptions: --privileged gives a job power over its host" in told
    assert "The stack's parameter AllowedHostPaths opens more" in told
    hidden = live.run(spec("containerOptions: \"${{ '--privi' ~ 'leged' }}\""))
    assert (hidden.status, hidden.jobs()) == ("FAILED", [])
    assert "AllowPrivileged" in hidden.text("digest.md")
    mine = live.run(spec("cpus: 1", "job-definition://mine"))
    assert mine.error == "InvalidSpec"
    assert "AllowedDefinitions" in mine.cause
