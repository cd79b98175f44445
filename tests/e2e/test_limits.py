"""What only AWS would refuse: names, policies and environments of the longest stack that the docs allow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.live_stack import ROOT, LiveStack

from headrace.core.errors import Refused
from headrace_local import Cloud, cloudformation_limits, deploy
from headrace_local.cloudformation_limits import ENVIRONMENT, INLINE, MANAGED, size

LONGEST = 49
TEAMS = 20
NAME = "s" + "0123456789" * 4 + "01234567"


@pytest.fixture(scope="module", params=[0, TEAMS], ids=["one team", "teams"])
def longest(cloud: Cloud, request: pytest.FixtureRequest) -> Iterator[LiveStack]:
    """A stack with the longest name, and as much allowed to pipelines as a parameter holds; the same with many teams."""
    stack = LiveStack(cloud, NAME, deploy(cloud.endpoint, ROOT / "template.yaml", NAME, _full(request.param)))
    yield stack
    stack.delete()


def _full(teams: int) -> dict[str, str]:
    """Lists as long as CloudFormation takes a parameter, 4,096 bytes; those of one policy, or of one environment, share what it holds."""
    arns = {
        "AllowedBuckets": "arn:aws:s3:::{:058d}/*",
        "AllowedWriteBuckets": "arn:aws:s3:::{:058d}/*",
        "AllowedQueues": "arn:aws:batch:us-east-1:123456789012:job-queue/{:03d}",
        "AllowedRoles": "arn:aws:iam::123456789012:role/{:03d}",
        "AllowedSecrets": "arn:aws:secretsmanager:us-east-1:123456789012:secret:{:03d}",
    }
    each = 150 if teams else 700
    shared = {"AllowedWriteBuckets": each, "AllowedRoles": each, "AllowedQueues": each}
    room = dict.fromkeys(arns, 4096) | {"AllowedBuckets": 3700, **shared}
    lists = {
        name: ",".join(arn.format(n) for n in range(100))[: room[name]].rpartition(",")[0] for name, arn in arns.items()
    }
    # As template.tenant.yaml names them.
    role = "arn:aws:iam::123456789012:role/headrace/team{0:02d}/team{0:02d}-TenantRole-0123456789AB"
    return lists | {"TenantRoles": ",".join(role.format(n) for n in range(teams))}


def _elsewhere(document: Any) -> str:
    """A policy in the partition and the region with the longest names, and with whatever bucket name there may be."""
    text = json.dumps(document).replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "ap-southeast-5")
    return re.sub(r":::[a-z0-9.-]+", ":::" + "b" * 63, text)


def test_the_docs_say_how_long_a_name_may_be():
    """The longest of our names ends where Lambda's do; README and the template say the number."""
    template = (ROOT / "template.yaml").read_text()
    ends = re.findall(r"FunctionName: !Sub \$\{AWS::StackName\}(\S+)", template)
    assert cloudformation_limits.NAMES["AWS::Lambda::Function"] - max(len(end) for end in ends) == LONGEST
    assert len(NAME) == LONGEST
    for file in ("README.md", "template.yaml"):
        assert f"at most {LONGEST} characters" in (ROOT / file).read_text(), file


def test_the_docs_say_how_many_teams_fit():
    """docs/teams.md says the number that is deployed here."""
    assert f"{TEAMS} teams fit" in (ROOT / "docs/teams.md").read_text()


def test_a_longer_name_is_refused(cloud: Cloud):
    """By the name that does not fit; nothing of the stack stays."""
    with pytest.raises(Refused, match=r"has 65 characters, AWS::Lambda::Function allows 64"):
        deploy(cloud.endpoint, ROOT / "template.yaml", NAME + "x", {})
    stack = LiveStack(cloud, NAME + "x", {}).client("cloudformation")
    assert stack.describe_stacks(StackName=NAME + "x")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    stack.delete_stack(StackName=NAME + "x")


def test_policies_have_room(longest: LiveStack):
    """Every role's inline policies, in any region; a tenth of the room is left for what comes."""
    iam = longest.client("iam")
    roles = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    mine = [name for name in roles if name.startswith(NAME[:20])]
    assert len(mine) > 10
    for role in mine:
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        total = sum(size(json.loads(_elsewhere(document))) for document in documents)
        assert total <= INLINE * 0.9, f"{role}: {total}"


def test_managed_policies_have_room(longest: LiveStack):
    """With lists as long as a parameter may be."""
    iam = longest.client("iam")
    pages = iam.get_paginator("list_policies").paginate(Scope="Local")
    mine = [one for page in pages for one in page["Policies"] if one["PolicyName"].startswith(NAME[:20])]
    assert len(mine) >= 5
    for policy in mine:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        assert size(version["PolicyVersion"]["Document"]) <= MANAGED, policy["PolicyName"]


def test_environments_have_room(longest: LiveStack):
    """Lambda takes 4 KB; a tenth of it is left for what comes."""
    functions = longest.client("lambda").get_paginator("list_functions").paginate()
    mine = [one for page in functions for one in page["Functions"] if one["FunctionName"].startswith(NAME)]
    assert mine
    for function in mine:
        assert len(json.dumps(function["Environment"]["Variables"])) <= ENVIRONMENT * 0.9, function["FunctionName"]
