"""Job definitions: found in the ledger, else in Batch, else registered. Twins of equal content are harmless."""

from __future__ import annotations

from typing import Any

from headrace.aws import batch, ledger
from headrace.aws.clients import client
from headrace.aws.table import Table
from headrace.core.job_definition import content_hash


def definition_arn(table: Table, request: dict[str, Any]) -> str:
    """ARN with revision of a definition of this content; the ledger remembers it for everyone."""
    digest = content_hash(request)
    if known := ledger.job_definition(table, digest):
        return known
    found = batch.find_definition(client("batch"), request["jobDefinitionName"])
    return ledger.put_job_definition(table, digest, found or batch.register_definition(client("batch"), request))
