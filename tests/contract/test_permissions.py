"""A function may do what its code does, and nothing else."""

import json
import re
from typing import Any

import pytest
from tests.support.call_graph import operations, reached
from tests.support.stack import ROOT, TEMPLATES, resources, snake, template

FUNCTIONS = resources("AWS::Serverless::Function")
READ = {"s3:GetObject", "s3:GetObjectVersion"}
ACTIONS: dict[str, set[str]] = {
    "get_object": READ,
    "head_object": READ,
    "list_objects_v2": {"s3:ListBucket"},
    "put_object": {"s3:PutObject"},
    "put_object_tagging": {"s3:PutObjectTagging"},
    "copy_object": {*READ, "s3:PutObject", "s3:PutObjectTagging"},
    "create_multipart_upload": {"s3:PutObject", "s3:PutObjectTagging"},
    "upload_part_copy": {*READ, "s3:PutObject"},
    "complete_multipart_upload": {"s3:PutObject"},
    "abort_multipart_upload": {"s3:AbortMultipartUpload"},
    "get_item": {"dynamodb:GetItem"},
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "query": {"dynamodb:Query"},
    "put_item": {"dynamodb:PutItem"},
    "update_item": {"dynamodb:UpdateItem"},
    "delete_item": {"dynamodb:DeleteItem"},
    "transact_write_items": set(),  # allowed by its parts
    "Put": {"dynamodb:PutItem"},
    "Update": {"dynamodb:UpdateItem"},
    "Delete": {"dynamodb:DeleteItem"},
    "ConditionCheck": {"dynamodb:ConditionCheckItem"},
    "start_execution": {"states:StartExecution"},
    "describe_execution": {"states:DescribeExecution"},
    "list_map_runs": {"states:ListMapRuns"},
    "describe_map_run": {"states:DescribeMapRun"},
    "send_task_success": {"states:SendTaskSuccess"},
    "describe_job_definitions": {"batch:DescribeJobDefinitions"},
    # With tags in the request, and with the roles its jobs get.
    "register_job_definition": {"batch:RegisterJobDefinition", "batch:TagResource", "iam:PassRole"},
    "describe_job_queues": {"batch:DescribeJobQueues"},
    "describe_compute_environments": {"batch:DescribeComputeEnvironments"},
    "describe_instance_types": {"ec2:DescribeInstanceTypes"},
    "describe_secret": {"secretsmanager:DescribeSecret"},
    "list_jobs": {"batch:ListJobs"},
    "describe_jobs": {"batch:DescribeJobs"},
    "terminate_job": {"batch:TerminateJob"},
    "get_job_queue_snapshot": {"batch:GetJobQueueSnapshot"},
    "list_container_instances": {"ecs:ListContainerInstances"},
    "describe_container_instances": {"ecs:DescribeContainerInstances"},
    "describe_scaling_activities": {"autoscaling:DescribeScalingActivities"},
    "stop_execution": {"states:StopExecution"},
    "get_log_events": {"logs:GetLogEvents"},
    "put_events": {"events:PutEvents"},
    "invoke": {"lambda:InvokeFunction"},
    "publish": {"sns:Publish"},
}
# The service authorization reference names no resource type for them.
NO_RESOURCE_TYPE = {
    "autoscaling:DescribeScalingActivities",
    "batch:DescribeComputeEnvironments",
    "batch:DescribeJobDefinitions",
    "batch:DescribeJobQueues",
    "batch:DescribeJobs",
    "batch:ListJobs",
    "ec2:DescribeInstanceTypes",
    "states:SendTaskSuccess",
}


def allowed(logical: str) -> set[str]:
    """The actions of a function's own policies."""
    return {action for each in statements(FUNCTIONS[logical]["Properties"]["Policies"]) for action in actions(each)}


def statements(value: Any) -> list[dict[str, Any]]:
    """Every policy statement below a value."""
    if isinstance(value, list):
        return [found for each in value for found in statements(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if "Effect" in value else []
    return own + [found for each in value.values() for found in statements(each)]


def actions(statement: dict[str, Any]) -> list[str]:
    """A statement's actions."""
    said = statement["Action"]
    return [said] if isinstance(said, str) else list(said)


def needed(logical: str) -> set[str]:
    """The actions that a function's code can come to need."""
    found = reached(ROOT / "functions" / snake(logical.removesuffix("Function")) / "app.py")
    assert found <= ACTIONS.keys(), "operations whose actions this table does not name"
    return set().union(*(ACTIONS[each] for each in found))


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_what_its_code_does(logical: str):
    """Every AWS call that app.py can reach is in the function's policy."""
    assert needed(logical) - allowed(logical) == set()


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_nothing_else(logical: str):
    """A permission that no call needs is taken away."""
    assert allowed(logical) - needed(logical) == set()


def test_the_search_finds_what_there_is():
    """Calls through clients, paginators, names of operations and parts of transactions are all found."""
    found = reached(ROOT / "functions/conclude_run/app.py")
    assert {"get_object", "list_map_runs", "update_item", "Update", "terminate_job"} <= found
    assert "register_job_definition" not in found
    assert set(ACTIONS) <= operations()


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_action_is_a_wildcard(name: str):
    """What is allowed is named; only the refusal of plain HTTP is about everything."""
    loose = [
        each
        for each in statements(template(name))
        if each["Effect"] == "Allow" and any("*" in action for action in actions(each))
    ]
    assert loose == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_resource_is_named_where_aws_can_tell_them_apart(name: str):
    """`Resource: '*'` stands only beside actions that know no resource."""
    everywhere = {
        action
        for each in statements(template(name))
        if each["Effect"] == "Allow" and each.get("Resource") in ("*", ["*"])
        for action in actions(each)
    }
    assert everywhere <= NO_RESOURCE_TYPE


def test_log_streams_are_named_as_iam_names_them():
    """A log group's Arn ends in `:*`, which covers its streams; with more behind it no stream would match."""
    text = (ROOT / "template.yaml").read_text()
    assert not re.search(r"Logs\.Arn\}:", text)


@pytest.mark.parametrize(
    ("logical", "places"),
    [
        ("SupplyToolFunction", {"tools/*"}),
        ("LaunchRunFunction", {"errors/*"}),
        ("PlanScopeFunction", {"runs/*"}),
        ("PrepareTaskFunction", {"work/*", "runs/*/tasks/*"}),
        ("SettleTaskFunction", {"work/*", "results/*", "runs/*/tasks/*"}),
        ("ConcludeRunFunction", {"runs/*"}),
        ("SummariseLogsFunction", {"runs/*/tasks/*"}),
    ],
)
def test_functions_write_below_their_own_prefixes(logical: str, places: set[str]):
    """Nobody writes to launch/ but users, and each function only where contracts.md says it does."""
    found = [
        json.dumps(each["Resource"])
        for each in statements(FUNCTIONS[logical]["Properties"]["Policies"])
        if "s3:PutObject" in actions(each)
    ]
    assert set(re.findall(r"\$\{Data\.Outputs\.BucketArn\}/([^\"']+)", " ".join(found))) == places


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_who_reads_users_inputs_may_read_their_buckets(logical: str):
    """Pipelines, tables and inputs may lie in AllowedBuckets: whoever reads objects anywhere may read them there."""
    policies = FUNCTIONS[logical]["Properties"]["Policies"]
    reads = [json.dumps(each["Resource"]) for each in statements(policies) if "s3:GetObject" in actions(each)]
    anywhere = any("${Data.Outputs.BucketArn}/*" in resource for resource in reads)
    assert ("ReadDataPolicy" in json.dumps(policies)) == anywhere
