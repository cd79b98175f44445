"""What inputs contain, for `cache: deep`: as S3 tells it, by reading where it does not and the object is small, else refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from headrace.aws import s3 as store
from headrace.core import cache_modes
from headrace.core.cache_modes import Stored
from headrace.core.errors import InvalidSpec, Problem

_PARALLEL = 16
_READERS = 4
_PIECE = 1024**2
_KEPT = 4096
_CHECKSUM = "Checksum"

_read_before: dict[tuple[str, str], str] = {}


def contents(s3: Any, uris: Iterable[str], *, pays: bool = False) -> dict[str, str]:
    """The content of each object or folder (a slash at the end) by URI; InvalidSpec naming what cannot be told.

    Every object is looked at as it is now; what was read is remembered by URI and ETag.
    """
    wanted = list(dict.fromkeys(uris))
    folders = {
        uri: [found.uri for found in store.list_objects(s3, uri, pays=pays)] for uri in wanted if uri.endswith("/")
    }
    objects = [*(uri for uri in wanted if uri not in folders), *(uri for each in folders.values() for uri in each)]
    if len(objects) > cache_modes.MOST_OBJECTS:
        raise InvalidSpec(
            [
                Problem(
                    "cache",
                    f"`cache: deep` would look at {len(objects):,} objects",
                    expected=f"at most {cache_modes.MOST_OBJECTS:,} per task",
                    hint="Use cache: true for this process",
                )
            ]
        )
    stored = _all(lambda uri: _look(s3, uri, pays=pays), objects, _PARALLEL)
    known = {each.uri: cache_modes.told(each) for each in stored}
    small = [each for each in stored if not known[each.uri] and each.size <= cache_modes.MOST_READ]
    _check_reading(small)
    known |= dict(_all(lambda each: (each.uri, _read(s3, each, pays=pays)), small, _READERS))
    known |= {each.uri: cache_modes.told_by_parts(each) for each in stored if not known[each.uri]}
    if untold := [each for each in stored if not known[each.uri]]:
        raise InvalidSpec(_untold(each) for each in untold)
    return known | {
        folder: cache_modes.told_by_objects({uri.removeprefix(folder): known[uri] for uri in inside})
        for folder, inside in folders.items()
    }


def _all(work: Any, items: list[Any], threads: int) -> list[Any]:
    with ThreadPoolExecutor(max(1, min(threads, len(items)))) as pool:
        return list(pool.map(work, items))


def _look(s3: Any, uri: str, *, pays: bool) -> Stored:
    bucket, key = store.split_uri(uri)
    try:
        answer = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **store.payer(pays))
    except ClientError as error:
        raise store.missing(error, uri) from error
    checksums = {
        name.removeprefix(_CHECKSUM): str(value)
        for name, value in answer.items()
        if name.startswith(_CHECKSUM) and name != "ChecksumType"
    }
    return Stored(
        uri,
        answer["ContentLength"],
        answer["ETag"].strip('"'),
        answer.get("ServerSideEncryption", ""),
        checksums,
        answer.get("ChecksumType", ""),
    )


def _read(s3: Any, stored: Stored, *, pays: bool) -> str:
    bucket, key = store.split_uri(stored.uri)
    if known := _read_before.get((stored.uri, stored.etag)):
        return known
    md5 = hashlib.md5(usedforsecurity=False)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{stored.etag}"', **store.payer(pays))
    except ClientError as error:
        raise store.missing(error, stored.uri) from error
    with answer["Body"] as body:
        while piece := body.read(_PIECE):
            md5.update(piece)
    if len(_read_before) >= _KEPT:
        _read_before.clear()
    found = _read_before[stored.uri, stored.etag] = cache_modes.told_by_md5(md5.hexdigest(), stored.size)
    return found


def _check_reading(small: list[Stored]) -> None:
    size = sum(each.size for each in small)
    if size > cache_modes.MOST_READ_BY_TASK:
        raise InvalidSpec(
            [
                Problem(
                    "cache",
                    f"`cache: deep` would read {size:,} bytes: S3 keeps no checksum of {len(small):,} objects, {small[0].uri} first",
                    expected=f"at most {cache_modes.MOST_READ_BY_TASK:,} bytes per task",
                    hint="Upload them again with `aws s3 cp --checksum-algorithm CRC64NVME`, or use cache: true",
                )
            ]
        )


def _untold(stored: Stored) -> Problem:
    return Problem(
        "cache",
        f"`cache: deep` cannot tell the content of {stored.uri}: S3 keeps no checksum of it, and it has {stored.size:,} bytes",
        expected=f"a checksum, or at most {cache_modes.MOST_READ:,} bytes to read",
        hint="Upload it again with `aws s3 cp --checksum-algorithm CRC64NVME`, or use cache: true",
    )
