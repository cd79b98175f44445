"""The bucket and the ledger, as S3 and DynamoDB tell of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from headrace_cli.doctor.facts import Bucket, Denied, Table, Unanswered
from headrace_cli.doctor.local_lacks import lacks
from headrace_cli.doctor.looking import Absent, ask
from headrace_cli.target import Target

_NO_BUCKET: Final = ("404", "NoSuchBucket")


def look(target: Target, outputs: Mapping[str, str]) -> dict[str, Any]:
    """The facts; None when there is no stack that names them."""
    return {
        "bucket": _bucket(target, outputs["Bucket"]) if "Bucket" in outputs else None,
        "table": _table(target, outputs["Ledger"]) if "Ledger" in outputs else None,
    }


def _bucket(target: Target, name: str) -> Bucket:
    head = ask(target, "s3", "head_bucket", absent=_NO_BUCKET, Bucket=name)
    if isinstance(head, Absent):
        gone = Unanswered("the bucket is gone")
        return Bucket(name=name, there=False, versioning=gone, events=gone, blocks=gone, policy=gone)
    return Bucket(
        name=name,
        there=head if isinstance(head, Denied | Unanswered) else True,
        versioning=_versioning(target, name),
        events=lacks(target, "bucket events") or _events(target, name),
        blocks=lacks(target, "bucket public access") or _blocks(target, name),
        policy=lacks(target, "bucket policy") or _policy(target, name),
    )


def _versioning(target: Target, name: str) -> str | Denied | Unanswered:
    answer = ask(target, "s3", "get_bucket_versioning", Bucket=name)
    return str(answer.get("Status", "")) if isinstance(answer, dict) else _unknown(answer)


def _events(target: Target, name: str) -> bool | Denied | Unanswered:
    answer = ask(target, "s3", "get_bucket_notification_configuration", Bucket=name)
    return "EventBridgeConfiguration" in answer if isinstance(answer, dict) else _unknown(answer)


def _blocks(target: Target, name: str) -> frozenset[str] | Denied | Unanswered:
    answer = ask(target, "s3", "get_public_access_block", absent=["NoSuchPublicAccessBlockConfiguration"], Bucket=name)
    if isinstance(answer, Absent):
        return frozenset()
    if not isinstance(answer, dict):
        return answer
    return frozenset(block for block, on in answer["PublicAccessBlockConfiguration"].items() if on)


def _policy(target: Target, name: str) -> Mapping[str, Any] | Denied | Unanswered | None:
    answer = ask(target, "s3", "get_bucket_policy", absent=["NoSuchBucketPolicy"], Bucket=name)
    if isinstance(answer, Absent):
        return None
    if not isinstance(answer, dict):
        return answer
    policy: Mapping[str, Any] = json.loads(answer["Policy"])
    return policy


def _table(target: Target, name: str) -> Table:
    answer = ask(target, "dynamodb", "describe_table", absent=["ResourceNotFoundException"], TableName=name)
    if isinstance(answer, Absent):
        return Table(name=name, recovery=Unanswered("the table is gone"))
    if not isinstance(answer, dict):
        return Table(name=name, status=answer, recovery=lacks(target, "ledger recovery") or _recovery(target, name))
    keys = sorted(answer["Table"]["KeySchema"], key=lambda key: str(key["KeyType"]))
    return Table(
        name=name,
        status=answer["Table"]["TableStatus"],
        keys=tuple(key["AttributeName"] for key in keys),
        recovery=lacks(target, "ledger recovery") or _recovery(target, name),
    )


def _recovery(target: Target, name: str) -> bool | Denied | Unanswered:
    answer = ask(target, "dynamodb", "describe_continuous_backups", TableName=name)
    if not isinstance(answer, dict):
        return _unknown(answer)
    told = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(told.get("PointInTimeRecoveryStatus") == "ENABLED")


def _unknown(answer: Absent | Denied | Unanswered) -> Denied | Unanswered:
    return Unanswered("it is gone") if isinstance(answer, Absent) else answer
