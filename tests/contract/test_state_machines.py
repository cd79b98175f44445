"""The state machines against AWS's own rules, and against the house's."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.stack import MACHINES, machine, states

# What the linters say of these machines and is wrong, each with its reason. Everything else fails.
STATELINT_WRONG = (
    'MaxConcurrency is "{% $states.input.concurrency %}" but should be numeric',  # JSONata may give it
    'Field "Label" not allowed',  # a Distributed Map has one
    'Seconds is "{% $states.input.settled.delay %}" but should be an Integer',  # JSONata may give it
    'Field "InputType" not allowed',  # ReaderConfig of an ItemReader
)
CFN_LINT_WRONG = ("E3601 '{% $states.input.concurrency %}' is not of type 'number'",)  # JSONata may give it


def statelint(definition: dict[str, Any], folder: Path) -> list[str]:
    """statelint's complaints, without those that are wrong."""
    path = folder / "machine.json"
    path.write_text(json.dumps(definition))
    run = subprocess.run([Path(sys.executable).parent / "statelint", path], capture_output=True, text=True, check=False)
    lines = [line.strip() for line in (run.stdout + run.stderr).splitlines()]
    return [
        line
        for line in lines
        if line and not line.endswith(("error:", "errors:")) and not any(wrong in line for wrong in STATELINT_WRONG)
    ]


def cfn_lint(definition: dict[str, Any], folder: Path) -> list[str]:
    """cfn-lint's complaints about the definition, wrapped as a resource, without those that are wrong."""
    wrapped = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/x", "Definition": definition},
            }
        }
    }
    path = folder / "machine.cfn.json"
    path.write_text(json.dumps(wrapped))
    run = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--format", "parseable", "--regions", "us-east-1", "--", path],
        capture_output=True,
        text=True,
        check=False,
    )
    # file:line:column:line:column:code:message
    found = [" ".join(line.split(":", 6)[5:]) for line in run.stdout.splitlines() if line.count(":") >= 6]
    if run.returncode and not found:
        found = [run.stdout + run.stderr]
    return [line for line in found if line not in CFN_LINT_WRONG]


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("lint", [statelint, cfn_lint])
def test_linters_accept_the_machine(name: str, lint: Any, tmp_path: Path):
    """statelint and cfn-lint have nothing to say, beyond messages known to be wrong."""
    assert lint(machine(name), tmp_path) == []


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("lint", [statelint, cfn_lint])
def test_the_linters_can_fail(name: str, lint: Any, tmp_path: Path):
    """A planted fault is found, so the test above can fail."""
    broken = copy.deepcopy(machine(name))
    first = broken["States"][broken["StartAt"]]
    first["Retri"] = first.pop("Retry")
    assert lint(broken, tmp_path) != []


@pytest.mark.parametrize("name", MACHINES)
def test_every_wait_is_bounded(name: str):
    """Each Task state has a TimeoutSeconds of its own."""
    assert [
        state
        for state, body in states(machine(name)).items()
        if body["Type"] == "Task" and "TimeoutSeconds" not in body
    ] == []


@pytest.mark.parametrize("name", MACHINES)
def test_every_task_retries_with_jitter(name: str):
    """Each Task state retries, and what is retried for load is spread by full jitter."""
    for state, body in states(machine(name)).items():
        if body["Type"] == "Task":
            assert body["Retry"], state
            for retry in body["Retry"]:
                if retry.get("MaxAttempts") != 0 and retry["ErrorEquals"] != ["States.Timeout"]:
                    assert retry["JitterStrategy"] == "FULL", state


@pytest.mark.parametrize("name", MACHINES)
def test_a_start_that_is_tried_again_starts_once(name: str):
    """Every nested execution has a name, and every error that StartExecution may have for load or a lost answer is retried."""
    starts = {
        state: body for state, body in states(machine(name)).items() if "startExecution" in body.get("Resource", "")
    }
    assert starts
    for state, body in starts.items():
        assert any(own in body["Arguments"]["Name"] for own in ("Execution.Name", "prepared.execution")), state
        assert "StepFunctions.AWSStepFunctionsException" in body["Retry"][0]["ErrorEquals"], state


@pytest.mark.parametrize("name", MACHINES)
def test_every_choice_has_a_default(name: str):
    """No input falls out of a Choice."""
    assert [
        state for state, body in states(machine(name)).items() if body["Type"] == "Choice" and "Default" not in body
    ] == []


def test_no_child_of_the_map_ends_uncaught():
    """Every Task of a child catches everything: a task that nobody settles would leave others waiting."""
    child = machine("run_scope")["States"]["RunTasks"]["ItemProcessor"]["States"]
    uncaught = [
        state
        for state, body in child.items()
        if body["Type"] == "Task" and ["States.ALL"] not in [catch["ErrorEquals"] for catch in body.get("Catch", [])]
    ]
    assert uncaught == []


def test_user_errors_are_not_retried():
    """InvalidSpec and Refused come first in every Lambda task's retriers and are never tried again."""
    for name in MACHINES:
        for state, body in states(machine(name)).items():
            if "lambda:invoke" in body.get("Resource", ""):
                named = [retry for retry in body["Retry"] if retry["ErrorEquals"] != ["States.Timeout"]]
                assert named[0] == {"ErrorEquals": ["InvalidSpec", "InvalidValue", "Refused"], "MaxAttempts": 0}, state
