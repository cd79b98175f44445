"""Where a path leads: a relative path is relative to the file that says it (rule 10).

The file that says it is known by its URI (`s3://bucket/key`) or by its path on this machine. Nothing is looked up.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from headrace.core.errors import InvalidValue

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_S3: Final = re.compile(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{0,62})/(.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
MAX_LOCATION: Final = 1024
INLINE: Final = "(input)"
"""Said in the input of an execution, which is no file."""
# A file dropped into launch/ has no neighbours: they would be launched themselves.
_DROPPED: Final = re.compile(r"s3://[^/]+/launch/")


def is_uri(location: str) -> bool:
    """Whether it starts with a scheme, as s3:// does."""
    return bool(_SCHEME.match(location))


def resolve(location: str, said_in: str) -> str:
    """`location` as a whole URI or absolute path; `said_in` is the file that says it; empty, `INLINE` or in launch/ it has no place.

    InvalidValue: empty, another scheme than s3, no bucket, a `..` that leaves the bucket, a relative one said nowhere.
    """
    if not location.strip() or len(location) > MAX_LOCATION or _CONTROL.search(location):
        raise InvalidValue("not a location", expected="an s3:// URI or a relative path, at most 1,024 characters")
    if is_uri(location):
        return _s3(location)
    if location.startswith("/"):
        if is_uri(said_in):
            raise InvalidValue(
                "a path on one machine, said in a file on S3", expected="an s3:// URI or a relative path"
            )
        return _normal(location)
    if said_in in ("", INLINE) or _DROPPED.match(said_in):
        raise InvalidValue(
            "a relative path, and no file it could be relative to",
            expected="an s3:// URI",
            hint="`headrace run` uploads local files and fills in where they are",
        )
    if is_uri(said_in):
        bucket, key = _parts(said_in)
        return _s3(f"s3://{bucket}/{_below(posixpath.dirname(key), location)}")
    return _normal(posixpath.join(posixpath.dirname(said_in), location))


def _s3(uri: str) -> str:
    bucket, key = _parts(uri)
    if ".." in key.split("/"):
        return f"s3://{bucket}/{_below('', key)}"
    return uri


def _parts(uri: str) -> tuple[str, str]:
    found = _S3.fullmatch(uri)
    if found is None:
        raise InvalidValue("not a location on S3", expected="s3://bucket/key", hint="Other schemes are not read")
    return found[1], found[2]


def _below(folder: str, path: str) -> str:
    """`folder/path` without `.` and `..`; InvalidValue when it climbs out of the bucket."""
    joined = _normal(posixpath.join(folder, path))
    if joined.startswith("../") or joined == "..":
        raise InvalidValue("a path that leaves its bucket", expected="a path inside the bucket")
    return joined


def _normal(path: str) -> str:
    return posixpath.normpath(path) + ("/" if path.endswith("/") else "")
