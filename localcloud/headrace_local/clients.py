"""In-process AWS clients, one per service: what the cloud's own parts (state machines, event bus) ask of each other.

moto builds a boto3 client for every task it runs, which costs more than the task. Clients are safe to share between
threads; building one from the default session is not, so it happens under a lock.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any, Final

import boto3
from botocore.config import Config

from headrace_local import api_errors, faults, lambda_invocations, permissions
from headrace_local.place import REGION

_NOWHERE: Final = "https://nowhere.invalid/"
_lock = threading.Lock()
_session: list[Any] = []
_clients: dict[tuple[str, str], Any] = {}


def client(service: str, role: str = "") -> Any:
    """The shared client of `service`; its calls stay inside this process, and are those of `role` (an ARN) or of the cloud itself."""
    found = _clients.get((service, role))
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
        if (service, role) not in _clients:
            fresh = _session[0].client(service, config=_CONFIG)
            fresh.meta.events.register_first("before-send", _Misbehaving(fresh.meta.service_model.signing_name))
            if service == "lambda":
                fresh.meta.events.register("before-call.lambda.Invoke", lambda_invocations.answer)
            if role:
                fresh.meta.events.register("provide-client-params.*.*", _Judged(fresh, role))
            _clients[service, role] = fresh
        return _clients[service, role]


class _Judged:
    """Refuses what the role may not do, as the service would; None lets it pass."""

    def __init__(self, of: Any, role: str) -> None:
        self.of, self.role = of, role

    def __call__(self, params: dict[str, Any], model: Any, **_rest: Any) -> None:
        service = str(model.service_model.signing_name)
        try:
            permissions.require(self.role, service, model.name, params)
        except permissions.Forbidden as error:
            status, code = api_errors.denied_as(service)
            told = {
                "Error": {"Code": code, "Message": str(error)},
                "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": str(uuid.uuid4()), "HTTPHeaders": {}},
            }
            raise self.of.exceptions.from_code(code)(told, model.name) from error


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
