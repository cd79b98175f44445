"""Policies of people: what the commands of their work call, and nothing else; the files are what the command prints."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.support.call_graph import ledger_keys_of_command, reached_by_command
from tests.support.permissions import ACTIONS, NO_RESOURCE_TYPE
from tests.support.stack import ROOT, resources, snake

from headrace_cli import user_policies
from headrace_cli.bucket_policies import bucket_policy
from headrace_cli.commands import policy
from headrace_cli.doctor import looking
from headrace_cli.user_policies import BLANK_TENANT, Names, Who, user_policy
from headrace_local import iam_policies
from headrace_local.iam_policies import Call, Policies

LOOK = ("runs.runs", "status.status", "logs.logs", "why.why", "cost.cost", "version.version")
COMMANDS = {
    Who.READ: LOOK,
    Who.LAUNCH: (*LOOK, "run.run", "resume.resume", "check.check", "plan.plan"),
    Who.OPERATE: (
        *LOOK,
        "cancel.cancel",
        "resume.resume",
        "clean.definitions",
        "clean_runs.runs",
        "clean_versions.versions",
        "doctor.doctor",
    ),
}
OF_TEAMS = (Who.READ, Who.LAUNCH)
TEAM = Names(tenant=BLANK_TENANT)
# The partition that a function of `ledger_keys` names.
KINDS = {
    **dict.fromkeys(("run", "epochs"), "R"),
    **dict.fromkeys(("task", "tasks"), "T"),
    **dict.fromkeys(("attempt", "attempts", "all_attempts"), "A"),
    **dict.fromkeys(("live_job", "live_jobs"), "B"),
    **dict.fromkeys(("launch", "resume"), "D"),
    "all_runs": "RUNS",
    "episodes": "STUCK",
    "watched_queues": "QUEUES",
}
# Commands that are for whoever deploys, or work on this machine alone.
OTHERS = {
    "options.options",
    "import_config.import_config",
    "schema.schema",
    "policy.bucket",
    "policy.user",
}
# Calls the functions do not make. head_bucket looks at buckets of others, too.
OF_COMMANDS = {
    # No command asks for an older version.
    "get_object": {"s3:GetObject"},
    "head_object": {"s3:GetObject"},
    "head_bucket": {"s3:ListBucket"},
    "upload_part": {"s3:PutObject"},
    "create_multipart_upload": {"s3:PutObject"},
    "delete_object": {"s3:DeleteObject"},
    "delete_objects": {"s3:DeleteObject"},
    "batch_write_item": {"dynamodb:BatchWriteItem"},
    "stop_execution": {"states:StopExecution"},
    "deregister_job_definition": {"batch:DeregisterJobDefinition"},
    "delete_function": {"lambda:DeleteFunction"},
    "delete_layer_version": {"lambda:DeleteLayerVersion"},
    "delete_state_machine_version": {"states:DeleteStateMachineVersion"},
    "list_aliases": {"lambda:ListAliases"},
    "list_versions_by_function": {"lambda:ListVersionsByFunction"},
    "list_layer_versions": {"lambda:ListLayerVersions"},
    "list_executions": {"states:ListExecutions"},
    "list_state_machine_aliases": {"states:ListStateMachineAliases"},
    "list_state_machine_versions": {"states:ListStateMachineVersions"},
    "describe_state_machine_alias": {"states:DescribeStateMachineAlias"},
    "describe_state_machine_for_execution": {"states:DescribeStateMachineForExecution"},
}
EVERYWHERE = NO_RESOURCE_TYPE | {
    "cloudwatch:DescribeAlarms",  # an alarm's name is a filter, not a resource
    "ec2:DescribeLaunchTemplateVersions",
    "lambda:ListEventSourceMappings",
    "lambda:ListLayerVersions",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
    "sts:GetCallerIdentity",
}
WRITES = re.compile(r":(Put|Delete|Update|BatchWrite|Abort|Terminate|Stop|Send|Invoke|Deregister|Create|Start|Submit)")


def statements(who: Who) -> list[dict[str, Any]]:
    """The statements of somebody's policy."""
    found: list[dict[str, Any]] = user_policy(who, Names())["Statement"]
    return found


def allowed(who: Who) -> set[str]:
    """All actions of a policy."""
    return {action for each in statements(who) for action in each["Action"]}


def needed(who: Who) -> set[str]:
    """The actions of every call that the commands of the work can reach."""
    found: set[str] = set()
    for command in COMMANDS[who]:
        module, function = command.split(".")
        found |= reached_by_command(f"headrace_cli.commands.{module}", function)
    table = ACTIONS | {name: {action} for name, action in looking.ACTIONS.items()} | OF_COMMANDS
    assert found <= table.keys(), "operations whose actions no table names"
    return set().union(*(table[each] for each in found))


def test_every_command_is_somebodys():
    """A new command has to be given to somebody."""
    from headrace_cli.page import helps

    given = {each for commands in COMMANDS.values() for each in commands} | OTHERS
    names = {command.partition(".")[2].replace("_", "-") for command in given} | {"invoke"}
    assert {name.rpartition(" ")[2] for name in helps() if " local " not in name} <= names


@pytest.mark.parametrize("who", Who)
def test_a_policy_allows_what_the_commands_call(who: Who):
    """Nothing is missing."""
    assert needed(who) - allowed(who) == set()


@pytest.mark.parametrize("who", Who)
def test_a_policy_allows_nothing_else(who: Who):
    """Nothing is left over."""
    assert allowed(who) - needed(who) == set()


def test_the_search_finds_what_commands_call():
    """Through tables of functions, uploads of boto3, and names of operations; and it is not everything."""
    doctor = reached_by_command("headrace_cli.commands.doctor", "doctor")
    assert {"get_bucket_policy", "describe_alarms", "get_service_quota"} <= doctor
    assert "upload_part" in reached_by_command("headrace_cli.commands.run", "run")
    assert "terminate_job" not in reached_by_command("headrace_cli.commands.status", "status")


def test_who_reads_changes_nothing():
    """No action of theirs writes, ends or starts."""
    assert [action for action in allowed(Who.READ) if WRITES.search(action)] == []


def test_who_launches_writes_launch_and_inputs_only():
    """Two folders of the bucket; no ledger, no Batch, no state machine."""
    written = {
        resource.rpartition(":::")[2]
        for each in statements(Who.LAUNCH)
        if any(WRITES.search(action) for action in each["Action"])
        for resource in each["Resource"]
    }
    assert written == {"BUCKET/launch/*", "BUCKET/inputs/*"}
    others = {action for action in allowed(Who.LAUNCH) if WRITES.search(action)}
    assert {action.partition(":")[0] for action in others} == {"s3"}


@pytest.mark.parametrize("who", Who)
def test_every_resource_is_named_where_aws_can_tell_them_apart(who: Who):
    """`*` stands only beside actions that know no resource; no action is a wildcard; statement ids are IAM's."""
    for each in statements(who):
        assert all("*" not in action for action in each["Action"])
        assert re.fullmatch(r"[A-Za-z0-9]+", each["Sid"])
        if each["Resource"] == ["*"]:
            assert set(each["Action"]) <= EVERYWHERE
        assert "*" not in each["Resource"][1:]
    listing = [each for each in statements(who) if "s3:ListBucket" in each["Action"]]
    assert listing
    assert all(each["Condition"]["StringLike"]["s3:prefix"] for each in listing)


@pytest.mark.parametrize("who", Who)
def test_a_policy_fits_into_one(who: Who):
    """A managed policy has at most 6,144 characters, blanks not counted; real names are longer than those of the table."""
    names = Names("aws-us-gov", "us-gov-west-1", "123456789012", "s" * 40, "b" * 63, "l" * 60)
    assert len(json.dumps(user_policy(who, names), separators=(",", ":"))) <= 6144


@pytest.mark.parametrize("who", Who)
def test_the_files_are_what_the_command_prints(who: Who):
    """docs/policies/<who>.json (`headrace policy user <who> --blank > docs/policies/<who>.json`)."""
    written = (ROOT / f"docs/policies/{who}.json").read_text(encoding="utf-8")
    assert json.loads(written) == user_policy(who, Names())
    assert written == json.dumps(json.loads(written), indent=2) + "\n"


@pytest.mark.parametrize("who", OF_TEAMS)
def test_the_files_of_teams_are_what_the_command_prints(who: Who):
    """docs/policies/team_<who>.json (`headrace policy user <who> --tenant TEAM --blank > docs/policies/team_<who>.json`)."""
    written = (ROOT / f"docs/policies/team_{who}.json").read_text(encoding="utf-8")
    assert json.loads(written) == user_policy(who, TEAM)
    assert written == json.dumps(json.loads(written), indent=2) + "\n"


@pytest.mark.parametrize("who", OF_TEAMS)
def test_a_teams_policy_is_the_same_narrowed(who: Who):
    """The same actions; every object, list, item and log stream is the team's, or of what no team writes."""
    own = user_policy(who, TEAM)["Statement"]
    assert {action for each in own for action in each["Action"]} == allowed(who)
    for_all = {"inputs/shared/*", "pipelines/*", "config/defaults.yaml", "config/*", "QUEUES", "STUCK"}
    for each in own:
        condition = each.get("Condition", {})
        objects = {arn.partition(":::BUCKET/")[2] for arn in each["Resource"] if ":::BUCKET/" in arn}
        listed = condition.get("StringLike", {}).get("s3:prefix", [])
        items = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
        assert all("TEAM" in place for place in {*objects, *listed, *items} - for_all)
        services = {action.partition(":")[0] for action in each["Action"]}
        assert services != {"dynamodb"} or items
        assert "s3:ListBucket" not in each["Action"] or listed
        assert services != {"logs"} or all(arn.endswith(":log-stream:TEAM/*") for arn in each["Resource"])
        if any(WRITES.search(action) for action in each["Action"]):
            assert objects <= {"launch/TEAM/*", "inputs/TEAM/*"}


@pytest.mark.parametrize("who", OF_TEAMS)
def test_a_teams_policy_names_the_items_its_commands_ask_for(who: Who):
    """Every kind of item whose key some command makes, and no other."""
    asked: set[str] = set()
    for command in COMMANDS[who]:
        module, function = command.split(".")
        asked |= ledger_keys_of_command(f"headrace_cli.commands.{module}", function)
    kinds = {KINDS[each] for each in asked}
    found = [
        each["Condition"] for each in user_policy(who, TEAM)["Statement"] if "ForAll" in str(each.get("Condition"))
    ]
    (keys,) = [each["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for each in found]
    assert {key.partition("#")[0] for key in keys} == kinds


def test_a_team_does_not_reach_the_others():
    """What a policy says as IAM reads it: no record, list, log, object or launch of another team."""
    said = user_policy(Who.LAUNCH, replace(TEAM, tenant="genomics"))
    policy = Policies(iam_policies.statements("team", said))
    table, bucket = "arn:aws:dynamodb:REGION:ACCOUNT:table/LEDGER", "arn:aws:s3:::BUCKET"

    def item(*keys: str) -> Call:
        return Call("dynamodb:BatchGetItem", table, (("dynamodb:LeadingKeys", keys),))

    def listed(prefix: str) -> Call:
        return Call("s3:ListBucket", bucket, (("s3:prefix", (prefix,)),))

    def allows(call: Call) -> bool:
        return policy.decide(call).allowed

    mine = [
        *(
            item(key)
            for key in ("R#genomics-a-1", "RUNS#genomics", "T#genomics-a-1#1#03", "A#genomics-a-1#1#03", "STUCK")
        ),
        Call("s3:GetObject", f"{bucket}/runs/genomics-a-1/1/run.json"),
        Call("s3:PutObject", f"{bucket}/launch/genomics/x.json"),
        listed("work/genomics/"),
    ]
    theirs = [
        *(item(key) for key in ("R#genomics2-a-1", "R#proteomics-a-1", "RUNS", "RUNS#proteomics", "OPEN", "J#hr-x")),
        item("R#genomics-a-1", "R#proteomics-a-1"),
        Call("s3:GetObject", f"{bucket}/runs/proteomics-a-1/1/run.json"),
        Call("s3:GetObject", f"{bucket}/work/genomics2/x"),
        Call("s3:GetObject", f"{bucket}/errors/launch/proteomics/x.json.txt"),
        Call("s3:PutObject", f"{bucket}/launch/x.json"),
        Call("s3:PutObject", f"{bucket}/launch/proteomics/x.json"),
        Call("s3:PutObject", f"{bucket}/inputs/shared/x"),
        listed("launch/"),
        listed(""),
    ]
    assert [call for call in mine if not allows(call)] == []
    assert [call for call in theirs if allows(call)] == []


def test_the_bucket_policys_file_is_what_the_command_prints():
    """docs/policies/bucket.json is an example of the same function."""
    written = json.loads((ROOT / "docs/policies/bucket.json").read_text(encoding="utf-8"))
    role = "arn:aws:iam::123456789012:role/headrace-JobRole"
    assert written == bucket_policy("amzn-example-bucket", [role])


def test_what_is_written_as_one_statement_gives_nobody_more():
    """Of the grants of a part, no two name resources of one kind, unless it is the same list: actions stay with their own."""
    parts = {grant.part for grant in user_policies.GRANTS} - {""}
    assert parts
    for part in parts:
        seen: dict[tuple[str, str], tuple[str, ...]] = {}
        for grant in (each for each in user_policies.GRANTS if each.part == part):
            assert not grant.prefixes
            assert {arn.split(":")[2] for arn in grant.resources} == {each.split(":")[0] for each in grant.actions}
            for arn in grant.resources:
                kind = (arn.split(":")[2], re.split("[:/]", arn.split(":", 5)[5])[0])
                assert seen.setdefault(kind, grant.resources) == grant.resources


def test_every_grant_is_used():
    """No row of the table belongs to nobody, and none has the id of another."""
    ids = [grant.sid for grant in user_policies.GRANTS]
    assert all(grant.who for grant in user_policies.GRANTS)
    assert len(ids) == len(set(ids))


def test_the_readers_are_the_functions_that_may_read_elsewhere():
    """`headrace policy bucket` names the roles that the template lets read what pipelines name."""
    readers = {
        snake(logical.removesuffix("Function")).replace("_", "-")
        for logical, body in resources("AWS::Serverless::Function").items()
        if "ReadDataPolicy" in json.dumps(body["Properties"].get("Policies", []))
    }
    assert set(policy.READERS) == readers


def test_the_doctors_actions_are_those_of_its_calls():
    """Where both tables name a call, they name the same action."""
    for name, action in looking.ACTIONS.items():
        assert ACTIONS.get(name, {action}) == {action}
