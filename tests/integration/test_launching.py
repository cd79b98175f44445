"""From a launch to a pipeline: by URI, by name, in place; with tables, used files, and everything that can be wrong."""

import json
from typing import Any

import pytest

from headrace.aws import launching, run_folder
from headrace.aws import s3 as store
from headrace.core import run_facts
from headrace.core.errors import InvalidSpec
from headrace.core.launch_request import Named
from headrace.core.plan import Scope, plan_scope
from headrace.core.values import File

HELLO = "name: hello\nprocesses: {hello: {container: d, script: 'true'}}\n"
TABLE = """
name: variants
params: {samples: {type: table, columns: {r1: file}}, n: 3}
processes:
  a: {each: {sample: "${{ params.samples }}"}, inputs: {r1: "${{ sample.r1 }}"}, outputs: {o: x}, container: d, script: 'true'}
  qc: {uses: qc/qc.yaml, params: {m: "${{ params.n }}"}}
"""
QC = "params: {m: 1}\nprocesses: {p: {container: d, script: 'echo ${{ params.m }}', inputs: {i: ref.txt}}}\n"


def put(s3: Any, key: str, text: str) -> str:
    """An object in the deployment's bucket; its URI."""
    store.write(s3, f"s3://mine/{key}", text.encode())
    return f"s3://mine/{key}"


def problems(s3: Any, launch: dict[str, Any]) -> str:
    """What is wrong with a launch."""
    with pytest.raises(InvalidSpec) as error:
        launching.load(s3, "mine", launch)
    return str(error.value)


@pytest.fixture
def variants(s3: Any) -> str:
    """A pipeline with a table and a used file."""
    put(s3, "p/samples.csv", "id,r1\nx,reads/x.fq\n")
    put(s3, "p/qc/qc.yaml", QC)
    return put(s3, "p/pipeline.yaml", TABLE)


def test_a_pipeline_by_uri(s3: Any, variants: str):
    """Its table is read, what the table says is relative to the table, and all used files are linked."""
    loaded = launching.load(s3, "mine", {"pipeline": variants, "params": {"samples": "s3://mine/p/samples.csv"}})
    assert loaded.params["samples"] == [{"id": "x", "r1": File("s3://mine/p/reads/x.fq")}]
    assert set(loaded.program.processes) == {"a", "qc.p"}
    assert list(loaded.files) == [variants, "s3://mine/p/qc/qc.yaml"]


def test_a_pipeline_in_place(s3: Any):
    """By hand, as the input of an execution: a whole spec, which lies nowhere."""
    spec = {"processes": {"hello": {"container": "d", "script": "true", "inputs": {"i": "s3://other/x"}}}}
    assert set(launching.load(s3, "mine", {"pipeline": spec}).program.processes) == {"hello"}
    spec["processes"]["hello"]["inputs"] = {"i": "x.txt"}
    assert "(input):1: processes.hello.inputs.i: a relative path" in problems(s3, {"pipeline": spec})


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["1.9", "1.10", "1.2.3"], "1.10"),
        (["2.0-rc1", "2.0", "1.9"], "2.0"),
        (["v1", "v2", "2"], "2"),
        (["2026-01-31", "2026-02-01"], "2026-02-01"),
    ],
)
def test_a_pipeline_by_name_is_the_newest(s3: Any, versions: list[str], newest: str):
    """Versions are compared part by part, as numbers; a release candidate comes before its release."""
    for version in versions:
        put(s3, f"pipelines/v/{version}/pipeline.yaml", HELLO)
    put(s3, "pipelines/v/9/other/pipeline.yaml", HELLO)
    put(s3, "pipelines/v/pipeline.yaml", HELLO)
    put(s3, "pipelines/v2/99/pipeline.yaml", HELLO)
    assert launching.pipeline_uri(s3, "mine", Named(name="v")) == f"s3://mine/pipelines/v/{newest}/pipeline.yaml"
    assert launching.pipeline_uri(s3, "mine", Named(name="v", version="1")) == "s3://mine/pipelines/v/1/pipeline.yaml"


def test_a_folder_called_launch_is_none_of_ours(s3: Any):
    """Only the top of a bucket is where files are dropped: a pipeline of that name may use the file beside it."""
    put(s3, "pipelines/launch/1/qc.yaml", QC)
    put(s3, "pipelines/launch/1/pipeline.yaml", "processes: {qc: {uses: qc.yaml}}")
    assert set(launching.load(s3, "mine", {"pipeline": "launch"}).program.processes) == {"qc.p"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("processes: {q: {uses: qc.yaml}}", "processes.q.uses: a relative path"),
        ("processes: {p: {inputs: {i: x.txt}, container: d, script: 'true'}}", "processes.p.inputs.i: a relative path"),
        (
            "params: {t: {type: table, default: t.csv}}\nprocesses: {p: {each: {s: '${{ params.t }}'}, container: d, script: 'true'}}",
            "a relative path",
        ),
    ],
)
def test_a_dropped_file_has_no_neighbours(s3: Any, text: str, told: str):
    """A relative path in a file in launch/ is refused, with the way out."""
    found = problems(s3, {"pipeline": put(s3, "launch/x.yaml", text)})
    assert told in found
    assert "headrace run" in found


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        ({"pipeline": "s3://mine/none.yaml"}, "pipeline: 's3://mine/none.yaml' is not there"),
        ({"pipeline": "s3://mine/"}, "pipeline: "),
        ({"pipeline": "nobody"}, "there is no pipeline of that name in s3://mine/pipelines/nobody/"),
        ({"pipeline": "https://x/y.yaml"}, "not a location on S3"),
        ({"pipeline": "s3://mine/p/pipeline.yaml", "params": {"sample": "x"}}, "did you mean 'samples'?"),
        ({"pipeline": "s3://mine/p/pipeline.yaml"}, "params.samples"),
        (
            {"pipeline": "s3://mine/p/pipeline.yaml", "params": {"samples": "s3://mine/none.csv"}},
            "cannot read the table",
        ),
        ({"pipeline": "s3://mine/p/pipeline.yaml", "params": {"samples": "samples.csv"}}, "a relative path"),
        ({"pipeline": "s3://mine/p/pipeline.yaml", "outdir": "s3://mine/launch/x"}, "below launch/"),
        ({"pipeline": "s3://mine/p/pipeline.yaml", "processes": {}}, "belongs to a launch request"),
        ({"pipeline": {"processes": {"p": {"script": 3}}}}, "(input):1: processes.p.script"),
        ({"pipeline": {"processes": {}}, "labels": {"a": [1]}}, "labels"),
    ],
)
def test_what_is_wrong_with_a_launch_is_told_in_its_place(s3: Any, variants: str, launch: dict[str, Any], told: str):
    """Every bad launch is the user's, by name; none is an error of another kind."""
    assert variants
    assert told in problems(s3, launch)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"- a", b"a: b: c", b"x: &a 1", b"\x00"])
def test_what_is_no_pipeline_is_told(s3: Any, body: bytes):
    """Bytes of any kind under the URI of a pipeline."""
    store.write(s3, "s3://mine/x.yaml", body)
    assert problems(s3, {"pipeline": "s3://mine/x.yaml"})


def test_files_that_use_each_other_are_told(s3: Any):
    """Reading ends, and the circle is named."""
    put(s3, "a.yaml", "processes: {b: {uses: b.yaml}}")
    put(s3, "b.yaml", "processes: {a: {uses: a.yaml}}")
    assert "a pipeline that uses itself" in problems(s3, {"pipeline": "s3://mine/a.yaml"})


def test_a_run_reads_back_what_it_was_launched_with(s3: Any, variants: str):
    """Facts, params, program and overrides come from the run's own copy, though the files have changed since."""
    launch = {"pipeline": variants, "params": {"samples": "s3://mine/p/samples.csv"}, "process": {"cpus": 2}}
    loaded = launching.load(s3, "mine", launch)
    facts = run_facts.facts(
        launch, run="r", epoch=1, name="n", bucket="mine", tenant="t", execution="arn", started="2026-01-01T00:00:00Z"
    )
    run_folder.write(s3, facts, loaded, launch)
    made = plan_scope(loaded.program, loaded.params, Scope(), dict(loaded.fetched))
    run_folder.write_scope(s3, facts, made, "scope-arn")
    put(s3, "p/qc/qc.yaml", "processes: {}")
    put(s3, "p/pipeline.yaml", HELLO)
    run = run_folder.read("mine", "r", 1)
    assert (run.facts, run.params) == (facts, loaded.params)
    assert set(run.program.processes) == {"a", "qc.p"}
    assert run.overrides.directives["cpus"] == 2
    assert run_folder.read_request(s3, "mine", "r", 1) == launch
    assert [item["id"] for item in run_folder.planned(s3, facts)] == [item["id"] for item in made.items()]
    assert run_folder.scope_executions(s3, facts) == ["scope-arn"]
    run_folder.write_scope(s3, facts, made, "scope-arn-2")
    assert run_folder.scope_executions(s3, facts) == ["scope-arn-2"], "a warm function asked the first one"
    assert [run_folder.tasks_planned(s3, facts, "a", at_once=at_once) for at_once in (True, False)] == [
        made.tasks["a"]
    ] * 2
    assert run_folder.tasks_planned(s3, facts, "none", at_once=False) == 0
    assert run_folder.read_axes(facts, "")[0].keys() == {"sample"}


def test_a_run_that_was_never_planned_is_missing(s3: Any):
    """And one written later is found all the same: a miss is not kept."""
    with pytest.raises(store.ObjectMissing):
        run_folder.read("mine", "r", 1)
    launch = {"pipeline": json.loads('{"processes": {"p": {"container": "d", "script": "true"}}}')}
    facts = run_facts.facts(
        launch, run="r", epoch=1, name="n", bucket="mine", tenant="t", execution="arn", started="2026-01-01T00:00:00Z"
    )
    run_folder.write(s3, facts, launching.load(s3, "mine", launch), launch)
    assert run_folder.read("mine", "r", 1).facts == facts


def test_the_scopes_on_the_way_to_a_scope():
    """From the root, each with its whole id."""
    inner = "~chunk[sample=a/b]/~part[chunk=0001]"
    assert run_folder.scopes_around(inner) == ["", "~chunk[sample=a/b]", inner]


@pytest.mark.parametrize(
    "uri", ["http://169.254.169.254/latest", "https://e.org/x", "file:///etc/passwd", "gopher://x/y"]
)
def test_a_pipeline_elsewhere_is_refused_by_name(s3: Any, uri: str):
    """By hand, and used by a pipeline."""
    assert "not a location on S3" in problems(s3, {"pipeline": uri})
    assert "not a location on S3" in problems(s3, {"pipeline": {"processes": {"a": {"uses": uri}}}})
