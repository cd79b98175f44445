"""Payloads of `events/` made fit for a deployed stack: the names of their example deployment become those of the stack.

The files speak of one deployment (bucket, stack, region, as in `EXAMPLE`), so that what reads them can be compared. Everything
else, runs and tasks among it, stays as it is.
"""

from __future__ import annotations

from typing import Any, Final

BUCKET: Final = "headrace-bucket-1a2b3c"
STACK: Final = "headrace"
REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"


def for_stack(value: Any, *, bucket: str, stack: str, region: str, account: str = ACCOUNT) -> Any:
    """The payload with the names of a stack: texts and keys of records, at any depth."""
    swaps = (
        (BUCKET, bucket),
        (f":{REGION}:{ACCOUNT}:", f":{region}:{account}:"),
        (f":stateMachine:{STACK}-run-", f":stateMachine:{stack}-run-"),
        (f":execution:{STACK}-run-", f":execution:{stack}-run-"),
    )
    if isinstance(value, dict):
        return {
            key: for_stack(each, bucket=bucket, stack=stack, region=region, account=account)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [for_stack(each, bucket=bucket, stack=stack, region=region, account=account) for each in value]
    if isinstance(value, str):
        for old, new in swaps:
            value = value.replace(old, new)
    return value
