"""Hostile texts are strange names and nothing else; a secret's value is in its job's environment and nowhere else."""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.live_stack import LiveStack, count

IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


def hostile(folder: Path) -> dict[str, str]:
    """Texts that make a file when somewhere a shell takes them for code. None has a slash, so each may be a file's name."""
    spelt = str(folder).replace("/", "\\57")
    touch = [f"touch $(printf '{spelt}\\57f{n}')" for n in range(7)]
    return {
        "semicolon": f"a; {touch[0]};",
        "substitution": f"$({touch[1]})",
        "backticks": f"`{touch[2]}`",
        "apostrophe": f"' ; {touch[3]} ; '",
        "quotation": f'" ; {touch[4]} ; "',
        "option": "--help -n *",
        "pipe": f"| {touch[5]} & $HOME ~ \\ # !! {{a,b}}",
        "and": f"&& {touch[6]} <<EOF",
    }


def test_the_texts_are_hostile(tmp_path: Path):
    """Each of them does its harm when a shell reads it as code: the test below can fail."""
    (tmp_path / "made").mkdir()
    for text in hostile(tmp_path / "made").values():
        subprocess.run(["sh", "-c", f"echo {text}"], cwd=tmp_path, capture_output=True, check=False)
        subprocess.run(["sh", "-c", f"echo '{text}'"], cwd=tmp_path, capture_output=True, check=False)
        subprocess.run(["sh", "-c", f'echo "{text}"'], cwd=tmp_path, capture_output=True, check=False)
    assert len(list((tmp_path / "made").iterdir())) == 7


def _spec(texts: dict[str, str], inputs: str) -> dict[str, Any]:
    """The texts in params, keys, file names, environment, tags, published names, renamed inputs, outputs, and in logs."""
    return {
        "name": "hostile",
        "params": {
            "texts": {"type": "list", "of": "string", "default": list(texts.values())},
            "files": {"type": "list", "of": "file", "default": [f"{inputs}/{text}.txt" for text in texts.values()]},
            "one": texts["quotation"],
        },
        "defaults": {"container": IMAGE, "cache": False},
        "processes": {
            "take": {
                "each": {"text": "${{ params.texts }}"},
                "inputs": {"files": {"from": "${{ params.files }}", "stageAs": "in ${{ key.text }}/${{ file.name }}"}},
                "env": {"TEXT": "${{ text }}", "KEY": "${{ key.text }}"},
                "resourceLabels": {"text": "tag"},
                "outputs": {"said": "${{ key.text }}.said"},
                "script": (
                    "cat -- ${{ files }} > ${{ outputs.said }}\n"
                    'printf \'%s\\n\' "$TEXT" "$KEY" ${{ text }} "${{ text }}" "${{ params.one }}" >> ${{ outputs.said }}\n'
                ),
                "publishDir": {"path": "said/${{ key.text }}", "saveAs": "as ${{ file.name }}"},
            },
            "fail": {
                "each": ["text"],
                "errorStrategy": "ignore",
                "script": "printf '%s\\n' ${{ text }} \"error: ${{ text }}\" >&2; exit 3",
            },
        },
    }


@pytest.fixture
def made() -> Iterator[Path]:
    """Where a text that runs would leave its mark: a short path, since a key has at most 128 characters."""
    with tempfile.TemporaryDirectory(prefix="hr-") as folder:
        yield Path(folder)


def test_hostile_texts_are_nothing_but_texts(live: LiveStack, made: Path):
    """Everywhere a pipeline may put one, through staging, script, publishing, logs, digest; and in the key of a launch."""
    texts = hostile(made)
    inputs = f"inputs/hostile-{secrets.token_hex(4)}"
    for name, text in texts.items():
        live.put(f"{inputs}/{text}.txt", f"{name}\n")
    spec = _spec(texts, f"s3://{live.bucket}/{inputs}")
    run = live.drop(f"{texts['substitution']}/{texts['semicolon']}.json", spec, "hostile")
    ended = live.ended(run)
    assert ended.status == "SUCCEEDED", ended.cause
    assert count(ended.statuses().values()) == {"succeeded": len(texts), "ignored": len(texts)}
    results = ended.results()
    assert len(results) == len(texts)
    everything = "".join(f"{name}\n" for name in texts)
    for text in texts.values():
        [found] = [content for key, content in results.items() if key.endswith(f"as {text}.said")]
        assert found == everything + f"{text}\n" * 4 + f"{texts['quotation']}\n"
    assert list(made.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "climb"),
    [("outputs", "up/../../up"), ("stageAs", "../up"), ("saveAs", "../../up"), ("publishDir", "../../up")],
)
def test_no_path_leaves_its_place(live: LiveStack, place: str, climb: str):
    """Made of a value at run time: the run fails, its digest names the place, and nothing is written elsewhere."""
    spec: dict[str, Any] = {
        "name": "climb",
        "defaults": {"container": IMAGE, "cache": False},
        "processes": {
            "p": {
                "each": {"c": [climb]},
                "inputs": {"f": {"from": f"s3://{live.bucket}/inputs/climb.txt", "stageAs": "f.txt"}},
                "outputs": {"o": "o.txt"},
                "script": "cp ${{ f }} o.txt; mkdir -p up; echo x > up/x",
                "publishDir": {"path": "there", "saveAs": "kept.txt"},
            }
        },
    }
    live.put("inputs/climb.txt", "x")
    process = spec["processes"]["p"]
    said = "${{ key.c }}"
    if place == "outputs":
        process["outputs"] = {"o": said}
    elif place == "stageAs":
        process["inputs"]["f"]["stageAs"] = said
    elif place == "saveAs":
        process["publishDir"]["saveAs"] = said
    else:
        process["publishDir"]["path"] = said
    before = set(live.keys(""))
    ended = live.run(spec)
    new = set(live.keys("")) - before
    assert ended.status == "FAILED", (ended.status, new)
    told = ended.text("digest.md")
    assert "processes.p." in told
    assert "leaves" in told or climb in told
    run = ended.epoch.run
    own = (f"runs/{run}/", "work/", f"results/{run}/", "errors/")
    assert {key for key in new if not key.startswith(own) or ".." in key.split("/")} == set()
    assert not any(key.endswith(("/up", "/up/x")) for key in new)


def test_a_secret_is_nowhere_but_in_its_job(live: LiveStack):
    """Its job has the value. The bucket, the ledger, logs, events, alerts, definitions, jobs and executions do not."""
    canary = f"canary-{secrets.token_hex(16)}"
    live.client("secretsmanager").create_secret(Name="team/token", SecretString=canary)
    live.client("ssm").put_parameter(Name="/team/token", Value=canary, Type="SecureString")
    spec = {
        "name": "secretive",
        "params": {"token": {"type": "string", "secret": True, "default": "ssm:/team/token"}},
        "defaults": {"container": IMAGE, "cache": False},
        "processes": {
            "use": {
                "secrets": {"TOKEN": "secretsmanager:team/token", "OTHER": "${{ params.token }}"},
                "outputs": {"o": "o.txt"},
                "script": 'test "$TOKEN" = "$OTHER"; printf %s "$TOKEN" | wc -c > o.txt',
                "publishDir": ".",
            },
            "break": {
                "secrets": {"TOKEN": "secretsmanager:team/token"},
                "errorStrategy": "ignore",
                "script": "set -x; exit 4",
            },
        },
    }
    live.events("nobody")
    ended = live.run(spec)
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.results()["o.txt"].strip() == str(len(canary))
    assert ended.statuses()["break"] == "ignored"
    jobs = live.client("batch").describe_jobs(jobs=[job["jobId"] for job in ended.jobs()])["jobs"]
    assert len(jobs) == 2
    held = {
        "bucket": [live.text(key) for key in live.keys("")],
        "ledger": live.client("dynamodb").scan(TableName=live.table.name)["Items"],
        "jobs": jobs,
        "definitions": live.client("batch").describe_job_definitions()["jobDefinitions"],
        "logs": _logs(live),
        "events": [live.events(ended.epoch.run), live._events],
        "alerts": live.cloud.alerts(),
        "executions": _histories(live, ended.execution["executionArn"]),
        "cloud": (live.cloud.home / "cloud.log").read_text(),
    }
    assert [name for name, what in held.items() if canary in json.dumps(what, default=str)] == []
    assert "team/token" in json.dumps(held["definitions"], default=str)
    assert len(held["logs"]) > 10


def _logs(live: LiveStack) -> list[str]:
    logs = live.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = [page for group in groups for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)]
    return [event["message"] for page in pages for event in page["events"]]


def _histories(live: LiveStack, arn: str) -> list[Any]:
    sfn = live.client("stepfunctions")
    return [sfn.describe_execution(executionArn=arn), sfn.get_execution_history(executionArn=arn)["events"]]
