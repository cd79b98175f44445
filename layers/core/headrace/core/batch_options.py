"""Values of the directives that Nextflow has in its `aws.batch` scope: where a job runs, as whom, and what is mounted for it.

There they hold for a whole run; here each is a directive, for one process or for all.
Sources: Batch API reference, SubmitJob (shareIdentifier); CloudWatch Logs API, CreateLogGroup (logGroupName).
"""

from __future__ import annotations

import re
from typing import Any, Final

from headrace.core import units
from headrace.core.cli_path import cli_folder
from headrace.core.directive_readers import choice, leaf, matching
from headrace.core.errors import InvalidValue
from headrace.core.reading import At, kind

_SHARE: Final = re.compile(r"[A-Za-z0-9]{1,254}\*?")
_LOG_GROUP: Final = re.compile(r"(?!aws/)[A-Za-z0-9._/#-]{1,512}")
_MOST_DELAY_S: Final = 600


def platform(at: At) -> Any:
    """`ec2` or `fargate`, as Batch writes it."""
    found = choice("ec2", "fargate")(at)
    return found.upper() if isinstance(found, str) else found


def share_of(tenant: str) -> str:
    """The share identifier of a tenant's jobs on a fair-share queue, when they name none: its letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", tenant)


def _cli_path(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{kind(value)} is no path", expected="the path of the tool on the instance")
    cli_folder(value)
    return value


def _delay(value: Any) -> int:
    seconds = units.duration_s(value)
    if seconds > _MOST_DELAY_S:
        raise InvalidValue("a longer pause than a job should pay for", expected="at most 10m")
    return seconds


cli_path: Final = leaf(_cli_path)
delay: Final = leaf(_delay)
logs_group: Final = matching(_LOG_GROUP, "the name of a log group, such as /aws/batch/job")
share_identifier: Final = matching(_SHARE, "letters and digits, then at most one *")
