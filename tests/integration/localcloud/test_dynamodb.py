"""Transactions of the ledger's kind on the local cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Stack


def _add(stack: Stack, pk: str, condition: str = "") -> dict[str, Any]:
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    key = {"pk": {"S": pk}, "sk": {"S": "0"}}
    return {
        "Update": {
            "TableName": stack.outputs["Table"],
            "Key": key,
            **update,
            **({"ConditionExpression": condition} if condition else {}),
        }
    }


def _once(stack: Stack, pk: str) -> dict[str, Any]:
    item = {"pk": {"S": pk}, "sk": {"S": "0"}}
    return {
        "Put": {"TableName": stack.outputs["Table"], "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    }


def test_a_cancelled_transaction_changes_nothing_and_says_why(stack: Stack) -> None:
    """The failed condition is named in its place; what came before it is undone, new items and old ones alike."""
    stack.dynamodb.transact_write_items(TransactItems=[_add(stack, "old"), _once(stack, "taken")])
    with pytest.raises(ClientError) as cancelled:
        stack.dynamodb.transact_write_items(
            TransactItems=[_add(stack, "old"), _add(stack, "new"), _once(stack, "taken")]
        )
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]] == [
        "None",
        "None",
        "ConditionalCheckFailed",
    ]
    old = stack.item("old")
    assert old is not None
    assert old["n"] == {"N": "1"}
    assert stack.item("new") is None


def test_concurrent_transactions_count_right(stack: Stack) -> None:
    """200 transactions from 16 threads, every one twice: each counts once."""

    def complete(number: int) -> bool:
        try:
            stack.dynamodb.transact_write_items(TransactItems=[_once(stack, f"task-{number}"), _add(stack, "latch")])
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(complete, [*range(200), *range(200)]))
    latch = stack.item("latch")
    assert done.count(True) == 200
    assert latch is not None
    assert latch["n"] == {"N": "200"}


def test_only_one_of_many_wins_a_conditional_upload(stack: Stack) -> None:
    """S3's If-None-Match lets one writer through, the others get 412."""
    bucket = stack.outputs["Bucket"]

    def write(number: int) -> int:
        try:
            stack.s3.put_object(Bucket=bucket, Key="contended", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(write, range(48)))
    assert (answers.count(200), answers.count(412)) == (1, 47)
