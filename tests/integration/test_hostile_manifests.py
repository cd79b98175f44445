"""What an attempt says it wrote, read without trust: anything a job can leave there is a result or one of our errors."""

import json

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from headrace.core import values
from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue
from headrace.core.manifest import collect_outputs, json_paths, read_manifest
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File

PLACE = "s3://bucket/work/aa/hash/a/job.1/out/"
DECLARED = {
    "file": DeclaredOutput("path", "a.txt"),
    "many": DeclaredOutput("path", "b*", wildcard=True, optional=True),
    "tree": DeclaredOutput("dir", "d/", optional=True),
    "said": DeclaredOutput("stdout", ".headrace/stdout", optional=True),
    "typed": DeclaredOutput("json", "r.json", optional=True, data_path=("a", "0")),
}

anything = st.text(st.characters(exclude_categories=()), max_size=6)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), anything)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3))
paths = (
    st.sampled_from(
        [
            "a.txt",
            "a.txt/",
            "./a.txt",
            "b1",
            "b2",
            "d/",
            "d/x",
            "d/x/",
            "d/../a.txt",
            "../x",
            "/x",
            "",
            "r.json",
            ".headrace/stdout",
        ]
    )
    | st.sampled_from(["b\ud800", "b\udcff", "b\0", "b\n", "b" * 2000])
    | anything
)
entries = st.fixed_dictionaries(
    {"name": st.sampled_from([*DECLARED, "other"]), "path": paths},
    optional={"size": st.integers(0, 9) | scalars, "dir": st.booleans() | scalars},
)
bodies = st.one_of(
    trees.map(lambda tree: json.dumps({"a": [tree]}).encode()),
    st.binary(max_size=20),
    st.sampled_from(
        [
            b'{"a": [' + b"9" * 5000 + b"]}",
            b"[" * 100_000,
            b'{"a": [NaN]}',
            b'{"a": ["\\ud800"]}',
            b'{"a": [{"$file": "x"}]}',
        ]
    ),
)


def result(outputs, there=(), body=b"", **more):
    """The values of a manifest with these entries; `there` are paths in the bucket beside those it needs."""
    content = json.dumps({"version": 1, "stage": "done", "exitCode": 0, "outputs": outputs, **more}).encode()
    listing = {
        path: File(PLACE + path, 1, "e") for path in ("a.txt", "b1", "d/x", "r.json", ".headrace/stdout", *there)
    }
    manifest = read_manifest(content)
    json_paths(DECLARED, manifest)
    return collect_outputs(DECLARED, manifest, PLACE, listing, {"r.json": body})


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(entries, max_size=4), st.lists(paths, max_size=2), bodies, st.booleans())
def test_whatever_a_job_claims_is_a_result_or_an_error_of_ours(outputs, there, body, honest):
    """Claims of any shape never raise anything else, and what is accepted can be written down as outputs.json."""
    try:
        found = result([{"name": "file", "path": "a.txt"}, *outputs] if honest else outputs, there, body)
    except HeadraceError:
        event("refused")
        return
    event("accepted")
    assert set(found) == set(DECLARED)
    assert values.from_json(json.loads(json.dumps(values.to_json(found), ensure_ascii=False).encode())) == found
    for value in found.values():
        for file in value if isinstance(value, list) else [value]:
            assert not isinstance(file, File) or file.uri.startswith(PLACE)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=40), trees.map(lambda tree: json.dumps(tree).encode()), st.just(b"[" * 100_000)))
def test_what_is_no_manifest_is_refused(content):
    """Cut, binary, deeply nested or foreign JSON is InvalidValue, whatever it is."""
    with pytest.raises(InvalidValue):
        read_manifest(content)


@pytest.mark.parametrize("path", ["b\ud800", "../b1", "/b1", "d/../b1", "", "./b1", "b//1"])
def test_a_path_that_is_no_text_or_leaves_the_folder_is_refused(path):
    """Only a plain relative path of real characters is one a job of ours writes."""
    with pytest.raises(InvalidValue):
        result([{"name": "file", "path": "a.txt"}, {"name": "many", "path": path}], there=[path])


def test_a_claim_that_the_bucket_does_not_bear_out_is_named():
    """A file that is in the manifest and not in the bucket fails the task by its output's name."""
    with pytest.raises(InvalidSpec) as caught:
        result([{"name": "file", "path": "a.txt"}, {"name": "many", "path": "b2"}])
    assert [problem.path for problem in caught.value.problems] == ["outputs.many"]
