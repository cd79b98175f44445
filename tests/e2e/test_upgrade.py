"""A deploy in the middle of a run: the run ends with the versions it began with, whatever they call; the next one has the new."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.live_stack import ROOT, LiveStack, count, until
from tests.support.stack import TEMPLATES

from headrace.aws import ledger_runs
from headrace.core import ledger_keys
from headrace.core.ledger_items import key_item
from headrace.core.records import Epoch, RunRecord
from headrace_cli import stack_versions, target
from headrace_cli.main import main
from headrace_local import Cloud, deploy

STACK = "upgrade"
IMAGE = "public.ecr.aws/docker/library/debian:stable-slim"


def release(folder: Path, name: str) -> Path:
    """A checkout whose code and machines say which release they are; the template's path.

    Each function logs the constant of its core with the ids of its run. A release hands every rest on at once, however much
    time there is: settle_task calls itself after each task somebody waits for.
    """
    for part in ("functions", "statemachines", "layers"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for template in TEMPLATES:
        shutil.copy(ROOT / template, folder)
    core, aws = folder / "layers/core/headrace/core", folder / "layers/core/headrace/aws"
    change(core / "run_format.py", "FORMAT: Final = 1", f'RELEASE: Final = "{name}"\nFORMAT: Final = 1')
    change(
        aws / "observability.py",
        "        try:\n            return handler(event, context)",
        '        logger.info("served", extra={"release": run_format.RELEASE})\n        try:\n            return handler(event, context)',
    )
    change(
        aws / "observability.py",
        "from headrace.core.errors",
        "from headrace.core import run_format\nfrom headrace.core.errors",
    )
    change(aws / "gates.py", "_RESERVE_MS: Final = 10_000", "_RESERVE_MS: Final = 10**9")
    change(
        folder / "statemachines/run_scope.asl.yaml", "Comment: Plan a scope", f"Comment: Release {name}. Plan a scope"
    )
    return folder / "template.yaml"


def change(path: Path, old: str, new: str) -> None:
    """Change a text that is there."""
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def spec(folder: Path) -> dict[str, Any]:
    """Waits for a file; then a dynamic axis opens a nested scope, whose tasks fail once, and a task gathers them."""
    return {
        "name": "upgraded",
        "defaults": {"container": IMAGE, "cache": False},
        "processes": {
            "list": {
                "outputs": {"parts": {"json": "parts.json"}},
                "script": f"until [ -e '{folder}/go' ]; do sleep 0.1; done; echo '[\"a\", \"b\"]' > parts.json",
            },
            "part": {
                "each": {"p": "${{ list.parts }}"},
                "errorStrategy": "retry",
                "maxRetries": 1,
                "outputs": {"o": "${{ p }}.txt"},
                "script": '[ "${{ task.attempt }}" -gt 1 ] && echo "${{ p }}" > "${{ outputs.o }}"',
            },
            "all": {
                "inputs": {"parts": "${{ part.o }}"},
                "outputs": {"o": "all.txt"},
                "script": "cat ${{ parts }} > all.txt",
                "publishDir": ".",
            },
        },
    }


@pytest.fixture
def stack(cloud: Cloud, tmp_path: Path) -> Iterator[LiveStack]:
    """The first release, deployed; taken away afterwards, with its workers."""
    (tmp_path / "one").mkdir()
    template = release(tmp_path / "one", "one")
    found = LiveStack(cloud, STACK, deploy(cloud.endpoint, template, STACK, {}))
    yield found
    found.delete()


def served(stack: LiveStack, run: str) -> dict[tuple[str, str], int]:
    """By function and release, how often it was called for a run."""
    pages = (
        stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/headrace/{STACK}/functions")
    )
    lines = [
        json.loads(event["message"]) for page in pages for event in page["events"] if '"served"' in event["message"]
    ]
    found: dict[tuple[str, str], int] = {}
    for line in lines:
        if line.get("run") == run:
            key = (line["function_name"].removeprefix(f"{STACK}-"), line["release"])
            found[key] = found.get(key, 0) + 1
    return found


def scopes(stack: LiveStack, run: str) -> list[str]:
    """The versions of run_scope that a run's scopes were executed with, oldest first."""
    sfn = stack.client("stepfunctions")
    found = sfn.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["RunScope"])
    arns = [one["executionArn"] for page in found for one in page["executions"]]
    told = [sfn.describe_execution(executionArn=arn) for arn in arns]
    mine = [one for one in told if run in one["name"] or run in one.get("input", "")]
    return [one["stateMachineVersionArn"].rsplit(":", 1)[1] for one in sorted(mine, key=lambda one: one["startDate"])]


@pytest.fixture
def clean(stack: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., dict[str, tuple[int, ...]]]:
    """`clean versions --yes`, as if a day were nothing, by who has the policy to operate; what stays of each, by its name within the stack."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(stack.cloud.home))
    monkeypatch.setattr(stack_versions, "MARGIN", timedelta(0))
    assert main(["policy", "user", "operate", "--local", "--stack", STACK]) == 0
    policy = json.loads(capsys.readouterr().out)
    key = stack.cloud.ask("POST", "/callers", {"name": f"operates-{STACK}", "policy": policy})["accessKeyId"]
    session = boto3.session.Session(key, "local", region_name="us-east-1")
    monkeypatch.setattr(target, "_loopback_session", lambda: session)

    def run(*words: str) -> dict[str, tuple[int, ...]]:
        capsys.readouterr()
        words = ("clean", "versions", "--keep", "1", "--json", "--local", "--stack", STACK, *words)
        assert main(list(words)) == 0, capsys.readouterr().err
        found: dict[str, tuple[int, ...]] = {}
        for each in json.loads(capsys.readouterr().out):
            name = each["of"].removeprefix(f"{STACK}-")
            found[name] = (*found.get(name, ()), *((each["version"],) if each["stays"] else ()))
        return found

    return run


def published(stack: LiveStack) -> dict[str, tuple[int, ...]]:
    """The versions that are there."""
    functions = stack.client("lambda")
    found = {}
    for name in ("settle-task", "plan-scope"):
        versions = functions.list_versions_by_function(FunctionName=f"{STACK}-{name}")["Versions"]
        found[name] = tuple(int(one["Version"]) for one in versions if one["Version"] != "$LATEST")
    layers = functions.list_layer_versions(LayerName=f"{STACK}-core")["LayerVersions"]
    found["core"] = tuple(sorted(one["Version"] for one in layers))
    machines = stack.client("stepfunctions").list_state_machine_versions(stateMachineArn=stack.outputs["RunScope"])
    arns = [one["stateMachineVersionArn"] for one in machines["stateMachineVersions"]]
    found["run-scope"] = tuple(sorted(int(arn.rpartition(":")[2]) for arn in arns))
    return found


def test_a_run_in_flight_ends_with_its_own_versions(
    stack: LiveStack, tmp_path: Path, clean: Callable[..., dict[str, tuple[int, ...]]]
):
    """Nested scopes, retries, what settle_task hands to itself and the conclusion too; the next run has the new ones only.

    `clean versions` leaves the run's own alone while it goes on; afterwards they go, and the next deploy takes no number again.
    """
    old = stack.drop("old.json", spec(tmp_path), "upgraded")
    stack.until_running(old)
    (tmp_path / "two").mkdir()
    stack.update(release(tmp_path / "two", "two"))
    both = dict.fromkeys(("settle-task", "plan-scope", "core", "run-scope"), (1, 2))
    assert clean("--yes").items() >= both.items()
    assert published(stack) == both
    (tmp_path / "go").touch()
    new = stack.drop("new.json", spec(tmp_path), "upgraded")

    for run, version, name in ((old, "1", "one"), (new, "2", "two")):
        ended = stack.ended(run)
        assert ended.status == "SUCCEEDED", ended.cause
        assert ended.results() == {"all.txt": "a\nb\n"}
        assert count(ended.statuses().values()) == {"succeeded": 4, "expanded": 1}
        assert [len(ended.attempts(f"part[p={part}]")) for part in "ab"] == [2, 2]
        calls = served(stack, run.run)
        assert {said for _, said in calls} == {name}
        assert {function for function, _ in calls} >= {"plan-scope", "await-inputs", "prepare-task", "settle-task"}
        # 1 + 2 x 2 + 1 attempts are settled; the rest are calls of itself.
        assert calls["settle-task", name] > 6
        assert calls["plan-scope", name] == 1  # the nested scope; the root has no run yet when it is called
        assert scopes(stack, run.run) == [version, version]
    assert stack.dead_letters() == []
    assert stack.open_runs() == []
    newest = dict.fromkeys(both, (2,))
    assert clean().items() >= newest.items()
    assert published(stack) == both
    for _ in range(2):
        assert clean("--yes").items() >= newest.items()
        assert published(stack) == newest
    (tmp_path / "three").mkdir()
    stack.update(release(tmp_path / "three", "three"))
    assert published(stack) == dict.fromkeys(both, (2, 3))
    last = stack.ended(stack.drop("last.json", spec(tmp_path), "upgraded"))
    assert {said for _, said in served(stack, last.epoch.run)} == {"three"}


def test_a_deploy_of_another_parameter_alone_reaches_the_functions(stack: LiveStack, tmp_path: Path):
    """What is launched then is judged by it; a run in flight ends as it began; the same values again publish nothing."""
    template = tmp_path / "one/template.yaml"
    old = stack.drop("old.json", spec(tmp_path), "upgraded")
    stack.until_running(old)
    before = published(stack)
    stack.update(template, {"AllowedImages": "quay.io/*"})
    both = published(stack)
    # The layer is not made anew (those of other tests' stacks stay).
    assert both == dict.fromkeys(("settle-task", "plan-scope", "run-scope"), (1, 2)) | {"core": before["core"]}
    (tmp_path / "go").touch()
    stack.put("launch/new.json", spec(tmp_path))
    (report,) = until(lambda: stack.keys("errors/launch/new.json"), what="the refusal of the new launch")
    assert f"does not run the image {IMAGE}" in stack.text(report).replace("'", "")
    ended = stack.ended(old)
    assert (ended.status, ended.results()) == ("SUCCEEDED", {"all.txt": "a\nb\n"})
    assert scopes(stack, old.run) == ["1", "1"]
    stack.update(template, {"AllowedImages": "quay.io/*"})
    assert published(stack) == both


def test_a_run_of_another_format_is_left_alone(live: LiveStack):
    """The sweep passes it over, says so, and concludes the others all the same."""
    nobody = live.outputs["RunPipeline"].replace(":stateMachine:", ":execution:") + ":nobody"
    later = RunRecord(Epoch("a-later-run", 1), nobody, "2026-01-01T00:00:00.000Z", format=2)
    lost = RunRecord(Epoch("b-lost-run", 1), nobody, "2026-01-01T00:00:00.000Z")
    for record in (later, lost):
        ledger_runs.begin_run(live.table, record)

    def concluded() -> bool:
        live.conclude()
        return lost.epoch not in live.open_runs()

    until(concluded, what="the sweep to conclude the lost run")
    [entry] = list(ledger_runs.runs(live.table, "a-later-run"))
    assert ledger_runs.read_runs(live.table, [entry]) == [later]
    assert later.epoch in live.open_runs()
    # Other tests list the same ledger's runs, and what cannot be read is refused there.
    ledger_runs.forget_open(live.table, later.epoch)
    for key in (ledger_keys.run(later.epoch), ledger_keys.listed(later.epoch, later.started)):
        live.table.client.delete_item(TableName=live.table.name, Key=key_item(key))
