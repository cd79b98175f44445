"""Committing the result of a piece of work: the first attempt whose outputs.json is written stands."""

from __future__ import annotations

import json
from typing import Any

from headrace.aws import s3 as store
from headrace.aws.cached_work import find
from headrace.core import values, work_dir
from headrace.core.attempt_record import Plan
from headrace.core.manifest import MAX_JSON_FILE, MAX_MANIFEST, collect_outputs, json_paths, read_manifest
from headrace.core.values import File


def commit_outputs(s3: Any, plan: Plan, attempt: str, now: str, run: str, work_days: int) -> dict[str, Any]:
    """Make an attempt's outputs the result of its work: the outputs that stand, as JSON; InvalidSpec when not as declared.

    `attempt` is the attempt's folder. `If-None-Match` decides between two attempts: whoever comes second takes what is there,
    unless that cannot be relied on any more (files gone, or soon to go): then it is why this attempt was made.
    """
    told = read_manifest(store.read(s3, work_dir.manifest_uri(attempt), limit=MAX_MANIFEST))
    place = work_dir.output_prefix(attempt)
    listing = {
        found.uri.removeprefix(place): File(found.uri, found.size, found.etag)
        for found in store.list_objects(s3, place)
    }
    contents = {
        path: store.read(s3, place + path, limit=MAX_JSON_FILE)
        for path in json_paths(plan.outputs, told)
        if path in listing
    }
    outputs = collect_outputs(plan.outputs, told, place, listing, contents)
    result: dict[str, Any] = {
        "version": 1,
        "hash": plan.hash,
        "prefix": place,
        "at": now,
        "run": run,
        "task": plan.task,
        "outputs": values.to_json(outputs),
    }
    body = json.dumps(result, ensure_ascii=False).encode()
    if not store.write_once(s3, work_dir.outputs_uri(plan.prefix), body):
        if first := find(s3, plan.prefix, now, work_days):
            return dict(first["outputs"])
        store.write(s3, work_dir.outputs_uri(plan.prefix), body, content_type="application/json")
    return dict(result["outputs"])
