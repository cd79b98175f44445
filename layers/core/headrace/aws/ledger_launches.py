"""The ledger's view of dropped files: which epoch a resume was given, which of several begins it, and that a refusal was told.

S3 and EventBridge deliver at least once; a launch is known by its run id, which is made from bucket, key and version.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from headrace.aws import ledger_runs
from headrace.aws.table import Table, Unmet, get, put
from headrace.core import ledger_keys
from headrace.core.errors import Refused
from headrace.core.ledger_items import attribute, key_item
from headrace.core.ledger_keys import launch as launch_key
from headrace.core.records import Epoch, utc

_GIVEN_UP = timedelta(minutes=15)


def epoch_of_resume(table: Table, launch: str, run: str) -> Epoch:
    """The epoch that this launch resumes a run in: the same one however often it is asked; Refused while the run goes on."""
    standing = _told(table, launch, "resume")
    if standing:
        return Epoch(run, standing)
    epoch = ledger_runs.next_epoch(table, run)
    try:
        put(table, _item(launch, "resume", epoch.number), "attribute_not_exists(#pk)")
    except Unmet as unmet:
        return Epoch(run, int((unmet.items[0] or {})["epoch"]["N"]))
    return epoch


def claim_resume(table: Table, launch: str, epoch: Epoch, place: str, now: str) -> None:
    """Let this launch begin the epoch, and no other; Refused, naming the one that was first.

    Who was first and began nothing for so long never will: then the next may. `place` is the launch's file.
    """
    item = key_item(ledger_keys.resume(epoch)) | {
        "launch": attribute(launch),
        "by": attribute(place),
        "at": attribute(utc(now)),
    }
    try:
        put(table, item, "attribute_not_exists(#pk) OR #launch = :launch", {":launch": launch})
    except Unmet as unmet:
        first = unmet.items[0] or {}
        other, since = first["launch"]["S"], first["at"]["S"]
        begun = ledger_runs.read_run(table, epoch) is not None
        if not begun and datetime.fromisoformat(now) - datetime.fromisoformat(since) > _GIVEN_UP:
            put(table, item, "#launch = :other", {":other": other})
            return
        raise Refused(
            f"run {epoch.run} is being resumed already, as epoch {epoch.number}, by {first['by']['S']} since {since}; "
            f"follow it with `headrace status {epoch.run}`"
        ) from None


def resumed(table: Table, launch: str, run: str) -> int:
    """The epoch that this launch may begin, 0 while it is not decided, or decided for another launch."""
    number = _told(table, launch, "resume")
    claim = get(table, ledger_keys.resume(Epoch(run, number))) if number else None
    return number if claim and claim["launch"]["S"] == launch else 0


def refused_first(table: Table, launch: str, by: str) -> bool:
    """Whether this launch is refused for the first time: then somebody should hear of it.

    `by` names the caller: the one that was first and asks again, because it died before it had told anybody, is first again.
    """
    item = _item(launch, "refused", 0) | {"by": attribute(by)}
    try:
        put(table, item, "attribute_not_exists(#pk) OR #by = :by", {":by": by})
    except Unmet:
        return False
    return True


def _told(table: Table, launch: str, what: str) -> int:
    item = get(table, launch_key(launch, what))
    return int(item["epoch"]["N"]) if item else 0


def _item(launch: str, what: str, epoch: int) -> dict[str, dict[str, str]]:
    return key_item(launch_key(launch, what)) | {"epoch": attribute(epoch)}
