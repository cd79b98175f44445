"""S3's requests over HTTP: which operation one is, and its parameters by the names the API gives them.

Method, path, query and a few headers say it. A query that names a part of an object or a bucket which is not among those below is an
operation of its own (`GetAcl`): nobody takes it for a plain read.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

Parsed = tuple[str, dict[str, Any]]
_HOST: Final = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*)\.s3[.-][a-z0-9.-]*amazonaws\.com")
_PARTS: Final = frozenset(
    [
        "acl",
        "accelerate",
        "analytics",
        "attributes",
        "cors",
        "delete",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versioning",
        "versions",
        "website",
    ]
)
_BUCKET: Final = {
    ("GET", ""): "ListObjects",
    ("PUT", ""): "CreateBucket",
    ("HEAD", ""): "HeadBucket",
    ("DELETE", ""): "DeleteBucket",
    ("POST", "delete"): "DeleteObjects",
    ("GET", "encryption"): "GetBucketEncryption",
    ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "notification"): "GetBucketNotificationConfiguration",
    ("GET", "policy"): "GetBucketPolicy",
    ("GET", "publicAccessBlock"): "GetPublicAccessBlock",
    ("GET", "tagging"): "GetBucketTagging",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "versions"): "ListObjectVersions",
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
    ("PUT", "policy"): "PutBucketPolicy",
    ("PUT", "versioning"): "PutBucketVersioning",
}
_OBJECT: Final = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("POST", ""): "PostObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
    ("GET", "uploadId"): "ListParts",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
}
_COPIES: Final = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
_HEADERS: Final = {
    "HTTP_X_AMZ_COPY_SOURCE": "CopySource",
    "HTTP_X_AMZ_TAGGING": "Tagging",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION": "ServerSideEncryption",
    "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID": "SSEKMSKeyId",
}


def operation(environ: Mapping[str, Any]) -> str:
    """The operation, without the parameters that only the body tells."""
    return parsed(environ)[0]


def parsed(environ: Mapping[str, Any], body: bytes = b"") -> Parsed:
    """The operation and its parameters; the body tells which keys DeleteObjects is about."""
    path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    bucket, key = _place(str(environ.get("HTTP_HOST", "")), path)
    query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
    method = str(environ.get("REQUEST_METHOD", ""))
    if not bucket:
        return "ListBuckets", {}
    part = _part(query)
    known = (_OBJECT if key else _BUCKET).get((method, part))
    name = known or method.capitalize() + (part[:1].upper() + part[1:] or "Bucket")
    if name == "ListObjects" and query.get("list-type") == "2":
        name = "ListObjectsV2"
    given: dict[str, Any] = {to: environ[header] for header, to in _HEADERS.items() if environ.get(header)}
    if "CopySource" in given:
        name = _COPIES.get(name, name)
    request = {"Bucket": bucket, **({"Key": key} if key else {}), **given}
    for said, to in (("versionId", "VersionId"), ("prefix", "Prefix")):
        if said in query:
            request[to] = query[said]
    if name == "DeleteObjects" and body:
        request["Delete"] = {"Objects": _keys(body)}
    return name, request


def _place(host: str, path: str) -> tuple[str, str]:
    """Bucket and key: both in the path, or the bucket in the name of the host."""
    found = _HOST.fullmatch(host.partition(":")[0])
    if found:
        return found["bucket"], path[1:]
    bucket, _, key = path[1:].partition("/")
    return bucket, key


def _part(query: Mapping[str, str]) -> str:
    """What of an object or a bucket is meant, when the query names a part of it."""
    found = sorted(_PARTS.intersection(query))
    return found[0] if found else ""


def _keys(body: bytes) -> list[dict[str, str]]:
    """The objects that a DeleteObjects names."""
    names = {"Key": "Key", "VersionId": "VersionId"}
    return [
        {names[tag]: field.text or "" for field in each if (tag := field.tag.rpartition("}")[2]) in names}
        for each in ET.fromstring(body)  # noqa: S314 - a request of this machine
        if each.tag.rpartition("}")[2] == "Object"
    ]
