"""Who calls the API: every worker and job has an access key id of its own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """`lambda:<function>` or `batch:<job id>`, its role, how to kill it, and how to say first what it will have died of.

    `session` is the name of its session of the role, as AWS names it.
    """

    name: str
    kill: Callable[[], None]
    note: Callable[[str], None]
    role: str
    session: str


_callers: dict[str, Caller] = {}
_gone: set[str] = set()
_lock = threading.Lock()


def register(
    name: str, kill: Callable[[], None], note: Callable[[str], None] = lambda _what: None, *, role: str, session: str
) -> str:
    """A fresh access key id for this caller, who is judged by `role` (an ARN)."""
    key = f"ASIA{secrets.token_hex(8).upper()}"
    with _lock:
        _callers[key] = Caller(name, kill, note, role, session)
    return key


def forget(key: str) -> None:
    """The caller is gone, and its key with it."""
    with _lock:
        if _callers.pop(key, None) is not None:
            _gone.add(key)


def is_gone(key: str) -> bool:
    """Whether this was the key of a caller that has ended."""
    return key in _gone


def of_key(key: str) -> Caller | None:
    """Whose access key id this is."""
    return _callers.get(key)
