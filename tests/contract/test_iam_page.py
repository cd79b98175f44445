"""docs/iam.md: one row for each action that Nextflow's page on AWS asks for, and the rows tell what the templates say."""

import json
import re

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data
from tests.support.permissions import actions, statements
from tests.support.stack import ROOT, TEMPLATES, template

from headrace_cli.user_policies import Names, Who, user_policy

PAGE = (ROOT / "docs/iam.md").read_text(encoding="utf-8")
# Nextflow documentation, "AWS IAM policies", in its order.
REFERENCE = (
    "batch:DescribeJobQueues",
    "batch:CancelJob",
    "batch:SubmitJob",
    "batch:ListJobs",
    "batch:DescribeComputeEnvironments",
    "batch:TerminateJob",
    "batch:DescribeJobs",
    "batch:RegisterJobDefinition",
    "batch:DescribeJobDefinitions",
    "ecs:DescribeTasks",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstanceAttribute",
    "ecs:DescribeContainerInstances",
    "ec2:DescribeInstanceStatus",
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
ROW = re.compile(r"^\| `(\w+:\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROLE_ROW = re.compile(r"^\| `(\w+(?:Function|Machine|Role))` \|", re.MULTILINE)
MANAGED = json.loads(aws_managed_policies_data)


def roles() -> dict[str, set[str]]:
    """The actions of every role that the templates make, AWS's managed policies written out, policies of their own included."""
    found = {}
    for name in TEMPLATES:
        for logical, body in template(name)["Resources"].items():
            if body["Type"] in ("AWS::IAM::Role", "AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
                found[logical] = _actions(name, body["Properties"])
    return found


def _actions(name: str, properties: dict[str, object]) -> set[str]:
    own = {action for each in statements(properties.get("Policies", [])) for action in actions(each)}
    said = json.dumps([properties.get("Policies", []), properties.get("ManagedPolicyArns", [])])
    for managed in re.findall(r"policy/(?:service-role/)?(\w+)", said):
        own |= {action for each in statements(MANAGED[managed]["Document"]) for action in actions(each)}
    for logical in re.findall(r'"Ref": "(\w+Policy)"', said):
        document = template(name)["Resources"][logical]["Properties"]["PolicyDocument"]
        own |= {action for each in statements(document) for action in actions(each)}
    return own


def holders(action: str) -> list[str]:
    """The roles that have an action, in the order of the templates."""
    return [logical for logical, allowed in roles().items() if action in allowed]


def people(action: str) -> list[str]:
    """Whose policies have an action."""
    return [str(who) for who in Who if any(action in each["Action"] for each in user_policy(who, Names())["Statement"])]


def test_there_are_twenty_seven():
    """Each once."""
    assert len(set(REFERENCE)) == 27


def test_every_action_has_its_row():
    """In the page's order, none twice, each with something to know."""
    rows = ROW.findall(PAGE)
    assert [row[0] for row in rows] == list(REFERENCE)
    assert [row[0] for row in rows if not row[3].strip()] == []


@pytest.mark.parametrize("row", [pytest.param(row, id=row[0]) for row in ROW.findall(PAGE)])
def test_a_row_tells_who_has_the_action(row: tuple[str, str, str, str]):
    """The roles of the templates and the policies of people that have it, or `nobody`."""
    action, of_stack, of_people, _ = row
    assert of_stack == (", ".join(f"`{each}`" for each in holders(action)) or "nobody")
    assert of_people == (", ".join(people(action)) or "nobody")


def test_every_role_has_its_row():
    """What the templates make, and nothing that is gone."""
    assert set(ROLE_ROW.findall(PAGE)) == set(roles())


def test_managed_policies_are_read():
    """What instances and containers may comes from AWS's own documents."""
    assert "ecr:BatchGetImage" in roles()["InstanceRole"]
    assert "ecr:BatchGetImage" in roles()["ExecutionRole"]
    assert "batch:SubmitJob" in roles()["RunScopeMachine"]
