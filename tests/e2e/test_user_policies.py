"""People with the printed policies: the local cloud judges every call of the commands of their work by them, and refuses none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.support.live_stack import LiveStack

from headrace.core.records import Epoch
from headrace_cli import target
from headrace_cli.main import main

SPEC = """\
name: allowed
params: {text: {type: file, default: words.txt}}
processes:
  say:
    container: any
    inputs: {text: "${{ params.text }}"}
    outputs: {said: said.txt}
    script: cat ${{ text }} > ${{ outputs.said }}; echo said
    publishDir: .
  slow:
    container: any
    after: [say]
    script: sleep 60
"""
Headrace = Callable[..., str]


@pytest.fixture
def headrace(live: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Headrace:
    """Runs a command as somebody: by the policy that the command itself prints for them, or as whoever deploys."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    sessions: dict[str, Any] = {"": target._loopback_session()}

    def run(*words: str, who: str = "") -> str:
        if who not in sessions:
            policy = json.loads(run("policy", "user", who))
            sessions[who] = boto3.session.Session(_person(live, who, policy), "local", region_name="us-east-1")
        monkeypatch.setattr(target, "_loopback_session", lambda: sessions[who])
        capsys.readouterr()
        assert main([*words, "--local"]) == 0, capsys.readouterr().err
        return str(capsys.readouterr().out)

    return run


def test_everybody_may_do_their_work(live: LiveStack, headrace: Headrace, tmp_path: Path):
    """Launch, look, cancel, resume, clean: each by who is to do it, and no call of theirs is refused."""
    (tmp_path / "words.txt").write_text("hello\n")
    (tmp_path / "p.yaml").write_text(SPEC)

    run = headrace("run", str(tmp_path / "p.yaml"), "--detach", who="launch").strip()
    live.until_record(Epoch(run, 1), "say")
    for words in (("runs",), ("status", run), ("logs", run, "say"), ("why", run, "say"), ("version",)):
        headrace(*words, who="read")
    headrace("cancel", run, who="operate")
    headrace("resume", run, "--detach", who="operate")
    headrace("cancel", run, who="operate")
    headrace("clean", "runs", "--older-than", "3000d", "--yes", who="operate")
    headrace("clean", "definitions", "--unused", "3000d", "--yes", who="operate")
    headrace("clean", "versions", "--yes", who="operate")
    assert [
        each for each in _refused(live) if each["who"].endswith(("people-read", "people-launch", "people-operate"))
    ] == []


def test_who_launches_may_write_nothing_else(live: LiveStack, headrace: Headrace):
    """The judge says no: neither a run's folder nor a record is theirs to write, and a state machine not theirs to start."""
    policy = json.loads(headrace("policy", "user", "launch"))
    session = boto3.session.Session(_person(live, "writes", policy), "local", region_name="us-east-1")
    s3, dynamodb, states = (session.client(each, endpoint_url=live.cloud.endpoint) for each in ("s3", "dynamodb", "stepfunctions"))  # fmt: skip
    s3.put_object(Bucket=live.bucket, Key="inputs/mine.txt", Body=b"x")
    for refused in (
        lambda: s3.put_object(Bucket=live.bucket, Key="runs/mine.txt", Body=b"x"),
        lambda: s3.delete_object(Bucket=live.bucket, Key="results/theirs.txt"),
        lambda: dynamodb.put_item(TableName=live.table.name, Item={"pk": {"S": "R#x"}, "sk": {"S": "x"}}),
        lambda: states.start_execution(stateMachineArn=live.outputs["RunPipeline"], input="{}"),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform"):
            refused()


def _person(live: LiveStack, who: str, policy: dict[str, Any]) -> str:
    """The access key of somebody with this policy."""
    return str(live.cloud.ask("POST", "/callers", {"name": f"people-{who}", "policy": policy})["accessKeyId"])


def _refused(live: LiveStack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.cloud.ask("GET", "/permissions")["refused"]
    return found
