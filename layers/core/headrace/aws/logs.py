"""Log streams: their end, their beginning, and what comes next. Every read is bounded in lines, bytes and pages.

A page of GetLogEvents has at most 10,000 events or 1 MB; it may come back empty while more remain, and only the token that
was sent says that there is no more. The API takes 10 to 25 requests a second per account and region: throttling is waited out
by the client's retries. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

_PAGE: Final = 10_000  # events GetLogEvents gives at most
_PAGES: Final = 30
_LEAST: Final = 1_000  # events asked for at once where not all are kept
_BYTES: Final = 4 * 1024 * 1024
_NO_STREAM: Final = "ResourceNotFoundException"
_FORBIDDEN: Final = ("AccessDeniedException", "AccessDenied")


@dataclass(frozen=True, slots=True)
class Found:
    """Events of a stream, oldest first. `whole`: from the first on. `missing`: why there are none, in words; `refused`: IAM."""

    lines: tuple[str, ...] = ()
    whole: bool = False
    missing: str = ""
    refused: bool = False


def last(
    logs: Any,
    group: str,
    stream: str,
    lines: int = 200,
    *,
    most_bytes: int = _BYTES,
    go_on: Callable[[], bool] = lambda: True,
    keep: Callable[[str], bool] | None = None,
) -> Found:
    """The end of a stream, at most `lines` events of those to `keep`; `go_on` is asked before each further page."""
    found: list[str] = []
    token: dict[str, str] = {}
    taken = 0
    for number in range(_PAGES):
        if number and not go_on():
            break
        wanted = max(lines - len(found), _LEAST) if keep else lines - len(found)
        page = _page(logs, group, stream, limit=min(wanted, _PAGE), startFromHead=False, **token)
        if isinstance(page, Found):
            return page
        texts = [event["message"] for event in page["events"]]
        found = [text for text in texts if keep is None or keep(text)] + found
        taken += sum(len(text) for text in texts)
        # The same token back means the beginning of the stream is reached.
        if page["nextBackwardToken"] == token.get("nextToken"):
            return Found(tuple(found[-lines:]), whole=len(found) <= lines)
        if len(found) >= lines or taken >= most_bytes:
            break
        token = {"nextToken": page["nextBackwardToken"]}
    return Found(tuple(found[-lines:]))


def head(logs: Any, group: str, stream: str, lines: int = 20) -> tuple[str, ...]:
    """The first events of a stream; none when there is no such stream."""
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        page = _page(logs, group, stream, limit=lines, startFromHead=True, **token)
        if isinstance(page, Found):
            return ()
        if page["events"] or page["nextForwardToken"] == token.get("nextToken"):
            return tuple(event["message"] for event in page["events"])
        token = {"nextToken": page["nextForwardToken"]}
    return ()


def after(logs: Any, group: str, stream: str, token: str = "") -> tuple[tuple[str, ...], str]:
    """One page of events behind `token` (empty: from the first event on), and the token behind them; none, and the same
    token, when there is nothing new or no such stream yet.
    """
    given = {"nextToken": token} if token else {}
    page = _page(logs, group, stream, startFromHead=True, **given)
    if isinstance(page, Found):
        return (), token
    return tuple(event["message"] for event in page["events"]), str(page["nextForwardToken"])


def latest(logs: Any, group: str, stream: str, lines: int) -> list[tuple[int, str]] | None:
    """The last lines of a stream with their times (ms since 1970), oldest first; empty without a stream, None if refused.

    The stream's own `lastEventTimestamp` may be an hour late, so the lines themselves are read.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
    """
    page = _page(logs, group, stream, limit=lines, startFromHead=False)
    if isinstance(page, Found):
        return None if page.refused else []
    return [(int(event["timestamp"]), event["message"]) for event in page["events"]]


def _page(logs: Any, group: str, stream: str, **how: Any) -> dict[str, Any] | Found:
    """A page, or why there is none."""
    try:
        page: dict[str, Any] = logs.get_log_events(logGroupName=group, logStreamName=stream, **how)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == _NO_STREAM:
            return Found(missing=f"no log: there is no stream {stream} in {group} (any more)")
        if code in _FORBIDDEN:
            return Found(missing=f"no log: the log group {group} may not be read", refused=True)
        raise
    return page
