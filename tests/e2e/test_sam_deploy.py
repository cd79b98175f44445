"""`sam build` and `sam deploy`, unchanged, against the local cloud: what a user types against AWS ends the same way here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.support.live_stack import EXAMPLES, LiveStack
from tests.support.sam import sam

from headrace_local import Cloud
from headrace_local.deployment import outputs

STACK = "by-sam"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` made; the layer by its own Makefile."""
    folder = tmp_path_factory.mktemp("built")
    sam("build", "--build-dir", folder / "build", "--cache-dir", folder / "cache")
    return folder / "build"


def deploy(cloud: Cloud, template: Path, *more: str, fails: bool = False) -> str:
    """The documented command; what it prints."""
    words = ("deploy", "--template-file", template, "--resolve-s3", "--no-confirm-changeset", "--stack-name", STACK)
    return ask(cloud, *words, "--capabilities", *CAPABILITIES, *more, fails=fails)


def ask(cloud: Cloud, *words: str | Path, fails: bool = False) -> str:
    """A sam command whose AWS is the local cloud."""
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_ENDPOINT_URL": cloud.endpoint}
    return sam(*words, environment=keys, fails=fails)


def loaded_by(cloud: Cloud, function: str) -> str:
    """What the workers of a function have mapped into their memory."""
    ours = f"AWS_LAMBDA_FUNCTION_NAME={function}\0".encode()
    processes = [
        path.parent
        for path in Path("/proc").glob("[0-9]*/environ")
        if (said := _read(path)) and ours in said and cloud.endpoint.encode() in said
    ]
    assert processes, f"no worker of {function}"
    return "".join((_read(process / "maps") or b"").decode() for process in processes)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def test_what_sam_builds_and_deploys_runs(cloud: Cloud, build: Path):
    """CREATE_COMPLETE; `hello` runs on the layer as it was built; a deploy without change has nothing to do; `sam delete`."""
    said = deploy(cloud, build / "template.yaml", "--parameter-overrides", "MaxvCpus=8 WorkDays=7")
    assert f"Successfully created/updated stack - {STACK}" in said
    stack = LiveStack(cloud, STACK, outputs(cloud.endpoint, STACK))
    told = stack.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert told["StackStatus"] == "CREATE_COMPLETE"
    assert {("MaxvCpus", "8"), ("WorkDays", "7")} <= {
        (p["ParameterKey"], p["ParameterValue"]) for p in told["Parameters"]
    }

    run = stack.drop("hello.yaml", (EXAMPLES / "hello/pipeline.yaml").read_bytes(), "hello")
    ended = stack.ended(run)
    assert ended.status == "SUCCEEDED", ended.cause
    assert ended.results() == {"hello.txt": "Hello, from task hello, attempt 1\n"}
    # Compiled modules can be told apart by where they lie: in the unpacked layer, not in this environment.
    layer = str(cloud.home / "code")
    modules = [
        line for line in loaded_by(cloud, f"{STACK}-plan-scope").split() if "pydantic_core" in line or "/_yaml" in line
    ]
    assert modules
    assert all(module.startswith(layer) for module in modules)

    functions = stack.client("lambda")
    name = f"{STACK}-settle-task"
    assert [v["Version"] for v in functions.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST",
        "1",
    ]
    assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    live = f"{stack.outputs['RunScope']}:live"
    routes = stack.client("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=live)[
        "routingConfiguration"
    ]
    assert [route["stateMachineVersionArn"].rsplit(":", 1)[1] for route in routes] == ["1"]

    assert f"No changes to deploy. Stack {STACK} is up to date" in deploy(cloud, build / "template.yaml", fails=True)
    shown = json.loads(ask(cloud, "list", "stack-outputs", "--stack-name", STACK, "--output", "json"))
    assert {one["OutputKey"]: one["OutputValue"] for one in shown} == stack.outputs
    assert "Deleted successfully" in ask(
        cloud, "delete", "--stack-name", STACK, "--no-prompts", "--region", "us-east-1"
    )
    listed = stack.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE", "DELETE_FAILED"])
    assert not [one["StackName"] for one in listed["StackSummaries"] if one["StackName"].startswith(STACK)]
    # The runs outlive the stack: both are retained by policy.
    assert stack.keys(f"runs/{run.run}/")
    assert stack.table.name in stack.client("dynamodb").list_tables()["TableNames"]


def test_what_the_cloud_does_not_know_is_rolled_back(cloud: Cloud, tmp_path: Path):
    """The command fails, the stack is rolled back, and the type is named; nothing of the stack stays."""
    template = tmp_path / "template.yaml"
    topic = {"Type": "AWS::SNS::Topic"}
    template.write_text(yaml.safe_dump({"Resources": {"Topic": topic, "Thing": {"Type": "AWS::Glue::Job"}}}))
    said = " ".join(deploy(cloud, template, fails=True).split())
    assert "ROLLBACK_COMPLETE" in said
    assert "AWS::Glue::Job" in said
    stack = LiveStack(cloud, STACK, {}).client("cloudformation")
    reasons = [e.get("ResourceStatusReason", "") for e in stack.describe_stack_events(StackName=STACK)["StackEvents"]]
    assert any(
        "Resources.Thing.Type: the local cloud cannot create this type (got 'AWS::Glue::Job')" in why for why in reasons
    )
    assert (
        "StackResourceSummaries" not in stack.list_stack_resources(StackName=STACK)
        or not stack.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    )
    stack.delete_stack(StackName=STACK)
