"""Calling a function of our own without waiting for it.

Always a numbered version, never an alias: what is called belongs to the same deploy as who calls, so a payload never
meets code of another one.
"""

from __future__ import annotations

import json
import os
from typing import Any


def call_later(lambdas: Any, function: str, payload: dict[str, Any]) -> None:
    """Invoke asynchronously: Lambda keeps the event, tries three times and then dead-letters it."""
    lambdas.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(payload, ensure_ascii=False).encode()
    )


def this_version() -> str:
    """The function and version that runs here, as Invoke takes it.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    return f"{os.environ['AWS_LAMBDA_FUNCTION_NAME']}:{os.environ['AWS_LAMBDA_FUNCTION_VERSION']}"
