"""The two ways in, and what is said of whatever does not start."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.live_stack import EXAMPLES, LiveStack, client, until

from headrace.core.records import Epoch

HELLO = (EXAMPLES / "hello" / "pipeline.yaml").read_text()
WITH_PARAMS = """\
name: strict
params:
  n: {type: number}
  mode: {type: string, enum: [fast, slow], default: fast}
processes:
  one:
    container: public.ecr.aws/docker/library/debian:stable-slim
    script: echo ${{ params.n }} ${{ params.mode }}
"""
TYPO = """\
name: typo
processes:
  one:
    contianer: x
    script: true
  two:
    container: x
    memory: 16
    script: cat '${{ params.nothing }}'
"""


def test_a_duplicated_event_runs_once(live: LiveStack):
    """The event of one object delivered twice starts one execution."""
    live.fault(kind="event", detailType="Object Created", fault="duplicate")
    run = live.drop("twice.yaml", HELLO, "hello")
    assert live.ended(run).status == "SUCCEEDED"
    event = live.object_created("launch/twice.yaml", version=live.version("launch/twice.yaml"))
    assert live.invoke("launch-run", event) == {"outcome": "duplicate"}
    assert [name for name in live.executions() if name.startswith(run.run)] == [f"{run.run}-1"]


def test_an_overwritten_object_is_a_new_run(live: LiveStack):
    """The same key written again is another version and another run, whose work is there already and is published again."""
    first = live.drop("again.yaml", HELLO, "hello")
    assert live.ended(first).status == "SUCCEEDED"
    second = live.drop("again.yaml", HELLO, "hello")
    assert second.run != first.run
    ended = live.ended(second)
    assert ended.statuses() == {"hello": "cached"}
    assert ended.results() == {"hello.txt": "Hello, from task hello, attempt 1\n"}


def test_a_request_in_a_folder_of_its_pipelines_name(live: LiveStack):
    """`launch/<name>/x.json` runs the newest version of the pipeline kept under that name, with the request's params."""
    live.put("pipelines/greet/1.9/pipeline.yaml", HELLO)
    live.put("pipelines/greet/1.10/pipeline.yaml", HELLO.replace("greeting: Hello", "greeting: Newest"))
    run = live.drop("greet/wish.json", {"name": "wish"}, "wish")
    ended = live.ended(run)
    assert ended.results() == {"hello.txt": "Newest, from task hello, attempt 1\n"}


def test_an_awkward_key(live: LiveStack):
    """Blanks, quotes and letters of the world in a key are only a name."""
    run = live.drop("mine & 'yours' größe.yaml", HELLO, "hello")
    assert live.ended(run).status == "SUCCEEDED"


REFUSED: dict[str, tuple[Any, str]] = {
    "typo.yaml": (TYPO, r"contianer"),
    "not.yaml": ("processes: [unclosed", r"not YAML"),
    "empty.yaml": ("", r"empty"),
    "binary.json": (b"\xff\xfe\x00\x01", r"UTF-8|utf-8"),
    "huge.yaml": (b"#" * (10 * 1024 * 1024 + 1), r"10,485,760|10 MB"),
    "no-pipeline.json": ({"params": {"n": 1}}, r"pipeline"),
    "nowhere.json": ({"pipeline": "s3://BUCKET/inputs/nowhere.yaml"}, r"nowhere\.yaml"),
    "other-bucket.json": ({"pipeline": "s3://a-bucket-of-nobody/p.yaml"}, r"a-bucket-of-nobody"),
    "unknown-param.json": ({"pipeline": "s3://BUCKET/inputs/strict.yaml", "params": {"n": 1, "mod": "fast"}}, r"mod\b"),
    "missing-param.json": ({"pipeline": "s3://BUCKET/inputs/strict.yaml"}, r"params.*n\b"),
    "wrong-param.json": ({"pipeline": "s3://BUCKET/inputs/strict.yaml", "params": {"n": "many"}}, r"many"),
    "not-in-enum.json": (
        {"pipeline": "s3://BUCKET/inputs/strict.yaml", "params": {"n": 1, "mode": "warp"}},
        r"warp",
    ),
    "resume-unknown.json": ({"resume": "no-such-run"}, r"no-such-run"),
    "unknown-key.json": ({"pipeline": "s3://BUCKET/inputs/strict.yaml", "parms": {"n": 1}}, r"params"),
}


@pytest.fixture(scope="module")
def refused(live: LiveStack) -> list[str]:
    """Every file of REFUSED dropped, its event delivered twice, and its report written."""
    live.put("inputs/strict.yaml", WITH_PARAMS)
    before = live.executions()
    live.fault(kind="event", detailType="Object Created", fault="duplicate", times=len(REFUSED))
    for key, (content, _) in REFUSED.items():
        given = json.loads(json.dumps(content).replace("BUCKET", live.bucket)) if isinstance(content, dict) else content
        live.put(f"launch/refused/{key}", given)
    for key in REFUSED:
        until(lambda key=key: live.keys(f"errors/launch/refused/{key}.txt"), what=f"the report of {key}")
    return before


@pytest.mark.parametrize("key", REFUSED)
def test_what_does_not_start_is_answered(live: LiveStack, refused: list[str], key: str):
    """The report beside launch/ names the file and what is wrong with it, and one alert tells of it."""
    report = live.text(f"errors/launch/refused/{key}.txt")
    uri = f"s3://{live.bucket}/launch/refused/{key}"
    assert uri in report
    assert re.search(REFUSED[key][1], report.replace(uri, "")), report
    assert "Traceback" not in report
    [event] = until(lambda: live.events(uri), what="the event")
    assert (event["state"], event["alert"]) == ("refused", True)
    assert len(until(lambda: live.alerts(uri))) == 1


def test_nothing_started_of_it(live: LiveStack, refused: list[str]):
    """A refused file starts no execution, also when its event comes twice."""
    assert live.executions() == refused


def test_all_errors_come_at_once(live: LiveStack, refused: list[str]):
    """The report has every error of a spec, each with its line."""
    report = live.text("errors/launch/refused/typo.yaml.txt")
    for line in ("typo.yaml:4", "typo.yaml:5", "typo.yaml:8", "typo.yaml:9"):
        assert line in report, report


def test_an_object_that_is_gone(live: LiveStack):
    """An event whose object was deleted in the meantime starts nothing and reports nothing."""
    event = live.object_created("launch/gone.yaml", version="")
    assert live.invoke("launch-run", event) == {"outcome": "gone"}
    assert live.keys("errors/launch/gone.yaml") == []


@pytest.mark.parametrize("wrong", [{"detail": {}}, {"detail": {"bucket": {"name": "b"}, "object": {}}}, {"hello": 1}])
def test_an_event_of_another_shape(live: LiveStack, wrong: dict[str, Any]):
    """An event that is no `Object Created` ends with the dead letters, and the error says what it lacks."""
    marked = {**wrong, "id": f"malformed-{json.dumps(wrong)}"}
    live.client("lambda").invoke(
        FunctionName=f"{live.name}-launch-run", InvocationType="Event", Payload=json.dumps(marked)
    )
    kept: list[dict[str, Any]] = []

    def arrived() -> bool:
        kept.extend(live.dead_letters())
        return marked in kept

    assert until(arrived, what="the dead letter")
    answer = live.client("lambda").invoke(FunctionName=f"{live.name}-launch-run", Payload=json.dumps(marked))
    told = json.loads(answer["Payload"].read())
    assert told["errorType"] == "InvalidSpec"
    assert "Object Created" in told["errorMessage"]


BY_HAND: dict[str, tuple[Any, str, str]] = {
    "list": ([1, 2], "InvalidSpec", r"launch"),
    "nothing": ({}, "InvalidSpec", r"pipeline"),
    "unknown key": ({"pipline": "x"}, "InvalidSpec", r"pipline"),
    "number": ({"pipeline": 7}, "InvalidSpec", r"pipeline.*7"),
    "not there": ({"pipeline": "s3://BUCKET/inputs/none.yaml"}, "InvalidSpec", r"none\.yaml"),
    "wrong spec": ({"pipeline": {"processes": {"one": {"script": "true", "cpu": 1}}}}, "InvalidSpec", r"cpus"),
    "missing param": ({"pipeline": "s3://BUCKET/inputs/strict.yaml"}, "InvalidSpec", r"params.*n\b"),
    "bad place": (
        {"pipeline": "s3://BUCKET/inputs/strict.yaml", "params": {"n": 1}, "workDir": "s3://b"},
        "InvalidSpec",
        r"workDir",
    ),
    "closed place": (
        {"pipeline": "s3://BUCKET/inputs/strict.yaml", "params": {"n": 1}, "outdir": "s3://somebody-elses/out"},
        "InvalidSpec",
        r"outdir: .* no role of the stack may write there",
    ),
    "unknown run": ({"resume": "nobodys-run"}, "Refused", r"nobodys-run"),
}


@pytest.fixture(scope="module")
def by_hand(live: LiveStack) -> dict[str, Epoch]:
    """Every input of BY_HAND, started."""
    live.put("inputs/strict.yaml", WITH_PARAMS)
    return {
        name: live.start(json.loads(json.dumps(given).replace("BUCKET", live.bucket)))
        for name, (given, _, _) in BY_HAND.items()
    }


@pytest.mark.parametrize("name", BY_HAND)
def test_bad_input_by_hand(live: LiveStack, by_hand: dict[str, Epoch], name: str):
    """The execution fails with the named error, and the located errors are its cause; no run stays open."""
    _, error, said = BY_HAND[name]
    ended = live.ended(by_hand[name])
    assert (ended.status, ended.error) == ("FAILED", error)
    assert re.search(said, ended.cause), ended.cause
    assert not ended.cause.startswith("{")
    assert ended.epoch not in live.open_runs()


def test_an_invalid_inline_spec_is_concluded(live: LiveStack):
    """A run that began and could not be planned is in the ledger as failed, with its cause, and told of once."""
    ended = live.run({"processes": {"one": {"script": "true", "cpu": 1}}})
    assert ended.error == "InvalidSpec"
    assert "cpus" in ended.record.cause
    assert ended.record.state == "failed"
    assert len(until(lambda: live.alerts(ended.epoch.run))) == 1


def test_the_cli_lines_of_the_readme(live: LiveStack, tmp_path: Path):
    """A plain S3 client that knows nothing of Headrace starts a run by copying a file."""
    s3 = client(live.cloud.endpoint, "s3")
    source = tmp_path / "pipeline.yaml"
    source.write_text(HELLO)
    before = set(live.executions())
    s3.upload_file(str(source), live.bucket, "launch/pipeline.yaml")
    [name] = until(lambda: set(live.executions()) - before)
    assert live.ended(Epoch(name.removesuffix("-1"), 1)).status == "SUCCEEDED"
