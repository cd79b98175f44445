"""Which AWS operation an HTTP request is, and how often each caller made which.

The counts are what `bench/` turns into dollars; the names are what fault plans match.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from headrace_local import s3_requests

_lock = threading.Lock()
_counts: defaultdict[str, Counter[str]] = defaultdict(Counter)


def operation(environ: Mapping[str, Any]) -> str:
    """`service:Operation` of a request, as far as it tells without its own model: `dynamodb:UpdateItem`, `sns:Publish`, `batch:submitjob`.

    The head tells, but for the older services: they are asked with forms, whose `Action` says it.
    """
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
        return f"s3:{s3_requests.operation(environ)}"
    return f"{service or 'unknown'}:{_action(environ) or method}"


def parts(environ: Mapping[str, Any], name: str) -> list[str]:
    """The parts of a DynamoDB transaction, each of which IAM asks about: `dynamodb:Put`, `dynamodb:ConditionCheck`; of others none."""
    if name != "dynamodb:TransactWriteItems":
        return []
    items = json.loads(body(environ)).get("TransactItems", [])
    return [f"dynamodb:{kind}" for item in items for kind in item]


def count(caller: str, name: str) -> None:
    """One more call of `name` by `caller`."""
    with _lock:
        _counts[caller][name] += 1


def counts() -> dict[str, dict[str, int]]:
    """Calls so far, by caller and operation."""
    with _lock:
        return {caller: dict(counter) for caller, counter in _counts.items()}


def _service(authorization: str) -> str:
    parts = authorization.split("Credential=", 1)[-1].split(",", 1)[0].split("/")
    return parts[3] if len(parts) > 4 else ""


def _action(environ: Mapping[str, Any]) -> str:
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        return ""
    return parse_qs(body(environ).decode("utf-8", "replace")).get("Action", [""])[0]


def body(environ: Mapping[str, Any]) -> bytes:
    """The body, left to who serves it."""
    stream = environ["wsgi.input"]
    stream.seek(0)
    content = bytes(stream.read())
    stream.seek(0)
    return content
