"""People with the printed policies: every call that the commands of their work make is one their policy allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.iam import Call, allows, calls_of
from tests.support.live_stack import LiveStack

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
Session = Callable[[], Any]


@pytest.fixture
def asked(live: LiveStack, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call the commands make, as IAM sees it."""
    found: list[Call] = []
    make: Session = target._loopback_session

    def arn(service: str, rest: str) -> str:
        return f"arn:aws:{service}:us-east-1:123456789012:{rest}"

    def watched() -> Any:
        session = make()

        def note(params: dict[str, Any], model: Any, **_more: Any) -> None:
            service = model.service_model.service_name
            found.extend(calls_of(service, model.name, params, arn))

        session.events.register("provide-client-params.*.*", note)
        return session

    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    monkeypatch.setattr(target, "_loopback_session", watched)
    return found


def test_everybody_may_do_their_work(live: LiveStack, asked: list[Call], tmp_path: Path, capsys: Any):
    """Launch, look, cancel, resume, clean: with the policies the command prints for this stack, no call is refused."""
    (tmp_path / "words.txt").write_text("hello\n")
    (tmp_path / "p.yaml").write_text(SPEC)

    def headrace(*words: str) -> str:
        capsys.readouterr()
        assert main([*words, "--local"]) == 0, capsys.readouterr().err
        return str(capsys.readouterr().out)

    policies = {who: json.loads(headrace("policy", "user", who)) for who in ("read", "launch", "operate")}

    def refused(who: str) -> set[Call]:
        found = {call for call in asked if not allows(policies[who], call)}
        assert asked, "nothing was asked"
        asked.clear()
        return found

    asked.clear()
    run = headrace("run", str(tmp_path / "p.yaml"), "--detach").strip()
    live.until_record(_epoch(run, 1), "say")
    assert refused("launch") == set()

    for words in (("runs",), ("status", run), ("logs", run, "say"), ("why", run, "say"), ("version",)):
        headrace(*words)
    assert refused("read") == set()

    headrace("cancel", run)
    headrace("resume", run, "--detach")
    headrace("cancel", run)
    headrace("clean", "runs", "--older-than", "3000d", "--yes")
    headrace("clean", "definitions", "--unused", "3000d", "--yes")
    headrace("clean", "versions", "--yes")
    assert refused("operate") == set()


def test_a_policy_is_no_blank_cheque(live: LiveStack):
    """The judge of the test above says no to what each may not."""
    policy = {"Statement": [{"Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::b/launch/*"]}]}
    assert allows(policy, Call("s3:PutObject", "arn:aws:s3:::b/launch/x.yaml"))
    assert not allows(policy, Call("s3:PutObject", "arn:aws:s3:::b/runs/x"))
    assert not allows(policy, Call("s3:GetObject", "arn:aws:s3:::b/launch/x.yaml"))
    listing = {"Action": ["s3:ListBucket"], "Resource": ["b"], "Condition": {"StringLike": {"s3:prefix": ["runs/*"]}}}
    assert allows({"Statement": [listing]}, Call("s3:ListBucket", "b", "runs/x"))
    assert not allows({"Statement": [listing]}, Call("s3:ListBucket", "b", ""))


def _epoch(run: str, number: int) -> Any:
    from headrace.core.records import Epoch

    return Epoch(run, number)
