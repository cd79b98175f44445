"""Clients of AWS services, one per service and process, made when first asked for.

botocore's `standard` retry mode backs off with jitter on throttling and 5xx; the attempts are many because a Lambda that
gives up early costs a state retry. Endpoints and credentials come from botocore's own chain, so the local cloud is reached by
`AWS_ENDPOINT_URL` alone. botocore and not boto3: the clients are the same, and a cold start goes without its transfer library.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

# Adapters read and write with up to 16 threads; a client keeps 10 connections unless told.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=60, max_pool_connections=16
)

_HASTY = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=5)


@cache
def client(service: str) -> Any:
    """The process's client of a service (`s3`, `dynamodb`, `batch`, …); thread-safe, as botocore clients are."""
    return _session().create_client(service, config=_CONFIG)


@cache
def hasty(service: str) -> Any:
    """A client that gives up early, for what is good to know and not needed."""
    return _session().create_client(service, config=_CONFIG.merge(_HASTY))


@cache
def _session() -> Any:
    """One for all clients: they share what was read of endpoints, models and credentials."""
    return get_session()
