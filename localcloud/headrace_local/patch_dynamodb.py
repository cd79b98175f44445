"""DynamoDB: one call at a time, and transactions that copy what they touch.

moto's queries sort the whole table, its tables are plain dictionaries without locks ("dictionary changed size during iteration" under concurrent Lambdas),
and its TransactWriteItems copies whole tables to be able to undo. Here every call holds one lock, and a transaction keeps
the old value of its own items only. Conditions and cancellation reasons are upstream's.
"""

from __future__ import annotations

import copy
import json
import threading
from typing import Any, Final

from headrace_local.seam import replace

_one_at_a_time = threading.RLock()
_call = threading.local()


def apply() -> None:
    """Patch the API's entry and the transaction."""
    from moto.dynamodb import models
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

    call = DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with _one_at_a_time:
            return call(self)

    replace(DynamoHandler, "call_action", call_action)
    _answers(DynamoHandler)
    replace(models, "copy", _Copy)
    _transactions(models.DynamoDBBackend)
    _queries(Table)


def _answers(handler: Any) -> None:
    """Items are JSON already; upstream walks every attribute of them through the service model. Anything else goes its way."""
    serialized = handler.serialized

    def as_json(self: Any, action_result: Any) -> Any:
        result = action_result.result
        if isinstance(result, dict) and self._get_action() in _ITEM_CALLS:
            try:
                body = json.dumps({name: value for name, value in result.items() if value is not None})
            except TypeError:
                return serialized(self, action_result)
            return 200, {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}, body
        return serialized(self, action_result)

    replace(handler, "serialized", as_json)


_ITEM_CALLS: Final = frozenset(
    {
        "GetItem",
        "BatchGetItem",
        "Query",
        "Scan",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "TransactWriteItems",
        "BatchWriteItem",
    }
)


class _Copy:
    """`copy` as that module sees it: inside a transaction a table is not copied."""

    copy = staticmethod(copy.copy)

    @staticmethod
    def deepcopy(value: Any, memo: Any = None) -> Any:
        from moto.dynamodb.models.table import Table

        if getattr(_call, "active", False) and isinstance(value, Table):
            return value
        return copy.deepcopy(value, memo)


def _queries(table: Any) -> None:
    """A query reads its own partition; upstream sorts the whole table for it."""
    query, all_items = table.query, table.all_items

    def query_partition(self: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        by_index = kwargs.get("index_name") or (len(args) > _INDEX_NAME and args[_INDEX_NAME])
        _call.partition = None if by_index else hash_key
        try:
            return query(self, hash_key, *args, **kwargs)
        finally:
            _call.partition = None

    def items(self: Any) -> Any:
        partition = getattr(_call, "partition", None)
        if partition is None:
            return all_items(self)
        held = self.items.get(partition)
        if not self.range_key_attr:
            return [held] if held else []
        return list(held.values()) if held else []

    replace(table, "query", query_partition)
    replace(table, "all_items", items)


_INDEX_NAME: Final = 6
"""The place of `index_name` among the arguments of `Table.query` behind the key."""


def _transactions(backend: Any) -> None:
    write = backend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = [saved for item in transact_items for op in item.values() if (saved := _saved(self, op)) is not None]
        _call.active = True
        try:
            write(self, transact_items)
        except BaseException:
            for table, hash_key, range_key, old in before:
                _restore(table, hash_key, range_key, old)
            raise
        finally:
            _call.active = False

    replace(backend, "transact_write_items", transact_write_items)


def _saved(backend: Any, operation: dict[str, Any]) -> tuple[Any, Any, Any, Any] | None:
    """The item an operation writes as it is now, None where there is none."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    table = backend.tables.get(operation.get("TableName"))
    attributes = operation.get("Key") or operation.get("Item") or {}
    if table is None or table.hash_key_attr not in attributes:
        return None
    hash_key = DynamoType(attributes[table.hash_key_attr])
    range_key = (
        DynamoType(attributes[table.range_key_attr])
        if table.range_key_attr and table.range_key_attr in attributes
        else None
    )
    held = table.items.get(hash_key)
    old = held.get(range_key) if table.range_key_attr and held is not None else held
    return table, hash_key, range_key, copy.deepcopy(old)


def _restore(table: Any, hash_key: Any, range_key: Any, old: Any) -> None:
    if table.range_key_attr:
        if old is not None:
            table.items[hash_key][range_key] = old
        elif hash_key in table.items:
            table.items[hash_key].pop(range_key, None)
            if not table.items[hash_key]:
                del table.items[hash_key]
    elif old is not None:
        table.items[hash_key] = old
    else:
        table.items.pop(hash_key, None)
