"""Publishing a task's outputs: server-side copies, each target claimed first, so that two tasks never meet on one."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from headrace.aws import moved_work
from headrace.aws import s3 as store
from headrace.aws.table import Table, Unmet, put
from headrace.core import ledger_keys
from headrace.core.errors import InvalidSpec, Problem
from headrace.core.ledger_items import attribute, key_item
from headrace.core.publish import Copy
from headrace.core.records import Epoch

_PARALLEL = 16


def publish(table: Table, s3: Any, epoch: Epoch, task: str, copies: Iterable[Copy], *, work: str = "") -> bool:
    """Make every copy, and say whether any was a move; InvalidSpec, before anything is copied, when another task of the run
    publishes to the same place.

    `work` is the prefix of the work whose files are published: where it is noted what was moved (`moved_work`).
    """
    wanted = [each for copy in copies for each in _objects(s3, copy)]
    if not wanted:
        return False
    with ThreadPoolExecutor(min(_PARALLEL, len(wanted))) as pool:
        taken = [other for other in pool.map(lambda copy: _claim(table, epoch, task, copy), wanted) if other]
        if taken:
            raise InvalidSpec(taken)
        list(pool.map(lambda copy: _copy(s3, copy), wanted))
        moved = {copy.source: copy.target for copy in wanted if copy.moved}
    if moved:
        moved_work.note(s3, work, moved, epoch)
    return bool(moved)


def _objects(s3: Any, copy: Copy) -> Iterable[Copy]:
    """One copy per object: a folder's are those below it."""
    if not copy.source.endswith("/"):
        return [copy]
    return [
        replace(copy, source=found.uri, target=copy.target + found.uri.removeprefix(copy.source), size=found.size)
        for found in store.list_objects(s3, copy.source)
    ]


def _claim(table: Table, epoch: Epoch, task: str, copy: Copy) -> Problem | None:
    item = key_item(ledger_keys.target(epoch, copy.target)) | {"task": attribute(task)}
    try:
        put(table, item, "attribute_not_exists(#pk)")
    except Unmet as unmet:
        other = (unmet.items[0] or {}).get("task", {}).get("S", "")
        if other != task:
            return Problem(
                "publishDir",
                f"{task} and {other} both publish to {copy.target}",
                expected="one task per target",
                hint="Put a key into the path or into `saveAs`",
            )
    return None


def _copy(s3: Any, copy: Copy) -> None:
    store.copy(s3, copy.source, copy.target, size=copy.size, tags=dict(copy.tags), storage_class=copy.storage_class)
