"""Job definitions: found in the ledger, else in Batch, else registered. Twins of equal content are harmless.

A definition may go behind the ledger's back (`headrace clean definitions`, somebody in the console). Asking Batch before every
submission would cost a call each; instead the submission fails with Batch's word that it is not there, is retried as our own
fault, and only then is the ledger's ARN checked and replaced (`verify`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from headrace.aws import batch, ledger
from headrace.aws.clients import client
from headrace.aws.table import Table
from headrace.core.definition_cleanup import new_tags

_KEPT = 1024


def definition_arn(table: Table, request: dict[str, Any], *, stack: str, now: str, verify: bool = False) -> str:
    """ARN with revision of a definition of this content; the ledger remembers it for everyone, with the day of its last use."""
    name = request["jobDefinitionName"]
    known = ledger.job_definition(table, name)
    if known and not (verify and not batch.is_active(client("batch"), known)):
        _note_use(table, name, known, now[:10])
        return known
    found = batch.find_definition(client("batch"), name)
    tags = {**request.get("tags", {}), **new_tags(stack, now)}
    arn = found or batch.register_definition(client("batch"), {**request, "tags": tags})
    return ledger.put_job_definition(table, name, arn, day=now[:10], instead_of=known)


@lru_cache(maxsize=_KEPT)
def _note_use(table: Table, name: str, arn: str, day: str) -> None:
    """Once a day per function that is warm; the ledger keeps the latest."""
    ledger.note_definition_use(table, name, arn, day)
