"""Work files that were published with `mode: move`: where each went, so that a resume brings it back once it has expired.

`moved.json` lies beside a work's outputs.json. It is written before the work copies are marked for early expiry, and what it
names is brought back only while the published object is still the one that was made by the move.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from headrace.aws import s3 as store

NAME = "moved.json"
_FRESH = timedelta(hours=20)  # what is marked goes two days after it was made, whenever that is looked at


def note(s3: Any, prefix: str, moved: Mapping[str, str], now: str) -> None:
    """Write down which published object each work file was copied to; the newest place of a file counts."""
    there = read(s3, prefix)
    for source, target in moved.items():
        found = store.look(s3, target)
        if found is not None:
            there[source] = {"uri": target, "etag": found.etag, "size": found.size, "at": now}
    body = json.dumps(there, ensure_ascii=False).encode("utf-8", "surrogatepass")
    store.write(s3, prefix + NAME, body, content_type="application/json")


def read(s3: Any, prefix: str) -> dict[str, Any]:
    """What is known of a work's moved files, by their URI; nothing when none was moved."""
    try:
        found: dict[str, Any] = json.loads(store.read(s3, prefix + NAME))
    except (store.ObjectMissing, ValueError):
        return {}
    return found


def bring_back(s3: Any, moved: Mapping[str, Any], sources: Iterable[str], now: str) -> None:
    """Copy back what is gone, or soon will be; what was changed where it was published, or is archived there, stays away."""
    for source in sources:
        place = moved[source]
        if datetime.fromisoformat(now) - datetime.fromisoformat(place["at"]) < _FRESH and store.look(s3, source):
            continue
        found = store.look(s3, place["uri"])
        if found is None or (found.etag, found.size) != (place["etag"], place["size"]):
            continue
        try:
            store.copy(s3, place["uri"], source, size=found.size)
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidObjectState":
                raise
