"""Work done before is used only where it can be relied on."""

import json
from typing import Any

import pytest

from headrace.aws import moved_work
from headrace.aws import s3 as store
from headrace.aws.cached_work import find
from headrace.core.records import Epoch

PREFIX = "s3://mine/work/t/ab/" + "ab" * 32 + "/"
OUT = PREFIX + "a/job.1/out/"
EPOCH = Epoch("r", 1)


def commit(s3: Any, names: list[str], at: str = "2026-03-01T00:00:00.000Z") -> None:
    """A committed result whose outputs are these files, of three bytes each."""
    for name in names:
        store.write(s3, OUT + name, b"123")
    files = [{"$file": OUT + name, "size": 3, "etag": "e"} for name in names]
    result = {"version": 1, "at": at, "prefix": OUT, "outputs": {"many": files, "n": 3, "none": None}}
    store.write(s3, PREFIX + "outputs.json", json.dumps(result).encode())


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_result_whose_files_are_there_is_used(s3: Any, count: int):
    """Few files are looked at one by one, many are listed."""
    commit(s3, [str(number) for number in range(count)])
    found = find(s3, PREFIX, "2026-03-02T00:00:00.000Z", 30)
    assert found is not None
    assert len(found["outputs"]["many"]) == count


@pytest.mark.parametrize("count", [3, 40])
@pytest.mark.parametrize("harm", ["gone", "short"])
def test_a_result_that_lost_a_file_is_a_miss(s3: Any, count: int, harm: str):
    """One file gone, or of another size."""
    commit(s3, [str(number) for number in range(count)])
    if harm == "gone":
        s3.delete_object(Bucket="mine", Key=(OUT + "1").removeprefix("s3://mine/"))
    else:
        store.write(s3, OUT + "1", b"12")
    assert find(s3, PREFIX, "2026-03-02T00:00:00.000Z", 30) is None


@pytest.mark.parametrize(("now", "used"), [("2026-03-20", True), ("2026-03-29", False), ("2026-06-01", False)])
def test_a_result_that_soon_expires_is_a_miss(s3: Any, now: str, used: bool):
    """A run must not lose in its middle what it found at its beginning."""
    commit(s3, ["x"])
    assert (find(s3, PREFIX, f"{now}T00:00:00.000Z", 30) is not None) is used


@pytest.mark.parametrize("body", [None, b"", b"{"])
def test_no_result_is_a_miss(s3: Any, body: bytes | None):
    """Nothing there, or nothing that can be read."""
    if body is not None:
        store.write(s3, PREFIX + "outputs.json", body)
    assert find(s3, PREFIX, "2026-03-02T00:00:00.000Z", 30) is None


def folder(s3: Any, size: int) -> None:
    """A committed result that is a folder of two files."""
    for name, body in (("d/1", b"1"), ("d/x/2", b"22")):
        store.write(s3, OUT + name, body)
    outputs = {"all": {"$file": f"{OUT}d/", "size": size, "etag": "e"}}
    result = {"version": 1, "at": "2026-03-01T00:00:00.000Z", "prefix": OUT, "outputs": outputs}
    store.write(s3, PREFIX + "outputs.json", json.dumps(result).encode())


@pytest.mark.parametrize(("size", "used"), [(3, True), (4, False)])
def test_a_folder_is_there_when_all_below_it_is(s3: Any, size: int, used: bool):
    """Its size is that of its objects."""
    folder(s3, size)
    assert (find(s3, PREFIX, "2026-03-02T00:00:00.000Z", 30) is not None) is used


def move(s3: Any, names: list[str], epoch: Epoch = EPOCH) -> None:
    """Publish these files by moving them."""
    moved = {OUT + name: f"s3://mine/results/{name}" for name in names}
    for source, target in moved.items():
        store.write(s3, target, store.read(s3, source))
    moved_work.note(s3, PREFIX, moved, epoch)


def concluded(s3: Any, epoch: Epoch = EPOCH) -> None:
    """That run has succeeded."""
    moved_work.mark(s3, [PREFIX], epoch, lambda: 900_000, lambda _hashes: ())


def gone(s3: Any, names: list[str]) -> None:
    """The bucket's lifecycle has removed the work copies."""
    for name in names:
        s3.delete_object(Bucket="mine", Key=(OUT + name).removeprefix("s3://mine/"))


def marked(s3: Any, name: str) -> bool:
    """Whether a work file, as it is now, is marked to go."""
    tags = s3.get_object_tagging(Bucket="mine", Key=(OUT + name).removeprefix("s3://mine/"))["TagSet"]
    return bool(tags == [{"Key": "headrace", "Value": "moved"}])


@pytest.mark.parametrize("harm", ["", "changed", "away"])
def test_moved_work_is_brought_back_from_where_it_was_published(s3: Any, harm: str):
    """While it is still what was moved there; else the work is done again, and what is there is not touched."""
    commit(s3, ["0", "1"])
    move(s3, ["0", "1"])
    gone(s3, ["0", "1"])
    if harm == "changed":
        store.write(s3, "s3://mine/results/1", b"456")
    elif harm == "away":
        s3.delete_object(Bucket="mine", Key="results/1")
    found = find(s3, PREFIX, "2026-03-09T00:00:00.000Z", 30)
    assert (found is not None) is (harm == "")
    if not harm:
        assert store.read(s3, OUT + "1") == b"123"
        assert not marked(s3, "1")


def test_a_moved_folder_is_brought_back_file_by_file(s3: Any):
    """With what lies deeper."""
    folder(s3, 3)
    move(s3, ["d/1", "d/x/2"])
    gone(s3, ["d/1", "d/x/2"])
    assert find(s3, PREFIX, "2026-03-09T00:00:00.000Z", 30) is not None
    assert store.read(s3, OUT + "d/x/2") == b"22"


@pytest.fixture
def versioned(s3: Any) -> Any:
    """The bucket keeps versions, as the stack's does."""
    s3.put_bucket_versioning(Bucket="mine", VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_what_was_moved_is_marked_when_its_run_has_succeeded(versioned: Any):
    """Not before: its own tasks read it. Only files that the run itself moved, and saying so in the result does not change what it is."""
    commit(versioned, ["0", "1"])
    move(versioned, ["0"])
    before = find(versioned, PREFIX, "2026-03-02T00:00:00.000Z", 30)
    assert not marked(versioned, "0")
    concluded(versioned, Epoch("other", 1))
    assert not marked(versioned, "0")
    assert "moved" not in json.loads(store.read(versioned, PREFIX + "outputs.json"))
    concluded(versioned)
    concluded(versioned)
    assert (marked(versioned, "0"), marked(versioned, "1")) == (True, False)
    assert json.loads(store.read(versioned, PREFIX + "outputs.json")) == {**(before or {}), "moved": True}


def test_a_hit_relies_on_no_file_that_is_marked_to_go(versioned: Any):
    """Whoever finds the work, moving or not, and however soon: the marked copy is made anew, once."""
    commit(versioned, ["0", "1"])
    move(versioned, ["0"])
    concluded(versioned)
    assert find(versioned, PREFIX, "2026-03-02T00:00:01.000Z", 30)
    assert not marked(versioned, "0")
    again = store.look(versioned, OUT + "0")
    assert find(versioned, PREFIX, "2026-03-02T00:00:02.000Z", 30)
    assert store.look(versioned, OUT + "0") == again


def test_a_marked_file_that_cannot_be_brought_back_is_a_miss(versioned: Any):
    """It is still there, with its size, and would go while the run reads it."""
    commit(versioned, ["0"])
    move(versioned, ["0"])
    concluded(versioned)
    store.write(versioned, "s3://mine/results/0", b"456")
    assert find(versioned, PREFIX, "2026-03-02T00:00:01.000Z", 30) is None


def test_a_mark_does_not_reach_what_was_brought_back(versioned: Any):
    """The run that moved it concludes again, or late: only the version that it moved is marked."""
    commit(versioned, ["0"])
    move(versioned, ["0"])
    concluded(versioned)
    assert find(versioned, PREFIX, "2026-03-02T00:00:01.000Z", 30)
    concluded(versioned)
    assert not marked(versioned, "0")


def test_a_result_written_anew_is_not_marked(versioned: Any, monkeypatch: pytest.MonkeyPatch):
    """Between reading and saying `moved` another attempt may commit: what it committed stays, and nothing is marked."""
    commit(versioned, ["0"])
    move(versioned, ["0"])
    read = store.read_exactly

    def meanwhile(s3: Any, uri: str) -> tuple[bytes, str]:
        body, etag = read(s3, uri)
        store.write(s3, uri, b"{}")
        return body, etag

    monkeypatch.setattr(store, "read_exactly", meanwhile)
    concluded(versioned)
    assert not marked(versioned, "0")
    assert store.read(versioned, PREFIX + "outputs.json") == b"{}"


def test_there_is_time_for_some_marks_only(versioned: Any):
    """A function whose time is nearly up leaves the rest: it only stays longer."""
    commit(versioned, ["0"])
    move(versioned, ["0"])
    moved_work.mark(versioned, [PREFIX], EPOCH, lambda: 59_000, lambda _hashes: ())
    assert not marked(versioned, "0")


def test_who_uses_moved_work_is_asked_when_its_result_says_so(versioned: Any):
    """Write first, read second: whoever found the result before is told of, and keeps its files; the hash is the work folder's name."""
    commit(versioned, ["0"])
    move(versioned, ["0"])

    def in_use(hashes: Any) -> Any:
        assert json.loads(store.read(versioned, PREFIX + "outputs.json"))["moved"]
        assert set(hashes) == {PREFIX.split("/")[-2]}
        return hashes

    moved_work.mark(versioned, [PREFIX], EPOCH, lambda: 900_000, in_use)
    assert not marked(versioned, "0")
