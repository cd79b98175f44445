"""The logs of everything that failed in a run, as one query of CloudWatch Logs Insights and a link that opens it.

A query has at most 10,000 characters, so of many streams the first are named and the others counted. Text in it stands between
double quotes, where a backslash takes the meaning of a quote or of another backslash. The link holds the query in the
console's own form: a `~`-separated record in which every other character than letters, digits, `_`, `.` and `-` is `*` and its code.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html, CWL_QuerySyntax-operations-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 10_000
"""Characters of a query (StartQuery's own limit)."""

MOST_GROUPS: Final = 50
"""Log groups of a query."""

_STREAMS: Final = 100
_HEAD: Final = "fields @timestamp, @logStream, @message\n| filter @logStream in ["
_END: Final = "]\n| filter @message not like /^headrace: running/\n| sort @timestamp asc\n| limit 10000"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]")
_ARN: Final = re.compile(r"arn:(aws[a-z-]*):states:([a-z0-9-]+):")
_DOMAINS: Final = {"aws": "aws.amazon.com", "aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}


@dataclass(frozen=True, slots=True)
class Query:
    """`text` over `groups`; `left_out` counts the streams there was no room for."""

    text: str
    groups: tuple[str, ...]
    left_out: int = 0


def of_streams(streams: Iterable[tuple[str, str]], most: int = _STREAMS) -> Query | None:
    """The query that shows these `(group, stream)`, the first of them when they are many; None when there are none."""
    named: list[str] = []
    groups: dict[str, None] = {}
    left, every = LIMIT - len(_HEAD) - len(_END), dict.fromkeys(streams)
    for group, stream in every:
        text = quoted(stream)
        fits = len(named) < most and len(text) + 2 <= left and (group in groups or len(groups) < MOST_GROUPS)
        if not stream or not group or not fits or _CONTROL.search(stream):
            continue
        named.append(text)
        groups[group] = None
        left -= len(text) + 2
    if not named:
        return None
    return Query(f"{_HEAD}{', '.join(named)}{_END}", tuple(groups), len(every) - len(named))


def quoted(text: str) -> str:
    """Text as the query language writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def console(query: Query, execution: str, start: str, end: str) -> str:
    """The link that opens the query over this time; empty where the execution's ARN does not tell the region."""
    place = _ARN.match(execution)
    if place is None:
        return ""
    partition, region = place.groups()
    domain = _DOMAINS.get(partition, _DOMAINS["aws"])
    fields = (
        f"end~'{_in_console(end)}~start~'{_in_console(start)}~timeType~'ABSOLUTE~tz~'UTC~editorString~'{_in_console(query.text)}"
        f"~source~({_sources(query.groups)})"
    )
    return (
        f"https://{region}.console.{domain}/cloudwatch/home?region={region}"
        f"#logsV2:logs-insights$3FqueryDetail$3D~({fields})"
    )


def _sources(groups: Sequence[str]) -> str:
    return "".join(f"~'{_in_console(group)}" for group in groups)


def _in_console(text: str) -> str:
    return "".join(char if _PLAIN.fullmatch(char) else _code(ord(char)) for char in text)


def _code(point: int) -> str:
    return f"*{point:02x}" if point <= 0xFF else f"**{point:04x}"
