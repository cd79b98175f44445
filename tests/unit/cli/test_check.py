"""`headrace check`: every example is right; what is wrong is named with its place, all at once, and quickly."""

import os
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"
HELLO = EXAMPLES / "hello" / "pipeline.yaml"


@pytest.mark.parametrize("spec", sorted(EXAMPLES.glob("*/pipeline.yaml")), ids=lambda path: path.parent.name)
def test_every_example_is_right(headrace, spec):
    """The examples pass, without a word on standard error."""
    said = headrace("check", spec)
    assert (said.code, said.err) == (0, "")
    assert "is right" in said.out


def test_all_problems_come_at_once_with_their_lines(headrace, tmp_path):
    """Three faults in three places are three lines with file, line and path, and exit code 2."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "processes:\n"
        "  a:\n"
        "    container: x\n"
        "    scrip: echo\n"
        "    script: echo\n"
        "  b:\n"
        "    container: x\n"
        "    memory: lots\n"
        "    script: echo ${{ nope }}\n"
    )
    said = headrace("check", spec)
    assert said.code == 2
    assert f"{spec}:4: processes.a.scrip" in said.err
    assert "did you mean 'script'?" in said.err
    assert f"{spec}:8: processes.b.memory" in said.err
    assert said.err.rstrip().endswith("2 problems")


def test_container_options_are_tried(headrace, tmp_path):
    """An option that Batch cannot have is refused before anything runs, at its process."""
    spec = tmp_path / "p.yaml"
    spec.write_text("processes: {a: {container: x, containerOptions: --network none, script: echo}}\n")
    said = headrace("check", spec)
    assert said.code == 2
    assert "processes.a.containerOptions" in said.err
    assert "--network" in said.err


def test_missing_params_are_not_faults_of_the_pipeline(headrace):
    """Without its params a pipeline is checked as far as it goes, and what was not looked at is said."""
    said = headrace("check", EXAMPLES / "wordcount" / "pipeline.yaml")
    assert said.code == 0
    assert "not checked: items, keys and requests, because no value is given for: text" in said.out


def test_a_given_param_is_judged_though_another_is_missing(headrace):
    """A wrong value is a problem also while others are missing."""
    said = headrace("check", EXAMPLES / "wordcount" / "pipeline.yaml", "--param", "lines=many", "--param", "lnes=3")
    assert said.code == 2
    assert "params.lines" in said.err
    assert "did you mean 'lines'?" in said.err


def test_files_are_looked_for(headrace, tmp_path):
    """A param's file, a location under inputs and a pattern that match nothing are all named."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "params: {f: {type: file}}\n"
        "processes:\n"
        "  a:\n"
        "    container: x\n"
        "    inputs: {f: '${{ params.f }}', g: data/gone.txt, h: 'data/*.nothing'}\n"
        "    script: cat ${{ f }} ${{ g }} ${{ h }}\n"
    )
    (tmp_path / "here").write_text("x")
    said = headrace("check", spec, "--param", f"f={tmp_path / 'here'}")
    assert said.code == 2
    assert "data/gone.txt: there is no such file" in said.err
    assert "no file matches" in said.err
    assert "2 problems" in said.err
    assert "there is no such file" in headrace("check", spec, "--param", f"f={tmp_path / 'gone'}").err


def test_raw_values_are_listed(headrace, tmp_path):
    """Every place where a value goes into a script unquoted is shown with its line."""
    spec = tmp_path / "p.yaml"
    spec.write_text(
        "params: {opts: '-x'}\nprocesses:\n  a:\n    container: x\n    script: |\n      true\n      tool ${{ params.opts | raw }}\n"
    )
    said = headrace("check", spec)
    assert said.code == 0
    assert f"raw: {spec}:7" in said.out


@pytest.mark.parametrize("place", ["/dev/zero", "pipe", "folder", "gone.yaml", "binary", "s3://bucket/p.yaml"])
def test_what_is_no_file_is_refused_at_once(headrace, tmp_path, monkeypatch, place):
    """A device, a pipe that nobody writes to, a folder, nothing, bytes and a URI end in exit code 2, not in waiting."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("binary").write_bytes(b"\xff\xfe\x00")
    said = headrace("check", place)
    assert said.code == 2
    assert place in said.err


def test_what_comes_from_outside_cannot_steer_the_terminal(headrace, tmp_path):
    """Control sequences in names are not printed, and markup is plain text."""
    spec = tmp_path / "p.yaml"
    spec.write_text('processes: {"a\\e[2J[bold]x": {script: echo}}\n')
    said = headrace("check", spec)
    assert said.code == 2
    assert "\x1b" not in said.text
    assert "[bold]" in said.err


def test_a_used_file_that_is_wrong_is_named_by_its_own_place(headrace, tmp_path):
    """Problems of all used files come together, each with its file."""
    (tmp_path / "p.yaml").write_text("processes: {a: {uses: x.yaml}, b: {uses: y.yaml}}\n")
    (tmp_path / "x.yaml").write_text("processes: {}\n")
    said = headrace("check", tmp_path / "p.yaml")
    assert said.code == 2
    assert "x.yaml:1: processes: no process at all" in said.err
    assert "y.yaml: cannot be read: there is no such file" in said.err


def test_a_launch_request_is_told_from_a_pipeline(headrace, tmp_path):
    """A launch request given for a pipeline is named as one."""
    (tmp_path / "p.yaml").write_text("pipeline: s3://bucket/p.yaml\n")
    said = headrace("check", tmp_path / "p.yaml")
    assert said.code == 2
    assert "a launch request, not a pipeline" in said.err


def test_names_are_relative_to_the_folder_one_is_in(headrace, monkeypatch):
    """Problems name files as the user would."""
    monkeypatch.chdir(EXAMPLES)
    said = headrace("check", "hello/pipeline.yaml", "--param", "nope=1")
    assert said.code == 2
    assert str(EXAMPLES) not in said.err


def test_a_plan_that_no_deployment_takes_is_refused(headrace, tmp_path):
    """More than 9,000 tasks in one scope: named before anything runs, with the process that makes most of them."""
    spec = tmp_path / "p.yaml"
    spec.write_text("processes: {a: {container: x, each: {i: {range: [1, 9001]}}, script: echo}}\n")
    said = headrace("check", spec)
    assert said.code == 2
    assert "9,001 tasks in one scope, 9,001 of them of 'a'" in said.err
    spec.write_text(spec.read_text().replace("9001", "9000"))
    assert headrace("check", spec).code == 0
