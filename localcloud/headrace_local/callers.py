"""Who calls the API: every worker and job has an access key id of its own."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_CREDENTIAL: Final = re.compile(r"Credential=([A-Za-z0-9]+)/")


@dataclass(frozen=True, slots=True)
class Caller:
    """`lambda:<function>` or `batch:<job id>`, how to kill it, and how to say first what it will have died of."""

    name: str
    kill: Callable[[], None]
    note: Callable[[str], None]


_callers: dict[str, Caller] = {}
_lock = threading.Lock()


def register(name: str, kill: Callable[[], None], note: Callable[[str], None] = lambda _what: None) -> str:
    """A fresh access key id for this caller."""
    key = f"ASIA{secrets.token_hex(8).upper()}"
    with _lock:
        _callers[key] = Caller(name, kill, note)
    return key


def forget(key: str) -> None:
    """The caller is gone."""
    with _lock:
        _callers.pop(key, None)


def of_request(authorization: str) -> Caller | None:
    """Who signed a request with this Authorization header."""
    found = _CREDENTIAL.search(authorization)
    return _callers.get(found[1]) if found else None
