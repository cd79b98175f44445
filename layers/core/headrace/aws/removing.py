"""Removing old runs and the work that nobody points to any more, while other runs go on.

A run that goes on may find a piece of work done at the very moment it is to be removed. So removal is in the gates' order:
write first, read second. PrepareTask writes its plan (which names the piece) and then looks for the result; here the result
is withdrawn first, and then the plans of all open runs are read. Whoever found the result is seen here and gets it back; who
comes later does not find it and does the work again. Only objects from before the given time are deleted, so nothing that
such a run has just begun to write goes with the rest.

In a versioned bucket the objects stay as old versions for the days its lifecycle rules say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from headrace.aws import ledger_runs
from headrace.aws import s3 as store
from headrace.aws.table import Table, items, patiently
from headrace.core import ledger_keys, run_cleanup, run_facts, run_format
from headrace.core.ledger_items import key_item
from headrace.core.ledger_keys import Range
from headrace.core.records import Epoch, RunRecord
from headrace.core.run_cleanup import Piece, RunAge, Stored

T = TypeVar("T")

_PARALLEL: Final = 16
_RUNS_READ: Final = 100
_DELETED: Final = 1_000  # keys of one DeleteObjects
_WRITTEN: Final = 25  # requests of one BatchWriteItem
_PIECES: Final = 5_000  # between two looks at the open runs
_WITHDRAWN: Final = "withdrawn.json"


def all_runs(table: Table) -> Iterator[RunRecord]:
    """The record of every epoch of every run, read page by page.

    Refused when one is written in a format we do not read: nobody could tell what work it still points to.
    """
    entries = ledger_runs.runs(table)
    while page := list(islice(entries, _RUNS_READ)):
        for record in ledger_runs.read_runs(table, page):
            run_format.check(record.epoch.run, record.epoch.number, record.format)
            yield record


def objects(s3: Any, prefix: str) -> Iterator[Stored]:
    """Every object below a prefix with its time, in order of keys."""
    bucket, key = store.split_uri(prefix)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        for item in page.get("Contents", ()):
            written = item["LastModified"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            yield Stored(f"s3://{bucket}/{item['Key']}", item["Size"], written)


def work_folders(s3: Any, bucket: str) -> list[str]:
    """The work folders of the stack's bucket, one per tenant."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="work/", Delimiter="/")
    return [f"s3://{bucket}/{each['Prefix']}" for page in pages for each in page.get("CommonPrefixes", ())]


def hashes(table: Table, epochs: Iterable[Epoch], beginning: str) -> set[bytes]:
    """The hashes of work that the tasks of these epochs point to, those that begin so."""
    found: set[bytes] = set()
    for epoch in epochs:
        for within in ledger_keys.tasks(epoch):
            for item in items(table, within):
                _add(found, item.get("hash", {}).get("S", ""), beginning)
    return found


def planned_hashes(s3: Any, bucket: str, epochs: Iterable[Epoch], beginning: str) -> set[bytes]:
    """The hashes of work that these epochs have looked for, recorded or not yet."""
    found: set[bytes] = set()
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for epoch in epochs:
            for said in pool.map(lambda uri: planned_hash(s3, uri), plans_of(s3, bucket, epoch)):
                _add(found, said, beginning)
    return found


def plans_of(s3: Any, bucket: str, epoch: Epoch) -> Iterator[str]:
    """Where an epoch's attempts are written down before they look for their work."""
    found = objects(s3, run_facts.folder(bucket, epoch.run, epoch.number) + "tasks/")
    return (each.uri for each in found if not each.uri.endswith(("/failure.json", ".log_summary.json")))


def planned_hash(s3: Any, uri: str) -> str:
    """The hash of the work that a plan is about; empty when the plan is gone."""
    try:
        return str(json.loads(store.read(s3, uri)).get("hash", ""))
    except store.ObjectMissing:
        return ""


def remove_pieces(
    table: Table, s3: Any, bucket: str, chosen: Iterable[Piece], before: str, beginning: str
) -> Iterator[Piece]:
    """Remove pieces of work; those that went. A piece that a run has begun to use meanwhile stays."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for batch in _batches(chosen, _PIECES):
            list(pool.map(partial(_withdraw, s3), batch))
            going_on = [entry.epoch for entry in ledger_runs.unconcluded_runs(table)]
            used = planned_hashes(s3, bucket, going_on, beginning) | hashes(table, going_on, beginning)
            gone = list(pool.map(partial(_removed, s3, before=before, used=used), batch))
            yield from (piece for piece, went in zip(batch, gone, strict=True) if went)


def remove_run(table: Table, s3: Any, bucket: str, age: RunAge) -> None:
    """Remove a run's folders and its items; its entry in the list of runs last, so that a broken removal is found again."""
    for epoch, _ in age.epochs:
        for ranges in (_ranges(epoch), _latches(s3, bucket, epoch)):
            for within in ranges:
                _delete_items(table, (_key(item) for item in items(table, within)))
    for epoch, _ in age.epochs:
        delete_objects(s3, (each.uri for each in objects(s3, run_facts.folder(bucket, epoch.run, epoch.number))))
    keys = [ledger_keys.run(epoch) for epoch, _ in age.epochs]
    lists = ("", age.tenant) if age.tenant else ("",)
    # The list of all runs last: there a removal that broke is found again.
    keys += [ledger_keys.listed(epoch, started, tenant) for tenant in reversed(lists) for epoch, started in age.epochs]
    _delete_items(table, (key_item(key) for key in keys))


def delete_objects(s3: Any, uris: Iterable[str]) -> None:
    """Delete objects of one bucket, a thousand at a time; the first error raised."""
    for batch in _batches(uris, _DELETED):
        bucket, _ = store.split_uri(batch[0])
        keys = [{"Key": store.split_uri(uri)[1]} for uri in batch]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise store.ObjectMissing(
                f"'s3://{bucket}/{first.get('Key')}' could not be deleted: {first.get('Code')}: {first.get('Message')}"
            )


def _withdraw(s3: Any, piece: Piece) -> None:
    """Take the result where nobody looks for it; from now on the work is not found done."""
    if not piece.committed:
        return
    try:
        result = store.read(s3, piece.prefix + "outputs.json")
    except store.ObjectMissing:
        return
    store.write(s3, piece.prefix + _WITHDRAWN, result, content_type="application/json")
    delete_objects(s3, [piece.prefix + "outputs.json"])


def _removed(s3: Any, piece: Piece, *, before: str, used: set[bytes]) -> bool:
    """Whether the piece went; a result that is used after all is put back, unless a newer one is there."""
    if piece.hash in used:
        _put_back(s3, piece)
        return False
    gone = (each.uri for each in objects(s3, piece.prefix) if each.modified < before)
    delete_objects(s3, [*gone, *([piece.prefix + _WITHDRAWN] if piece.committed else [])])
    return True


def _put_back(s3: Any, piece: Piece) -> None:
    try:
        result = store.read(s3, piece.prefix + _WITHDRAWN)
    except store.ObjectMissing:
        return
    store.write_once(s3, piece.prefix + "outputs.json", result)
    delete_objects(s3, [piece.prefix + _WITHDRAWN])


def _ranges(epoch: Epoch) -> Iterator[Range]:
    yield from ledger_keys.tasks(epoch)
    yield from ledger_keys.all_attempts(epoch)
    for part in ledger_keys.PARTITIONS:
        yield ledger_keys.last_waiters(epoch, part)
    yield from ledger_keys.targets(epoch)
    yield ledger_keys.scopes(epoch)


def _latches(s3: Any, bucket: str, epoch: Epoch) -> Iterator[Range]:
    """Every latch its plans name: those opened, those waited for."""
    folder = run_facts.folder(bucket, epoch.run, epoch.number) + "scopes/"
    for each in objects(s3, folder):
        if not each.uri.endswith("/plan.json"):
            continue
        named: set[str] = set()
        for item in json.loads(store.read(s3, each.uri)):
            named |= {latch for latch, _ in item.get("opens", ())} | set(item.get("waits", ()))
        yield from (ledger_keys.latch(epoch, latch) for latch in sorted(named))


def _delete_items(table: Table, keys: Iterable[dict[str, Any]]) -> None:
    for batch in _batches(keys, _WRITTEN):
        request = {table.name: [{"DeleteRequest": {"Key": key}} for key in batch]}
        while request:
            asked = request
            answer = patiently(table, lambda asked=asked: table.client.batch_write_item(RequestItems=asked))  # type: ignore[misc]  # bound now
            request = answer.get("UnprocessedItems") or {}
            if request:
                table.sleep(table.roll())


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}


def _add(found: set[bytes], text: str, beginning: str) -> None:
    if text.startswith(beginning) and run_cleanup.is_hash(text):
        found.add(bytes.fromhex(text))


def _batches(things: Iterable[T], most: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
