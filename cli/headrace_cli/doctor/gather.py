"""The facts of a deployment, asked of AWS piece by piece. What one call is refused does not keep the others from being asked."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from headrace_cli import installed
from headrace_cli.doctor import gather_compute, gather_data, gather_engine, gather_stack
from headrace_cli.doctor.facts import Caller, Facts, Nobody, Unanswered
from headrace_cli.target import Target

_NOBODY_ASKED = Unanswered("nobody could be asked")


def facts(target: Target, queue: str = "") -> Facts:
    """Everything there is to know; `queue` is looked at beside those of the stack."""
    base: dict[str, Any] = {"client_version": installed.version(), "region": target.region}
    if not target.region:
        return Facts(**base, caller=_NOBODY_ASKED, clock=_NOBODY_ASKED, stack=_NOBODY_ASKED)
    if not target.is_local:
        base["regions"] = frozenset(target.session.get_available_regions("batch"))
    caller, clock = meet(target)
    base |= {"caller": caller, "clock": clock}
    if not isinstance(caller, Caller):
        return Facts(**base, stack=_NOBODY_ASKED)
    view = gather_stack.view(target)
    engine = gather_engine.look(target, view)
    compute = gather_compute.look(target, view, queue)
    return Facts(
        **base,
        stack=view.stack,
        parts={part.path: part.status for part in view.parts} if isinstance(view.parts, tuple) else view.parts,
        **gather_data.look(target, view.outputs),
        **engine.facts,
        **compute.facts,
        roles=engine.roles + compute.roles,
    )


def meet(target: Target) -> tuple[Caller | Nobody | Unanswered, float | Unanswered]:
    """Who asks, and how many seconds this machine's clock is ahead of the one that answers."""
    try:
        answer = target.client("sts").get_caller_identity()
    except ClientError as error:
        told = error.response.get("Error", {})
        return Nobody(f"AWS does not take them: {told.get('Code')}: {told.get('Message')}"), _ahead_s(error.response)
    except BotoCoreError as error:
        # No credentials, a profile without them, an SSO session that is over: all of them begin before anybody is asked.
        if "redential" in type(error).__name__ or "Token" in type(error).__name__ or "SSO" in type(error).__name__:
            return Nobody(f"there are none: {error}"), _NOBODY_ASKED
        return Unanswered(f"AWS did not answer: {error}"), _NOBODY_ASKED
    return Caller(answer["Account"], answer["Arn"]), _ahead_s(answer)


def _ahead_s(answer: Mapping[str, Any]) -> float | Unanswered:
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return (datetime.now(UTC) - email.utils.parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return Unanswered("the answer did not say what time it was")
