"""Work done before is used only where it can be relied on."""

import json
from typing import Any

import pytest

from headrace.aws import moved_work
from headrace.aws import s3 as store
from headrace.aws.cached_work import find

PREFIX = "s3://mine/work/t/ab/" + "ab" * 32 + "/"
OUT = PREFIX + "a/job.1/out/"


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


def move(s3: Any, names: list[str]) -> None:
    """Publish these files by moving them, a day after they were made."""
    moved = {OUT + name: f"s3://mine/results/{name}" for name in names}
    for source, target in moved.items():
        store.write(s3, target, store.read(s3, source))
    moved_work.note(s3, PREFIX, moved, "2026-03-02T00:00:00.000Z")


def gone(s3: Any, names: list[str]) -> None:
    """The bucket's lifecycle has removed the work copies."""
    for name in names:
        s3.delete_object(Bucket="mine", Key=(OUT + name).removeprefix("s3://mine/"))


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
        assert s3.get_object_tagging(Bucket="mine", Key=(OUT + "1").removeprefix("s3://mine/"))["TagSet"] == []


def test_a_moved_folder_is_brought_back_file_by_file(s3: Any):
    """With what lies deeper."""
    folder(s3, 3)
    move(s3, ["d/1", "d/x/2"])
    gone(s3, ["d/1", "d/x/2"])
    assert find(s3, PREFIX, "2026-03-09T00:00:00.000Z", 30) is not None
    assert store.read(s3, OUT + "d/x/2") == b"22"


def test_a_marked_copy_that_is_still_there_is_made_anew_before_it_goes(s3: Any):
    """The mark takes effect two days after the object was made; a run that begins with it may last."""
    commit(s3, ["0"])
    move(s3, ["0"])
    key = (OUT + "0").removeprefix("s3://mine/")
    store.expire_early(s3, OUT + "0")
    assert find(s3, PREFIX, "2026-03-02T01:00:00.000Z", 30, moves=True)
    assert s3.get_object_tagging(Bucket="mine", Key=key)["TagSet"] != []
    assert find(s3, PREFIX, "2026-03-03T00:00:00.000Z", 30, moves=True)
    assert s3.get_object_tagging(Bucket="mine", Key=key)["TagSet"] == []
