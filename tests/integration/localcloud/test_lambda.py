"""Functions on the local cloud."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .conftest import Stack, until


def _invoke(stack: Stack, event: dict[str, Any], name: str = "EchoAlias") -> tuple[dict[str, Any], str | None]:
    answer = stack.__getattr__("lambda").invoke(FunctionName=stack.outputs[name], Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_an_alias_runs_its_version_with_the_layer(stack: Stack) -> None:
    """The version's code runs in a process of its own, with layers and variables."""
    answer, error = _invoke(stack, {"a": 1})
    assert (answer["greeting"], answer["version"], error) == ("from the layer", "1", None)


def test_an_error_has_its_type(stack: Stack) -> None:
    """What the handler raised is what the caller sees."""
    answer, error = _invoke(stack, {"raise": "on purpose"})
    assert (answer["errorType"], answer["errorMessage"], error) == ("ValueError", "on purpose", "Unhandled")


def test_a_worker_that_dies_is_replaced(stack: Stack) -> None:
    """A process that exits is one failed invocation; the next one works."""
    answer, error = _invoke(stack, {"exit": 3})
    assert (answer["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert _invoke(stack, {"a": 1})[1] is None


def test_who_waits_for_a_worker_outlives_those_that_die(stack: Stack) -> None:
    """Four workers are the most; two dozen invocations, half of which kill theirs, are all answered, each as its own."""
    events: list[dict[str, Any]] = [{"exit": 3} if n % 2 else {"a": n} for n in range(24)]
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda event: _invoke(stack, event), events))
    assert [error for _, error in answers] == ["Unhandled" if "exit" in event else None for event in events]
    assert {answer["errorType"] for answer, error in answers if error} == {"Runtime.ExitError"}


def test_a_module_that_cannot_be_imported_says_so(stack: Stack) -> None:
    """The error of the start-up is the error of the invocation."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", "import does_not_exist")
    functions = stack.__getattr__("lambda")
    role = stack.iam.create_role(RoleName="broken", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions.create_function(
        FunctionName="broken",
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    answer = json.loads(functions.invoke(FunctionName="broken")["Payload"].read())
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "does_not_exist" in answer["errorMessage"]


def test_a_failed_event_is_retried_and_ends_in_its_destination(stack: Stack) -> None:
    """One retry as configured, then the record goes to the queue with how often it was tried."""
    stack.__getattr__("lambda").invoke(
        FunctionName=stack.outputs["EchoAlias"], InvocationType="Event", Payload='{"raise": "dead letter"}'
    )
    record: dict[str, Any] = {}

    def arrived() -> bool:
        for message in stack.sqs.receive_message(QueueUrl=stack.outputs["DeadLetters"]).get("Messages", []):
            record.update(json.loads(message["Body"]))
        return bool(record)

    until(arrived)
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestPayload"] == {"raise": "dead letter"}


def test_what_a_function_prints_is_in_its_log_group(stack: Stack) -> None:
    """Standard output is found in CloudWatch Logs under the function's name."""
    _invoke(stack, {"said": "find me"})
    group = f"/aws/lambda/{stack.outputs['Echo']}"
    until(lambda: "find me" in str(stack.logs.filter_log_events(logGroupName=group)["events"]))


def test_a_worker_is_killed_before_the_call_a_plan_names(stack: Stack) -> None:
    """Killed before its third write: two are there, the third is not."""
    stack.fault(kind="lambda", function=stack.outputs["Echo"], operation="dynamodb:PutItem", call=3, when="before")
    assert _invoke(stack, {"put": "before", "times": 5})[0]["errorType"] == "Runtime.ExitError"
    assert [bool(stack.item("before", str(n))) for n in range(3)] == [True, True, False]


def test_a_worker_is_killed_after_the_call_a_plan_names(stack: Stack) -> None:
    """Killed after its third write: that one is there, the fourth is not, and the plan is used up."""
    stack.fault(kind="lambda", function="*Echo*", operation="dynamodb:*", call=3, when="after")
    assert _invoke(stack, {"put": "after", "times": 5})[0]["errorType"] == "Runtime.ExitError"
    assert [bool(stack.item("after", str(n))) for n in range(4)] == [True, True, True, False]
    assert _invoke(stack, {"put": "again", "times": 5})[1] is None
    assert stack.cloud.ask("GET", "/faults")[0]["struck"] == 1


def test_calls_are_counted_by_caller(stack: Stack) -> None:
    """Every call to the API is put down to the function that made it."""
    caller = f"lambda:{stack.outputs['Echo']}"
    before = stack.cloud.ask("GET", "/calls")["calls"].get(caller, {}).get("dynamodb:PutItem", 0)
    _invoke(stack, {"put": "counted", "times": 4})
    assert stack.cloud.ask("GET", "/calls")["calls"][caller]["dynamodb:PutItem"] == before + 4
