"""Objects in S3, as the functions read and write them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from headrace.aws import s3 as store
from headrace.core.errors import InvalidValue


def put(s3: Any, uri: str, body: bytes = b"x") -> str:
    """An object; its version."""
    bucket, key = store.split_uri(uri)
    return str(s3.put_object(Bucket=bucket, Key=key, Body=body).get("VersionId", ""))


def tags(s3: Any, uri: str) -> dict[str, str]:
    """An object's tags."""
    bucket, key = store.split_uri(uri)
    return {each["Key"]: each["Value"] for each in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}


@pytest.mark.parametrize(
    "uri", ["", "x", "gs://b/x", "s3://", "s3:///x", "s3://a b/x", "s3://ü/x", f"s3://{'b' * 300}/x"]
)
def test_what_is_no_location_is_the_users(uri: str):
    """Refused before botocore does, whose error would read like a fault of ours."""
    with pytest.raises(InvalidValue):
        store.split_uri(uri)


@pytest.mark.parametrize("name", ["a b", "ünï", "x'\"$(y)", "%20+", "-a", "a/../b", "dir//x"])
def test_any_key_is_written_and_read(s3: Any, name: str):
    """Bytes come back under the very key."""
    store.write(s3, f"s3://mine/{name}", b"1")
    assert store.read(s3, f"s3://mine/{name}") == b"1"
    assert [found.uri for found in store.list_objects(s3, "s3://mine/")] == [f"s3://mine/{name}"]


def test_a_version_is_read_though_it_was_overwritten(s3: Any):
    """A run reads what was dropped, not what lies there later."""
    s3.put_bucket_versioning(Bucket="mine", VersioningConfiguration={"Status": "Enabled"})
    first = put(s3, "s3://mine/x", b"first")
    put(s3, "s3://mine/x", b"second")
    assert store.read(s3, "s3://mine/x", version=first) == b"first"
    assert store.read(s3, "s3://mine/x") == b"second"


def test_what_cannot_be_read_says_so(s3: Any):
    """Missing, in a missing bucket, no key at all, too big."""
    for uri in ("s3://mine/none", "s3://no-such-bucket-here/x", "s3://mine/"):
        with pytest.raises(store.ObjectMissing, match=uri):
            store.read(s3, uri)
    put(s3, "s3://mine/big", b"12345")
    with pytest.raises(InvalidValue, match="has 5 bytes"):
        store.read(s3, "s3://mine/big", limit=4)
    with pytest.raises(store.ObjectMissing):
        list(store.list_objects(s3, "s3://no-such-bucket-here/x"))


def test_many_are_looked_at_at_once(s3: Any):
    """Files with size and ETag, folders with all below them, None for what is not there."""
    for name in ("d/a", "d/b", "x"):
        put(s3, f"s3://mine/{name}", name.encode())
    found = store.look_all(s3, ["s3://mine/x", "s3://mine/d/", "s3://mine/none", "s3://mine/empty/"])
    assert [each.size if each else None for each in found.values()] == [1, 6, None, None]
    before = found["s3://mine/d/"]
    put(s3, "s3://mine/d/b", b"d/c")
    after = store.look_all(s3, ["s3://mine/d/"])["s3://mine/d/"]
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_the_first_to_write_once_wins(s3: Any):
    """`If-None-Match`: a second one learns that it was second, and changes nothing."""
    assert store.write_once(s3, "s3://mine/x", b"first")
    assert not store.write_once(s3, "s3://mine/x", b"second")
    assert store.read(s3, "s3://mine/x") == b"first"


def test_what_is_written_over_is_what_was_read(s3: Any):
    """`If-Match`: an object that changed since, or is gone, stays as it is."""
    assert not store.write_over(s3, "s3://mine/x", b"1", '"etag"')
    put(s3, "s3://mine/x", b"1")
    body, etag = store.read_exactly(s3, "s3://mine/x")
    assert store.write_over(s3, "s3://mine/x", body + b"2", etag)
    assert not store.write_over(s3, "s3://mine/x", body + b"3", etag)
    assert store.read(s3, "s3://mine/x") == b"12"
    with pytest.raises(store.ObjectMissing):
        store.read_exactly(s3, "s3://mine/none")


def test_a_mark_on_what_is_gone_is_none(s3: Any):
    """It may have been removed by hand."""
    store.expire_early(s3, "s3://mine/none")


def test_a_copy_has_the_tags_it_is_given_and_no_others(s3: Any):
    """`moved` is true of the work copy alone: it does not travel with its content."""
    put(s3, "s3://mine/work/x", b"1")
    store.expire_early(s3, "s3://mine/work/x")
    assert tags(s3, "s3://mine/work/x") == {"headrace": "moved"}
    store.copy(s3, "s3://mine/work/x", "s3://other/r/ü x", size=1)
    assert tags(s3, "s3://other/r/ü x") == {}
    store.copy(s3, "s3://mine/work/x", "s3://other/r/y", size=1, tags={"a b": "c = d+e"}, storage_class="STANDARD_IA")
    assert tags(s3, "s3://other/r/y") == {"a b": "c = d+e"}
    assert s3.head_object(Bucket="other", Key="r/y")["StorageClass"] == "STANDARD_IA"


def test_big_objects_are_copied_in_parts(s3: Any, monkeypatch: pytest.MonkeyPatch):
    """What CopyObject does not take arrives whole, and a copy that fails leaves no parts behind."""
    body = bytes(range(256)) * 48 * 1024
    put(s3, "s3://mine/big", body)
    monkeypatch.setattr(store, "_ONE_COPY", 1)
    monkeypatch.setattr(store, "_PART", 5 * 1024**2)
    store.copy(s3, "s3://mine/big", "s3://other/big", size=len(body), tags={"a": "b"})
    assert store.read(s3, "s3://other/big") == body
    with pytest.raises((store.ObjectMissing, ClientError)):
        store.copy(s3, "s3://mine/none", "s3://other/none", size=10)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="other")


def test_a_copy_of_nothing_names_it(s3: Any):
    """The source that is gone."""
    with pytest.raises(store.ObjectMissing, match="s3://mine/none"):
        store.copy(s3, "s3://mine/none", "s3://other/x", size=1)
