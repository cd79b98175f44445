"""A file dropped into launch/: start one execution for it, or say why not.

read it ─▶ gone already: nothing to do
─▶ no team's, where teams part the deployment: refused as below, unread
─▶ not a launch, not valid: errors/<key>.txt, one alert, nothing started
─▶ StartExecution under a name made from bucket, key and version: a duplicate of the event starts nothing
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent

from headrace.aws import events, launching, ledger_launches
from headrace.aws import s3 as store
from headrace.aws.allowing import check_program, reach_of, teams_of
from headrace.aws.clients import client
from headrace.aws.observability import about, count, logger
from headrace.aws.settings import LaunchRunSettings
from headrace.aws.step_functions import start_once
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import names, run_facts, tenancy, yaml_source
from headrace.core.errors import HeadraceError, InvalidSpec, InvalidValue, Problem
from headrace.core.launch_request import LaunchRequest, folder_name, read_launch
from headrace.core.records import Epoch

_LONGEST = 240_000
_HINT = "Put long lists into a table or a file, and name that as a param"


@dataclass(frozen=True, slots=True)
class Launcher:
    """What launching needs of the function it runs in."""

    settings: LaunchRunSettings
    table: Table


@dataclass(frozen=True, slots=True)
class Dropped:
    """An object as its event names it."""

    bucket: str
    key: str
    version: str

    @property
    def uri(self) -> str:
        """Where it is."""
        return f"s3://{self.bucket}/{self.key}"


def dropped_of(event: S3EventBridgeNotificationEvent) -> Dropped:
    """The object an event tells of; InvalidValue for an event of another shape."""
    try:
        detail = event.detail
        # Not `object.key`, which decodes it: EventBridge encodes no keys, unlike S3's own notifications.
        return Dropped(detail.bucket.name, detail.object["key"], detail.object.get("version-id") or "")
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidValue(f"this is no `Object Created` event of S3: it has no {error}") from error


def launch(launcher: Launcher, dropped: Dropped, now: str, *, by: str) -> str:
    """Start the run of a dropped file; `started`, `duplicate`, `gone` or `refused`. `by` names the invocation."""
    about(launch=dropped.uri)
    try:
        tenant = tenancy.tenant_of_launch(dropped.key, teams_of(launcher.settings))
    except HeadraceError as error:
        return _refuse(launcher, dropped, str(error), now, by)
    try:
        content = store.read(client("s3"), dropped.uri, version=dropped.version, limit=yaml_source.MAX_BYTES + 1)
    except store.ObjectMissing:
        logger.info("gone before it was read")
        return "gone"
    except HeadraceError as error:
        why = str(InvalidSpec([Problem("", str(error), file=dropped.uri)]))
        return _refuse(launcher, dropped, why, now, by, tenant)
    try:
        said = _small(_read(launcher, dropped, content, tenant))
        if said.get("resume"):
            epoch = Epoch(said["run"], said["epoch"])
            launch_id = _run_id(dropped, str(said.get("name") or ""), tenant)
            ledger_launches.claim_resume(launcher.table, launch_id, epoch, dropped.uri, now)
    except HeadraceError as error:
        return _refuse(launcher, dropped, str(error), now, by, tenant)
    about(run=said["run"], epoch=said["epoch"])
    started = start_once(
        client("stepfunctions"), launcher.settings.run_pipeline, names.execution_name(said["run"], said["epoch"]), said
    )
    count("RunsStarted" if started else "DuplicateLaunches")
    outcome = "started" if started else "duplicate"
    logger.info(outcome)
    return outcome


def _read(launcher: Launcher, dropped: Dropped, content: bytes, tenant: str) -> dict[str, Any]:
    """The input of run_pipeline for this file; raises what is wrong with it, down to the params."""
    own, reach = launcher.settings, reach_of(launcher.settings, tenant)
    document = yaml_source.read(content, dropped.uri)
    found = read_launch(document, source=dropped.uri, tenant=tenant)
    if found.request is None:
        loaded = launching.load_text(
            client("s3"),
            own.bucket,
            dropped.uri,
            content.decode("utf-8-sig"),
            LaunchRequest(pipeline=dropped.uri),
            reach,
        )
        check_program(loaded, own, reach)
        run = _run_id(dropped, loaded.spec.name, tenant)
        return {"pipeline": dropped.uri, "version": dropped.version, "run": run, "epoch": 1}
    said: dict[str, Any] = dict(document.value)
    request = found.request
    if problems := run_facts.wrong_places(said, bucket=own.bucket, allowed=own.allowed_write_buckets, reach=reach):
        raise InvalidSpec(problem.at(file=dropped.uri, line=document.line(problem.path)) for problem in problems)
    run = _run_id(dropped, request.name, tenant)
    epoch = 1
    if request.resume:
        tenancy.check_run(request.resume, tenant, teams_of(own))
        resumed = ledger_launches.epoch_of_resume(launcher.table, run, request.resume)
        run, epoch = resumed.run, resumed.number
    if "pipeline" in said or not request.resume:
        said["pipeline"] = launching.pipeline_uri(team_s3(client("s3"), reach), own.bucket, request.pipeline)
        check_program(launching.load(client("s3"), own.bucket, said, reach), own, reach)
    return {**said, "run": run, "epoch": epoch}


def _small(said: dict[str, Any]) -> dict[str, Any]:
    """The input, if Step Functions takes it: 256 KiB, and what run_pipeline adds to it on the way."""
    size = len(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > _LONGEST:
        problem = Problem("", f"a launch of {size:,} bytes", expected=f"at most {_LONGEST:,}", hint=_HINT)
        raise InvalidSpec([problem])
    return said


def _run_id(dropped: Dropped, name: str, tenant: str) -> str:
    stem = dropped.key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    called = name or folder_name(dropped.uri, tenant) or stem
    return names.launched_run_id(called, dropped.bucket, dropped.key, dropped.version, tenant)


def _refuse(launcher: Launcher, dropped: Dropped, why: str, now: str, by: str, tenant: str = "") -> str:
    """Leave the errors file and tell, once. Not under launch/: a file there would be launched."""
    report = f"s3://{launcher.settings.bucket}/errors/{dropped.key}.txt"
    text = f"{dropped.uri} (version {dropped.version or 'none'}) started nothing.\n\n{why}\n"
    store.write(client("s3"), report, text.encode("utf-8", "replace"), content_type="text/plain; charset=utf-8")
    if ledger_launches.refused_first(launcher.table, _run_id(dropped, "", tenant), by):
        from headrace.core import alert_events  # noqa: PLC0415 - its models cost every cold start, refusals are few

        event = alert_events.launch_refused(
            why, stack=launcher.settings.stack, at=now, launch=dropped.uri, report=report, tenant=tenant
        )
        events.publish(client("events"), [alert_events.entry(event)])
        count("LaunchesRefused")
    logger.info("refused", extra={"report": report})
    return "refused"
