"""Which AWS operation an HTTP request is, and how often each caller made which.

The counts are what `bench/` turns into dollars; the names are what fault plans match.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

_S3_KEY: Final = {
    "GET": "GetObject",
    "PUT": "PutObject",
    "HEAD": "HeadObject",
    "DELETE": "DeleteObject",
    "POST": "PostObject",
}
_S3_BUCKET: Final = {
    "GET": "ListObjects",
    "PUT": "CreateBucket",
    "HEAD": "HeadBucket",
    "DELETE": "DeleteBucket",
    "POST": "DeleteObjects",
}
_lock = threading.Lock()
_counts: dict[str, Counter[str]] = {}


def operation(environ: Mapping[str, Any]) -> str:
    """`service:Operation` of a request, as far as its head tells: `dynamodb:UpdateItem`, `s3:PutObject`, `batch:submitjob`."""
    service = _service(environ.get("HTTP_AUTHORIZATION", ""))
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return f"{service}:{target.rsplit('.', 1)[-1]}"
    path, method = str(environ.get("PATH_INFO", "")), str(environ.get("REQUEST_METHOD", ""))
    if service == "batch":
        return f"batch:{path.rsplit('/', 1)[-1]}"
    if service == "lambda":
        return "lambda:Invoke" if path.endswith("/invocations") else f"lambda:{method}"
    if service == "s3":
        return f"s3:{_s3(path, method, str(environ.get('QUERY_STRING', '')), environ)}"
    return f"{service or 'unknown'}:{method}"


def count(caller: str, name: str) -> None:
    """One more call of `name` by `caller`."""
    with _lock:
        _counts.setdefault(caller, Counter())[name] += 1


def counts() -> dict[str, dict[str, int]]:
    """Calls so far, by caller and operation."""
    with _lock:
        return {caller: dict(counter) for caller, counter in _counts.items()}


def _service(authorization: str) -> str:
    parts = authorization.split("Credential=", 1)[-1].split(",", 1)[0].split("/")
    return parts[3] if len(parts) > 4 else ""


def _s3(path: str, method: str, query: str, environ: Mapping[str, Any]) -> str:
    has_key = bool(path.strip("/").partition("/")[2])
    if not has_key:
        return "ListObjectsV2" if "list-type=2" in query else _S3_BUCKET.get(method, method)
    if method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId=" in query:
        return "UploadPart" if method == "PUT" else "CompleteMultipartUpload"
    return _S3_KEY.get(method, method)
