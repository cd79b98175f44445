"""Params from the command line and from a file."""

import json

import pytest

SPEC = """\
params:
  text: some
  number: 3
  flag: false
  names: [a]
  reads: {type: file, required: false}
  samples: {type: table, required: false, columns: {r1: file}}
processes:
  a: {container: x, script: "echo ${{ params.number }}"}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A pipeline with a param of each type, in a folder of its own below where one is."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "p.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return "flows/p.yaml"


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("number=x", "params.number"),
        ("flag=maybe", "params.flag"),
        ("nope=1", "no param 'nope'"),
        ("number", "--param name=value"),
        ("=1", "--param name=value"),
    ],
)
def test_a_word_that_is_no_param_is_refused(headrace, spec, word, fault):
    """Wrong values, unknown names and words without '=' end in exit code 2 with the form to use."""
    said = headrace("plan", spec, "--param", word)
    assert said.code == 2
    assert fault in said.err


def test_all_that_is_wrong_comes_together(headrace, spec):
    """Two wrong words are two problems."""
    said = headrace("plan", spec, "--param", "number=x", "--param", "nmber=1")
    assert said.code == 2
    assert "params.number" in said.err
    assert "did you mean 'number'?" in said.err


def test_a_param_given_twice_is_an_error(headrace, spec):
    """Nobody guesses which of two values is meant."""
    assert "given twice" in headrace("plan", spec, "--param", "number=1", "--param", "number=2").err


def test_paths_are_relative_to_who_says_them(headrace, spec, tmp_path):
    """`--param` speaks from the folder one is in, a params file from its own, a table from its own."""
    (tmp_path / "here.txt").write_text("x")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "there.txt").write_text("x")
    (tmp_path / "given" / "s.csv").write_text("id,r1\na,there.txt\n")
    (tmp_path / "given" / "params.yaml").write_text("reads: there.txt\nsamples: s.csv\n")
    assert headrace("plan", spec, "--param", "reads=here.txt").code == 0
    assert headrace("plan", spec, "--params-file", "given/params.yaml").code == 0
    said = headrace("plan", spec, "--params-file", "given/params.yaml", "--param", "reads=there.txt")
    assert said.code == 2
    assert "there.txt: there is no such file" in said.err


def test_the_command_line_goes_before_the_file(headrace, spec, tmp_path):
    """A value of the command line replaces one of the file."""
    (tmp_path / "params.json").write_text(json.dumps({"number": "wrong"}))
    assert headrace("plan", spec, "--params-file", "params.json").code == 2
    assert headrace("plan", spec, "--params-file", "params.json", "--param", "number=4").code == 0


def test_a_params_file_that_is_none_is_named(headrace, spec, tmp_path):
    """Missing, not YAML, not a map: exit code 2 with the file's name."""
    (tmp_path / "list.yaml").write_text("[1]\n")
    (tmp_path / "bad.yaml").write_text("a: [\n")
    for name in ("gone.yaml", "list.yaml", "bad.yaml"):
        said = headrace("plan", spec, "--params-file", name)
        assert said.code == 2
        assert name in said.err


def test_a_row_whose_file_is_gone_is_found_before_the_run(headrace, spec, tmp_path):
    """A table's cells are looked at too."""
    (tmp_path / "s.csv").write_text("id,r1\na,gone.txt\n")
    said = headrace("plan", spec, "--param", "samples=s.csv")
    assert said.code == 2
    assert "gone.txt: there is no such file" in said.err
