"""Deploying templates to the local cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.core.errors import InvalidSpec, Refused
from headrace_local import deploy

from .conftest import Stack

_MACHINE = {"StartAt": "S", "States": {"S": {"Type": "Pass", "Result": 1, "End": True}}}


def _template(folder: Path, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Path:
    path = folder / "template.yaml"
    body = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": resources,
        "Outputs": {k: {"Value": v} for k, v in (outputs or {}).items()},
    }
    path.write_text(yaml.safe_dump(body))
    return path


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ({"Type": "AWS::Redshift::Cluster"}, "AWS::Redshift::Cluster"),
        ({"Type": "AWS::SNS::Topic", "Properties": {"TopicNam": "x"}}, "did you mean 'TopicName'"),
        ({"Type": "AWS::Lambda::Function", "Properties": {"SnapStart": {}}}, "SnapStart"),
        ({"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(nonsense)"}}, "rate(nonsense)"),
    ],
)
def test_what_would_be_ignored_is_refused_by_name(
    stack: Stack, tmp_path: Path, resource: dict[str, Any], named: str
) -> None:
    """An unknown type or property stops the deploy and is named with its place."""
    with pytest.raises(Refused) as refused:
        deploy(stack.cloud.endpoint, _template(tmp_path, {"Thing": resource}), f"refused-{len(named)}")
    assert named in str(refused.value)
    assert "Thing" in str(refused.value)


def test_an_unknown_parameter_is_refused(stack: Stack, tmp_path: Path) -> None:
    """A parameter the template does not have is a mistake of the caller."""
    with pytest.raises(InvalidSpec, match="Wrong"):
        deploy(stack.cloud.endpoint, _template(tmp_path, {"T": {"Type": "AWS::SNS::Topic"}}), "wrong", {"Wrong": "x"})


def test_a_redeployed_machine_gets_a_new_version(stack: Stack, tmp_path: Path) -> None:
    """A changed definition is a new version, the old one still runs as it was; nothing changed is no new version."""

    def resources(result: int) -> dict[str, Any]:
        states = {"S": {"Type": "Pass", "Result": result, "End": True}}
        role = "arn:aws:iam::123456789012:role/any"
        properties = {"Definition": {**_MACHINE, "States": states}, "Role": role, "AutoPublishAlias": "live"}
        return {"Machine": {"Type": "AWS::Serverless::StateMachine", "Properties": properties}}

    outputs = {"Version": {"Ref": "MachineVersion"}}
    versions = []
    for result in (1, 1, 2):
        path = _template(tmp_path, resources(result), outputs)
        versions.append(deploy(stack.cloud.endpoint, path, "again")["Version"])
    assert [version.rsplit(":", 1)[1] for version in versions] == ["1", "1", "2"]
    assert [stack.run(version, {})["output"] for version in versions] == ["1", "1", "2"]
    alias = versions[0].rsplit(":", 1)[0] + ":live"
    assert json.loads(stack.run(alias, {})["output"]) == 2


def test_a_subscription_is_made(stack: Stack) -> None:
    """A type that moto does not know is really there."""
    found = stack.sns.list_subscriptions_by_topic(TopicArn=stack.outputs["Topic"])["Subscriptions"]
    assert [subscription["Endpoint"] for subscription in found] == ["nobody@example.org"]


def test_what_is_only_recorded_is_told(stack: Stack) -> None:
    """The status names each resource without behaviour, and what was bridged in a definition."""
    status = stack.cloud.status()
    assert status["recorded"]["one"]["Dashboard"].startswith("AWS::CloudWatch::Dashboard: ")
    assert any("ResultWriter" in line for lines in status["bridged"].values() for line in lines)
    assert any("images are not used" in note for note in status["notes"])


def test_the_default_of_a_list_parameter_is_a_list(stack: Stack, tmp_path: Path) -> None:
    """Given or not, joined or selected from: the items are what stands between the commas."""
    path = _template(tmp_path, {"T": {"Type": "AWS::SNS::Topic"}})
    body = yaml.safe_load(path.read_text())
    body["Parameters"] = {"Names": {"Type": "CommaDelimitedList", "Default": "first,second"}}
    body["Outputs"] = {
        "Joined": {"Value": {"Fn::Join": ["+", {"Ref": "Names"}]}},
        "Second": {"Value": {"Fn::Select": [1, {"Ref": "Names"}]}},
    }
    path.write_text(yaml.safe_dump(body))
    assert deploy(stack.cloud.endpoint, path, "list-default") == {"Joined": "first+second", "Second": "second"}
    assert deploy(stack.cloud.endpoint, path, "list-given", {"Names": "a,b,c"})["Joined"] == "a+b+c"
