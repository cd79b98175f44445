"""In-process AWS clients, one per service.

moto builds a boto3 client for every task it runs, which costs more than the task. Clients are safe to share between
threads; building one from the default session is not, so it happens under a lock.
"""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from headrace_local.place import REGION

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
            _clients[service] = _session[0].client(service, config=_CONFIG)
        return _clients[service]


_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
