"""The doctor at the deployed stack: well as it is deployed, and each thing that is broken for real is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from tests.support.live_stack import LiveStack

from headrace_cli.main import main

Doctor = Callable[..., tuple[int, dict[str, dict[str, str]]]]


@pytest.fixture
def doctor(live: LiveStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """`headrace doctor --local --json`: exit code, and findings by subject. Letters other tests left do not count."""
    monkeypatch.setenv("HEADRACE_LOCAL_HOME", str(live.cloud.home))
    live.dead_letters()

    def look(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
        capsys.readouterr()
        code = main(["doctor", "--local", "--json", *words])
        return code, {each["subject"]: each for each in json.loads(capsys.readouterr().out)}

    return look


@pytest.fixture
def broken(live: LiveStack) -> Iterator[dict[str, str]]:
    """A rule and a queue disabled, a role that trusts another service, a log group without retention; by subject what is said."""
    events, batch, iam, logs = (live.client(each) for each in ("events", "batch", "iam", "logs"))
    role = live.client("lambda").get_function_configuration(FunctionName=f"{live.name}-send-alert")["Role"]
    name = role.rpartition("/")[2]
    document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    other = json.dumps(document).replace("lambda.amazonaws.com", "states.amazonaws.com")
    group, queue = live.outputs["JobLogs"], f"{live.name}-ondemand"
    days = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"]
    events.disable_rule(Name=f"{live.name}-alert")
    batch.update_job_queue(jobQueue=queue, state="DISABLED")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=other)
    logs.delete_retention_policy(logGroupName=group)
    try:
        yield {
            f"rule {live.name}-alert": "DISABLED",
            f"queue {queue}": "DISABLED",
            f"role of function {live.name}-send-alert": "not lambda.amazonaws.com",
            f"log group {group}": "for ever",
        }
    finally:
        events.enable_rule(Name=f"{live.name}-alert")
        batch.update_job_queue(jobQueue=queue, state="ENABLED")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)


def test_the_deployed_stack_is_well(doctor: Doctor):
    """No problem; what the local cloud has no answer for says so."""
    code, found = doctor()
    assert [each for each in found.values() if each["status"] == "problem"] == []
    assert code == 0
    unknown = [each["says"] for each in found.values() if each["status"] == "not looked at"]
    assert unknown
    assert [says for says in unknown if "local cloud" not in says] == []


def test_what_is_broken_is_found(doctor: Doctor, broken: dict[str, str]):
    """Each by name with what to do, and nothing else."""
    code, found = doctor()
    problems = {each["subject"]: each["says"] for each in found.values() if each["status"] == "problem"}
    assert problems.keys() == broken.keys()
    assert [subject for subject, says in broken.items() if says not in problems[subject]] == []
    assert code == 1


def test_a_queue_that_is_not_there_is_found(doctor: Doctor, live: LiveStack):
    """With the nearest name, and the region to doubt."""
    code, found = doctor("--queue", f"{live.name}-defualt")
    assert code == 1
    assert f"did you mean '{live.name}-default'?" in found[f"queue {live.name}-defualt"]["fix"]
