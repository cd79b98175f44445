"""`cache`: what makes an input the same input (spec.md, design section 6; Nextflow's words, on S3).

    true     where it is and which content S3 says it has: URI and ETag. What a task of Headrace made is known by that task's work
    lenient  URI and size alone: an object written over with another of its size passes for the same
    deep     the content alone, wherever it is and whoever made it
    false    equal work is not looked for at all

Content is told without reading where S3 keeps a checksum of it (`told`): the ETag of an object that was put in one piece and not
encrypted with a KMS key is its MD5 (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html), and S3 keeps whole-object
checksums, of itself CRC-64/NVME since the end of 2024
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html). CRC-32 alone is too short to trust. Without
one a small object is read; a big one is known by the checksum of its parts (`told_by_parts`), so that the same content uploaded in
other parts reads as changed; what has none of these is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from headrace.core.values import File

Mode: TypeAlias = bool | Literal["lenient", "deep"]
WORDS: Final = ("lenient", "deep")

MOST_READ: Final = 64 * 1024**2
"""Bytes of an object that is read for its content."""
MOST_READ_BY_TASK: Final = 1024**3
"""Bytes that one task's inputs are read."""
MOST_OBJECTS: Final = 10_000
"""Objects of one task's inputs, those in folders counted one by one."""

# The strongest that many objects have comes first: two objects of one content should be told by the same.
_WHOLE: Final = ("MD5", "SHA256", "SHA512", "SHA1", "XXHASH128", "CRC64NVME", "XXHASH64", "XXHASH3")
_PRODUCED: Final = re.compile(r"s3://.+/(?P<hash>[0-9a-f]{64})/a/[^/]+/out/(?P<path>.+)")
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_MD5_OF_PARTS: Final = re.compile(r"[0-9a-f]{32}-\d+")


@dataclass(frozen=True, slots=True)
class Stored:
    """What HeadObject says of an object. `checksums` by algorithm, in base64; `kind` is FULL_OBJECT, COMPOSITE or empty."""

    uri: str
    size: int
    etag: str
    encryption: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


def identity(file: File, mode: Mode = True, contents: Mapping[str, str] | None = None) -> str:
    """What tells a file in a task's hash; `contents` has its content by URI, for `deep`."""
    if mode == "deep":
        return (contents or {})[file.uri]
    made = _PRODUCED.fullmatch(file.uri)
    if made:
        return f"{made['hash']}/{made['path']}"
    if mode == "lenient" and not file.uri.endswith("/"):
        return f"{file.uri} ({file.size} bytes)"
    return f"{file.uri}@{file.etag}"


def told(stored: Stored) -> str:
    """The content, as S3 tells it of the whole object; empty when it does not."""
    if _is_md5(stored, _MD5):
        return f"md5:{stored.etag} ({stored.size} bytes)"
    if stored.kind == "FULL_OBJECT":
        for name in _WHOLE:
            if name in stored.checksums:
                return f"{name.lower()}:{_hex(stored.checksums[name])} ({stored.size} bytes)"
    return ""


def told_by_parts(stored: Stored) -> str:
    """The content, as S3 tells it of the parts the object was uploaded in; empty when it does not."""
    if _is_md5(stored, _MD5_OF_PARTS):
        return f"md5 of parts:{stored.etag} ({stored.size} bytes)"
    if stored.kind == "COMPOSITE":
        for name in _WHOLE:
            if name in stored.checksums:
                return f"{name.lower()} of parts:{stored.checksums[name]} ({stored.size} bytes)"
    return ""


def told_by_md5(md5: str, size: int) -> str:
    """The content of an object that was read: the same words as for one whose ETag tells it."""
    return f"md5:{md5} ({size} bytes)"


def told_by_objects(objects: Mapping[str, str]) -> str:
    """The content of a folder: `objects` has the content by the path below it."""
    lines = "\n".join(f"{path}\t{objects[path]}" for path in sorted(objects))
    return f"sha256 of {len(objects)} objects:{hashlib.sha256(lines.encode('utf-8', 'surrogatepass')).hexdigest()}"


def joint(objects: Mapping[str, tuple[str, int]], mode: Mode) -> str:
    """What stands for the ETag of a folder: its objects' ETags by path, or their sizes when nothing else counts."""
    return ";".join(f"{path}={size if mode == 'lenient' else etag}" for path, (etag, size) in objects.items())


def _is_md5(stored: Stored, form: re.Pattern[str]) -> bool:
    """Not with a KMS key or a customer's, and not in a directory bucket: there an ETag is no MD5."""
    in_directory_bucket = stored.uri.removeprefix("s3://").partition("/")[0].endswith("--x-s3")
    return stored.encryption in ("", "AES256") and not in_directory_bucket and bool(form.fullmatch(stored.etag))


def _hex(checksum: str) -> str:
    try:
        return base64.b64decode(checksum, validate=True).hex()
    except (binascii.Error, ValueError):
        return checksum
