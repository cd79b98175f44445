"""Alarms and dashboard show what the code emits and AWS measures, and nothing asynchronous is lost without a word."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.stack import ROOT, resources, snake, template

from headrace.core import run_state

OBSERVED = "template.observability.yaml"
ALARMS = resources("AWS::CloudWatch::Alarm", OBSERVED)
FUNCTIONS = resources("AWS::Serverless::Function")
NAMES = {logical: "${Prefix}-" + snake(logical.removesuffix("Function")).replace("_", "-") for logical in FUNCTIONS}
# Called by a state machine: its retries and its Catch answer for them, and a user's mistake is an error of theirs too.
WAITED_FOR = {"PlanScopeFunction", "PrepareTaskFunction", "SettleTaskFunction"}
# CloudFormation waits for it.
DEPLOYS = {"SupplyToolFunction"}
# The metrics of AWS that stand here, as the services' own pages on CloudWatch name them.
MEASURED = {
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/States": {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut", "ExecutionThrottled"},
    "AWS/Lambda": {"Errors", "Throttles", "Duration"},
    "AWS/DynamoDB": {"ReadThrottleEvents", "WriteThrottleEvents", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
}  # fmt: skip


def emitted() -> set[str]:
    """Every name that the code counts by: texts, and those made of a state or a status."""
    found = set()
    for path in [*(ROOT / "layers/core/headrace/aws").glob("*.py"), *(ROOT / "functions").glob("*/app.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "count":
                found |= set(_names(node.args[0]))
    return found


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _names(node.body)
        yield from _names(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        known = {"Runs": run_state.CONCLUDED, "Tasks": run_state.STATUSES}
        first = node.values[0]
        assert isinstance(first, ast.Constant), ast.unparse(node)
        yield from (f"{first.value}{state.title()}" for state in known[str(first.value)])
    else:
        pytest.fail(f"a metric nobody can look up: {ast.unparse(node)}")


def metrics(alarm: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Namespace, name and the value of the one dimension, of each metric of an alarm."""
    properties = alarm["Properties"]
    parts = [each["MetricStat"]["Metric"] for each in properties.get("Metrics", []) if "MetricStat" in each] or [
        properties
    ]
    return [(each["Namespace"], each["MetricName"], each["Dimensions"][0]["Value"]) for each in parts]


def shown() -> list[tuple[str, str, str]]:
    """Namespace, name and dimension of each line of the dashboard; `.` and `...` repeat the line above."""
    found = []
    for widget in _widgets():
        above: list[str] = []
        for line in widget["properties"].get("metrics", []):
            words = [each for each in line if isinstance(each, str)]
            if words[0] == "...":
                words = [*above[: len(above) - len(words) + 1], *words[1:]]
            above = [above[n] if word == "." else word for n, word in enumerate(words)]
            found.append((above[0], above[1], above[3]))
    return found


def _widgets() -> list[dict[str, Any]]:
    body = template(OBSERVED)["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    loaded: list[dict[str, Any]] = json.loads(body)["widgets"]
    return loaded


def test_metrics_are_found_in_the_code():
    """Literal names, both sides of a choice, and names made of a run's state or a task's status."""
    assert {
        "CacheHits",
        "RunsStarted",
        "DuplicateLaunches",
        "RunsFailed",
        "TasksSucceeded",
        "UnexpectedErrors",
    } <= emitted()
    assert "count" not in emitted()


@pytest.mark.parametrize("logical", ALARMS)
def test_an_alarm_watches_a_metric_there_is(logical: str):
    """One of ours that the code emits, or one of AWS's; a name nobody emits would never alarm."""
    for namespace, name, _ in metrics(ALARMS[logical]):
        assert name in (emitted() if namespace == "Headrace" else MEASURED[namespace])


def test_the_dashboard_shows_metrics_there_are():
    """Every line of it."""
    lines = shown()
    assert len(lines) > 20
    assert [line for line in lines if line[1] not in (emitted() if line[0] == "Headrace" else MEASURED[line[0]])] == []


def test_our_metrics_are_of_this_stack():
    """Powertools' dimension `service` is the stack's name, in the functions, the alarms and the dashboard."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "Headrace"
    own = [value for each in ALARMS.values() for namespace, _, value in metrics(each) if namespace == "Headrace"]
    assert own
    assert all(value == {"Ref": "Prefix"} for value in own)
    assert {where for namespace, _, where in shown() if namespace == "Headrace"} == {"${Prefix}"}


@pytest.mark.parametrize("logical", ALARMS)
def test_every_alarm_is_heard(logical: str):
    """By the topic, when it begins and when it is over; named by its stack; no data is no alarm."""
    properties = ALARMS[logical]["Properties"]
    assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "AlertTopic"}]
    assert properties["AlarmName"]["Fn::Sub"].startswith("${Prefix}-")
    assert properties["AlarmDescription"].endswith(".")
    assert properties["TreatMissingData"] == "notBreaching"


def test_every_function_is_watched():
    """Throttles of each; errors of each that no state machine waits for; durations on the dashboard."""
    watched = {
        name: {value["Fn::Sub"] for _, _, value in metrics(ALARMS[name])}
        for name in ("FunctionErrorsAlarm", "FunctionThrottlesAlarm")
    }
    running = {name for logical, name in NAMES.items() if logical not in DEPLOYS}
    assert watched["FunctionThrottlesAlarm"] == running
    assert watched["FunctionErrorsAlarm"] == {NAMES[logical] for logical in NAMES.keys() - WAITED_FOR - DEPLOYS}
    assert {where for namespace, name, where in shown() if (namespace, name) == ("AWS/Lambda", "Duration")} == running


def letters() -> set[str]:
    """The dead letter queues: those that something names as the place for what it could not deliver."""
    text = json.dumps(template())
    named = re.findall(r'"(?:TargetArn|deadLetterTargetArn)": \{"Fn::GetAtt": \["(\w+)", "Arn"\]\}', text)
    named += re.findall(r'"DeadLetterConfig": \{"Arn": \{"Fn::GetAtt": \["(\w+)", "Arn"\]\}\}', text)
    return set(named)


def test_every_asynchronous_path_has_dead_letters():
    """Functions called by events, rules, schedules, and queues that functions read from."""
    whole = template()
    assert whole["Globals"]["Function"]["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    for each in FUNCTIONS.values():
        assert "DeadLetterQueue" not in each["Properties"]
        for event in each["Properties"].get("Events", {}).values():
            # A queue keeps what its function could not take, and has dead letters of its own.
            assert (
                event["Type"] == "SQS" or event["Properties"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in letters()
            )
    for rule in resources("AWS::Events::Rule").values():
        assert all(
            target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in letters() for target in rule["Properties"]["Targets"]
        )
    for logical, queue in resources("AWS::SQS::Queue").items():
        assert logical in letters() or "RedrivePolicy" in queue["Properties"]


def test_every_queue_has_its_alarm():
    """Dead letters that lie there; in any other queue, a message that nobody takes."""
    handed = resources("AWS::CloudFormation::Stack")["Observability"]["Properties"]["Parameters"]
    names = {value["Fn::GetAtt"][0]: name for name, value in handed.items() if "Fn::GetAtt" in value}
    watched = {
        (metric, where["Ref"])
        for each in ALARMS.values()
        for space, metric, where in metrics(each)
        if space == "AWS/SQS"
    }
    for logical in resources("AWS::SQS::Queue"):
        metric = "ApproximateNumberOfMessagesVisible" if logical in letters() else "ApproximateAgeOfOldestMessage"
        assert (metric, names[logical]) in watched
    assert letters() == {"DeadLetters"}
