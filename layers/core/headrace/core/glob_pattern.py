"""Wildcards in object URIs: `*`, `?` and `[…]` within a path component, `**` across them.

`prefix` is what a listing starts with, `matches` says which of the listed URIs belong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"\*\*/?|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[")


def prefix(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def matches(pattern: str, uri: str) -> bool:
    """Whether a URI is one the pattern means."""
    return _compiled(pattern).fullmatch(uri) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_piece(token) for token in _TOKEN.findall(pattern)), re.DOTALL)


def _piece(token: str) -> str:
    if token == "**/":  # noqa: S105 - a wildcard, not a password
        return "(?:.*/)?"
    if token == "**":  # noqa: S105
        return ".*"
    if token == "*":  # noqa: S105
        return "[^/]*"
    if token == "?":  # noqa: S105
        return "[^/]"
    if token.startswith("[") and len(token) > 1:
        body = token[1:-1]
        negated = body.startswith("!")
        inside = re.sub(r"([\\\[\]^])", r"\\\1", body[1:] if negated else body)
        return f"(?!/)[{'^' if negated else ''}{inside}]"
    return re.escape(token)
