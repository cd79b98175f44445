"""What a handler does not need it does not import: a cold start pays for every module."""

import os
import subprocess
import sys

import pytest
from tests.support.stack import ROOT

PROBE = "import sys, {module}; print(*sys.modules)"
# The whole language: none of it is needed to put a waiter and read two latches.
LANGUAGE = {"jinja2", "yaml", "pydantic", "headrace.core.spec", "headrace.core.link"}


def imported(module: str) -> set[str]:
    """Everything a fresh interpreter has imported after one module of ours."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "layers/core")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


# What functions/await_inputs/app.py imports of ours, but for the settings of one function.
@pytest.mark.parametrize("module", ["headrace.aws.gates", "headrace.aws.step_functions", "headrace.core.plan_items"])
def test_waiting_needs_no_language(module: str):
    """AwaitInputs is called for every gated task: it imports no parser, no templates, no models."""
    assert imported(module) & LANGUAGE == set()


@pytest.mark.parametrize(
    "module", ["headrace.aws.task_preparing", "headrace.aws.task_settling", "headrace.aws.clients"]
)
def test_nobody_needs_boto3(module: str):
    """Clients are botocore's: boto3 and its transfer library stay out."""
    assert imported(module) & {"boto3", "s3transfer"} == set()


@pytest.mark.parametrize("module", ["headrace.aws.task_settling", "headrace.aws.run_launching"])
def test_alerts_are_imported_when_there_is_one(module: str):
    """Their models wait for the first failure."""
    assert "headrace.core.alert_events" not in imported(module)


def test_the_probe_sees_imports():
    """A module that does need the language shows it."""
    assert imported("headrace.aws.launching") >= LANGUAGE
