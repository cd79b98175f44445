"""Clients of AWS services, one per service and process, made when first asked for.

botocore's `standard` retry mode backs off with jitter on throttling and 5xx; the attempts are many because a Lambda that
gives up early costs a state retry. Endpoints and credentials come from boto3's own chain, so the local cloud is reached by
`AWS_ENDPOINT_URL` alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=60)


@cache
def client(service: str) -> Any:
    """The process's client of a service (`s3`, `dynamodb`, `batch`, …); thread-safe, as botocore clients are."""
    return boto3.client(service, config=_CONFIG)
