"""The ledger's view of dropped files: which epoch a resume was given, and that a refusal was told.

S3 and EventBridge deliver at least once; a launch is known by its run id, which is made from bucket, key and version.
"""

from __future__ import annotations

from headrace.aws import ledger_runs
from headrace.aws.table import Table, Unmet, get, put
from headrace.core.ledger_items import attribute, key_item
from headrace.core.ledger_keys import launch as launch_key
from headrace.core.records import Epoch


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


def resumed(table: Table, launch: str) -> int:
    """The epoch that this launch was given, 0 while it was given none."""
    return _told(table, launch, "resume")


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
