"""Log lines of the functions, as JSON: each says what run, task and job it is about, as soon as that is known, and so does the trace."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.stack import ROOT

from headrace.aws import (
    concluding,
    ledger_runs,
    log_summarising,
    observability,
    run_folder,
    run_launching,
    scope_planning,
    task_settling,
)
from headrace.aws.settings import (
    ConcludeRunSettings,
    LaunchRunSettings,
    PlanScopeSettings,
    SettleTaskSettings,
    SummariseLogsSettings,
)
from headrace.aws.table import Table
from headrace.core import names, run_facts
from headrace.core.errors import InvalidSpec
from headrace.core.records import Epoch, RunRecord

# Ignored by the module itself, which pytest undoes.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn:aws:lambda:x:1:function:f", aws_request_id="id"
)
NOW = "2026-03-02T09:08:25.000Z"
SPEC = "name: hello\nprocesses: {a: {container: d, script: 'true'}}\n"
EXECUTION = {"id": "arn:aws:states:x:1:execution:m:hello-1", "name": "hello-1", "started": NOW}
RUN = {"run": "hello-1", "epoch": 1}
IDS = ("run", "epoch", "task", "job", "launch")
JOB = "876da822-4198-45f2-a252-6cea32512ea8"

Call = Callable[[Callable[[dict[str, Any]], Any], dict[str, Any]], list[dict[str, Any]]]


def plenty() -> int:
    """Time enough."""
    return 100_000


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The annotations put on traces."""
    put: dict[str, Any] = {}
    monkeypatch.setattr(observability.tracer, "put_annotation", lambda key, value: put.update({key: value}))
    return put


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, traced: dict[str, Any]) -> Call:
    """Calls a function as Lambda would and gives the lines it logged."""
    observability.metrics.clear_metrics()  # what other tests counted, and no invocation has written
    monkeypatch.setattr(observability.metrics, "add_metric", lambda **_: None)
    stream = io.StringIO()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", stream)

    def call(work: Callable[[dict[str, Any]], Any], event: dict[str, Any]) -> list[dict[str, Any]]:
        stream.seek(0)
        stream.truncate()
        traced.clear()
        with suppress(InvalidSpec):
            observability.serve(lambda given, _: work(given))(event, CONTEXT)
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    return call


def said(line: dict[str, Any]) -> dict[str, Any]:
    """The message and the ids of a line."""
    return {key: line[key] for key in ("message", *IDS) if key in line}


@pytest.fixture
def plan(s3: Any, ledger_table: Table) -> Callable[[dict[str, Any]], Any]:
    """plan_scope, and a pipeline to plan."""
    s3.put_object(Bucket="mine", Key="p.yaml", Body=SPEC.encode())
    settings = PlanScopeSettings("stack", "mine", "ledger", "t", map_concurrency=10, settle_task="", allowed_images="*")
    return lambda event: scope_planning.plan(scope_planning.Planner(settings, ledger_table), event, NOW, plenty)


ROOT_SCOPE = {
    "scope": "",
    "machine": "arn",
    "launch": {"pipeline": "s3://mine/p.yaml"},
    "execution": EXECUTION,
    "scopeExecution": "arn:scope",
}


def test_a_root_says_its_run_once_it_has_one(lines: Call, plan: Any, traced: dict[str, Any]):
    """Its event names none; a mistake in the pipeline is logged with the run all the same."""
    assert [said(each) for each in lines(plan, ROOT_SCOPE)] == [{"message": "planned", **RUN}]
    assert traced == RUN
    (wrong,) = lines(plan, ROOT_SCOPE | {"launch": {"pipeline": "s3://mine/none.yaml"}})
    assert (wrong["level"], wrong["run"], wrong["error"]) == ("WARNING", "hello-1", "InvalidSpec")


def test_the_next_invocation_begins_without_them(lines: Call, plan: Any):
    """A warm function does not log another's ids."""
    lines(plan, ROOT_SCOPE)
    (line,) = lines(lambda _: observability.logger.info("nothing known"), {})
    assert said(line) == {"message": "nothing known"}


def test_a_launch_says_its_file_and_then_its_run(
    lines: Call, s3: Any, ledger_table: Table, monkeypatch: pytest.MonkeyPatch, traced: dict[str, Any]
):
    """Started, refused and gone."""
    settings = LaunchRunSettings("stack", "mine", "ledger", "t", run_pipeline="arn", allowed_images="*")
    launcher = run_launching.Launcher(settings, ledger_table)
    monkeypatch.setattr(run_launching, "start_once", lambda *_: True)
    s3.put_object(Bucket="mine", Key="launch/good.yaml", Body=SPEC.encode())
    s3.put_object(Bucket="mine", Key="launch/bad.yaml", Body=b"a: 1")

    def launch(event: dict[str, Any]) -> str:
        return run_launching.launch(launcher, run_launching.Dropped("mine", event["key"], ""), NOW, by="id")

    run = names.launched_run_id("hello", "mine", "launch/good.yaml", "")
    found = {"launch": "s3://mine/launch/good.yaml", "run": run, "epoch": 1}
    assert [said(each) for each in lines(launch, {"key": "launch/good.yaml"})] == [{"message": "started", **found}]
    assert traced == found
    for key, message in (("launch/bad.yaml", "refused"), ("launch/none.yaml", "gone before it was read")):
        assert [said(each) for each in lines(launch, {"key": key})] == [
            {"message": message, "launch": f"s3://mine/{key}"}
        ]


def test_an_end_says_its_run_whoever_calls(lines: Call, s3: Any, ledger_table: Table, monkeypatch: pytest.MonkeyPatch):
    """The machine's last step, the event of the execution, the schedule: none of their events names a run as such."""
    settings = ConcludeRunSettings(
        "stack", "mine", "ledger", "t", run_pipeline="", queue="", settle_task="", summarise_logs="", job_logs=""
    )
    concluder = concluding.Concluder(settings, ledger_table)
    monkeypatch.setattr(concluding.step_functions, "describe", lambda *_: SimpleNamespace(status="FAILED"))
    event = {"detail": {"executionArn": EXECUTION["id"], "status": "FAILED"}}
    for work, told in (
        (
            lambda event: concluding.from_machine(concluder, event, NOW, plenty),
            {
                "launch": {"pipeline": "s3://mine/p.yaml"},
                "execution": EXECUTION,
                "error": {"Error": "E", "Cause": "c"},
                "waited": 480,
            },
        ),
        (lambda event: concluding.from_event(concluder, event, NOW, plenty), event),
        (lambda _: concluding.sweep(concluder, NOW, plenty), {}),
    ):
        for item in ledger_table.client.scan(TableName="ledger")["Items"]:
            ledger_table.client.delete_item(TableName="ledger", Key={"pk": item["pk"], "sk": item["sk"]})
        ledger_runs.begin_run(ledger_table, RunRecord(Epoch("hello-1", 1), EXECUTION["id"], NOW))
        assert [said(each) for each in lines(work, told)] == [{"message": "concluded", **RUN}]


def test_a_settled_failure_says_its_job(
    lines: Call, plan: Any, s3: Any, ledger_table: Table, traced: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    """The job's id is in the cause of the error alone."""
    lines(plan, ROOT_SCOPE)
    monkeypatch.setattr(task_settling.sweeping, "terminate_jobs", lambda *_: [])
    place = "s3://mine/plan.json"
    told = {
        "task": "a",
        "process": "a",
        "keys": {},
        "hash": "3f" * 32,
        "prefix": "s3://mine/work/t/3f/" + "3f" * 32 + "/",
        "parts": {},
        "outputs": {},
        "attempt": {"n": 1},
        "memory_mib": 1024,
        "time_s": None,
    }
    s3.put_object(Bucket="mine", Key="plan.json", Body=json.dumps(told).encode())
    detail = json.loads((ROOT / "events/summarise_logs/job_failed.json").read_text())["detail"]
    detail["container"].pop("logStreamName", None)
    for attempt in detail["attempts"]:
        attempt["container"].pop("logStreamName", None)
    event = {
        **RUN,
        "scope": "",
        "machine": "arn",
        "task": {"id": "a", "p": "a", "k": {}, "opens": []},
        "prepared": {"n": 1, "plan": place, "queue": "", "jobName": "j"},
        "error": {"Error": "States.TaskFailed", "Cause": json.dumps(detail)},
        "failedState": "SubmitJob",
    }
    settings = SettleTaskSettings("stack", "mine", "ledger", "t", job_logs="/g", work_days=30)
    settler = task_settling.Settler(settings, ledger_table, "")
    (line,) = lines(lambda event: task_settling.settle(settler, event, NOW, plenty), event)
    assert said(line) == {"message": "an attempt failed", **RUN, "task": "a", "job": JOB}
    assert traced == {**RUN, "task": "a", "job": JOB}


def test_a_summary_says_its_task_and_job(lines: Call, s3: Any, ledger_table: Table, traced: dict[str, Any]):
    """Read from the job's name, and from the attempt's plan."""
    epoch = Epoch("hello-1", 1)
    ledger_runs.begin_run(ledger_table, RunRecord(epoch, EXECUTION["id"], NOW))
    told = json.loads((ROOT / "events/summarise_logs/job_failed.json").read_text())
    told["detail"]["jobName"] = names.job_name("hello-1", 1, "a", 1)
    prefix = "s3://headrace-bucket-1a2b3c/work/default/3f/" + "3f" * 32 + "/"
    plan = {"task": "a", "process": "a", "keys": {}, "hash": "3f" * 32, "prefix": prefix, "parts": {}, "outputs": {}}
    place = run_folder.attempt_plan(run_facts.folder("mine", "hello-1", 1), names.task_hash("a"), 1)
    body = json.dumps(plan | {"attempt": {"n": 1}, "memory_mib": 1, "time_s": None}).encode()
    s3.put_object(Bucket="mine", Key=place.removeprefix("s3://mine/"), Body=body)
    settings = SummariseLogsSettings("headrace", "mine", "ledger", "default", "/headrace/headrace/jobs")
    summariser = log_summarising.Summariser(settings, ledger_table, pause=lambda _: None)
    (line,) = lines(lambda event: log_summarising.from_event(summariser, event, NOW, plenty), told)
    assert said(line) == {"message": "summarised", **RUN, "task": "a", "job": JOB}
    assert traced == {**RUN, "task": "a", "job": JOB}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({**RUN, "task": {"id": "a[x=1]"}, "job": {"JobId": JOB}}, {**RUN, "task": "a[x=1]", "job": JOB}),
        ({**RUN, "task": "a", "n": 1}, {**RUN, "task": "a"}),
        ({"source": "headrace", "detail": {**RUN, "task": "a", "job": ""}}, {**RUN, "task": "a"}),
        ({"source": "aws.states", "detail": "no map"}, {}),
        ({"run": ["x"], "task": {"id": {"y": 1}}, "job": "x" * 5000}, {"job": "x" * 500}),
    ],
)
def test_what_an_event_names_is_said(
    lines: Call, traced: dict[str, Any], event: dict[str, Any], expected: dict[str, Any]
):
    """States' inputs, calls of ours, and our own events; nothing that is no id, and nothing endless."""
    (line,) = lines(lambda _: observability.logger.info("seen"), event)
    assert said(line) == {"message": "seen", **expected}
    assert traced == expected
