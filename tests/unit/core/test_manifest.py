"""What an attempt says, and what is there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace.core.job_script import EMPTY_FOLDER
from headrace.core.manifest import MAX_JSON_VALUE, collect_outputs, json_paths, read_manifest
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File

PLACE = "s3://my-bucket/a/job.1/out/"
FILE = DeclaredOutput("path", "a.bam")
GLOB = DeclaredOutput("path", "*.txt", wildcard=True)
FOLDER = DeclaredOutput("dir", "d/")


def manifest(*outputs, **more):
    """A whole manifest."""
    told = {"version": 1, "exitCode": 0, "stage": "done", "outputs": list(outputs), "missing": [], **more}
    return read_manifest(json.dumps(told).encode())


def entry(name, path, **more):
    """One line of it."""
    return {"name": name, "path": path, **more}


def collect(declared, told, sizes, contents=None):
    """The values of a manifest over objects of these sizes."""
    listing = {path: File(PLACE + path, size, f"e{size}") for path, size in sizes.items()}
    return collect_outputs(declared, told, PLACE, listing, contents or {})


def test_a_file_gets_size_and_etag_from_the_bucket():
    """The manifest only says which path is which output."""
    assert collect({"bam": FILE}, manifest(entry("bam", "a.bam", size=3)), {"a.bam": 3}) == {
        "bam": File(PLACE + "a.bam", 3, "e3")
    }


def test_a_glob_is_a_list_bytewise_by_path():
    """Whatever the order of the manifest, also with one or no file."""
    told = manifest(entry("t", "b.txt"), entry("t", "B.txt"), entry("t", "ä.txt"), entry("t", "a.txt"))
    found = collect({"t": GLOB}, told, dict.fromkeys(["a.txt", "b.txt", "B.txt", "ä.txt"], 1))
    assert [file.name for file in found["t"]] == ["B.txt", "a.txt", "b.txt", "ä.txt"]


def test_a_folder_is_one_file_whose_etag_is_all_of_it():
    """A change below it is a change of it; an empty one is marked as such."""
    told = manifest(entry("d", "d/x"), entry("d", "d/y"))
    one = collect({"d": FOLDER}, told, {"d/x": 1, "d/y": 2})["d"]
    other = collect({"d": FOLDER}, told, {"d/x": 1, "d/y": 3})["d"]
    assert (one.uri, one.size) == (PLACE + "d/", 3)
    assert one.etag != other.etag
    empty = collect({"d": FOLDER}, manifest(entry("d", "d/", dir=True)), {})["d"]
    assert (empty.size, empty.etag) == (0, EMPTY_FOLDER)


@pytest.mark.parametrize(
    ("declared", "told", "sizes", "said"),
    [
        ({"a": FILE}, manifest(), {}, "was not written"),
        ({"a": FILE}, manifest(entry("a", "a.bam")), {}, "not in the bucket"),
        ({"a": FILE}, manifest(entry("a", "a.bam", size=9)), {"a.bam": 4}, "has 4 bytes"),
        ({"a": FILE}, manifest(entry("a", "other")), {"other": 1}, "names 'other'"),
        ({}, manifest(entry("b", "b")), {"b": 1}, "not declared"),
        ({"d": FOLDER}, manifest(entry("d", "e/x")), {"e/x": 1}, "outside"),
        ({"a": FILE}, manifest(entry("a", "a.bam/", dir=True)), {}, "is a folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_bucket_does_not_bear_out_is_a_problem_by_name(declared, told, sizes, said):
    """Absent, short, foreign, undeclared: each says which output."""
    with pytest.raises(InvalidSpec) as caught:
        collect(declared, told, sizes)
    assert any(said in str(problem) and problem.path.startswith("outputs.") for problem in caught.value.problems)


def test_absent_optional_outputs_are_none_or_nothing():
    """A file none, a glob an empty list."""
    declared = {"a": DeclaredOutput("path", "a", optional=True), "g": DeclaredOutput("path", "*", True, True)}
    assert collect(declared, manifest(), {}) == {"a": None, "g": []}


def json_value(content, *steps):
    """What a JSON output gives."""
    declared = {"n": DeclaredOutput("json", "r.json", data_path=steps)}
    told = manifest(entry("n", "r.json"))
    assert json_paths(declared, told) == ["r.json"]
    return collect(declared, told, {"r.json": len(content)}, {"r.json": content})["n"]


def test_a_json_value_keeps_its_type():
    """A number in the file is a number in the pipeline."""
    assert json_value(b'{"a": [1, {"b": 2.5}]}', "a", "1", "b") == 2.5
    assert json_value(b"false") is False


@pytest.mark.parametrize(
    "content",
    [b"{", b"NaN", b"\xff", b"[" * 100_000, b'{"$file": "s3://x/y"}', b'"' + b"x" * MAX_JSON_VALUE + b'"'],
    ids=["cut", "no JSON", "no text", "deep", "a file of ours", "too big"],
)
def test_a_json_value_that_is_none_is_refused(content):
    """Cut, deep, too big, or posing as one of our files."""
    with pytest.raises(InvalidSpec):
        json_value(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"version": 2}',
        b'{"version": 1, "stage": "here", "exitCode": 0}',
        b'{"version": 1, "stage": "done", "exitCode": 7}',
        b'{"version": 1, "stage": "done", "exitCode": true}',
        b'{"version": 1, "stage": "done", "exitCode": 0, "outputs": [{"name": "a", "path": "../b"}]}',
        b'{"version": 1, "stage": "done", "exitCode": 0, "outputs": [{"name": "a", "path": "/b"}]}',
        b'{"version": 1, "stage": "done", "exitCode": 0, "outputs": [{"name": "a"}]}',
        b'{"version": 1, "stage": "done", "exitCode": 0, "outputs": {}}',
    ],
)
def test_a_bogus_manifest_is_refused(content):
    """Nothing that is not the agreed shape gets further."""
    with pytest.raises(InvalidValue):
        read_manifest(content)


@given(st.integers(0, 200))
def test_a_cut_manifest_is_refused(length):
    """Every true prefix of a manifest is no manifest."""
    whole = json.dumps({"version": 1, "exitCode": 0, "stage": "done", "outputs": [entry("a", "b" * 200)]}).encode()
    with pytest.raises(InvalidValue):
        read_manifest(whole[:length])
