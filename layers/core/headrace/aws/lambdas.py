"""Calling a function of our own without waiting for it."""

from __future__ import annotations

import json
from typing import Any


def call_later(lambdas: Any, function: str, payload: dict[str, Any]) -> None:
    """Invoke asynchronously: Lambda keeps the event, tries three times and then dead-letters it."""
    lambdas.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload, ensure_ascii=False).encode()
    )
