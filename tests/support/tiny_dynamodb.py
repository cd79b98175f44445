"""DynamoDB's semantics, as far as the ledger uses them, as one pure function: `perform(store, operation, request)`.

A store is a mapping from `(pk, sk)` to an item. Nothing here is shared or timed, so a checker can keep thousands of stores
and take each one further in every possible way. What the ledger does not use is refused loudly. That the expressions mean
the same to the real service is what tests/integration/test_ledger.py asks moto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Store = Mapping[tuple[str, str], Mapping[str, Any]]


class Failure(Exception):  # noqa: N818 - an answer
    """An error answer: what a ClientError is made of."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": code}, **more}


def perform(store: Store, operation: str, request: Mapping[str, Any]) -> tuple[Store, dict[str, Any]]:
    """The store after the operation, and the answer; Failure when DynamoDB would answer with an error."""
    match operation:
        case "get_item":
            item = store.get(_key(request["Key"]))
            return store, {"Item": item} if item else {}
        case "batch_get_item":
            return store, {
                "Responses": {name: _found(store, wanted["Keys"]) for name, wanted in request["RequestItems"].items()}
            }
        case "query":
            return store, _query(store, request)
        case "put_item":
            return _one(store, "Put", request), {}
        case "update_item":
            return _one(store, "Update", request), {}
        case "delete_item":
            return _one(store, "Delete", request), {}
        case "transact_write_items":
            return _all(store, request["TransactItems"]), {}
    raise NotImplementedError(operation)


def _one(store: Store, action: str, request: Mapping[str, Any]) -> Store:
    key, old = _target(store, action, request)
    if not _holds(request, old):
        raise Failure("ConditionalCheckFailedException", **({"Item": old} if old else {}))
    return _written(store, action, key, request)


def _all(store: Store, actions: list[Mapping[str, Any]]) -> Store:
    pairs = [next(iter(action.items())) for action in actions]
    targets = [_target(store, action, request) for action, request in pairs]
    assert len(pairs) <= 100, "over 100 actions"
    assert len({key for key, _ in targets}) == len(targets), "two actions on one item"
    held = [_holds(request, old) for (_, request), (_, old) in zip(pairs, targets, strict=True)]
    if not all(held):
        raise Failure(
            "TransactionCanceledException",
            CancellationReasons=[
                {"Code": "None"} if holds else {"Code": "ConditionalCheckFailed", **({"Item": old} if old else {})}
                for holds, (_, old) in zip(held, targets, strict=True)
            ],
        )
    for (action, request), (key, _) in zip(pairs, targets, strict=True):
        store = _written(store, action, key, request)
    return store


def _target(store: Store, action: str, request: Mapping[str, Any]) -> tuple[tuple[str, str], Mapping[str, Any] | None]:
    key = _key(request["Item"] if action == "Put" else request["Key"])
    return key, store.get(key)


def _written(store: Store, action: str, key: tuple[str, str], request: Mapping[str, Any]) -> Store:
    if action == "ConditionCheck":
        return store
    others = {known: item for known, item in store.items() if known != key}
    if action == "Delete":
        return others
    return others | {key: request["Item"] if action == "Put" else _updated(request, store.get(key))}


def _updated(request: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    item = dict(old or request["Key"])
    names, values = request["ExpressionAttributeNames"], request.get("ExpressionAttributeValues", {})
    clauses = re.split(r"\s*\b(ADD|SET|REMOVE)\s+", request["UpdateExpression"])[1:]
    for verb, body in zip(clauses[::2], clauses[1::2], strict=True):
        if verb == "REMOVE":
            for name in re.findall(r"#\w+", body):
                item.pop(names[name], None)
        for part in re.findall(r"(#\w+)\s*(?:=\s*)?(if_not_exists\(#\w+, :\w+\)|:\w+)", body):
            name, value = names[part[0]], values[part[1].rstrip(")").split(", ")[-1]]
            if verb == "ADD":
                item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}
            elif not (part[1].startswith("if_not_exists") and name in item):
                item[name] = value
    return item


def _holds(request: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    condition = request.get("ConditionExpression")
    return not condition or _any_of(condition, request, old or {})


def _any_of(condition: str, request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """OR binds weaker than AND; parentheses stand around a whole part only."""
    return any(
        all(_part(part, request, item) for part in _split(alternative, " AND "))
        for alternative in _split(condition, " OR ")
    )


def _part(part: str, request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    return _any_of(part[1:-1], request, item) if part.startswith("(") else _term(part, request, item)


def _split(text: str, word: str) -> list[str]:
    """The parts of a condition between `word`, outside of parentheses."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and text.startswith(word, at):
            parts.append(text[start:at])
            start = at + len(word)
    return [*parts, text[start:]]


def _term(term: str, request: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    names, values = request["ExpressionAttributeNames"], request.get("ExpressionAttributeValues", {})
    if match := re.fullmatch(r"attribute_(not_)?exists\((#\w+)\)", term):
        return (names[match[2]] in item) is not bool(match[1])
    if match := re.fullmatch(r"(#\w+) (=|<=|<) (:\w+)", term):
        have, wanted = item.get(names[match[1]]), values[match[3]]
        if have is None or match[2] == "=":
            return have == wanted and have is not None
        left, right = (int(each["N"]) if "N" in each else each["S"] for each in (have, wanted))
        return bool(left < right or (match[2] == "<=" and left == right))
    if match := re.fullmatch(r"(#\w+) IN \(([^)]*)\)", term):
        return item.get(names[match[1]]) in [values[value] for value in match[2].split(", ")]
    raise NotImplementedError(term)


def in_range(store: Store, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The items a Query names, in its order."""
    values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
    tests: dict[str, Callable[[str], bool]] = {
        "pk = :pk": lambda _: True,
        "pk = :pk AND sk >= :low": lambda sk: sk >= values[":low"],
        "pk = :pk AND sk BETWEEN :low AND :high": lambda sk: values[":low"] <= sk <= values[":high"],
        "pk = :pk AND begins_with(sk, :prefix)": lambda sk: sk.startswith(values[":prefix"]),
    }
    fits = tests[request["KeyConditionExpression"]]
    keys = sorted(key for key in store if key[0] == values[":pk"] and fits(key[1]))
    start = request.get("ExclusiveStartKey")
    forward = request.get("ScanIndexForward", True)
    for key in keys if forward else reversed(keys):
        if start is None or (key > _key(start) if forward else key < _key(start)):
            yield store[key]


def _query(store: Store, request: Mapping[str, Any]) -> dict[str, Any]:
    found = list(in_range(store, request))
    limit = request.get("Limit", len(found) + 1)
    page = found[:limit]
    return {"Items": page} | ({"LastEvaluatedKey": _primary(page[-1])} if len(found) >= limit else {})


def _found(store: Store, keys: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [store[_key(key)] for key in keys if _key(key) in store]


def _primary(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
