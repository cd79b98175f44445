"""Wildcards in object URIs: `*`, `?` and `[…]` within a path component, `**` across them.

`prefix` is what a listing starts with, `matches` says which of the listed URIs belong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"(?:(?<![^/])\*\*/)+|\*\*|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[")


def prefix(pattern: str) -> str:
    """The part of a pattern before its first wildcard."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def matches(pattern: str, uri: str) -> bool:
    """Whether a URI is one the pattern means."""
    return _compiled(pattern).fullmatch(uri) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    tokens: list[str] = _TOKEN.findall(pattern)
    pieces, at = [], 0
    while at < len(tokens):
        end = at + 1
        if tokens[at] != "*":
            pieces.append(_piece(tokens[at]))
        else:
            while end < len(tokens) and tokens[end][0] != "*":
                end += 1
            fixed = "".join(_piece(token) for token in tokens[at + 1 : end])
            # Where more wildcards follow, the first place that fits is as good as any other: never try a second one, or a
            # pattern of many stars takes for ever.
            pieces.append(f"(?>[^/]*?{fixed})" if end < len(tokens) else f"[^/]*{fixed}")
        at = end
    return re.compile("".join(pieces), re.DOTALL)


def _piece(token: str) -> str:
    if token.startswith("**"):
        return "(?:.*/)?" if token.endswith("/") else ".*"
    if token == "?":  # noqa: S105 - a wildcard, not a password
        return "[^/]"
    if token.startswith("[") and len(token) > 1:
        return _set(token[1:-1])
    return re.escape(token)


def _set(body: str) -> str:
    """`[a-c_]` or `[!a-c]`, never a slash; a range that runs backwards holds nothing, as in a shell."""
    negated = len(body) > 1 and body.startswith("!")
    pieces = []
    for first, dash, last in re.findall(r"(.)(?:(-)(.))?", body[1:] if negated else body, re.DOTALL):
        if not dash:
            pieces.append(re.escape(first))
        elif first <= last:
            pieces.append(f"{re.escape(first)}-{re.escape(last)}")
    if not pieces:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(pieces)}]"
