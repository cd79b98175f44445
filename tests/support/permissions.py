"""What an operation needs and what a function is allowed: two readings of template.yaml's policies, for tests that compare them."""

from typing import Any

from tests.support.stack import resources

FUNCTIONS = resources("AWS::Serverless::Function")
ACTIONS: dict[str, set[str]] = {
    "get_object": {"s3:GetObject"},
    "head_object": {"s3:GetObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "put_object": {"s3:PutObject"},
    # With a version in the request, where there is one.
    "put_object_tagging": {"s3:PutObjectTagging", "s3:PutObjectVersionTagging"},
    "copy_object": {"s3:GetObject", "s3:PutObject"},
    "create_multipart_upload": {"s3:PutObject"},
    "upload_part_copy": {"s3:GetObject", "s3:PutObject"},
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
# What calls need by their arguments, which the call graph does not follow.
BY_ARGUMENT = {
    # The version of a request, or of a pipeline, that the event names.
    "LaunchRunFunction": {"s3:GetObjectVersion"},
    "PlanScopeFunction": {"s3:GetObjectVersion"},
    # Copies with TaggingDirective REPLACE: of what had been moved, without tags.
    "PrepareTaskFunction": {"s3:PutObjectTagging"},
    "SettleTaskFunction": {"s3:PutObjectTagging"},  # copies with the tags of publishDir
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
