"""A request over HTTP as an operation and its parameters, by the names the API gives them: what iam_calls.py judges.

JSON bodies have those names already, forms have them at their top level, Lambda has some of them in its path.
https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from headrace_local import s3_requests

Parsed = tuple[str, str, dict[str, Any]]
_FORM: Final = "application/x-www-form-urlencoded"
_RPC: Final = re.compile(r"/service/\w+/operation/(\w+)")
_BOTOCORE: Final = {"batch": "batch", "lambda": "lambda"}


def parsed(environ: Mapping[str, Any], service: str, body: bytes) -> Parsed:
    """Service, operation and parameters; an operation nobody can tell is empty."""
    path, method = str(environ.get("PATH_INFO", "")), str(environ.get("REQUEST_METHOD", ""))
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if service == "s3":
        return service, *s3_requests.parsed(environ, body)
    if target:
        return service, target.rpartition(".")[2], _json(body)
    if service in _BOTOCORE:
        return service, *_rest(service, method, path, environ, body)
    if found := _RPC.fullmatch(path):
        return service, found[1], {}
    if str(environ.get("CONTENT_TYPE", "")).startswith(_FORM):
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        return service, form.get("Action", ""), form
    return service, "", {}


def _json(body: bytes) -> dict[str, Any]:
    read = json.loads(body or b"{}")
    return read if isinstance(read, dict) else {}


def _rest(service: str, method: str, path: str, environ: Mapping[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    """By method and path, as the service's model writes them."""
    for verb, pattern, name in _routes(service):
        found = pattern.fullmatch(path) if verb == method else None
        if found is None:
            continue
        given = {key: unquote(value) for key, value in found.groupdict().items()}
        qualifier = parse_qs(str(environ.get("QUERY_STRING", ""))).get("Qualifier")
        if qualifier:
            given["Qualifier"] = qualifier[0]
        # What a function is invoked with is its own affair.
        return name, {**({} if name.startswith("Invoke") else _json(body)), **given}
    return "", {}


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    import botocore.session

    model = botocore.session.get_session().get_service_model(_BOTOCORE[service])
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        parts = re.split(r"\{(\w+)\+?\}", str(http["requestUri"]).partition("?")[0])
        pattern = "".join(f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
        found.append((str(http["method"]), re.compile(f"{pattern}/?"), name))
    return found
