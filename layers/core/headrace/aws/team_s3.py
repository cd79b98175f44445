"""S3 as it is for one team: a client that refuses every place which is not the team's, before S3 is asked.

The roles of functions reach the whole bucket, so a pipeline must not make a function read or copy for it what its team may not
see. Whatever touches objects that a pipeline, a manifest or an earlier result names is given this client instead of the plain
one; what the engine itself knows the place of (a run's folder, its plans, the deployment's defaults) is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from headrace.core.tenancy import Reach, check_read, check_write


def team_s3(s3: Any, reach: Reach | None) -> Any:
    """The client for what a team names; the client itself where nothing is parted. A place that is not theirs: InvalidValue."""
    return s3 if reach is None else _TeamS3(s3, reach)


class _TeamS3:
    """A class, because it stands where a boto3 client does: of that it has the operations of `_CHECKS`, and no others."""

    def __init__(self, s3: Any, reach: Reach) -> None:
        self._s3, self._reach = s3, reach

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        check = _CHECKS.get(operation)
        if check is None:
            raise AttributeError(f"{operation} is not done for teams")

        def checked(**said: Any) -> Any:
            check(said, self._reach)
            return getattr(self._s3, operation)(**said)

        return checked

    def get_paginator(self, operation: str) -> Any:
        """Pages of a list, the only operation that comes in pages here."""
        return _TeamPages(self._s3.get_paginator(operation), self._reach)


class _TeamPages:
    """The pages of what lies below a prefix."""

    def __init__(self, paginator: Any, reach: Reach) -> None:
        self._paginator, self._reach = paginator, reach

    def paginate(self, **said: Any) -> Any:
        """The pages, when the team may read all that they could show."""
        check_read(f"s3://{said['Bucket']}/{said['Prefix']}", self._reach)
        return self._paginator.paginate(**said)


def _reads(said: Mapping[str, Any], reach: Reach) -> None:
    check_read(_uri(said), reach)


def _writes(said: Mapping[str, Any], reach: Reach) -> None:
    check_write(_uri(said), reach)


def _copies(said: Mapping[str, Any], reach: Reach) -> None:
    check_read(_uri(said["CopySource"]), reach)
    check_write(_uri(said), reach)


def _uri(said: Mapping[str, Any]) -> str:
    return f"s3://{said['Bucket']}/{said['Key']}"


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any], Reach], None]]] = {
    "get_object": _reads,
    "head_object": _reads,
    "put_object": _writes,
    "put_object_tagging": _writes,
    "create_multipart_upload": _writes,
    "complete_multipart_upload": _writes,
    "abort_multipart_upload": _writes,
    "copy_object": _copies,
    "upload_part_copy": _copies,
}
