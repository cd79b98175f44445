"""What the core asks for is read, or said to be unreadable."""

from typing import Any

import pytest

from headrace.aws import s3 as store
from headrace.aws.fetching import answered, fetch_all
from headrace.core.fetch import Fetch, Needs, NotFetched, Unreadable


def test_each_kind_is_read(s3: Any):
    """Globs bytewise by key and without folders, text without its mark, JSON as data."""
    for name in ("r/b.fq", "r/B.fq", "r/deep/a.fq", "r/a.txt", "r/x.fq/"):
        store.write(s3, f"s3://mine/{name}", b"1")
    store.write(s3, "s3://mine/t.csv", "\ufeffid\nü\n".encode())
    store.write(s3, "s3://mine/j.json", b'{"a": [1]}')
    wanted = (Fetch("glob", "s3://mine/r/*.fq"), Fetch("text", "s3://mine/t.csv"), Fetch("json", "s3://mine/j.json"))
    files, text, data = fetch_all(s3, wanted).values()
    assert [file.uri for file in files] == ["s3://mine/r/B.fq", "s3://mine/r/b.fq"]
    assert files[0].etag
    assert (text, data) == ("id\nü\n", {"a": [1]})


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("text", None, "not there"),
        ("text", b"\xff", "not UTF-8"),
        ("json", b"{", "not JSON"),
        ("json", b"[" * 100_000, "not JSON"),
    ],
)
def test_what_cannot_be_read_is_a_value(s3: Any, kind: Any, body: bytes | None, reason: str):
    """Whatever a user's object holds, the core gets a reason it can place."""
    if body is not None:
        store.write(s3, "s3://mine/x", body)
    [found] = fetch_all(s3, (Fetch(kind, "s3://mine/x"),)).values()
    assert isinstance(found, Unreadable)
    assert reason in found.reason


def test_a_bucket_that_is_not_there_is_a_value_too(s3: Any):
    """Also for a wildcard."""
    [found] = fetch_all(s3, (Fetch("glob", "s3://no-such-bucket-here/*"),)).values()
    assert isinstance(found, Unreadable)


def test_the_core_is_asked_until_it_knows(s3: Any):
    """`Needs` and `NotFetched` alike; what was read is kept; one that never ends is a fault of ours."""
    store.write(s3, "s3://mine/a", b"s3://mine/b")
    store.write(s3, "s3://mine/b", b"end")
    kept: dict[Fetch, Any] = {}

    def ask(known: dict[Fetch, Any]) -> Any:
        first = Fetch("text", "s3://mine/a")
        if first not in known:
            return Needs((first,))
        second = Fetch("text", known[first])
        if second not in known:
            raise NotFetched(second)
        return known[second]

    assert answered(s3, ask, kept) == "end"
    assert len(kept) == 2
    with pytest.raises(RuntimeError, match="times over"):
        answered(s3, lambda _: Needs((Fetch("text", "s3://mine/a"),)))
