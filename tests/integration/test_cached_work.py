"""Work done before is used only where it can be relied on."""

import json
from typing import Any

import pytest

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
