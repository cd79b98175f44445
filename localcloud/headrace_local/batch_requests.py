"""What every call of the Batch API shares: its error and its paging."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")
_LARGEST_PAGE: Final = 100


class ClientException(Exception):  # noqa: N818 - the name Batch gives it
    """The request cannot be served as it is; HTTP 400."""


def page(
    name: str,
    items: Sequence[T],
    request: Mapping[str, Any],
    *,
    show: Callable[[T], Any] = lambda item: item,
    largest: int = _LARGEST_PAGE,
) -> dict[str, Any]:
    """One page of `items`, each as `show` has it, and the token of the next."""
    size = min(int(request.get("maxResults") or largest), largest)
    token = request.get("nextToken") or "0"
    if not token.isdigit():
        raise ClientException(f"nextToken '{token}' is not one that this API gave")
    start = int(token)
    answer: dict[str, Any] = {name: [show(item) for item in items[start : start + size]]}
    if start + size < len(items):
        answer["nextToken"] = str(start + size)
    return answer
