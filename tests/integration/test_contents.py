"""What objects contain, asked of moto's S3."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from headrace.aws import s3 as store
from headrace.aws.contents import contents
from headrace.core import cache_modes
from headrace.core.errors import InvalidSpec

MD5 = hashlib.md5(b"content" * 1_000_000).hexdigest()  # 7 MB: two parts


def in_parts(s3: Any, key: str, body: bytes, **more: Any) -> str:
    """An object uploaded in two parts; its URI."""
    upload = s3.create_multipart_upload(Bucket="mine", Key=key, **more)["UploadId"]
    parts = []
    for number, piece in enumerate((body[: 5 * 1024**2], body[5 * 1024**2 :]), start=1):
        answer = s3.upload_part(Bucket="mine", Key=key, UploadId=upload, PartNumber=number, Body=piece)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    s3.complete_multipart_upload(Bucket="mine", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    return f"s3://mine/{key}"


def test_one_content_is_told_the_same_however_it_was_stored(s3: Any):
    """Put at once, uploaded in parts (read), under another name; another content is another."""
    body = b"content" * 1_000_000
    store.write(s3, "s3://mine/a", body)
    store.write(s3, "s3://other/b", body)
    store.write(s3, "s3://mine/c", b"other")
    parts = in_parts(s3, "p", body)
    found = contents(s3, ["s3://mine/a", "s3://other/b", parts, "s3://mine/c"])
    assert found["s3://mine/a"] == found["s3://other/b"] == found[parts] == f"md5:{MD5} (7000000 bytes)"
    assert found["s3://mine/c"] != found["s3://mine/a"]


def test_what_was_read_is_not_read_again_until_it_changes(s3: Any, monkeypatch: pytest.MonkeyPatch):
    """By URI and ETag."""
    uri = in_parts(s3, "p", b"x" * (6 * 1024**2))
    reads: list[str] = []
    get = s3.get_object
    monkeypatch.setattr(s3, "get_object", lambda **asked: reads.append(asked["Key"]) or get(**asked))
    first = contents(s3, [uri])
    assert contents(s3, [uri]) == first
    assert reads == ["p"]
    in_parts(s3, "p", b"y" * (6 * 1024**2))
    assert contents(s3, [uri]) != first
    assert reads == ["p", "p"]


def test_a_big_object_without_checksum_is_known_by_its_parts_or_refused(s3: Any, monkeypatch: pytest.MonkeyPatch):
    """The parts' checksum where S3 tells one; under a KMS key there is none, and the object is named."""
    monkeypatch.setattr(cache_modes, "MOST_READ", 1000)
    body = b"x" * (6 * 1024**2)
    plain = in_parts(s3, "plain", body)
    assert contents(s3, [plain])[plain].startswith("md5 of parts:")
    secret = in_parts(s3, "secret", body, ServerSideEncryption="aws:kms")
    with pytest.raises(InvalidSpec, match="cannot tell the content of s3://mine/secret") as refusal:
        contents(s3, [plain, secret])
    assert "CRC64NVME" in str(refusal.value)


def test_reading_and_looking_have_bounds(s3: Any, monkeypatch: pytest.MonkeyPatch):
    """Beyond them the user is told how many, and what to do."""
    uris = [in_parts(s3, f"p{n}", b"x" * (6 * 1024**2)) for n in range(2)]
    monkeypatch.setattr(cache_modes, "MOST_READ_BY_TASK", 10 * 1024**2)
    with pytest.raises(InvalidSpec, match="would read 12,582,912 bytes"):
        contents(s3, uris)
    monkeypatch.setattr(cache_modes, "MOST_OBJECTS", 1)
    with pytest.raises(InvalidSpec, match="would look at 2 objects"):
        contents(s3, uris)


def test_a_folder_is_told_by_its_objects(s3: Any):
    """The same objects elsewhere are the same folder; one more is another; none is one as well."""
    for place in ("one", "two", "three"):
        store.write(s3, f"s3://mine/{place}/x", b"1")
        store.write(s3, f"s3://mine/{place}/y/z", b"2")
    store.write(s3, "s3://mine/three/more", b"3")
    folders = [f"s3://mine/{place}/" for place in ("one", "two", "three", "none")]
    found = contents(s3, folders)
    assert found[folders[0]] == found[folders[1]]
    assert len({found[folder] for folder in folders}) == 3


def test_what_is_not_there_is_named(s3: Any):
    """As everywhere."""
    with pytest.raises(store.ObjectMissing, match="s3://mine/none"):
        contents(s3, ["s3://mine/none"])
