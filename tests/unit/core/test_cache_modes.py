"""What makes an input the same input."""

from __future__ import annotations

import pytest

from headrace.core.cache_modes import Stored, identity, joint, told, told_by_md5, told_by_objects, told_by_parts
from headrace.core.values import File

WORK = "s3://b/work/default/ab/" + "ab" * 32
MD5 = "0cc175b9c0f1b6a831c399e269772661"
CRC64 = "wYGWdvsRSvM="
URI = "s3://b/a.txt"


def test_made_files_are_known_by_the_work_that_made_them():
    """Another attempt of the same work gives the same input identity, whatever its ETag and place."""
    first = File(f"{WORK}/a/job-1.1/out/x/y.bam", 1, "e1")
    second = File(f"{WORK}/a/job-2.3/out/x/y.bam", 1, "e2")
    assert identity(first) == identity(second) == identity(first, "lenient") == "ab" * 32 + "/x/y.bam"


def test_other_files_are_known_by_uri_and_etag():
    """An object overwritten in place is other input, whatever its size."""
    assert identity(File(URI, 1, "e1")) != identity(File(URI, 1, "e2"))
    assert identity(File(URI, 1, "e1"), False) == identity(File(URI, 2, "e1")) == "s3://b/a.txt@e1"


def test_lenient_knows_a_file_by_uri_and_size():
    """An object overwritten by one of its size is the same, one elsewhere is another."""
    assert identity(File(URI, 1, "e1"), "lenient") == identity(File(URI, 1, "e2"), "lenient")
    assert identity(File(URI, 1, "e1"), "lenient") != identity(File(URI, 2, "e1"), "lenient")
    assert identity(File(URI, 1), "lenient") != identity(File("s3://b/b.txt", 1), "lenient")


def test_deep_knows_a_file_by_its_content():
    """Wherever it is, whoever made it."""
    contents = {f"{WORK}/a/j.1/out/x": "md5:1", URI: "md5:1"}
    assert identity(File(f"{WORK}/a/j.1/out/x"), "deep", contents) == identity(File(URI), "deep", contents) == "md5:1"


@pytest.mark.parametrize(
    ("stored", "content"),
    [
        (Stored(URI, 1, MD5), f"md5:{MD5} (1 bytes)"),
        (Stored(URI, 1, MD5, "AES256"), f"md5:{MD5} (1 bytes)"),
        # whatever else S3 keeps: two objects of one content are told by the same
        (Stored(URI, 1, MD5, "", {"SHA256": "AAAA"}, "FULL_OBJECT"), f"md5:{MD5} (1 bytes)"),
        (Stored(URI, 1, MD5, "aws:kms"), ""),
        (Stored(URI, 1, MD5, "aws:kms:dsse"), ""),
        (Stored("s3://b--use1-az4--x-s3/a", 1, MD5), ""),
        (Stored(URI, 1, f"{MD5}-2"), ""),
        (Stored(URI, 1, f"{MD5}-2", "", {"CRC64NVME": CRC64}, "FULL_OBJECT"), "crc64nvme:c1819676fb114af3 (1 bytes)"),
        (Stored(URI, 1, MD5, "aws:kms", {"CRC64NVME": CRC64}, "FULL_OBJECT"), "crc64nvme:c1819676fb114af3 (1 bytes)"),
        (Stored(URI, 1, MD5, "aws:kms", {"CRC64NVME": CRC64, "SHA256": "AAAA"}, "FULL_OBJECT"), "sha256:000000 (1 bytes)"),
        (Stored(URI, 1, MD5, "aws:kms", {"CRC32": "AAAAAA=="}, "FULL_OBJECT"), ""),
        (Stored(URI, 1, f"{MD5}-2", "", {"SHA256": "AAAA-2"}, "COMPOSITE"), ""),
        (Stored(URI, 1, MD5, "aws:kms", {"CRC64NVME": CRC64}), ""),
    ],
)  # fmt: skip
def test_the_content_as_s3_tells_it(stored: Stored, content: str):
    """The MD5 where the ETag is one, else a whole-object checksum that is long enough; nothing else."""
    assert told(stored) == content


@pytest.mark.parametrize(
    ("stored", "content"),
    [
        (Stored(URI, 9, f"{MD5}-2"), f"md5 of parts:{MD5}-2 (9 bytes)"),
        (Stored(URI, 9, f"{MD5}-2", "aws:kms"), ""),
        (Stored(URI, 9, f"{MD5}-2", "aws:kms", {"SHA256": "AAAA-2"}, "COMPOSITE"), "sha256 of parts:AAAA-2 (9 bytes)"),
        (Stored(URI, 9, f"{MD5}-2", "aws:kms", {"CRC32": "AAAA-2"}, "COMPOSITE"), ""),
        (Stored(URI, 9, MD5), ""),
    ],
)
def test_the_content_by_parts(stored: Stored, content: str):
    """Never the same words as for a whole object: other parts of one content are another thing."""
    assert told_by_parts(stored) == content


def test_what_was_read_is_told_as_by_an_etag():
    """An object uploaded in parts and one put at once meet."""
    assert told_by_md5(MD5, 1) == told(Stored(URI, 1, MD5))


def test_a_folder_is_its_objects_by_path():
    """In any order; another path, content or object is another folder."""
    here = told_by_objects({"a": "1", "b": "2"})
    assert here == told_by_objects({"b": "2", "a": "1"})
    assert len({here, told_by_objects({"a": "2", "b": "1"}), told_by_objects({"a": "1"}), told_by_objects({})}) == 4


def test_a_folder_that_is_compared_leniently_is_its_sizes():
    """What stands for its ETag."""
    objects = {"a": ("e1", 3), "b/c": ("e2", 4)}
    assert joint(objects, True) == joint(objects, False) == "a=e1;b/c=e2"
    assert joint(objects, "lenient") == "a=3;b/c=4"
