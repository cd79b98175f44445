"""What every call of the Batch API shares: its error and its paging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_LARGEST_PAGE: Final = 100


class ClientException(Exception):  # noqa: N818 - the name Batch gives it
    """The request cannot be served as it is; HTTP 400."""


def page(name: str, items: Sequence[dict[str, Any]], request: Mapping[str, Any]) -> dict[str, Any]:
    """One page of `items` and the token of the next."""
    size = min(int(request.get("maxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
    token = request.get("nextToken") or "0"
    if not token.isdigit():
        raise ClientException(f"nextToken '{token}' is not one that this API gave")
    start = int(token)
    answer: dict[str, Any] = {name: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = str(start + size)
    return answer
