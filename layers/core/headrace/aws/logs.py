"""The end of a log stream."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

_PAGES = 10  # a page may come back empty while more remain


def tail(logs: Any, group: str, stream: str, lines: int = 200) -> list[str]:
    """The last lines of a stream, oldest first; empty when there is no such stream (a job that never ran has none)."""
    found: list[str] = []
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        try:
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream, limit=lines, startFromHead=False, **token
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        found = [event["message"] for event in page["events"]] + found
        # The same token back means the beginning of the stream is reached.
        if len(found) >= lines or page["nextBackwardToken"] == token.get("nextToken"):
            break
        token = {"nextToken": page["nextBackwardToken"]}
    return found[-lines:]


def head(logs: Any, group: str, stream: str, lines: int = 20) -> list[str]:
    """The first lines of a stream; empty when there is no such stream."""
    try:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=lines, startFromHead=True)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [event["message"] for event in page["events"]]


def last_event_ms(logs: Any, group: str, stream: str) -> int | None:
    """When the last line of a stream was written, in milliseconds since 1970; None when it has none.

    The stream's own `lastEventTimestamp` may be an hour late, so the line itself is read.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
    """
    try:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1, startFromHead=False)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return max((int(event["timestamp"]) for event in page["events"]), default=None)
