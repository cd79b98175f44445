"""Requests over HTTP: whether who signed one may make it, and what is answered when not.

Every worker and job signs with a key of its own (callers.py) and is judged by its role. A key that is nobody's is yours, and you may do
anything; a request that nobody signed may read and write the answers of custom resources alone, as a signed URL would let it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from headrace.core.errors import InvalidValue
from headrace_local import api_errors, callers, iam_calls, iam_requests, permissions
from headrace_local.api_errors import Answer
from headrace_local.callers import Caller
from headrace_local.custom_resources import ANSWERS
from headrace_local.permissions import Forbidden

_SEEN: Final = frozenset({"GetObject", "HeadObject", "CopyObject", "UploadPartCopy", "GetObjectTagging"})


def credential(environ: Mapping[str, Any]) -> str:
    """The scope a request is signed for (`KEY/date/region/service/aws4_request`), from its header or its URL; empty when it is not."""
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    if "Credential=" in header:
        return header.partition("Credential=")[2].partition(",")[0].strip()
    query = str(environ.get("QUERY_STRING", ""))
    if "X-Amz-Credential" in query:
        return parse_qs(query)["X-Amz-Credential"][0]
    return parse_qs(query).get("AWSAccessKeyId", [""])[0] if "AWSAccessKeyId=" in query else ""


def refused(caller: Caller | None, scope: str, environ: Mapping[str, Any], body: bytes) -> Answer | None:
    """The answer to a request that may not be made; None lets it pass."""
    parts = scope.split("/")
    service = parts[3] if len(parts) > 4 else "s3"
    if caller is None:
        return _of_nobody(parts[0], service, environ)
    if not caller.role:
        return None
    service, operation, request = iam_requests.parsed(environ, service, body)
    try:
        permissions.require(caller.role, service, operation, request, caller.session)
    except Forbidden as error:
        return api_errors.denied(service, str(error), head=_is_head(environ))
    except (InvalidValue, KeyError, ValueError, TypeError) as error:
        said = f"{error}. {getattr(error, 'hint', '')}".rstrip(". ")
        return api_errors.denied(
            service, f"{said}: {service}:{operation or 'a request without an operation'}", head=_is_head(environ)
        )
    return None


def hidden(caller: Caller | None, scope: str, environ: Mapping[str, Any], status: str, body: bytes) -> Answer | None:
    """The answer to who reads an object that is not there, and may not list its bucket: that it may not be read."""
    if caller is None or not caller.role or not status.startswith("404") or "/s3/" not in scope:
        return None
    _service, operation, request = iam_requests.parsed(environ, "s3", b"")
    if operation not in _SEEN or b"NoSuchBucket" in body or b"NoSuchUpload" in body:
        return None
    place = iam_calls.source(request["CopySource"]) if "CopySource" in request else request
    try:
        permissions.require_call(caller.role, iam_calls.sight(place), caller.session)
    except Forbidden as error:
        return api_errors.denied("s3", str(error), head=_is_head(environ))
    return None


def _of_nobody(key: str, service: str, environ: Mapping[str, Any]) -> Answer | None:
    if callers.is_gone(key):
        return api_errors.denied(
            service, "The security token included in the request is expired", head=_is_head(environ)
        )
    if key or str(environ.get("PATH_INFO", "")).startswith(f"/{ANSWERS}/"):
        return None
    return api_errors.denied(service, "Access Denied: the request is not signed", head=_is_head(environ))


def _is_head(environ: Mapping[str, Any]) -> bool:
    return environ.get("REQUEST_METHOD") == "HEAD"
