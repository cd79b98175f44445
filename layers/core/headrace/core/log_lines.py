r"""The lines of a log as a reader would have seen them.

A container's stream mixes the task's own words with what a terminal hides: bars redrawn by carriage returns or backspaces,
colours, hyperlinks, bytes that are no text. A log event can hold several lines, or a megabyte without one. What comes out is
plain text without progress, one line each, bounded, credentials masked; blanks at the beginning stay, since stack traces
are told by them. Work is linear in what is given, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from headrace.core.bootstrap_marks import is_heartbeat
from headrace.core.log_secrets import all_masked
from headrace.core.plain_text import plain

LINE_LIMIT: Final = 300
"""Characters of a line; a longer one is cut in its middle, since an error's name is at its beginning and often its cause at its end."""

LINES_LOOKED_AT: Final = 10_000
"""Lines from the end of the log."""

BINARY: Final = "(output that is no text)"

_END: Final = 80  # characters that are kept of a long line's end
_RAW: Final = 16_384  # characters of a raw line's beginning, and of its end, that are looked at
_MASKED: Final = 800  # of a long line, characters that credentials are looked for in
_STATES: Final = 400  # of a line redrawn by carriage returns, the last ones
_TELLS: Final = re.compile(r"(?i)\b(?:error|exception|fatal|traceback|panic|abort|fail|killed|cannot|no such)")
_NO_TEXT: Final = re.compile(r"[\0-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\ufffd]")
# What a progress bar and the like is, each with a character or word it must have.
_BARS: Final = (
    ("%", re.compile(r"^\W{0,40}\d{1,3}(?:\.\d+)?\s?%[\W\d]*(?:(?:it|[KMG]?i?B)/s[\W\d]*)?$")),  # 45.0%  45% 12.3 MiB/s
    ("%", re.compile(r"\d{1,3}%\s*\|[^|]{0,200}\|")),  # tqdm
    (
        "%",
        re.compile(r"^\s*\|[=#*\s-]{8,}\|\s*\d{1,3}%|^\s*\d+[KMG] [. ]{3,60}\s+\d{1,3}%|^\s*% Total\s+% Received"),
    ),  # R, wget, curl
    (
        "%",
        re.compile(
            r"^(?:remote: )?(?:Receiving|Resolving|Counting|Compressing|Enumerating|Unpacking|Updating) \w+:\s+\d"
        ),
    ),  # git
    (
        "]",
        re.compile(r"(?:\d|it)\s*\[\d+:\d+(?:<|,)[^\]]{0,60}\]\s*$"),
    ),  # tqdm: 3/10 [00:01<00:02, 3it/s]  12it [00:03, 4it/s]
    ("]", re.compile(r"\[[#=>.\s-]{8,200}\]")),
    ("|", re.compile(r"^\S.{0,80}\|\s+[\d.]+ [KMG]?B?\s*\|[#\s]{3,100}\|?")),  # conda
    (":", re.compile(r"^\s*\d{1,3}\s+[\d.]+[kMG]?\s+\d{1,3}\s+[\d.]+[kMG]?\s+\d.*:[\d-]\d?-?\s")),  # curl
    (":", re.compile(r"^[0-9a-f]{12}: (?:Pull|Waiting|Download|Verifying|Extracting)")),  # docker pull
    ("Dload", re.compile(r"^\s*Dload\s+Upload\s+Total")),
    ("ed ", re.compile(r"^\s*Completed\b.*\d\s*(?:[KMG]i?B|%|bytes)")),
    ("ing", re.compile(r"^\s*(?:Downloading|Uploading|Extracting|Pulling)\b.*\d\s*(?:[KMG]i?B|%|bytes)")),
    ("0x", re.compile(r"^\s*(?:=>)?0x[0-9a-f]+:(?:[\s\[][0-9a-f]{2}){8}")),  # shadow bytes of a sanitizer
    ("-", re.compile(r"^[0-9a-f]{6,16}-[0-9a-f]{6,16} [rwxsp-]{4} ")),  # a memory map
    ("", re.compile(r"^\s*([=*#_+.-])\1{7,}\s*$|[█▏▎▍▌▋▊▉━╸╺]{3}")),  # a rule; rich, pip
)
# A bar of tqdm or curl, and text right behind it: what was written next did not begin a line.
_BEFORE_TEXT: Final = re.compile(
    r"^[^\[]{0,300}\[\d+:\d+(?:<|,)[^\]]{0,60}\](?=[^\s\d])|^\s*\d[\d\s.:kMG-]{55,85}(?=[A-Za-z]{2})"
)


def readable(raw: Iterable[str]) -> tuple[str, ...]:
    """Every line worth reading, oldest first: no colours, no progress bars, no blank lines, credentials masked."""
    texts = [text for entry in raw for text in _split(entry) if not is_heartbeat(text)][-LINES_LOOKED_AT:]
    return tuple(_bounded(line) for line in all_masked(filter(None, map(_shown, texts))) if line.strip())


def size(lines: Iterable[str]) -> int:
    """Bytes of these lines as UTF-8, each with its line end."""
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)


def shortened(lines: Iterable[str], limit: int) -> tuple[str, ...]:
    """The first lines, as many as fit into `limit` bytes; none is cut."""
    kept, used = [], 0
    for line in lines:
        used += size([line])
        if used > limit:
            break
        kept.append(line)
    return tuple(kept)


def _split(entry: str) -> Iterator[str]:
    """The lines of a log event; of a line that is redrawn the last state, and earlier ones that speak of an error."""
    for line in entry.split("\n"):
        if "\r" not in line:
            yield line
            continue
        *earlier, last = line.rstrip("\r").split("\r")[-_STATES:]
        yield from (state for state in earlier if _TELLS.search(state[:_RAW]))
        yield last


def _shown(text: str) -> str:
    if len(text) > 2 * _RAW:
        text = f"{text[:_RAW]}…{text[-_RAW:]}"
    if _is_binary(text):
        return BINARY
    line = plain(_without_backspaces(text) if "\b" in text else text).rstrip()
    if before := _BEFORE_TEXT.match(line):
        line = line[before.end() :]
    part = line[:LINE_LIMIT]
    if any(mark in part and bar.search(part) for mark, bar in _BARS):
        return ""
    return line if len(line) <= _MASKED else _cut(line, _MASKED)


def _bounded(line: str) -> str:
    return line if len(line) <= LINE_LIMIT else _cut(line, LINE_LIMIT)


def _cut(line: str, limit: int) -> str:
    return f"{line[: limit - _END - 1]}…{line[-_END:]}"


def _is_binary(text: str) -> bool:
    """Many control characters, or bytes that were no UTF-8 (they come as U+FFFD)."""
    part = text[:2_000]
    count = len(_NO_TEXT.findall(part))
    return count > 3 and count * 10 > len(part)


def _without_backspaces(text: str) -> str:
    kept: list[str] = []
    for char in text:
        if char != "\b":
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)
