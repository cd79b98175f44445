"""What a deployment adds to a pipeline and lets it ask for: `config/defaults.yaml` of its bucket, and the parameters of its stack.

`run` and `resume` work with the stack they start in. `check` and `plan` look at a pipeline alone unless `--stack` or `--local` names
one: HEADRACE_STACK names none there, so whoever has set it for `run` still checks without credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.aws import s3 as store
from headrace.core import yaml_source
from headrace.core.deployment_defaults import KEY, from_kept, read_deployment
from headrace.core.errors import InvalidSpec, InvalidValue, Problem
from headrace_cli import allowing, shown, teams
from headrace_cli.allowing import Opened
from headrace_cli.target import Target, reach

_STACK: Final = "headrace"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Raw `directives`, the weakest layer, and what is `opened`; by default those of no deployment, which refuses nothing."""

    directives: Mapping[str, Any] = field(default_factory=dict)
    opened: Opened | None = None


def stack_or_default(stack: str) -> str:
    """The stack that is meant, where none is named."""
    return stack or os.environ.get("HEADRACE_STACK", "") or _STACK


def unknown() -> Deployment:
    """One that nobody has looked at yet: it may give every process its image."""
    return Deployment(from_kept({"container": "of-the-deployment"}))


def named(*, stack: str, local: bool, profile: str | None, region: str | None, tenant: str = "") -> Deployment:
    """The named deployment, or none when none is named, for one of its teams; InvalidSpec with every problem of its file.

    Says on standard error which of its directives count, or that there are none.
    """
    if not (stack or local):
        return Deployment()
    target = reach(local=local, profile=profile, region=region, stack=stack_or_default(stack))
    target.tenant = teams.needed(target, tenant)
    directives = _directives(target)
    if directives is None:
        # S3 tells the two apart only for who may list all of the bucket.
        shown.note(f"{_uri(target)} is not there, or may not be read: no directives of the stack count")
    else:
        shown.note(f"{_uri(target)} counts: {', '.join(sorted(directives)) or 'it says nothing'}")
    return Deployment(directives or {}, _opened(target))


def of(target: Target) -> Deployment:
    """The deployment a command works in; InvalidSpec with every problem of its file."""
    return Deployment(_directives(target) or {}, _opened(target))


def _opened(target: Target) -> Opened:
    return allowing.opened(target)


def _uri(target: Target) -> str:
    return f"s3://{target.bucket}/{KEY}"


def _directives(target: Target) -> Mapping[str, Any] | None:
    uri = _uri(target)
    try:
        content = store.read(target.client("s3"), uri, limit=yaml_source.MAX_BYTES)
    except store.ObjectMissing:
        return None
    except InvalidValue as error:
        raise InvalidSpec([Problem("", error.message, expected=error.expected, hint=error.hint, file=uri)]) from error
    return read_deployment(yaml_source.read(content, uri))
