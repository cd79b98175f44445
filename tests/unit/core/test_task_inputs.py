"""A task's inputs: locations, absence, and the names they are staged under (rules 4, 5 and 10)."""

from dataclasses import replace

import pytest
from tests.support.tasks import Pipeline, made

from headrace.core.errors import InvalidSpec
from headrace.core.fetch import Fetch, NotFetched
from headrace.core.task_inputs import absent, locations, looked_up, stage
from headrace.core.values import File, Staged

GATHER = """
processes:
  a: {each: [{s: [x, y]}, {c: [p, q]}], outputs: {o: out.txt}, script: 'true'}
  all: {inputs: {i: "${{ a.o }}"}, script: 'true'}
  some: {each: [s], inputs: {i: "${{ a.o }}"}, script: 'true'}
  parted: {inputs: {i: {from: "${{ a.o }}", stageAs: "${{ file.key.s }}/${{ file.key.c }}-${{ file.stem }}"}}, script: 'true'}
  kept: {inputs: {i: {from: "${{ a.o }}", stage: false}}, script: 'true'}
"""
DONE = {f"a[s={s},c={c}]": {"o": File(f"s3://b/{s}{c}/out.txt", 1, "e", {"s": s, "c": c})} for s in "xy" for c in "pq"}


def one(inputs: str, params: str = "", **more: object) -> Pipeline:
    """A process `p` with these inputs."""
    text = f"params: {{{params}}}\nprocesses: {{p: {{inputs: {{{inputs}}}, script: 'true'}}}}"
    return Pipeline(text, **more)  # type: ignore[arg-type]


def problems(pipeline: Pipeline, task: str = "p") -> str:
    """What is wrong with the inputs of a task, evaluated or staged."""
    with pytest.raises(InvalidSpec) as error:
        stage(pipeline.inputs(task), {}, "processes.p.inputs")
    return str(error.value)


def test_text_is_a_location_relative_to_the_file_that_says_it():
    """A path beside the pipeline, a URI, and a list of both."""
    found = one("a: ref/x.fa, b: s3://other/y, c: [z, s3://other/w]").inputs("p")
    assert [each.value for each in found] == [
        File("s3://bucket/ref/x.fa"),
        File("s3://other/y"),
        [File("s3://bucket/z"), File("s3://other/w")],
    ]
    assert locations(found) == ["s3://bucket/ref/x.fa", "s3://other/y", "s3://bucket/z", "s3://other/w"]


def test_a_computed_text_is_a_location_too():
    """What an expression gives is read as if it were written there; a number stays one."""
    found = one('a: "${{ \'x\' }}.fa", n: "${{ 3 }}"').inputs("p")
    assert [each.value for each in found] == [File("s3://bucket/x.fa"), 3]
    assert found[1].files == []


@pytest.mark.parametrize("file", ["s3://bucket/launch/x.yaml", "(input)"])
def test_where_there_is_no_place_a_relative_path_is_refused(file: str):
    """A file dropped into launch/ and a spec in an execution's input have no neighbours."""
    assert "headrace run" in problems(one("a: \"${{ 'x.fa' }}\"", file=file))


def test_a_wildcard_is_asked_for_and_is_a_list():
    """One match is a list of one; none is an error that says what was looked for."""
    wanted = Fetch("glob", "s3://bucket/*.fq")
    with pytest.raises(NotFetched) as asked:
        one("a: '*.fq'").inputs("p")
    assert asked.value.fetch == wanted
    assert one("a: '*.fq'", fetched={wanted: [File("s3://bucket/1.fq")]}).inputs("p")[0].value == [
        File("s3://bucket/1.fq")
    ]
    assert "no object matches s3://bucket/*.fq" in problems(one("a: '*.fq'", fetched={wanted: []}))


def test_what_was_looked_up_is_known_and_what_is_gone_is_named():
    """Size and ETag become part of the file; every object that is not there is named at once."""
    found = one("a: x, b: [y, z]").inputs("p")
    seen = {"s3://bucket/x": File("s3://bucket/x", 3, "e1")}
    assert looked_up(found, seen)[0].value == File("s3://bucket/x", 3, "e1")
    with pytest.raises(InvalidSpec, match=r"no object s3://bucket/y\n.*no object s3://bucket/z"):
        looked_up(found, {**seen, "s3://bucket/y": None, "s3://bucket/z": None})


def test_none_and_empty_skip_unless_optional():
    """A required input that has nothing says so by name; an optional one is none, a list drops none."""
    text = """
      processes:
        a: {outputs: {o?: x}, script: 'true'}
        need: {inputs: {i: "${{ a.o }}"}, script: 'true'}
        may: {inputs: {i?: "${{ a.o }}"}, script: 'true'}
        many: {inputs: {i: ["${{ a.o }}"]}, script: 'true'}
        more: {inputs: {i: ["${{ a.o }}", s3://b/y]}, script: 'true'}
    """
    pipeline = Pipeline(text, done={"a": {"o": None}})
    assert absent(pipeline.inputs("need")) == "its input 'i' is none"
    assert absent(pipeline.inputs("may")) == ""
    assert absent(pipeline.inputs("many")) == "its input 'i' is empty"
    assert pipeline.inputs("more")[0].value == [File("s3://b/y")]


def test_files_are_staged_under_their_own_names():
    """The script sees the path; a folder keeps its slash; a value stays a value."""
    files, values = stage(one("a: s3://b/d/x.fa, f: s3://b/folder/, n: '${{ 1 }}'").inputs("p"), {})
    assert [(each.input, each.path) for each in files] == [("a", "x.fa"), ("f", "folder/")]
    assert values["a"] == Staged("x.fa", File("s3://b/d/x.fa"))
    assert values["n"] == 1


def test_what_is_not_staged_is_a_uri():
    """`stage: false` moves nothing."""
    files, values = stage(Pipeline(GATHER, done=DONE).inputs("kept"), {})
    assert files == []
    assert values["i"] == [f"s3://b/{place}/out.txt" for place in ("xp", "xq", "yp", "yq")]


def test_two_files_on_one_path_print_the_stage_as_to_use():
    """A gather is parted by the axes it gathers over, two inputs by their names."""
    pipeline = Pipeline(GATHER, done=DONE)
    with pytest.raises(InvalidSpec) as whole:
        stage(pipeline.inputs("all"), {})
    assert 'stageAs: "${{ file.key.s }}/${{ file.key.c }}/"' in str(whole.value)
    with pytest.raises(InvalidSpec) as part:
        stage(pipeline.inputs("some[s=x]"), {"s": "x"})
    assert 'stageAs: "${{ file.key.c }}/"' in str(part.value)
    assert 'Write `b: {from: …, stageAs: "b/"}`' in problems(one("a: s3://b/1/x, b: \"${{ 's3://b/2/x' }}\""))
    assert "inputs of their own" in problems(
        one("a: ['${{ params.p }}1/x', '${{ params.p }}2/x']", params="p: s3://b/")
    )


def test_the_stage_as_that_is_printed_parts_them():
    """Following the advice works."""
    advised = GATHER.replace(
        'all: {inputs: {i: "${{ a.o }}"}',
        'all: {inputs: {i: {from: "${{ a.o }}", stageAs: "${{ file.key.s }}/${{ file.key.c }}/"}}',
    )
    files, _ = stage(Pipeline(advised, done=DONE).inputs("all"), {})
    assert [each.path for each in files] == ["x/p/out.txt", "x/q/out.txt", "y/p/out.txt", "y/q/out.txt"]


def test_stage_as_sees_the_file_and_the_key():
    """Name and keys of each file make its path."""
    files, _ = stage(Pipeline(GATHER, done=DONE).inputs("parted"), {})
    assert [each.path for each in files] == ["x/p-out", "x/q-out", "y/p-out", "y/q-out"]


def test_one_file_in_two_inputs_is_fetched_once():
    """The same object under the same name is no collision."""
    files, values = stage(one("a: s3://b/x, b: \"${{ 's3://b/x' }}\"").inputs("p"), {})
    assert len(files) == 1
    assert values["a"] == values["b"]


@pytest.mark.parametrize("stage_as", ["../x", "/x", ".headrace/x", "${{ '..' }}/x", "a/${{ '/../..' }}/x"])
def test_a_name_that_leads_out_is_refused(stage_as: str):
    """What is written, and what an expression makes of it."""
    with pytest.raises(InvalidSpec):
        stage(one(f'a: {{from: s3://b/x, stageAs: "{stage_as}"}}').inputs("p"), {})


def test_one_path_has_one_spelling():
    """`./x` and `x` are one file on the machine, so they are one here."""
    told = problems(one("a: s3://b/x, b: {from: s3://b/2/y, stageAs: \"./${{ 'x' }}\"}"))
    assert "two files are staged as 'x'" in told


def test_a_file_is_not_a_folder_too():
    """`x` beside `x/y` cannot both be there."""
    told = problems(one("a: s3://b/x, b: {from: \"${{ 's3://b/y' }}\", stageAs: x/}"))
    assert "'x/y' of 'b' lies inside 'x' of 'a'" in told


def test_a_made_file_brings_its_etag():
    """What a task made needs no look-up."""
    pipeline = Pipeline(GATHER, done={task: {"o": replace(made("out.txt"), key={})} for task in DONE})
    assert locations(pipeline.inputs("all")) == []
