"""Preparing a task: render it, look whether its work was done before, else build what Batch is asked for.

the run is closing        cancelled   the child ends, writing nothing
an expansion              expand      run_scope plans and runs the scope behind it
nothing to do             skipped     SettleTask records it
the work is there         cached      SettleTask uses it
else                      submit      with the whole SubmitJob request
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.aws import ledger, ledger_runs, ledger_watch, run_folder, secrets
from headrace.aws import s3 as store
from headrace.aws.allowing import allowed_of, teams_of
from headrace.aws.cached_work import find as find_cached
from headrace.aws.clients import client
from headrace.aws.definitions import definition_arn
from headrace.aws.fetching import answered
from headrace.aws.observability import count
from headrace.aws.produced import visible_to
from headrace.aws.queues import Queues
from headrace.aws.run_folder import Run
from headrace.aws.settings import PrepareTaskSettings
from headrace.aws.table import Table
from headrace.aws.team_s3 import team_s3
from headrace.core import (
    allowed,
    attempt_record,
    batch_options,
    bootstrap,
    job_build,
    names,
    plan_items,
    run_facts,
    run_state,
    scope_execution,
    task_inputs,
    task_work,
)
from headrace.core.attempt_record import Plan
from headrace.core.axis_items import from_files
from headrace.core.directives import TaskDirectives
from headrace.core.errors import InvalidSpec
from headrace.core.job_build import Deployment
from headrace.core.job_request import step_functions_form
from headrace.core.job_script import JobPlan, limits, run_script
from headrace.core.live_jobs import LiveJob
from headrace.core.outcome_classes import OutcomeClass
from headrace.core.preflight import demand_of
from headrace.core.program import LinkedProcess
from headrace.core.records import AttemptRecord, Epoch
from headrace.core.run_facts import RunFacts
from headrace.core.stuck_limits import Limits
from headrace.core.task_inputs import TaskInput
from headrace.core.task_work import Attempt, Work
from headrace.core.values import File
from headrace.core.visible import Visible
from headrace.core.work_dir import attempts_prefix, job_prefix, work_prefix

_REASON_IN_STATE = 2_000  # characters of a reason that travel in the state
_MOST_IN_STATE = 32_768  # bytes of a result that do: a state has 262,144


@dataclass(frozen=True, slots=True)
class Preparer:
    """What preparing needs of the function it runs in."""

    settings: PrepareTaskSettings
    table: Table
    region: str
    queues: Queues | None = None


def prepare(preparer: Preparer, event: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The verdict on a task, the request for Batch, and what SettleTask will need (`prepared`)."""
    epoch, item = Epoch(event["run"], event["epoch"]), event["task"]
    if not run_state.starts_tasks(ledger_runs.run_of(preparer.table, epoch).state):
        return {"verdict": "cancelled", "prepared": None}
    if plan_items.is_expansion(item):
        return {"verdict": "expand", "prepared": _expansion(preparer, epoch, event)}
    run = run_folder.read(preparer.settings.bucket, epoch.run, epoch.number)
    process, theirs = run.program.processes[item["p"]], team_s3(client("s3"), run.facts.reach)
    visible, inputs = read_inputs(preparer.table, epoch, run, process, item, event["scope"])
    if reason := task_work.skip_reason(visible, process, item["k"], inputs):
        return {"verdict": "skipped", "prepared": {"reason": reason[:_REASON_IN_STATE]}}
    again = (event.get("settled") or {}).get("next") or {}
    attempt = Attempt(**again.get("attempt", {}))
    said, _ = task_work.directives_of(
        visible,
        process,
        item["k"],
        attempt,
        run=epoch.run,
        deployment=run.deployment,
        launch=run.overrides,
    )
    work = task_work.work(
        visible,
        process,
        item["k"],
        _looked_up(theirs, inputs, said),
        attempt,
        run=epoch.run,
        epoch=epoch.number,
        deployment=run.deployment,
        launch=run.overrides,
        contents=_contents(theirs, inputs, said),
    )
    if problems := allowed.of_work(work, allowed_of(preparer.settings, run.facts.reach)):
        raise InvalidSpec(problems)
    _check_targets(work, run.facts.bucket, preparer.settings.allowed_write_buckets)
    prefix = work_prefix(run.facts.work, work.hash.value)
    prepared = {
        "n": attempt.n,
        "hash": work.hash.value,
        "plan": f"{run.facts.folder}tasks/{names.task_hash(work.task)}/{attempt.n}.json",
        "history": again.get("history", []),
    }
    plan = attempt_record.plan_of(work, prefix)
    store.write(
        client("s3"),
        prepared["plan"],
        json.dumps(attempt_record.to_json(plan), ensure_ascii=False).encode(),
        content_type="application/json",
    )
    days = preparer.settings.work_days
    if work.directives.cache and (result := find_cached(theirs, prefix, now, days)):
        count("CacheHits")
        return {"verdict": "cached", "prepared": prepared | _found(plan, result)}
    request, queue = _submission(preparer, epoch, run, work, prefix, now)
    name = request["jobName"]
    ledger.put_attempt(preparer.table, epoch, AttemptRecord(work.task, attempt.n, now, job_name=name, queue=queue))
    ledger_watch.put_live(preparer.table, _live(epoch, event, work, queue, now))
    return {
        "verdict": "submit",
        "prepared": {**prepared, "jobName": name, "queue": queue},
        "request": step_functions_form(request),
    }


def _expansion(preparer: Preparer, epoch: Epoch, event: Mapping[str, Any]) -> dict[str, str]:
    """The scope behind an expansion, and the name of the execution that will run it: on record before it starts, for the sweep."""
    scope = event["task"]["id"]
    name = scope_execution.name(event["execution"], event.get("again") or 1)
    ledger.put_scope(preparer.table, epoch, scope, scope_execution.arn(event["machine"], name))
    return {"scope": scope, "execution": name}


def _found(plan: Plan, result: Mapping[str, Any]) -> dict[str, Any]:
    """What was read just now, for SettleTask not to read it again; what is too long for a state it reads."""
    found = {"plan": attempt_record.brief(plan), "outputs": result["outputs"]}
    size = len(json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return {"found": found} if size <= _MOST_IN_STATE else {}


def _live(epoch: Epoch, event: Mapping[str, Any], work: Work, queue: str, now: str) -> LiveJob:
    """The job as watch_jobs will find it: what its process allows it, and who waits for it."""
    said = work.directives.wait_limit
    return LiveJob(
        epoch=epoch,
        task_hash=names.task_hash(work.task),
        n=work.attempt.n,
        task=work.task,
        process=work.process,
        scope=event["scope"],
        queue=queue,
        at=now,
        execution=event.get("execution", ""),
        time_s=work.time_s,
        limits=Limits(
            runnable_s=said.runnable_s if said else None,
            starting_s=said.starting_s if said else None,
            action=said.action if said else "alert",
            further=max(0, len(work.directives.queues) - 1 - work.attempt.queue_index),
        ),
    )


def read_inputs(
    table: Table, epoch: Epoch, run: Run, process: LinkedProcess, item: Mapping[str, Any], scope: str
) -> tuple[Visible, list[TaskInput]]:
    """A task's inputs, gathered from the ledger and the bucket, and what its templates see."""
    items = from_files(run.program, run_folder.read_axes(run.facts, scope))

    def ask(known: dict[Any, Any]) -> tuple[Visible, list[TaskInput]]:
        visible = visible_to(table, epoch, run.program, run.params, items, item, known)
        return visible, task_inputs.evaluate(visible, process, item["k"], {"run": {"id": epoch.run}})

    return answered(team_s3(client("s3"), run.facts.reach), ask)


def _looked_up(s3: Any, inputs: list[TaskInput], said: TaskDirectives) -> list[TaskInput]:
    pays = said.transfer.requester_pays
    found = store.look_all(s3, task_inputs.locations(inputs), pays=pays, mode=said.cache)
    return task_inputs.looked_up(
        inputs, {uri: File(uri, each.size, each.etag) if each else None for uri, each in found.items()}
    )


def _contents(s3: Any, inputs: list[TaskInput], said: TaskDirectives) -> dict[str, str]:
    """What every input contains, when that makes it the same; else nothing is asked."""
    if said.cache != "deep":
        return {}
    from headrace.aws.contents import contents  # noqa: PLC0415 - few tasks ask for it

    return contents(s3, task_inputs.all_locations(inputs), pays=said.transfer.requester_pays)


def _check_targets(work: Work, bucket: str, allowed: str) -> None:
    """Before the job runs: a result that may not lie where it is to be published is no use."""
    paths = [place.path for place in work.directives.publish]
    if problems := run_facts.wrong_targets(work.process, paths, bucket=bucket, allowed=allowed):
        raise InvalidSpec(problems)


def _job_role(settings: PrepareTaskSettings, facts: RunFacts) -> str:
    """The role of jobs that name none: the stack's, or the first of the run's team."""
    return teams_of(settings)[facts.tenant][0] if facts.parted else settings.job_role


def _definition(preparer: Preparer, wanted: dict[str, Any], attempt: Attempt, now: str) -> str:
    """The definition's ARN; after a failure of our own Batch is asked whether it is still there."""
    ours = attempt.previous_class == OutcomeClass.ENGINE
    return definition_arn(preparer.table, wanted, stack=preparer.settings.stack, now=now, verify=ours)


def _submission(
    preparer: Preparer, epoch: Epoch, run: Run, work: Work, prefix: str, now: str
) -> tuple[dict[str, Any], str]:
    settings = preparer.settings
    queue = job_build.queue_of(work, settings.queue)
    shared = preparer.queues is not None and preparer.queues.shares_fairly(queue)
    deployment = Deployment(
        queue=settings.queue,
        public_ips=settings.public_ips != "no",
        share=batch_options.share_of(run.facts.tenant) if shared else "",
        job_role=_job_role(settings, run.facts),
        execution_role=settings.execution_role,
        log_group=settings.job_logs,
        log_prefix=run.facts.tenant if run.facts.parted else "",
        region=preparer.region,
        secret_arns=secrets.arns(job_build.secret_names(work), preparer.region),
    )
    wanted = job_build.definition(work, deployment)
    arn = _definition(preparer, wanted, work.attempt, now) if wanted else ""
    place = job_prefix(prefix, epoch.run, epoch.number, work.attempt.n)
    files = run_script(
        JobPlan(
            attempts=attempts_prefix(prefix),
            script=work.script.text,
            shell=work.directives.shell,
            inputs=work.inputs,
            outputs=work.outputs,
            on_failure=work.directives.on_failure,
            lists=work.script.lists,
            limits=limits(work.directives),
            transfer=work.directives.transfer,
        )
    )
    store.write_all(client("s3"), {place + name: content for name, content in files.items()})
    request = job_build.submission(
        work,
        deployment,
        run=epoch.run,
        epoch=epoch.number,
        definition_arn=arn,
        command=tuple(bootstrap.command(place + "run.sh", scratch=work.directives.scratch)),
        labels=run.facts.labels,
        registered=wanted,
    )
    if preparer.queues:
        said = work.directives
        preparer.queues.check(demand_of(request, said.platform, said.arch or ""), queue)
    if problems := allowed.of_queue(work.process, queue, allowed.listed(settings.allowed_queues)):
        raise InvalidSpec(problems)
    return request, queue
