"""The directives of a deployment (`config/defaults.yaml` of the stack's bucket) for `check` and `plan`, when one is named.

Without `--stack` or `--local` nothing is asked and a pipeline is looked at alone. HEADRACE_STACK names no stack here: whoever has
set it for `run` still checks without credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from headrace.aws import s3 as store
from headrace.core import yaml_source
from headrace.core.deployment_defaults import KEY, read_deployment
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace_cli import shown
from headrace_cli.target import reach

_STACK: Final = "headrace"


def stack_or_default(stack: str) -> str:
    """The stack that is meant, where none is named."""
    return stack or os.environ.get("HEADRACE_STACK", "") or _STACK


def directives(*, stack: str, local: bool, profile: str | None, region: str | None) -> Mapping[str, Any]:
    """Raw directives of the named deployment, none when none is named; InvalidSpec with every problem of the file.

    Says on standard error which of them count, or that there are none.
    """
    if not (stack or local):
        return {}
    target = reach(local=local, profile=profile, region=region, stack=stack_or_default(stack))
    uri = f"s3://{target.bucket}/{KEY}"
    try:
        found = read_deployment(
            yaml_source.read(store.read(target.client("s3"), uri, limit=yaml_source.MAX_BYTES), uri)
        )
    except store.ObjectMissing:
        # S3 tells the two apart only for who may list all of the bucket.
        shown.note(f"{uri} is not there, or may not be read: no directives of the stack count")
        return {}
    except InvalidValue as error:
        raise InvalidSpec([Problem("", error.message, expected=error.expected, hint=error.hint, file=uri)]) from error
    shown.note(f"{uri} counts: {', '.join(sorted(found)) or 'it says nothing'}")
    return found
