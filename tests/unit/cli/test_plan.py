"""`headrace plan`: tasks, what they wait for, and requests that botocore's own model accepts."""

import json
from pathlib import Path

import botocore.session
from botocore.validate import ParamValidator

EXAMPLES = Path(__file__).parents[3] / "examples"
AXES = EXAMPLES / "axes" / "pipeline.yaml"
WORDCOUNT = EXAMPLES / "wordcount"
BATCH = botocore.session.Session().get_service_model("batch")


def test_every_task_has_a_line_with_what_it_waits_for(headrace):
    """A partial gather shows its latch and how many tasks are behind it."""
    said = headrace("plan", AXES)
    assert said.code == 0
    assert "merge[sample=a]            call[sample=a] (3)" in said.out.splitlines()
    assert "25 tasks of 8 processes known before the run" in said.out


def test_what_expands_in_the_run_is_said(headrace):
    """A dynamic axis is shown as its expansion; what is behind it is named."""
    said = headrace("plan", WORDCOUNT / "pipeline.yaml", "--param", f"text={WORDCOUNT / 'text.txt'}")
    assert "~chunk  split" in said.out.splitlines()
    assert "count: tasks are made in the run, when chunk is known" in said.out


def test_json_holds_the_plan(headrace):
    """`--json` is one document with the items of plan.json."""
    plan = json.loads(headrace("plan", AXES, "--json").out)
    assert len(plan["items"]) == sum(plan["tasks"].values()) == 25
    assert plan["processes"]["merge"] == {"axes": ["sample"], "after": ["call"], "expands": []}


def test_requests_are_what_boto3_takes(headrace):
    """One JSON per line; each request passes the validator of the API's own model, for every task, definitions once."""
    said = headrace("plan", AXES, "--requests")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    for line in lines:
        shape = BATCH.operation_model(line["api"]).input_shape
        assert not ParamValidator().validate(line["request"], shape).generate_report()
    assert sum(line["api"] == "SubmitJob" for line in lines) == 25
    definitions = [line["request"]["jobDefinitionName"] for line in lines if line["api"] == "RegisterJobDefinition"]
    assert len(definitions) == len(set(definitions)) == 1


def test_directives_that_hang_on_other_tasks_are_left_out_by_name(headrace, tmp_path):
    """A task whose memory another task decides has no request before the run, and the reason is printed."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "processes:\n"
        "  a: {container: x, outputs: {n: {json: n.json, at: n}}, script: echo}\n"
        "  b: {container: x, memory: '${{ a.n }} GB', script: echo}\n"
    )
    said = headrace("plan", spec, "--requests")
    assert said.code == 0
    assert "b: no requests: its directives use a.n, which is not known before the run" in said.err
    assert [json.loads(line)["task"] for line in said.out.splitlines()] == ["a", "a"]


def test_options_and_sizes_reach_the_requests(headrace, tmp_path):
    """Container options stand in the definition, sizes, environment, labels and time in the submission."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "processes:\n"
        "  a:\n"
        "    container: x\n"
        "    containerOptions: --shm-size 64m -e A=1\n"
        "    cpus: 3\n"
        "    memory: 5 GB\n"
        "    time: 2h\n"
        "    queue: mine\n"
        "    resourceLabels: {team: blue}\n"
        "    script: echo\n"
    )
    register, submit = (json.loads(line)["request"] for line in headrace("plan", spec, "--requests").out.splitlines())
    assert register["containerProperties"]["linuxParameters"]["sharedMemorySize"] == 64
    assert submit["containerOverrides"]["resourceRequirements"] == [
        {"type": "VCPU", "value": "3"},
        {"type": "MEMORY", "value": "5120"},
    ]
    assert {"name": "A", "value": "1"} in submit["containerOverrides"]["environment"]
    assert submit["timeout"] == {"attemptDurationSeconds": 7200}
    assert submit["jobQueue"] == "mine"
    assert submit["tags"]["team"] == "blue"


def test_missing_params_are_problems_here(headrace):
    """A plan needs its params; the message names them all."""
    said = headrace("plan", EXAMPLES / "lambda-variants" / "pipeline.yaml")
    assert said.code == 2
    assert all(f"params.{name}" in said.err for name in ("reference", "reads_1", "reads_2"))


def test_objects_in_s3_are_not_read(headrace, tmp_path):
    """A table in S3 cannot be planned offline: said by name, without a connection."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "params: {t: {type: table}}\nprocesses: {a: {each: {s: '${{ params.t }}'}, container: x, script: echo}}\n"
    )
    said = headrace("plan", spec, "--param", "t=s3://bucket/t.csv")
    assert said.code == 2
    assert "s3://bucket/t.csv: this command reads files of this machine only" in said.err
    said = headrace("check", spec, "--param", "t=s3://bucket/t.csv")
    assert said.code == 0
    assert "not checked: s3://bucket/t.csv" in said.out
