"""Objects in S3: read, list, write once, copy. URIs in, plain values out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from headrace.core.cache_modes import Mode, joint
from headrace.core.errors import HeadraceError, InvalidValue

_GONE = {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound"}
_FORBIDDEN = {"403", "AccessDenied", "Forbidden"}
_UNMET = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_PARALLEL = 16
# CopyObject takes objects up to 5 GiB; larger ones are copied in parts.
_ONE_COPY = 5 * 1024**3
_PART = 1024**3
# botocore refuses other names before it calls S3, with an error that reads like a fault of ours.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class ObjectMissing(HeadraceError):  # noqa: N818 - reads as the sentence it is
    """The object, its version or its bucket is not there, or may not be read (S3 tells the two apart only with ListBucket)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One object: `size` in bytes, `etag` without its quotes, `version` empty on an unversioned bucket."""

    uri: str
    size: int
    etag: str
    version: str = ""


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key); InvalidValue for anything else."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not _BUCKET.fullmatch(bucket):
        raise InvalidValue(f"'{uri}' is not an S3 location", expected="s3://bucket/key")
    return bucket, key


def read(s3: Any, uri: str, *, version: str = "", limit: int | None = None) -> bytes:
    """The object's bytes; ObjectMissing when it cannot be read, InvalidValue when it has more than `limit` bytes."""
    bucket, key = split_uri(uri)
    if not key:
        raise ObjectMissing(f"'{uri}' is a bucket, not an object")
    extra = {"VersionId": version} if version else {}
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, **extra)
    except ClientError as error:
        raise missing(error, uri) from error
    with answer["Body"] as body:
        if limit is not None and answer["ContentLength"] > limit:
            raise InvalidValue(f"'{uri}' has {answer['ContentLength']:,} bytes", expected=f"at most {limit:,}")
        return bytes(body.read())


def read_exactly(s3: Any, uri: str) -> tuple[bytes, str]:
    """The object's bytes and the ETag they have, for `write_over`; ObjectMissing when it cannot be read."""
    bucket, key = split_uri(uri)
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise missing(error, uri) from error
    with answer["Body"] as body:
        return bytes(body.read()), str(answer["ETag"])


def look(s3: Any, uri: str, *, pays: bool = False) -> Found | None:
    """Size and ETag of an object, None when it is not there; `pays` agrees to pay for a look into a requester-pays bucket."""
    bucket, key = split_uri(uri)
    try:
        answer = s3.head_object(Bucket=bucket, Key=key, **payer(pays))
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise missing(error, uri) from error
    return Found(uri, answer["ContentLength"], answer["ETag"].strip('"'), answer.get("VersionId", ""))


def look_all(s3: Any, uris: list[str], *, pays: bool = False, mode: Mode = True) -> dict[str, Found | None]:
    """`look` for many objects at once; folders (a trailing slash) answer with their total size and a joint ETag."""

    def one(uri: str) -> Found | None:
        return _look_folder(s3, uri, mode, pays=pays) if uri.endswith("/") else look(s3, uri, pays=pays)

    if len(uris) < 2:
        return {uri: one(uri) for uri in uris}
    with ThreadPoolExecutor(min(_PARALLEL, len(uris))) as pool:
        return dict(zip(uris, pool.map(one, uris), strict=True))


def payer(pays: bool) -> dict[str, str]:
    """The request field that agrees to pay."""
    return {"RequestPayer": "requester"} if pays else {}


def _look_folder(s3: Any, uri: str, mode: Mode, *, pays: bool) -> Found | None:
    objects = list(list_objects(s3, uri, pays=pays))
    if not objects:
        return None
    # The folder's identity is its objects': any change of one changes it.
    each = {found.uri[len(uri) :]: (found.etag, found.size) for found in objects}
    return Found(uri, sum(found.size for found in objects), joint(each, mode))


def list_objects(s3: Any, prefix: str, *, pays: bool = False) -> Iterator[Found]:
    """Every object whose URI begins with `prefix`, bytewise by key, all pages; ObjectMissing when that may not be read."""
    bucket, key = split_uri(prefix)
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key, **payer(pays)):
            for item in page.get("Contents", ()):
                yield Found(f"s3://{bucket}/{item['Key']}", item["Size"], item["ETag"].strip('"'))
    except ClientError as error:
        raise missing(error, prefix) from error


def write(s3: Any, uri: str, body: bytes, *, content_type: str = "application/octet-stream") -> None:
    """Put an object, replacing what was there."""
    bucket, key = split_uri(uri)
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


def write_all(s3: Any, objects: dict[str, bytes]) -> None:
    """Put many small objects at once."""
    with ThreadPoolExecutor(min(_PARALLEL, max(1, len(objects)))) as pool:
        list(pool.map(lambda item: write(s3, *item), objects.items()))


def write_once(s3: Any, uri: str, body: bytes, *, content_type: str = "application/json") -> bool:
    """Put an object only where none is (`If-None-Match: *`); False when one was there already.

    409 is S3's word for two such writes at the same moment: one of them won, so it reads as "was there".
    """
    bucket, key = split_uri(uri)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNMET:
            return False
        raise
    return True


def write_over(s3: Any, uri: str, body: bytes, etag: str, *, content_type: str = "application/json") -> bool:
    """Put an object only over what has this ETag (`If-Match`); False when it is another by now, or gone."""
    bucket, key = split_uri(uri)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfMatch=etag)
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNMET | _GONE:
            return False
        raise
    return True


def copy(
    s3: Any, source: str, target: str, *, size: int, tags: dict[str, str] | None = None, storage_class: str = ""
) -> None:
    """Copy inside S3, in parts above 5 GiB, with these tags and no others; ObjectMissing when it is gone or not allowed."""
    bucket, key = split_uri(target)
    from_bucket, from_key = split_uri(source)
    origin = {"Bucket": from_bucket, "Key": from_key}
    extra: dict[str, Any] = {"StorageClass": storage_class} if storage_class else {}
    if tags:
        extra["Tagging"] = "&".join(f"{_encoded(k)}={_encoded(v)}" for k, v in tags.items())
    try:
        if size <= _ONE_COPY:
            # Not the source's tags: `moved` is true of the work copy alone.
            s3.copy_object(Bucket=bucket, Key=key, CopySource=origin, TaggingDirective="REPLACE", **extra)
        else:
            _copy_parts(s3, bucket, key, origin, size, extra)
    except ClientError as error:
        if error.response["Error"]["Code"] in _FORBIDDEN:
            raise ObjectMissing(f"'{source}' may not be copied to '{target}': may the stack write there?") from error
        raise missing(error, source) from error


def expire_early(s3: Any, uri: str, version: str = "") -> None:
    """Mark (one version of) an object that lives on elsewhere; the bucket's lifecycle removes what is marked two days after it was made.

    What is gone already needs no mark.
    """
    bucket, key = split_uri(uri)
    extra = {"VersionId": version} if version else {}
    mark = {"TagSet": [{"Key": "headrace", "Value": "moved"}]}
    try:
        s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=mark, **extra)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise


def _copy_parts(s3: Any, bucket: str, key: str, origin: dict[str, str], size: int, extra: dict[str, Any]) -> None:
    """A multipart copy; given up (and its parts freed) when a part fails."""
    part_size = max(_PART, -(-size // 9_000))
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **extra)["UploadId"]
    ranges = [(start, min(start + part_size, size) - 1) for start in range(0, size, part_size)]

    def part(number_and_range: tuple[int, tuple[int, int]]) -> dict[str, Any]:
        number, (first, last) = number_and_range
        answer = s3.upload_part_copy(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            CopySource=origin,
            CopySourceRange=f"bytes={first}-{last}",
        )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    try:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            parts = list(pool.map(part, enumerate(ranges, start=1)))
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        raise


def _encoded(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - only a tagged publish needs it

    return quote(text, safe="")


def missing(error: ClientError, uri: str) -> ObjectMissing | ClientError:
    """ObjectMissing for what is not there or forbidden, the error itself for anything else."""
    code = error.response["Error"]["Code"]
    if code in _GONE:
        return ObjectMissing(f"'{uri}' is not there ({code})")
    if code in _FORBIDDEN:
        return ObjectMissing(f"'{uri}' may not be read ({code}): is its bucket among the stack's AllowedBuckets?")
    return error
