"""Putting files into the bucket: what is there already stays, the rest goes up in parallel, and what changed meanwhile is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from headrace.aws import s3 as store
from headrace.core.errors import InvalidValue
from headrace_cli.content_address import Uploads
from headrace_cli.logbook import log

_PARALLEL: Final = 8


def missing(s3: Any, uploads: Uploads) -> dict[str, Path | bytes]:
    """The objects that are not in the bucket yet."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = dict(zip(uploads.objects, pool.map(lambda uri: store.look(s3, uri), uploads.objects), strict=True))
    return {
        uri: content
        for uri, content in uploads.objects.items()
        if (there := found[uri]) is None or there.size != size(content)
    }


def upload(s3: Any, objects: dict[str, Path | bytes], uploads: Uploads, sent: Callable[[int], None]) -> None:
    """Upload; `sent` hears of every byte. InvalidValue for a file that is no longer what it was."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for done in [pool.submit(_one, s3, uri, content, uploads, sent) for uri, content in objects.items()]:
            done.result()


def size(content: Path | bytes) -> int:
    """Bytes of what is uploaded."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _one(s3: Any, uri: str, content: Path | bytes, uploads: Uploads, sent: Callable[[int], None]) -> None:
    log.info("upload %s", uri)
    if isinstance(content, bytes):
        store.write(s3, uri, content)
        sent(len(content))
        return
    bucket, key = store.split_uri(uri)
    s3.upload_file(str(content), bucket, key, Callback=sent)
    if not uploads.unchanged(str(content)):
        s3.delete_object(Bucket=bucket, Key=key)
        raise InvalidValue(f"{content} changed while it was uploaded", hint="start again when nothing writes to it")
