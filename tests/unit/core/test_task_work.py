"""A task made concrete (rules 10 and 12), and the hash that says whether it was done before."""

import pytest
from tests.support.tasks import Pipeline, made

from headrace.core.errors import InvalidSpec
from headrace.core.launch_request import read_launch
from headrace.core.task_work import Attempt
from headrace.core.values import File
from headrace.core.yaml_source import read

GROWING = """
params: {names: [a, b]}
defaults:
  container: debian:12
  env: {SHARED: "1", OWN: weak}
processes:
  p:
    each: [{s: [x, y]}]
    inputs: {i: s3://b/in.txt}
    outputs: {o: "${{ s }}.txt", n: {json: r.json, at: a.b}, out: stdout}
    memory: ${{ 2 * task.attempt }} GB
    cpus: 4
    time: 2h
    resourceLimits: {memory: 5 GB, cpus: 2, time: 1h}
    env: {OWN: strong, TRY: "${{ task.attempt }}", RUN: "${{ run.id }}"}
    script: |
      sort -S ${{ task.memory }}M --parallel ${{ task.cpus }} ${{ i }} > ${{ outputs.o }}; echo ${{ run.id }} ${{ task.attempt }}
"""


def test_what_runs_is_made_of_the_tasks_own_values():
    """Script, outputs and environment of one key."""
    work = Pipeline(GROWING).work("p[s=x]")
    assert work.script.text.startswith("sort -S 2048M --parallel 2 'in.txt' > 'x.txt'; echo 'r' 1")
    assert (work.outputs["o"].path, work.outputs["out"].path) == ("x.txt", ".headrace/stdout")
    assert (work.outputs["n"].kind, work.outputs["n"].data_path) == ("json", ("a", "b"))
    assert work.environment == {
        "SHARED": "1",
        "OWN": "strong",
        "TRY": "1",
        "RUN": "r",
        "HEADRACE_RUN_ID": "r",
        "HEADRACE_TASK": "p[s=x]",
        "HEADRACE_PROCESS": "p",
        "HEADRACE_ATTEMPT": "1",
        "HEADRACE_KEY_S": "x",
    }


def test_sizes_grow_with_attempts_up_to_the_limits():
    """`task.attempt` counts own failures; what earlier attempts needed is the least; `resourceLimits` caps both."""
    pipeline = Pipeline(GROWING)
    assert [pipeline.work("p[s=x]", Attempt(n, n)).memory_mib for n in (1, 2, 3)] == [2048, 4096, 5120]
    assert pipeline.work("p[s=x]", Attempt(2, 1)).memory_mib == 2048
    assert pipeline.work("p[s=x]", Attempt(2, 1, memory_mib=3000)).memory_mib == 3000
    assert pipeline.work("p[s=x]", Attempt(2, 1, memory_mib=9000)).memory_mib == 5120
    first = pipeline.work("p[s=x]")
    assert (first.cpus, first.time_s) == (2, 3600)


def test_the_hash_holds_across_attempts_and_runs():
    """Growing memory, the attempt in the environment, the run's id: none of them makes it other work."""
    pipeline = Pipeline(GROWING)
    first = pipeline.work("p[s=x]")
    later = pipeline.work("p[s=x]", Attempt(3, 3, 137, "out-of-memory", 4096, 7200, 1), run="another", epoch=2)
    assert later.hash == first.hash
    assert later.script.text != first.script.text
    assert pipeline.work("p[s=y]").hash.value != first.hash.value


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("debian:12", "debian:13", "container"),
        ("sort -S", "sort -u -S", "script"),
        ("OWN: strong", "OWN: stronger", "env"),
        ("s3://b/in.txt", "s3://b/2/in.txt", "input i"),
        ("at: a.b", "at: a.c", "outputs"),
    ],
)
def test_what_can_change_the_result_changes_the_hash(old: str, new: str, part: str):
    """And the part is known by name."""
    before, after = (Pipeline(text).work("p[s=x]").hash for text in (GROWING, GROWING.replace(old, new)))
    assert {name for name in before.parts if before.parts[name] != after.parts.get(name)} == {part}


@pytest.mark.parametrize(("old", "new"), [("cpus: 4", "cpus: 1"), ("2 * task", "3 * task"), ("time: 2h", "time: 3h")])
def test_sizes_do_not_change_the_hash(old: str, new: str):
    """More memory for the same work is no other work."""
    assert Pipeline(GROWING).work("p[s=x]").hash == Pipeline(GROWING.replace(old, new)).work("p[s=x]").hash


def test_inputs_that_are_not_staged_count_too():
    """A changed object behind a URI is other work."""
    text = 'processes: {a: {outputs: {o: x}, script: a}, p: {inputs: {i: {from: "${{ a.o }}", stage: false}}, container: d, script: "cat ${{ i }}"}}'
    hashes = {
        Pipeline(text, done={"a": {"o": File("s3://b/x", 1, etag)}}).work("p").hash.value for etag in ("one", "two")
    }
    assert len(hashes) == 2


def test_lists_that_a_script_reads_count_too():
    """`| listFile` puts a path into the script; what the file says is part of it all the same."""
    text = "params: {names: [a, b]}\nprocesses: {p: {container: d, script: 'cat ${{ params.names | listFile }}'}}"
    first, second = (Pipeline(text, params={"names": names}).work("p") for names in (["a", "b"], ["a", "c"]))
    assert first.script.text == second.script.text
    assert first.hash.value != second.hash.value


def test_work_that_is_not_cached_is_its_own():
    """`cache: false`: every epoch and every task does it again; an attempt of the same epoch is the same work."""
    text = "processes: {p: {each: [{s: [x, y]}], container: d, cache: false, script: 'true'}}"
    pipeline = Pipeline(text)
    first = pipeline.work("p[s=x]").hash.value
    assert first == pipeline.work("p[s=x]", Attempt(2, 2)).hash.value
    others = [pipeline.work("p[s=x]", epoch=2), pipeline.work("p[s=x]", run="q"), pipeline.work("p[s=y]")]
    assert first not in {each.hash.value for each in others}


@pytest.mark.parametrize(
    "path", ["${{ none_given }}", "${{ i }}", "${{ params.names }}", "${{ params.up }}/x", "${{ ' ' }}"]
)
def test_a_path_is_text_inside_the_folder(path: str):
    """An output named by nothing, a file, a list, or a way out is refused in its place."""
    text = f"""
      params: {{names: [a], up: ".."}}
      processes: {{p: {{inputs: {{none_given?: "${{{{ params.up and [] }}}}", i: s3://b/x}}, outputs: {{o: "{path}"}}, container: d, script: 'true'}}}}
    """
    with pytest.raises(InvalidSpec, match=r"s3://bucket/pipeline.yaml:\d+: processes\.p\.outputs\.o"):
        Pipeline(text).work("p")


def test_numbers_and_booleans_are_text_in_a_path():
    """`${{ 3 }}` is the path 3, as it would be between other words."""
    text = "params: {n: 3, b: true}\nprocesses: {p: {outputs: {o: '${{ params.n }}', q: '${{ params.b }}'}, container: d, script: 'true'}}"
    assert [each.path for each in Pipeline(text).work("p").outputs.values()] == ["3", "true"]


def test_why_a_task_is_skipped():
    """A false condition is quoted, an absent input named, else it runs."""
    text = """
      processes:
        a: {outputs: {n: {json: r.json}, o?: x}, script: 'true'}
        w: {when: "${{ a.n > 3 }}", script: 'true'}
        i: {inputs: {i: "${{ a.o }}"}, script: 'true'}
    """
    small = Pipeline(text, done={"a": {"n": 1, "o": None}})
    assert small.skipped("w") == "when: ${{ a.n > 3 }} is false"
    assert small.skipped("i") == "its input 'i' is none"
    assert Pipeline(text, done={"a": {"n": 5, "o": made("x")}}).skipped("w") == ""
    with pytest.raises(InvalidSpec, match="when"):
        Pipeline(text.replace("a.n > 3", "a.n"), done={"a": {"n": 5}}).skipped("w")


def test_a_process_without_an_image_is_named():
    """Batch runs containers."""
    with pytest.raises(InvalidSpec, match=r"processes\.p.*container"):
        Pipeline("processes: {p: {script: 'true'}}").work("p")


def test_a_launch_has_the_last_word():
    """Its overrides are stronger than the process's own; env merges by key."""
    request = read_launch(read('{"pipeline": "s3://b/p", "process": {"cpus": 1, "env": {"OWN": "last"}}}', "x")).request
    assert request is not None
    work = Pipeline(GROWING).work("p[s=x]", launch=request.process)
    assert (work.cpus, work.environment["OWN"], work.environment["SHARED"]) == (1, "last", "1")


def test_a_used_file_sees_its_own_names():
    """Keys and axes inside a used pipeline are those of that file, in directives as in staged names."""
    inner = """
      params: {m: 1}
      processes:
        p:
          each: [{c: [u, v]}]
          inputs: {i: {from: s3://b/x, stageAs: "${{ key.c }}-${{ file.name }}"}}
          env: {K: "${{ key.c }}"}
          container: d
          script: cat ${{ i }}
    """
    work = Pipeline("processes: {q: {uses: qc.yaml}}", {"qc.yaml": inner}).work("q.p[q.c=u]")
    assert work.inputs[0].path == "u-x"
    assert work.environment["K"] == "u"
    assert work.script.text == "cat 'u-x'"
