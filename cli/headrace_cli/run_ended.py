"""What is said of a run that is over: how it ended, its results, or the digest of what went wrong."""

from __future__ import annotations

import json
import re
from typing import Any

from headrace.aws import s3 as store
from headrace.core import alert_events, run_facts
from headrace.core.alert_events import run_ended
from headrace.core.digest import Digest
from headrace.core.records import RunRecord
from headrace_cli import exit_codes, shown
from headrace_cli.target import Target


def say(target: Target, run: RunRecord) -> int:
    """Print the end of a run; the exit code it means."""
    tasks = ", ".join(f"{count} {status}" for status, count in run.tasks.items())
    shown.line(f"{run.epoch.run} {run.state}{f': {tasks}' if tasks else ''}", style=shown.styled(run.state))
    folder = run_facts.folder(target.bucket, run.epoch.run, run.epoch.number)
    if run.state == "succeeded":
        if ignored := run.tasks.get("ignored"):
            shown.line(
                f"{ignored} failed and {'was' if ignored == 1 else 'were'} ignored: {folder}digest.md", style="yellow"
            )
        for name, uri in [*results(target, folder), *published(target, folder)]:
            shown.line(f"{name}  {uri}")
        return exit_codes.DONE
    if digest := _text(target, folder + "digest.json"):
        shown.line()
        shown.line(_account(digest, folder, run, target.flags))
    return exit_codes.DONE if run.state == "stopped" else exit_codes.RUN_FAILED


def _account(digest: str, folder: str, run: RunRecord, flags: str) -> str:
    """The digest in plain words, as the alert says it; its commands reach the place the run is on."""
    event = run_ended(Digest.model_validate_json(digest), stack="", digest_uri=f"{folder}digest.md", cause=run.cause)
    return re.sub(r"(?m)^( +headrace .*)$", lambda found: found[1] + flags, alert_events.text(event))


def results(target: Target, folder: str) -> list[tuple[str, str]]:
    """The pipeline's outputs: name and URI (or value), one pair per file."""
    text = _text(target, folder + "result.json")
    return [(name, each) for name, value in (json.loads(text) if text else {}).items() for each in _each(value)]


def published(target: Target, folder: str) -> list[tuple[str, str]]:
    """Where `publishDir` put results, when it put any there."""
    outdir = json.loads(_text(target, folder + "run.json") or "{}").get("outdir", "")
    there = outdir and next(iter(store.list_objects(target.client("s3"), outdir)), None)
    return [("(published)", outdir)] if there else []


def _each(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _each(item)]
    if isinstance(value, dict) and "$file" in value:
        return [str(value["$file"])]
    return [] if value is None else [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]


def _text(target: Target, uri: str) -> str:
    try:
        return store.read(target.client("s3"), uri).decode("utf-8", "replace")
    except store.ObjectMissing:
        return ""
