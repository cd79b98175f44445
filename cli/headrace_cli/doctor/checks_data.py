"""Checks of the bucket and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace_cli.doctor.facts import Facts
from headrace_cli.doctor.findings import Finding, of_known, ok, problem

BLOCKS: Final = frozenset({"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"})
_DEPLOY: Final = "Deploy the stack again: its template sets this"
_KEYS: Final = ("pk", "sk")


def bucket(facts: Facts) -> Iterator[Finding]:
    """The bucket is there and may be read."""
    if facts.bucket is None:
        return
    name = facts.bucket.name

    def look(there: bool) -> Iterator[Finding]:
        if there:
            yield ok("bucket", name)
        else:
            fix = "Deleting the bucket loses every run: deploy the stack under another name, and move what is needed"
            yield problem("bucket", f"{name} is gone", fix)

    yield from of_known("bucket", facts.bucket.there, look)


def versioning(facts: Facts) -> Iterator[Finding]:
    """Versions are kept: a version's id is part of a run's name."""
    if facts.bucket is None:
        return

    def look(state: str) -> Iterator[Finding]:
        if state == "Enabled":
            yield ok("bucket versioning", "on")
        else:
            says = "off: a file that is dropped twice starts one run, and a pipeline that is written over is lost"
            yield problem("bucket versioning", says, _DEPLOY)

    yield from of_known("bucket versioning", facts.bucket.versioning, look)


def bucket_events(facts: Facts) -> Iterator[Finding]:
    """The bucket tells EventBridge of new objects: that is how a dropped file starts a run."""
    if facts.bucket is None:
        return

    def look(on: bool) -> Iterator[Finding]:
        if on:
            yield ok("bucket events", "EventBridge is told of new objects")
        else:
            yield problem("bucket events", "EventBridge is told nothing: a file under launch/ starts no run", _DEPLOY)

    yield from of_known("bucket events", facts.bucket.events, look)


def public_access(facts: Facts) -> Iterator[Finding]:
    """Nothing in the bucket can be made public."""
    if facts.bucket is None:
        return

    def look(blocks: frozenset[str]) -> Iterator[Finding]:
        if lacking := sorted(BLOCKS - blocks):
            yield problem("bucket public access", f"not blocked: {', '.join(lacking)}", _DEPLOY)
        else:
            yield ok("bucket public access", "blocked")

    yield from of_known("bucket public access", facts.bucket.blocks, look)


def transport(facts: Facts) -> Iterator[Finding]:
    """The bucket's policy refuses plain HTTP, for the bucket and everything in it."""
    if facts.bucket is None:
        return
    name = facts.bucket.name

    def look(policy: Mapping[str, Any] | None) -> Iterator[Finding]:
        if refuses_plain_http(policy or {}, name):
            yield ok("bucket policy", "requests without TLS are refused")
        else:
            says = "it has no policy" if policy is None else "its policy lets requests without TLS in"
            yield problem("bucket policy", says, f"{_DEPLOY}; `headrace policy bucket {name}` prints one")

    yield from of_known("bucket policy", facts.bucket.policy, look)


def ledger(facts: Facts) -> Iterator[Finding]:
    """The table is there, ready, and has the ledger's key."""
    if facts.table is None:
        return
    table = facts.table

    def look(status: str) -> Iterator[Finding]:
        if not status:
            fix = "Its records are lost. Deploy the stack under another name; work that was done is found again by its hash"
            yield problem("ledger", f"{table.name} is gone", fix)
        elif status != "ACTIVE":
            yield problem("ledger", f"{table.name} is {status}", "Wait until the table is ACTIVE, then look again")
        elif table.keys != _KEYS:
            fix = "It is no ledger. The stack's output Ledger must name the table that its template made"
            yield problem("ledger", f"{table.name} has the key {', '.join(table.keys)}, expected pk, sk", fix)
        else:
            yield ok("ledger", f"{table.name}, ACTIVE")

    yield from of_known("ledger", table.status, look)


def recovery(facts: Facts) -> Iterator[Finding]:
    """The table can be brought back to any second of the last weeks."""
    if facts.table is None:
        return

    def look(on: bool) -> Iterator[Finding]:
        if on:
            yield ok("ledger recovery", "point in time")
        else:
            yield problem("ledger recovery", "point-in-time recovery is off", _DEPLOY)

    yield from of_known("ledger recovery", facts.table.recovery, look)


def refuses_plain_http(policy: Mapping[str, Any], bucket: str) -> bool:
    """Whether a statement denies everything to everybody, on the bucket and its objects, when the request came without TLS."""
    covered: set[str] = set()
    for statement in _list(policy.get("Statement", [])):
        principal = statement.get("Principal")
        everybody = principal == "*" or (isinstance(principal, Mapping) and "*" in _list(principal.get("AWS", [])))
        condition = statement.get("Condition") or {}
        plain = {str(each).lower() for each in _list((condition.get("Bool") or {}).get("aws:SecureTransport", []))}
        narrowed = len(condition) != 1 or len(condition.get("Bool") or {}) != 1
        if statement.get("Effect") != "Deny" or not everybody or plain != {"false"} or narrowed:
            continue
        if {"s3:*", "*"} & set(_list(statement.get("Action", []))):
            covered |= {str(each).rpartition(":::")[2] for each in _list(statement.get("Resource", []))}
    return "*" in covered or {bucket, f"{bucket}/*"} <= covered


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
