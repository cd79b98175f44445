"""Real payloads, one per trigger and case: which rule takes which, and that the handlers' own readers understand them.

`events/<function>/<case>.json`, also for `sam local invoke PrepareTaskFunction -e events/prepare_task/first.json`. What
begins with `not_` must not reach the function it lies beside.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent
from moto.events.models import EventPattern
from tests.support.stack import ROOT, machine, resources, snake, states, template

from headrace.aws.run_launching import dropped_of
from headrace.core import (
    attempt_facts,
    batch_detail,
    live_jobs,
    partial_json,
    plan_items,
    run_facts,
    stuck_reasons,
)
from headrace.core.alert_events import from_event
from headrace.core.conclusion import root_cause
from headrace.core.errors import InvalidValue
from headrace.core.names import parse_execution_name, parse_id, parse_job_name, parse_scope
from headrace.core.outcome import classify
from headrace.core.retry_policy import Given
from headrace.core.task_work import Attempt
from headrace_cli import sample_events

EVENTS = ROOT / "events"
FUNCTIONS = resources("AWS::Serverless::Function")
NAMES = {snake(logical.removesuffix("Function")): logical for logical in FUNCTIONS}
FILES = sorted(path for path in EVENTS.glob("*/*.json") if path.parent.name != "schemas")
DEPLOYED = {
    "AWS::StackName": "headrace",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "Data.Outputs.Bucket": "headrace-bucket-1a2b3c",
}


def event(name: str) -> dict[str, Any]:
    """One payload."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def of(function: str) -> list[Any]:
    """The payloads of a function, as parameters of a test."""
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in FILES if path.parent.name == function]


def deployed(value: Any) -> Any:
    """A piece of the template as it is deployed: names filled in."""
    if isinstance(value, list):
        return [deployed(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return DEPLOYED[value["Ref"]]
    if "Fn::GetAtt" in value:
        return DEPLOYED[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: DEPLOYED[found[1]], value["Fn::Sub"])
    return {key: deployed(each) for key, each in value.items()}


def rules() -> dict[str, dict[str, Any]]:
    """The pattern of every rule, by the function it calls; a schedule's is its name."""
    found = {}
    for function, logical in NAMES.items():
        for each in FUNCTIONS[logical]["Properties"].get("Events", {}).values():
            if each["Type"] == "EventBridgeRule":
                found[function] = deployed(each["Properties"]["Pattern"])
    # Through the queue JobEvents, which watch_jobs takes from.
    return found | {
        "watch_jobs": deployed(resources("AWS::Events::Rule")["JobEventsRule"]["Properties"]["EventPattern"])
    }


def takers(payload: dict[str, Any]) -> set[str]:
    """The functions whose rule takes an event."""
    return {function for function, pattern in rules().items() if EventPattern(None, pattern).matches_event(payload)}


def test_every_function_has_its_payloads():
    """And every folder of payloads is a function's."""
    assert {path.parent.name for path in FILES} == set(NAMES)
    assert set(rules()) == {"launch_run", "conclude_run", "summarise_logs", "send_alert", "watch_jobs"}


def test_every_payload_has_its_row():
    """events/README.md tells of each what it is and what its function answers; tests/e2e/test_payloads.py asks them."""
    rows = re.findall(r"^\| `([a-z_]+/[a-z_]+)` \|", (EVENTS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(f"{path.parent.name}/{path.stem}" for path in FILES)


def test_payloads_speak_of_one_deployment():
    """The names that `headrace local invoke` replaces are those the payloads have."""
    texts = [path.read_text() for path in FILES]
    buckets = {found for text in texts for found in re.findall(r"headrace-bucket-\w+", text)}
    regions = {found for text in texts for found in re.findall(r"arn:aws:states:([\w-]+:\d+):", text)}
    assert buckets == {sample_events.BUCKET}
    assert regions == {f"{sample_events.REGION}:{sample_events.ACCOUNT}"}


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in FILES])
def test_the_rules_take_what_they_should(path: Path):
    """A bus event reaches the one function it lies beside, or, called `not_…`, not that one and no other.

    A job's failure reaches two: watch_jobs hears of every change of a job.
    """
    payload = json.loads(path.read_text())
    wanted = set() if path.stem.startswith("not_") else {path.parent.name}
    also = {"watch_jobs", "summarise_logs"} - {path.parent.name}
    for record in payload.get("Records", ()):
        assert takers(json.loads(record["body"])) - also == wanted
    if "detail-type" not in payload or payload["detail-type"] == "Scheduled Event":
        assert takers(payload) == set()
    else:
        assert takers(payload) - (also if payload["source"] == "aws.batch" else set()) == wanted


def test_a_jobs_failure_is_watched_and_summarised():
    """And no other change of a job is summarised."""
    assert takers(event("summarise_logs/job_failed")) == {"watch_jobs", "summarise_logs"}
    assert takers(event("summarise_logs/not_succeeded")) == {"watch_jobs"}
    assert takers(event("summarise_logs/not_ours")) == set()


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_every_end_of_an_execution_has_a_payload(status: str):
    """And is read as the handler reads it."""
    detail = event(f"conclude_run/execution_{status.lower()}")["detail"]
    assert (detail["status"], parse_execution_name(detail["name"])) == (status, ("variants-0a1b2c3d4e5f", 1))
    assert detail["executionArn"].endswith(detail["name"])


@pytest.mark.parametrize("payload", of("launch_run"))
def test_launches_are_read_by_the_data_class(payload: dict[str, Any]):
    """Bucket, key and version, the key as it is: EventBridge does not encode it, unlike S3's own notifications."""
    dropped = dropped_of(S3EventBridgeNotificationEvent(payload))
    said = payload["detail"]
    assert (dropped.bucket, dropped.key) == (said["bucket"]["name"], said["object"]["key"])
    assert dropped.version == said["object"]["version-id"]


def test_an_event_that_is_no_launch_is_refused():
    """It goes to the dead letters, and says what it lacks."""
    with pytest.raises(InvalidValue, match="no `Object Created` event"):
        dropped_of(S3EventBridgeNotificationEvent({"detail": {"bucket": {}}}))


def words(expression: str) -> set[str]:
    """The keys of the record that a JSONata expression makes."""
    return set(re.findall(r'"(\w+)":', expression))


def test_payloads_have_what_the_machines_send():
    """Key by key what the definitions' Arguments, ItemSelector and Outputs say."""
    scope = states(machine("run_scope"))
    pipeline = states(machine("run_pipeline"))
    child = set(scope["RunTasks"]["ItemSelector"])
    asked = child | words(scope["PrepareTask"]["Arguments"]["Payload"])
    assert set(event("prepare_task/first")) == asked
    assert set(event("await_inputs/first_try")) == set(scope["AwaitInputs"]["Arguments"]["Payload"])
    sent = set(pipeline["RunScope"]["Arguments"]["Input"]) | words(scope["PlanScope"]["Arguments"]["Payload"])
    assert set(event("plan_scope/root")) == sent
    sent = set(scope["RunExpansion"]["Arguments"]["Input"]) | words(scope["PlanScope"]["Arguments"]["Payload"])
    assert set(event("plan_scope/expansion")) == sent
    assert set(event("conclude_run/scope_failed")) == set(pipeline["ConcludeRun"]["Arguments"]["Payload"])
    submitted = child | {"verdict", "prepared", "request"}
    ended = words(scope["SubmitJob"]["Output"]) - {"request", "job"}
    assert set(event("settle_task/succeeded")) == submitted | {"job"}
    assert set(event("settle_task/succeeded")["job"]) == ended
    assert set(event("settle_task/script_failed")) == submitted | words(scope["SubmitJob"]["Catch"][0]["Output"])
    assert set(event("settle_task/prepare_broke")) == child | words(scope["PrepareTask"]["Catch"][0]["Output"])
    assert set(event("prepare_task/again")) == asked | submitted | words(scope["SettleTask"]["Output"])


@pytest.mark.parametrize("payload", [*of("plan_scope"), *of("conclude_run")])
def test_launches_of_the_machines_are_launches(payload: dict[str, Any]):
    """What a machine hands on passes the check that plan_scope and conclude_run make first."""
    if "launch" in payload:
        taken = run_facts.check_launch(payload["launch"])
        assert run_facts.run_of(taken, payload["execution"]["name"]) in payload["execution"]["name"]
    elif "expansion" in payload:
        assert parse_scope(payload["scope"])[-1].name == payload["expansion"]["x"]


def test_a_broken_scope_says_why():
    """The error's own name and text, from two layers of JSON."""
    name, cause = root_cause(event("conclude_run/scope_failed")["error"])
    assert name == "InvalidSpec"
    assert cause.startswith("s3://headrace-bucket-1a2b3c/launch/variants.yaml:7: processes.call")


@pytest.mark.parametrize("payload", of("await_inputs"))
def test_waiters_are_read(payload: dict[str, Any]):
    """Waits, turn and tries."""
    waiter = plan_items.waiter(payload["task"], payload["token"], payload["tries"])
    assert waiter.waits == {"align[sample=a]": 1}
    assert (waiter.turn == ("call", 3)) is ("turn" in payload["task"])


@pytest.mark.parametrize("payload", [*of("prepare_task"), *of("settle_task"), *of("await_inputs")])
def test_tasks_are_plan_items(payload: dict[str, Any]):
    """Their ids parse to their keys."""
    if "task" in payload:
        assert parse_id(payload["task"]["id"]).keys == payload["task"]["k"]
        assert plan_items.opens(payload["task"])


def test_a_retry_carries_what_the_next_attempt_needs():
    """`next` is an attempt, its history what earlier ones ran with."""
    following = event("prepare_task/again")["settled"]["next"]
    assert Attempt(**following["attempt"]).n == 2
    assert [Given(**entry["given"]).memory_mib for entry in following["history"]] == [1024]


@pytest.mark.parametrize(
    ("name", "kind", "job"),
    [
        ("script_failed", "exit", True),
        ("host_lost", "host-lost", True),
        ("cause_cut", "unknown", True),
        ("refused_by_batch", "submit-refused", False),
    ],
)
def test_failed_jobs_are_understood(name: str, kind: str, job: bool):
    """From the Cause as Step Functions gives it: whole, plain text, or cut (then Batch is asked for the rest)."""
    error = event(f"settle_task/{name}")["error"]
    detail = partial_json.read(error["Cause"]) if error["Cause"].startswith("{") else None
    found = batch_detail.read(detail)
    assert (found is not None) is job
    outcome = classify(attempt_facts.AttemptFacts(job=detail, error=error["Error"], cause=error["Cause"]))
    assert str(outcome.kind) == kind


def test_a_job_that_ended_well_is_read():
    """In the casing of Step Functions, cut down to what SubmitJob selects."""
    found = batch_detail.read(event("settle_task/succeeded")["job"])
    assert found is not None
    assert (found.status, found.attempt, found.last.exit_code) == ("SUCCEEDED", 1, 0)
    assert found.last.log_stream


@pytest.mark.parametrize(
    ("name", "attempt", "stream"),
    [
        ("job_failed", 1, "headrace/default/0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("containers_failed", 1, "headrace/default/0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("array_child_failed", 1, "headrace/default/0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("never_started", 0, ""),
    ],
)
def test_jobs_that_failed_are_read(name: str, attempt: int, stream: str):
    """In both shapes: which submission of which task, which attempt of Batch, whose stream."""
    job = batch_detail.read(event(f"summarise_logs/{name}")["detail"])
    assert job is not None
    submitted = parse_job_name(job.name)
    assert submitted is not None
    assert (submitted.run, submitted.epoch, submitted.submission) == ("variants-0a1b2c3d4e5f", 1, 1)
    assert (job.attempt, job.last.log_stream) == (attempt, stream)
    assert batch_detail.log_group(job, "/headrace/headrace/jobs") == "/headrace/headrace/jobs"


@pytest.mark.parametrize("payload", of("send_alert"))
def test_alerts_are_events_of_ours(payload: dict[str, Any]):
    """Read by the model they were sent with."""
    assert from_event(payload).alert is (payload["detail"]["alert"])


@pytest.mark.parametrize("payload", of("supply_tool"))
def test_requests_for_the_tool_are_those_of_the_template(payload: dict[str, Any]):
    """The resource's logical id and properties, and what the answer must repeat."""
    body = template()["Resources"]["TransferTool"]
    assert payload["LogicalResourceId"] == "TransferTool"
    assert payload["ResourceType"] == body["Type"]
    assert set(payload["ResourceProperties"]) == set(body["Properties"])
    assert {"StackId", "RequestId", "ResponseURL", "RequestType"} <= set(payload)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("jobs_changed", [("RUNNABLE", 2, False), ("RUNNING", 4, True), ("RUNNABLE", 7, True)]),
        ("queue_blocked", [("RUNNABLE", 2, False), ("RUNNABLE", 2, False)]),
    ],
)
def test_events_of_batch_are_read(name: str, told: list[tuple[str, int, bool]]):
    """Whose job it is, and how far it is: after an attempt that ended, RUNNABLE is later than RUNNING was."""
    found = [live_jobs.told(json.loads(record["body"])) for record in event(f"watch_jobs/{name}")["Records"]]
    assert [(each.state, each.rank, bool(each.stream)) for each in found if each] == told
    assert {(each.epoch.run, each.task_hash) for each in found if each} == {
        ("variants-0a1b2c3d4e5f", "5d41402abc4b2a76")
    }


def test_blocked_reasons_are_known():
    """With a hyphen or an en dash after the code."""
    found = [live_jobs.told(json.loads(record["body"])) for record in event("watch_jobs/queue_blocked")["Records"]]
    rows = [stuck_reasons.published(each.reason) for each in found if each]
    assert [row.code for row in rows if row] == ["too-big", "service-role"]


def test_a_job_of_somebody_else_is_passed_over():
    """Though it came as far as here."""
    (record,) = event("watch_jobs/not_ours")["Records"]
    assert live_jobs.told(json.loads(record["body"])) is None
