r"""The lines of a log that are worth showing.

A container's stream mixes the task's own words with progress bars (a line redrawn by carriage returns), colour codes,
blank lines and repetitions. What matters is nearly always at the end, so evidence is the last lines after the noise is
gone; equal neighbours are folded with their count. Credentials in forms AWS and common tools use are masked: evidence
goes out by mail. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (key id prefixes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from headrace.core.plain_text import one_line, plain

LINES: Final = 20
LINE_LIMIT: Final = 300

_LOOKED_AT: Final = 2_000  # lines from the end
_LONGEST: Final = 20_000  # characters of a raw line; what a progress bar redraws is at its end
_BAR: Final = re.compile(
    r"^\W*\d{1,3}(?:\.\d+)?\s?%[\W\d]*(?:(?:it|[KMG]?i?B)/s[\W\d]*)?$"  # 45.0%  45% 12.3 MiB/s
    r"|\d+/\d+\s*\[\d+:\d+"  # 3/10 [00:01<00:02, 3it/s]
    r"|\d{1,3}%\s*\|[^|]*\|"  # tqdm
    r"|[█▏▎▍▌▋▊▉━╸]{3,}"
    r"|\[[#=>.\s-]{8,}\]"
    r"|^\s*(?:Completed|Downloading|Uploading|Extracting|Pulling)\b.*\d\s*(?:[KMG]i?B|%|bytes)"
)
_SECRETS: Final = (
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"(?i)(?<=x-amz-signature=)[0-9a-f]+|(?<=x-amz-security-token=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=authorization: )\S.*|(?<=bearer )[\w.~+/=-]{8,}"),
    re.compile(
        r"(?i)(?:(?<=secret_access_key)|(?<=session_token)|(?<=password)|(?<=passwd)|(?<=api_key)|(?<=apikey)|(?<=_token))"
        r"[\"']?\s*[=:]\s*[\"']?[^\s\"',;&]+"
    ),
    re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"),
    re.compile(r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abp])[_-][\w-]{10,}"),
)
_TELLING: Final = re.compile(
    r"\b(?:error|exception|fatal|traceback|panic|abort(?:ed)?|fail(?:ed|ure)?|cannot|can't|could not|unable to|no such"
    r"|not found|denied|invalid|unrecognized|illegal|segmentation|killed|terminate called)\b|\w(?:Error|Exception)\b",
    re.IGNORECASE,
)


def choose(raw: Iterable[str], lines: int = LINES) -> tuple[str, ...]:
    """The last `lines` lines worth showing, oldest first, each at most `LINE_LIMIT` characters."""
    return folded(readable(raw))[-lines:]


def readable(raw: Iterable[str]) -> tuple[str, ...]:
    """Every line as a reader would have seen it: no colours, no progress bars, no blanks, secrets masked."""
    tail = list(raw)[-_LOOKED_AT:]
    return tuple(line for line in (_shown(text) for entry in tail for text in _split(entry)) if line)


def folded(lines: Iterable[str]) -> tuple[str, ...]:
    """Equal neighbours as one line that ends in their count: `retrying (5 times)`."""
    counted = ((line, sum(1 for _ in group)) for line, group in groupby(lines))
    return tuple(line if n == 1 else f"{line} ({n} times)" for line, n in counted)


def telling(lines: Iterable[str]) -> str:
    """The last line that speaks of an error; the last line when none does, empty when there are none."""
    shown = list(lines)
    return next((line for line in reversed(shown) if _TELLING.search(line)), shown[-1] if shown else "")


def masked(line: str) -> str:
    """The line with what looks like a credential replaced by `***`."""
    for secret in _SECRETS:
        line = secret.sub("***", line)
    return line


def _split(entry: str) -> Iterator[str]:
    """A log event can hold several lines; of a line redrawn by carriage returns only the last state is seen."""
    for line in entry[-_LONGEST:].split("\n"):
        yield line.rstrip("\r").rpartition("\r")[2]


def _shown(text: str) -> str:
    line = plain(text).rstrip()
    if not line.strip() or _BAR.search(line[:LINE_LIMIT]):
        return ""
    line = masked(line[:2_000])
    return line if len(line) <= LINE_LIMIT else one_line(line[: LINE_LIMIT * 2], LINE_LIMIT)
