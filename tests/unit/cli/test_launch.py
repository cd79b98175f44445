"""What `run` puts into the bucket and asks for, worked out without a bucket."""

import csv
import io
import json
from pathlib import Path

import pytest

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace_cli import checked, given_params, launch, pipeline
from headrace_cli.content_address import Uploads
from headrace_cli.local_files import Reader
from headrace_cli.target import Target

SPEC = """\
params:
  samples: {type: table, columns: {r1: file, n: number}, required: false}
  reads: {type: file, required: false}
  many: {type: list, of: file, required: false}
  word: some
processes:
  a: {container: x, script: echo}
"""
TARGET = Target(None, "headrace", "here", outputs={"Bucket": "bucket"})


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """The launch request and the uploads of a pipeline in `p.yaml`, for words of `--param`."""
    monkeypatch.chdir(tmp_path)

    def run(*words, spec=SPEC):
        Path("p.yaml").write_text(spec)
        reader = Reader()
        loaded = pipeline.load("p.yaml", reader)
        given = given_params.read(loaded.spec.params, words, None)
        return launch.prepare(checked.check(loaded, given, reader), TARGET, {})

    return run


def content(uploads: Uploads, uri: str) -> bytes:
    """What goes to a URI."""
    found = uploads.objects[uri]
    return found if isinstance(found, bytes) else found.read_bytes()


def test_nothing_local_but_the_spec(prepare):
    """A pipeline without files is one upload; defaults are not repeated in the request."""
    request, uploads = prepare()
    assert request == {"pipeline": request["pipeline"], "name": "p"}
    assert list(uploads.objects) == [request["pipeline"]]
    assert request["pipeline"].startswith("s3://bucket/inputs/")
    assert content(uploads, request["pipeline"]).decode() == SPEC


def test_an_edited_spec_leaves_its_files_where_they_are(prepare, tmp_path):
    """The folder's hash is that of the files, the spec's own is in its name."""
    (tmp_path / "ref.fa").write_text("x")
    spec = SPEC.replace("script: echo", "inputs: {r: ref.fa}, script: 'cat ${{ r }}'")
    first, before = prepare(spec=spec)
    second, after = prepare(spec=spec + "# edited\n")
    assert first["pipeline"] != second["pipeline"]
    assert set(before.objects) - set(after.objects) == {first["pipeline"]}
    (tmp_path / "ref.fa").write_text("y")
    _, changed = prepare(spec=spec)
    assert not set(changed.objects) & set(before.objects)


def test_the_structure_around_the_spec_is_kept(prepare, tmp_path):
    """A file beside, above or below the spec has the same relative place in the bucket."""
    for name in ("ref.fa", "sub/deep.txt", "q.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("processes: {b: {container: x, script: echo}}\n")
    spec = "processes:\n  a: {container: x, inputs: {r: ref.fa, d: sub/}, script: 'cat ${{ r }} ${{ d }}'}\n  u: {uses: q.yaml}\n"
    request, uploads = prepare(spec=spec)
    folder = request["pipeline"].rpartition("/")[0]
    assert set(uploads.objects) == {
        request["pipeline"],
        *(f"{folder}/{n}" for n in ("ref.fa", "sub/deep.txt", "q.yaml")),
    }


def test_a_table_goes_with_its_files_filled_in(prepare, tmp_path):
    """Cells of type file become URIs by content; other cells, commas, quotes and line breaks stay what they are."""
    rows = [["id", "r1", "n", "note"], ["a", "x 1.txt", "3", 'said "no, never"\nand left'], ["b", "s3://o/y", "", ""]]
    with (tmp_path / "s.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    (tmp_path / "x 1.txt").write_text("hello")
    spec = SPEC.replace("n: number", "n: {type: number, optional: true}")
    request, uploads = prepare("samples=s.csv", spec=spec)
    found = list(csv.reader(io.StringIO(content(uploads, request["params"]["samples"]).decode(), newline="")))
    assert found[1][1] == next(uri for uri in uploads.objects if uri.endswith("/x 1.txt"))
    found[1][1] = "x 1.txt"
    assert found == rows


def test_a_table_without_local_files_goes_as_it_is(prepare, tmp_path):
    """Not a byte of it is changed."""
    (tmp_path / "s.tsv").write_bytes(b"id\tr1\tn\r\na\ts3://o/x\t1\r\n\r\n")
    request, uploads = prepare("samples=s.tsv")
    assert content(uploads, request["params"]["samples"]) == (tmp_path / "s.tsv").read_bytes()


def test_equal_content_has_one_place(prepare, tmp_path):
    """Two files of one content and name are one object; of another name, two."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("same")
    (tmp_path / "y.txt").write_text("same")
    request, uploads = prepare("many=a/x.txt,b/x.txt,y.txt")
    first, second, third = request["params"]["many"]
    assert first == second != third
    assert len(uploads.objects) == 3


def test_rows_in_place_are_filled_in(prepare, tmp_path):
    """A table that is given as rows stays rows."""
    (tmp_path / "x").write_text("1")
    request, _ = prepare("samples=" + json.dumps([{"id": "a", "r1": "x", "n": 1}]))
    row = request["params"]["samples"][0]
    assert (row["id"], row["n"]) == ("a", 1)
    assert row["r1"].startswith("s3://bucket/inputs/")


def test_a_param_that_a_source_reads_is_planned_from_here(prepare, tmp_path):
    """A file param that is uploaded and then read by a source of an axis is read from this machine, not from the bucket."""
    (tmp_path / "names.txt").write_text("a\nb\n")
    spec = (
        "params: {names: {type: file}}\n"
        "processes: {a: {container: x, each: {n: {lines: '${{ params.names.uri }}'}}, script: 'echo ${{ n }}'}}\n"
    )
    request, uploads = prepare("names=names.txt", spec=spec)
    assert content(uploads, request["params"]["names"]) == b"a\nb\n"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [("{r: /etc/hostname}", "an absolute path of one machine"), ("{r: '*.yaml'}", "matches the pipeline itself")],
)
def test_what_would_mean_something_else_there_is_refused(prepare, inputs, message):
    """A path of this machine alone, and a pattern that would find the spec under its new name."""
    with pytest.raises(InvalidSpec, match=message.replace("*", "\\*")):
        prepare(spec=SPEC.replace("script: echo", f"inputs: {inputs}, script: 'cat ${{{{ r }}}}'"))


def test_a_request_too_long_for_an_execution_is_refused(prepare):
    """Params of more than 200 kB are refused with the way out."""
    with pytest.raises(InvalidSpec, match="as a table"):
        prepare("word=" + "x" * 200_000)


def test_names_that_s3_cannot_hold_are_refused(prepare, tmp_path):
    """A control character in a file's name."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a\x01b").write_text("x")
    with pytest.raises(InvalidValue, match="control character"):
        prepare("reads=d/")


def test_an_empty_folder_is_no_input(prepare, tmp_path):
    """Nothing in S3 could stand for it."""
    (tmp_path / "d").mkdir()
    with pytest.raises(InvalidValue, match="empty folder"):
        prepare("reads=d/")
