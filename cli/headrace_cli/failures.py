"""From an exception to what the user reads and the exit code a script reads. The one place where that is decided."""

from __future__ import annotations

import traceback
from typing import Final

from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue
from headrace_cli import exit_codes, logbook, shown

_WAYS: Final = """\
Ways to give credentials and a region:
  --profile NAME, or AWS_PROFILE           a profile of ~/.aws/config or ~/.aws/credentials (`aws configure`)
  aws sso login --profile NAME             when the profile signs in with SSO, or its session is over
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)
  the role of this machine                 EC2, ECS, CloudShell
  --region NAME, or AWS_REGION             where the stack is; or `region` of the profile
  --stack NAME, or HEADRACE_STACK          which stack, `headrace` unless said
No AWS account? `--local` runs the same system on this machine."""


class MissingAws(HeadraceError):  # noqa: N818 - reads as the sentence it is
    """AWS, the stack, credentials or the local cloud are not there; `ways` adds how to give them."""

    def __init__(self, message: str, *, ways: bool = True) -> None:
        super().__init__(message)
        self.ways = ways


def report(error: BaseException) -> int:
    """Say what went wrong on standard error; the exit code it means."""
    logbook.log.debug("failed", exc_info=error)
    code = _say(error)
    if code != exit_codes.WRONG_INPUT and (path := logbook.log_file()):
        shown.note(f"log: {path}", style="dim")
    return code


def _say(error: BaseException) -> int:
    if isinstance(error, InvalidSpec):
        shown.problems(error.problems)
        return exit_codes.WRONG_INPUT
    if isinstance(error, InvalidValue):
        details = "; ".join(filter(None, [error.expected and f"expected {error.expected}", error.hint]))
        shown.note(f"{error.message}{f' ({details})' if details else ''}", style="red")
        return exit_codes.WRONG_INPUT
    if isinstance(error, MissingAws):
        shown.note(str(error), style="red")
        if error.ways:
            shown.note(_WAYS)
        return exit_codes.NO_AWS
    if isinstance(error, HeadraceError):
        shown.note(str(error), style="red")
        return exit_codes.WRONG_INPUT
    return _foreign(error)


def _foreign(error: BaseException) -> int:
    """What AWS's client raised, or a fault of ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        shown.note(
            f"AWS refused {error.operation_name}: {told.get('Code', '?')}: {told.get('Message', '')}", style="red"
        )
        shown.note(_WAYS)
        return exit_codes.NO_AWS
    if isinstance(error, BotoCoreError):
        shown.note(f"AWS: {error}", style="red")
        shown.note(_WAYS)
        return exit_codes.NO_AWS
    shown.note(f"a fault of Headrace: {type(error).__name__}: {error}", style="red")
    if logbook.debugging():
        shown.note("".join(traceback.format_exception(error)))
    return exit_codes.FAULT
