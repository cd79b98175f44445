"""In-process AWS clients, one per service: what the cloud's own parts (state machines, event bus) ask of each other.

moto builds a boto3 client for every task it runs, which costs more than the task. Clients are safe to share between
threads; building one from the default session is not, so it happens under a lock.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import boto3
from botocore.config import Config

from headrace_local import api_errors, faults, lambda_invocations
from headrace_local.place import REGION

_NOWHERE: Final = "https://nowhere.invalid/"
_lock = threading.Lock()
_session: list[Any] = []
_clients: dict[str, Any] = {}


def client(service: str) -> Any:
    """The shared client of `service`; its calls stay inside this process."""
    found = _clients.get(service)
    if found is not None:
        return found
    with _lock:
        if not _session:
            _session.append(
                boto3.session.Session(
                    region_name=REGION,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106 - a dummy
                )
            )
        if service not in _clients:
            fresh = _session[0].client(service, config=_CONFIG)
            fresh.meta.events.register_first("before-send", _Misbehaving(fresh.meta.service_model.signing_name))
            if service == "lambda":
                fresh.meta.events.register("before-call.lambda.Invoke", lambda_invocations.answer)
            _clients[service] = fresh
        return _clients[service]


class _Misbehaving:
    """What fault plans make of a call, before moto sees it; None lets it pass."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __call__(self, event_name: str, request: Any, **_rest: Any) -> Any:
        operation = f"{self.service}:{event_name.rpartition('.')[2]}"
        plan = faults.answer_to("cloud", operation)
        if plan is None:
            return None
        if plan.fault == "slow":
            time.sleep(plan.seconds)
            return None
        fault, url = plan.fault, request.url
        if fault == "unanswered":
            fault = "server"  # the call is done, and this is what is heard of it
        else:
            # botocore asks every handler and takes the first answer: moto, which comes next, must not know the place.
            request.url = _NOWHERE
        return _response(url, *api_errors.answer(fault, operation, request.body or b""))


def _response(url: str, status: int, headers: dict[str, str], body: bytes) -> Any:
    from botocore.awsrequest import AWSResponse
    from moto.core.botocore_stubber import MockRawResponse

    return AWSResponse(url, status, headers, MockRawResponse(body))


_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
