"""The ledger's DynamoDB table: the few operations everything else is made of.

Reads are strongly consistent unless said otherwise, paged, and complete. Throttling and server errors are retried by
botocore (clients.py). What botocore does not retry is another transaction on the same item: `patiently` does, in place,
because the caller would only do the same again.
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from headrace.core.ledger_items import Item, attribute, key_item
from headrace.core.ledger_keys import Key, Range

T = TypeVar("T")
R = TypeVar("R")
Values = Mapping[str, str | int]

_TRIES = 12
_LONGEST_S = 2.0
_BATCH = 100  # keys of one BatchGetItem
_THREADS = 10  # as many connections as a botocore client keeps
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"})
_BUSY_ERRORS = frozenset({"TransactionConflictException", "TransactionInProgressException"})


def threads(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` on every item, several at a time; results in order, the first error raised when all have ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(_THREADS, len(items))) as pool:
        return list(pool.map(work, items))


@dataclass(frozen=True, slots=True)
class Table:
    """A client and the table's name, with what tests replace: waiting, chance, and how many things are done at once."""

    client: Any
    name: str
    sleep: Callable[[float], None] = time.sleep
    roll: Callable[[], float] = random.random
    each: Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]] = threads


class Unmet(Exception):  # noqa: N818 - reads as the sentence it is
    """A condition of a write did not hold; `items` has what was there instead, per action (None: nothing, or it held)."""

    def __init__(self, items: Sequence[Mapping[str, Any] | None]) -> None:
        super().__init__("a condition of the write did not hold")
        self.items = tuple(items)


def get(table: Table, key: Key) -> Item | None:
    """One item, or None."""
    answer = table.client.get_item(TableName=table.name, Key=key_item(key), ConsistentRead=True)
    item: Item | None = answer.get("Item")
    return item


def get_many(table: Table, keys: Iterable[Key]) -> dict[Key, Item]:
    """The items of these keys that exist; 100 to a call, asking again for what DynamoDB left out."""
    wanted = list(dict.fromkeys(keys))
    found: dict[Key, Item] = {}
    for part in table.each(
        lambda chunk: _get_batch(table, chunk), [wanted[i : i + _BATCH] for i in range(0, len(wanted), _BATCH)]
    ):
        found |= part
    return found


def pages(table: Table, within: Range, *, limit: int = 0, newest_first: bool = False) -> Iterator[list[Item]]:
    """The items of a range in order of `sk`, page by page as DynamoDB cuts them (or `limit` to a page)."""
    request = _query(table, within, newest_first=newest_first) | ({"Limit": limit} if limit else {})
    while True:
        answer = table.client.query(**request)
        yield answer["Items"]
        last = answer.get("LastEvaluatedKey")
        if not last:
            return
        request["ExclusiveStartKey"] = last


def items(table: Table, within: Range, *, newest_first: bool = False) -> Iterator[Item]:
    """The items of a range, in order of `sk`."""
    for page in pages(table, within, newest_first=newest_first):
        yield from page


def put(table: Table, item: Item, condition: str = "", values: Values | None = None) -> None:
    """Put an item; Unmet with what is there when the condition does not hold."""
    write(table, "put_item", {"Item": item} | expressions(condition, values=values))


def delete(table: Table, key: Key, condition: str, values: Values) -> None:
    """Delete an item; Unmet when the condition does not hold."""
    write(table, "delete_item", {"Key": key_item(key)} | expressions(condition, values=values))


def update(table: Table, key: Key, change: str, condition: str, values: Values) -> None:
    """Change an item; Unmet with what is there when the condition does not hold."""
    write(table, "update_item", {"Key": key_item(key)} | expressions(condition, change, values))


def expressions(condition: str = "", change: str = "", values: Values | None = None) -> dict[str, Any]:
    """Expressions and their values as request fields; every attribute is written `#name`, so no reserved word bites."""
    names = {name: name[1:] for name in re.findall(r"#\w+", f"{condition} {change}")}
    request: dict[str, Any] = {}
    if condition:
        request |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if change:
        request["UpdateExpression"] = change
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = {name: attribute(value) for name, value in values.items()}
    return request


def write(table: Table, operation: str, request: Mapping[str, Any]) -> None:
    """One single-item write; Unmet when its condition does not hold."""

    def call() -> None:
        try:
            getattr(table.client, operation)(TableName=table.name, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Unmet([error.response.get("Item")]) from None
            raise

    patiently(table, call)


def transact(table: Table, actions: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Several writes, all or none; Unmet when some condition does not hold, whatever else was in the way."""

    def call() -> None:
        try:
            table.client.transact_write_items(
                TransactItems=[{action: {"TableName": table.name, **request}} for action, request in actions]
            )
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                raise Unmet([_left(reason) for reason in reasons]) from None
            raise

    patiently(table, call)


def patiently(table: Table, call: Callable[[], T]) -> T:
    """A call, again with full jitter while another transaction holds an item; the last error when that does not end."""
    for tries in range(_TRIES - 1):
        try:
            return call()
        except ClientError as error:
            if not _busy(error):
                raise
        table.sleep(table.roll() * min(_LONGEST_S, 0.025 * 2**tries))
    return call()


def _busy(error: ClientError) -> bool:
    response: Mapping[str, Any] = error.response
    if response["Error"]["Code"] in _BUSY_ERRORS:
        return True
    codes = {reason.get("Code", "None") for reason in response.get("CancellationReasons", [])} - {"None"}
    return bool(codes) and codes <= _BUSY


def _left(reason: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return reason.get("Item", {}) if reason.get("Code") == "ConditionalCheckFailed" else None


def _get_batch(table: Table, keys: Sequence[Key]) -> dict[Key, Item]:
    found: dict[Key, Item] = {}
    request: Mapping[str, Any] = {table.name: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
    tries = 0
    while request:
        answer = table.client.batch_get_item(RequestItems=request)
        for item in answer.get("Responses", {}).get(table.name, []):
            found[Key(item["pk"]["S"], item["sk"]["S"])] = item
        request = answer.get("UnprocessedKeys") or {}
        if request:
            # The function's own time is the bound: a part of the answer would be a lie.
            table.sleep(table.roll() * min(_LONGEST_S, 0.025 * 2 ** min(tries, 10)))
            tries += 1
    return found


def _query(table: Table, within: Range, *, newest_first: bool) -> dict[str, Any]:
    condition, values = "pk = :pk", {":pk": within.pk}
    if within.prefix:
        condition, values = f"{condition} AND begins_with(sk, :prefix)", values | {":prefix": within.prefix}
    elif within.high:
        condition, values = (
            f"{condition} AND sk BETWEEN :low AND :high",
            values | {":low": within.low, ":high": within.high},
        )
    elif within.low:
        condition, values = f"{condition} AND sk >= :low", values | {":low": within.low}
    return {
        "TableName": table.name,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: attribute(value) for name, value in values.items()},
        "ConsistentRead": True,
        "ScanIndexForward": not newest_first,
    }
