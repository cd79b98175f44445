"""Work files that were published with `mode: move`: where each went, and when its work copy may go.

`moved.json` lies beside a work's outputs.json. settle_task writes it when it publishes. The work copies are marked for early
expiry only once the run has succeeded (`mark`, by conclude_run): its own tasks read them until then, and the bucket's lifecycle
removes what is marked two days after it was *made*, which for work that was found done may be the next midnight.

Before a file is marked, outputs.json says `moved`. Whoever finds the work done reads that anyway, so it costs no request to know
(a tag would: S3 counts tags for those alone who may read them, and `clean runs` would lose it). What is marked is one version of
a file, the one noted; a copy that was brought back is another, so neither does a mark reach it nor is it brought back again.

Another run may have found the work before its result said so; it has written down before that what it looks for, so it is known
(`work_in_use`), and what it reads is not marked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from headrace.aws import s3 as store
from headrace.core.records import Epoch

NAME = "moved.json"
_PARALLEL = 16
_SPARE_MS = 60_000  # what else a conclusion needs


def note(s3: Any, prefix: str, moved: Mapping[str, str], epoch: Epoch) -> None:
    """Write down which published object each version of a work file was copied to; the newest place of a file counts."""
    there = read(s3, prefix)
    sources, targets = store.look_all(s3, list(moved)), store.look_all(s3, list(moved.values()))
    for source, target in moved.items():
        copied, found = sources[source], targets[target]
        if copied is not None and found is not None:
            place = {"uri": target, "etag": found.etag, "size": found.size}
            there[source] = {**place, "version": copied.version, "by": str(epoch)}
    body = json.dumps(there, ensure_ascii=False).encode("utf-8", "surrogatepass")
    store.write(s3, prefix + NAME, body, content_type="application/json")


def read(s3: Any, prefix: str) -> dict[str, Any]:
    """What is known of a work's moved files, by their URI; nothing when none was moved."""
    try:
        found: dict[str, Any] = json.loads(store.read(s3, prefix + NAME))
    except (store.ObjectMissing, ValueError):
        return {}
    return found


def mark(
    s3: Any,
    prefixes: Iterable[str],
    epoch: Epoch,
    remaining_ms: Callable[[], int],
    in_use: Callable[[Collection[str]], Collection[str]],
) -> None:
    """Let the work files go that this epoch moved, as far as time allows: what is not marked stays as long as other work.

    `in_use` tells of hashes of work which of them other runs have looked for; it is asked when all results say `moved`. Theirs stay.
    """
    said: dict[str, dict[str, str]] = {}
    for prefix in prefixes:
        if remaining_ms() < _SPARE_MS:
            break
        sources = {
            source: place["version"] for source, place in read(s3, prefix).items() if place.get("by") == str(epoch)
        }
        if sources and _said(s3, prefix + "outputs.json"):
            said[prefix] = sources
    used = in_use({_hash(prefix) for prefix in said}) if said else ()
    for prefix, sources in said.items():
        if remaining_ms() < _SPARE_MS:
            return
        if _hash(prefix) not in used:
            with ThreadPoolExecutor(_PARALLEL) as pool:
                list(pool.map(lambda source: store.expire_early(s3, *source), sources.items()))


def _hash(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2]


def _said(s3: Any, uri: str) -> bool:
    """Whether the result says that its files were moved; False when it is gone, or was written anew at this moment."""
    try:
        body, etag = store.read_exactly(s3, uri)
    except store.ObjectMissing:
        return False
    result = json.loads(body)
    if result.get("moved"):
        return True
    return store.write_over(s3, uri, json.dumps({**result, "moved": True}, ensure_ascii=False).encode(), etag)


def bring_back(s3: Any, moved: Mapping[str, Any], sources: Iterable[str]) -> bool:
    """Copy back what is gone, or may be marked: whether none of it is any more.

    What was changed where it was published, or is archived there, stays away.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return all(list(pool.map(lambda source: _brought_back(s3, source, moved[source]), sources)))


def _brought_back(s3: Any, source: str, place: Mapping[str, Any]) -> bool:
    there = store.look(s3, source)
    if there is not None and there.version != place.get("version", there.version):
        return True  # somebody did it already
    found = store.look(s3, place["uri"])
    if found is None or (found.etag, found.size) != (place["etag"], place["size"]):
        return False
    try:
        store.copy(s3, place["uri"], source, size=found.size)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidObjectState":
            raise
        return False
    return True
