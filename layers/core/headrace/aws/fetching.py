"""Reading what the core says it needs: a glob's objects, a text, a JSON. What cannot be read is said as a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from headrace.aws import s3 as store
from headrace.core.errors import InvalidValue
from headrace.core.fetch import Fetch, Needs, NotFetched, Unreadable
from headrace.core.glob_pattern import matches, prefix
from headrace.core.values import File

T = TypeVar("T")

_TEXT_LIMIT = 64 * 1024 * 1024
_OBJECTS_LIMIT = 100_000
_PARALLEL = 8
_ROUNDS = 64  # nested sources ask in turns; more turns than axes can nest is a fault of ours


def fetch_all(s3: Any, fetches: tuple[Fetch, ...]) -> dict[Fetch, Any]:
    """What each fetch asks for, or `Unreadable`."""
    with ThreadPoolExecutor(min(_PARALLEL, max(1, len(fetches)))) as pool:
        return dict(zip(fetches, pool.map(lambda wanted: _fetch(s3, wanted), fetches), strict=True))


def answered(s3: Any, ask: Callable[[dict[Fetch, Any]], T | Needs], fetched: dict[Fetch, Any] | None = None) -> T:
    """The core's answer, with everything read that it asks for on the way; `fetched` keeps what was read."""
    known = {} if fetched is None else fetched
    for _ in range(_ROUNDS):
        try:
            answer = ask(known)
        except NotFetched as wanted:
            answer = Needs((wanted.fetch,))
        if not isinstance(answer, Needs):
            return answer
        known |= fetch_all(s3, answer.fetches)
    raise RuntimeError(f"the core asked for more to read {_ROUNDS} times over")


def _fetch(s3: Any, wanted: Fetch) -> Any:
    try:
        if wanted.kind == "glob":
            return _glob(s3, wanted.uri)
        text = store.read(s3, wanted.uri, limit=_TEXT_LIMIT).decode("utf-8-sig")
        return json.loads(text) if wanted.kind == "json" else text
    except store.ObjectMissing as error:
        return Unreadable(str(error))
    except InvalidValue as error:
        return Unreadable(f"{error.message}{', expected ' + error.expected if error.expected else ''}")
    except UnicodeDecodeError as error:
        return Unreadable(f"it is not UTF-8 (byte {error.start})")
    except (ValueError, RecursionError) as error:
        return Unreadable(f"it is not JSON: {error}")


def _glob(s3: Any, pattern: str) -> list[File] | Unreadable:
    found = []
    for item in store.list_objects(s3, prefix(pattern)):
        if matches(pattern, item.uri) and not item.uri.endswith("/"):
            found.append(File(item.uri, item.size, item.etag))
            if len(found) > _OBJECTS_LIMIT:
                return Unreadable(f"more than {_OBJECTS_LIMIT:,} objects match")
    return found
