"""Whatever reads or writes S3 for a team is refused what is not the team's, and S3 is not even asked."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from headrace.aws import cached_work, contents, fetching, launching, moved_work, publishing
from headrace.aws import s3 as store
from headrace.aws.table import Table
from headrace.aws.team_s3 import _CHECKS, team_s3
from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue
from headrace.core.fetch import Fetch, Unreadable
from headrace.core.launch_request import Named
from headrace.core.publish import Copy
from headrace.core.records import Epoch
from headrace.core.tenancy import Reach

OURS = Reach("genomics", "mine", "arn:aws:s3:::other/*")
WORK = "s3://mine/work/genomics/ab/" + "ab" * 32 + "/"
THEIRS = "s3://mine/inputs/proteomics/secret.txt"
NOW = "2026-03-02T00:00:00.000Z"


class Asked:
    """S3, and what it was asked."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.calls = s3, []

    def __getattr__(self, name: str) -> Any:
        if name == "get_paginator":
            return lambda operation: _Pages(self, operation)
        return lambda **said: (self.calls.append((name, said)), getattr(self.s3, name)(**said))[1]


class _Pages:
    def __init__(self, asked: Asked, operation: str) -> None:
        self.asked, self.operation = asked, operation

    def paginate(self, **said: Any) -> Any:
        self.asked.calls.append((self.operation, said))
        return self.asked.s3.get_paginator(self.operation).paginate(**said)


@pytest.fixture
def asked(s3: Any) -> Asked:
    """S3 with something of each team in it."""
    for uri in (THEIRS, "s3://mine/results/proteomics/r/x", "s3://mine/inputs/genomics/a.txt", "s3://other/x"):
        store.write(s3, uri, b"content")
    return Asked(s3)


@pytest.fixture
def theirs(asked: Asked) -> Any:
    """S3 as it is for genomics."""
    return team_s3(asked, OURS)


HOSTILE = [
    THEIRS,
    "s3://mine/inputs/genomics/../proteomics/secret.txt",
    "s3://mine/inputs/genomics/..%2fproteomics/secret.txt",
    "s3://mine/runs/proteomics-x/1/params.json",
    "s3://mine/config/defaults.yaml",
    "s3://other/proteomics/x",
]


@pytest.mark.parametrize("uri", HOSTILE)
def test_nothing_of_others_is_asked_for(asked: Asked, theirs: Any, uri: str):
    """By no way that functions have of reading or writing an object."""
    for act in (
        lambda: store.read(theirs, uri),
        lambda: store.look(theirs, uri),
        lambda: store.look_all(theirs, [uri]),
        lambda: store.look_all(theirs, [uri.rpartition("/")[0] + "/"]),
        lambda: list(store.list_objects(theirs, uri)),
        lambda: contents.contents(theirs, [uri]),
        lambda: contents.contents(theirs, [uri + "/"]),
        lambda: store.copy(theirs, uri, "s3://mine/results/genomics/x", size=1),
        lambda: store.copy(theirs, uri, "s3://mine/results/genomics/x", size=6 * 1024**3),
        lambda: store.copy(theirs, "s3://mine/work/genomics/x", uri, size=1),
        lambda: store.write(theirs, uri, b""),
        lambda: store.write_once(theirs, uri, b""),
        lambda: store.expire_early(theirs, uri),
    ):
        with pytest.raises(InvalidValue):
            act()
    # A multipart copy opens an upload of the team's own, and frees it.
    assert {name for name, _ in asked.calls} <= {"create_multipart_upload", "abort_multipart_upload"}


def test_what_is_its_own_it_reads_and_writes(theirs: Any):
    """As with the client itself."""
    assert store.read(theirs, "s3://mine/inputs/genomics/a.txt") == b"content"
    assert [each.uri for each in store.list_objects(theirs, "s3://mine/inputs/genomics/")] == [
        "s3://mine/inputs/genomics/a.txt"
    ]
    store.copy(theirs, "s3://mine/inputs/genomics/a.txt", "s3://mine/results/genomics/a.txt", size=7)
    store.copy(theirs, "s3://mine/inputs/genomics/a.txt", "s3://other/genomics/a.txt", size=7)
    assert store.write_once(theirs, "s3://mine/work/genomics/x", b"1")
    assert not store.write_once(theirs, "s3://mine/work/genomics/x", b"2")
    with pytest.raises(store.ObjectMissing):
        store.read(theirs, "s3://mine/inputs/genomics/nothing")


def test_nothing_is_changed_where_nothing_is_parted(s3: Any):
    """The client itself."""
    assert team_s3(s3, None) is s3


def test_every_operation_of_the_adapters_is_known_to_it():
    """One that is not is an error at once, never a way around; a wildcard in a bucket's name is none either."""
    sources = "".join(inspect.getsource(each) for each in (store, contents, moved_work, publishing, cached_work))
    used = set(re.findall(r"s3\.(\w+)\(", sources)) - {"get_paginator"}
    assert used == set(_CHECKS)
    for operation in ("delete_object", "delete_objects", "get_object_acl", "generate_presigned_url"):
        with pytest.raises(AttributeError, match=operation):
            getattr(team_s3(object(), OURS), operation)


def test_functions_have_no_other_way():
    """Where a pipeline, a manifest or an earlier result may say what is read or copied, the client is the team's."""
    names = "answered|fetch_all|look_all|contents|find_cached|commit_outputs|publish|pipeline_uri"
    loose = []
    for path in sorted((Path(store.__file__).parent).glob("*.py")):
        text = re.sub(r"\s+", " ", path.read_text())
        loose += [(path.name, found) for found in re.findall(rf"\b(?:{names})\([^()]*client\(\"s3\"\)", text)]
    # The places of log summaries are the engine's own.
    assert loose == [("concluding.py", 'look_all(client("s3")')]


def test_what_the_core_wants_read(asked: Asked, theirs: Any):
    """Refused fetches are unreadable, and say by whom."""
    wanted = [Fetch("text", THEIRS), Fetch("json", THEIRS), Fetch("glob", "s3://mine/inputs/*/secret.txt")]
    found = fetching.fetch_all(theirs, (*wanted, Fetch("text", "s3://mine/inputs/genomics/a.txt")))
    assert [type(found[each]) for each in wanted] == [Unreadable] * 3
    assert all("may not be read for genomics" in found[each].reason for each in wanted)
    assert found[Fetch("text", "s3://mine/inputs/genomics/a.txt")] == "content"
    assert [said["Key"] for _, said in asked.calls] == ["inputs/genomics/a.txt"]


SPEC = "processes: {p: {container: d, script: echo x%s}}\n"


def load(s3: Any, text: str, **launch: Any) -> launching.Loaded:
    """The pipeline of genomics that has this text."""
    place = "s3://mine/inputs/genomics/p.yaml"
    store.write(s3, place, text.encode())
    return launching.load(s3, "mine", {"pipeline": place, **launch}, OURS)


@pytest.mark.parametrize(
    ("text", "launch", "place"),
    [
        (SPEC % "", {"pipeline": "s3://mine/inputs/proteomics/p.yaml"}, "pipeline"),
        ("processes: {q: {uses: ../proteomics/p.yaml}}\n", {}, "uses"),
        ("processes: {q: {uses: 's3://mine/inputs/proteomics/p.yaml'}}\n", {}, "uses"),
        ("params: {t: table}\n" + SPEC % "", {"params": {"t": "s3://mine/inputs/proteomics/t.csv"}}, "params"),
        ("params: {t: {type: table, default: ../proteomics/t.csv}}\n" + SPEC % "", {}, "params"),
    ],
)
def test_pipelines_used_files_and_tables(s3: Any, text: str, launch: dict[str, Any], place: str):
    """Refused in their place, without a word of what is there."""
    store.write(s3, "s3://mine/inputs/proteomics/p.yaml", b"name: hidden\nprocesses: [\n")
    store.write(s3, "s3://mine/inputs/proteomics/t.csv", b"id\nhidden\n")
    text = text.replace("{t: table}", "{t: {type: table}}")
    with pytest.raises(InvalidSpec) as refused:
        load(s3, text, **launch)
    assert [problem.path for problem in refused.value.problems] == [place]
    assert "may not be read for genomics" in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_the_deployments_own_defaults_are_read_all_the_same(s3: Any):
    """No team may name that file; the engine reads it for each of them. So are pipelines by name."""
    store.write(s3, "s3://mine/config/defaults.yaml", b"cpus: 3\n")
    assert load(s3, SPEC % "").deployment == {"cpus": 3}
    store.write(s3, "s3://mine/pipelines/x/1/pipeline.yaml", (SPEC % "").encode())
    place = "s3://mine/pipelines/x/1/pipeline.yaml"
    assert launching.pipeline_uri(team_s3(s3, OURS), "mine", Named(name="x")) == place


def forged(s3: Any, source: str, prefix: str = WORK) -> None:
    """A result that a job has written itself, naming a file it may not read."""
    outputs = {"o": {"$file": source, "size": 7, "etag": "e"}}
    result = {"version": 1, "at": "2026-03-01T00:00:00.000Z", "prefix": prefix, "outputs": outputs}
    store.write(s3, WORK + "outputs.json", json.dumps(result).encode())


@pytest.mark.parametrize("source", HOSTILE)
def test_a_forged_result_is_none(asked: Asked, theirs: Any, source: str):
    """It names what lies elsewhere: the work is done again, and nobody looks there."""
    forged(asked.s3, source)
    assert cached_work.find(theirs, WORK, NOW, 30) is None
    forged(asked.s3, WORK + "a/x/out/o", prefix="s3://mine/work/proteomics/")
    assert cached_work.find(theirs, WORK, NOW, 30) is None
    assert [name for name, _ in asked.calls] == ["get_object"] * 2


@pytest.mark.parametrize("source", HOSTILE)
def test_a_forged_result_publishes_nothing(asked: Asked, theirs: Any, ledger_table: Table, source: str):
    """It may be written between the commit and the copy, so the copy is refused itself."""
    copy = Copy(source, "s3://mine/results/genomics/r/x", 7)
    for each in (copy, Copy(f"{source}/", "s3://mine/results/genomics/r/", 7)):
        with pytest.raises(InvalidValue):
            publishing.publish(ledger_table, theirs, Epoch("genomics-r", 1), "t", [each], work=WORK)
    assert asked.calls == []


@pytest.mark.parametrize("target", ["s3://mine/results/proteomics/r/x", "s3://mine/launch/genomics/x.yaml"])
def test_nothing_is_published_to_others(asked: Asked, theirs: Any, ledger_table: Table, target: str):
    """Nor where it would start a run."""
    copy = Copy("s3://mine/inputs/genomics/a.txt", target, 7)
    with pytest.raises(InvalidValue):
        publishing.publish(ledger_table, theirs, Epoch("genomics-r", 1), "t", [copy], work=WORK)
    assert asked.calls == []


def test_a_forged_note_of_what_was_moved_brings_nothing(asked: Asked, theirs: Any):
    """Nothing of others is copied into the team's work."""
    source = WORK + "a/job.1/out/x"
    note = {
        source: {"uri": "s3://mine/results/proteomics/r/x", "etag": "e", "size": 7, "version": "", "by": "genomics-r#1"}
    }
    store.write(asked.s3, WORK + "moved.json", json.dumps(note).encode())
    forged(asked.s3, source)
    with pytest.raises(HeadraceError):
        cached_work.find(theirs, WORK, NOW, 30)
    assert not [name for name, _ in asked.calls if "copy" in name]


def test_a_forged_note_of_what_was_moved_lets_nothing_of_others_go(asked: Asked, theirs: Any):
    """What is marked is removed: a result of another team may not be."""
    theirs_result = "s3://mine/results/proteomics/r/x"
    note = {theirs_result: {"uri": theirs_result, "etag": "e", "size": 7, "version": "", "by": "genomics-r#1"}}
    store.write(asked.s3, WORK + "moved.json", json.dumps(note).encode())
    forged(asked.s3, WORK + "a/job.1/out/x")
    with pytest.raises(InvalidValue, match="may not be written for genomics"):
        moved_work.mark(theirs, [WORK], Epoch("genomics-r", 1), lambda: 900_000, lambda _hashes: ())
    assert not [name for name, _ in asked.calls if "tagging" in name]
