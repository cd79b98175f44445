"""Where to look in the AWS console: links made from ARNs, for each partition."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

_DOMAINS: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def link(queue: str) -> str:
    """The page of a job queue, by its ARN; empty for a partition whose console is not known."""
    parts = queue.split(":")
    domain = _DOMAINS.get(parts[1]) if len(parts) > 5 else None
    return f"https://{domain}/batch/home?region={parts[3]}#queues/detail/{quote(queue, safe='')}" if domain else ""
