"""Canaries: each patch of moto is still needed, and what it patches still has its name.

When one of these fails, moto has changed: either a gap was closed upstream and the patch can go, or a private name moved
and the patch must follow. They run against unpatched moto, in this process.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

ROLE = "arn:aws:iam::123456789012:role/any"
CONFIG: Any = {"stepfunctions": {"execute_state_machine": True}, "batch": {"use_docker": False}}
ASL = "moto.stepfunctions.parser.asl"
TASK = f"{ASL}.component.state.exec.state_task"
MAP = f"{ASL}.component.state.exec.state_map.iteration"

PATCHED = {
    "moto.stepfunctions.models": ["stepfunctions_backends"],
    "moto.stepfunctions.parser.models": [
        f"StepFunctionsParserBackend.{name}"
        for name in (
            "create_state_machine", "update_state_machine", "start_execution", "stop_execution", "describe_execution", "list_map_runs",
            "send_task_success", "send_task_failure", "send_task_heartbeat",
        )
    ],
    "moto.stepfunctions.responses": [
        f"StepFunctionResponse.{name}"
        for name in ("stop_execution", "describe_execution", "list_executions", "send_task_failure", "describe_state_machine_for_execution")
    ],
    "moto.stepfunctions.parser.backend.execution": ["BaseExecutionWorkerCommunication.terminated"],
    "moto.stepfunctions.parser.backend.execution_worker": ["ExecutionWorker.start", "ExecutionWorker._get_evaluation_entrypoint"],
    f"{ASL}.parse.asl_parser": ["AmazonStateLanguageParser.parse"],
    f"{ASL}.component.eval_component": ["EvalComponent._log_failure_event_exception", "EvalComponent._log_exception"],
    f"{ASL}.component.common.string.string_expression": ["StringJSONata._eval_body", "StringVariableSample._eval_body"],
    f"{ASL}.component.program.program": ["Program.eval"],
    f"{ASL}.component.state.exec.execute_state": ["ExecutionState._evaluate_with_timeout"],
    f"{ASL}.component.state.wait.wait_function.wait_function": ["WaitFunction._wait_interval"],
    f"{ASL}.component.common.retry.retrier_decl": ["RetrierDecl._eval_body", "time.sleep"],
    f"{ASL}.eval.environment": [f"Environment.{name}" for name in ("set_ended", "set_error", "set_timed_out", "set_stop", "_state_mutex")][:4],
    f"{ASL}.eval.callback.callback": ["CallbackPoolManager.add", "CallbackPoolManager.get", "CallbackEndpoint.interrupt_all"],
    f"{ASL}.eval.event.event_manager": ["EventManager.add_event"],
    f"{TASK}.state_task": ["StateTask._eval_parameters"],
    f"{TASK}.service.state_task_service": [
        f"StateTaskService.{name}" for name in ("_normalise_parameters", "_normalise_response", "_to_boto_request", "_from_boto_response")
    ],
    f"{TASK}.service.state_task_service_callback": ["StateTaskServiceCallback._eval_sync", "StateTaskServiceCallback._eval_wait_for_task_token"],
    f"{TASK}.service.state_task_service_batch": ["StateTaskServiceBatch._build_sync_resolver", "StateTaskServiceBatch._from_error", "_SUPPORTED_API_PARAM_BINDINGS"],
    f"{TASK}.service.state_task_service_lambda": ["StateTaskServiceLambda._from_error"],
    f"{TASK}.service.state_task_service_sfn": [
        f"StateTaskServiceSfn.{name}" for name in ("_build_sync_resolver", "_build_sync2_resolver", "_from_error")
    ],
    f"{ASL}.component.state.exec.state_map.item_reader.eval.resource_eval_s3": ["ResourceEvalS3.eval_resource"],
    f"{ASL}.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3": ["ResourceEvalS3.eval_resource"],
    f"{MAP}.iteration_worker": ["IterationWorker._eval_pool"],
    f"{MAP}.inline_iteration_component": ["InlineIterationComponent._eval_body"],
    f"{MAP}.distributed_iteration_component": ["DistributedIterationComponent._map_run", "DistributedIterationComponent._eval_body"],
    "moto.awslambda.models": [
        "LambdaFunction.invoke", "LambdaFunction.create_from_cloudformation_json", "LambdaBackend.publish_version",
        "LambdaStorage.publish_version", "LambdaStorage.del_function", "LambdaStorage._get_function_aliases",
        "LambdaBackend.create_event_source_mapping", "LambdaBackend.get_event_source_mapping",
    ],
    "moto.sqs.models": ["Queue.delete_message", "Queue.wait_for_messages", "SQSBackend.receive_message", "SQSBackend.change_message_visibility"],
    "moto.batch.responses": ["BatchResponse.submitjob", "BatchResponse.describejobs"],
    "moto.batch.urls": ["url_paths"],
    "moto.ecs.responses": [
        f"EC2ContainerServiceResponse.{name}" for name in ("list_clusters", "describe_clusters", "list_container_instances", "describe_container_instances")
    ],
    "moto.autoscaling.responses": ["AutoScalingResponse.describe_auto_scaling_groups", "AutoScalingResponse.describe_scaling_activities"],
    "moto.ec2.models.instance_types": ["INSTANCE_TYPES"],
    "moto.logs.models": ["utcnow", "LogGroup.get_cfn_attribute"],
    "moto.events.models": ["Rule.send_to_targets", "EventsBackend.put_targets", "EventsBackend.put_rule"],
    "moto.s3.notifications": ["_send_event_bridge_message", "send_event", "_detail_type"],
    "moto.s3.models": ["S3Backend.complete_multipart_upload", "FakeBucket.create_from_cloudformation_json", "FakeBucket.get_permission"],
    "moto.iam.models": [
        "AWSManagedPolicy.arn", "IAMBackend.attach_role_policy", "IAMBackend.detach_role_policy", "Role.create_from_cloudformation_json",
        "Role.delete_from_cloudformation_json",
    ],
    "moto.s3.responses": ["S3Response.put_object", "S3Response._key_response_post"],
    "moto.dynamodb.models": ["copy", "DynamoDBBackend.transact_write_items"],
    "moto.dynamodb.responses": ["DynamoHandler.call_action", "DynamoHandler.serialized"],
    "moto.dynamodb.models.table": ["Table.query", "Table.all_items"],
    "moto.backend_index": ["backend_url_patterns"],
    "moto.core.botocore_stubber": ["MockRawResponse"],
    "moto.moto_server.utilities": ["RegexConverter.__init__"],
    "moto.moto_server.werkzeug_app": ["DomainDispatcherApplication.get_backend_for_host"],
    "moto.cloudformation.models": [
        f"Stack.{name}" for name in (
            "create_from_cloudformation_json", "update_from_cloudformation_json", "physical_resource_id", "parameter_list", "stack_resources",
            "_add_stack_event",
        )
    ],
    "moto.cloudformation.parsing": [
        "resource_class_from_type", "resource_name_property_from_type", "generate_resource_name", "clean_json", "OutputMap",
        "ResourceMap.load_parameters", "ResourceMap.load_conditions", "ResourceMap.load_mapping", "ResourceMap.__getitem__",
    ],
    "moto.cloudformation.responses": [
        f"CloudFormationResponse.{name}" for name in (
            "create_stack", "update_stack", "delete_stack", "create_change_set", "describe_change_set", "execute_change_set", "delete_change_set",
            "list_change_sets", "get_template", "get_template_summary",
        )
    ],
}  # fmt: skip


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Clients of unpatched moto, in process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws(config=CONFIG):
        yield lambda service: boto3.client(service, region_name="us-east-1")


@pytest.mark.parametrize(("module", "names"), PATCHED.items(), ids=PATCHED)
def test_what_is_patched_still_has_its_name(module: str, names: list[str]) -> None:
    """A renamed private name must be found here, not in the middle of a run."""
    loaded = importlib.import_module(module)
    for name in names:
        value: Any = loaded
        for part in name.split("."):
            assert hasattr(value, part), f"{module}.{name} is gone"
            value = getattr(value, part)


def _run(aws: Any, definition: dict[str, Any]) -> dict[str, Any]:
    states = aws("stepfunctions")
    arn = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, name="e", input="{}")["executionArn"]
    for _ in range(400):
        described = dict(states.describe_execution(executionArn=execution))
        if described["status"] != "RUNNING":
            return described
        import time

        time.sleep(0.02)
    raise AssertionError("it runs for ever")


def test_jsonata_still_needs_us(aws: Any) -> None:
    """Upstream has no JSONata without a JVM."""
    ended = _run(
        aws,
        {
            "QueryLanguage": "JSONata",
            "StartAt": "S",
            "States": {"S": {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}},
        },
    )
    assert ended["status"] == "FAILED"


def test_service_tasks_still_keep_the_wrong_case(aws: Any) -> None:
    """Upstream's two methods that fix the case are empty."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
        StateTaskService,
    )

    for name in ("_normalise_parameters", "_normalise_response"):
        assert inspect.getsource(getattr(StateTaskService, name)).rstrip().endswith("pass")


def test_a_failed_child_is_still_swallowed(aws: Any) -> None:
    """Upstream's Distributed Map succeeds although its only child failed."""
    child = {
        "StartAt": "F",
        "States": {"F": {"Type": "Fail"}},
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": child, "End": True}
    ended = _run(
        aws, {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"items": [1]}, "Next": "M"}, "M": state}}
    )
    assert ended["status"] == "SUCCEEDED"


def test_result_writer_arguments_still_do_not_parse(aws: Any) -> None:
    """When they do, asl_subset no longer needs to take the ResultWriter out."""
    from botocore.exceptions import ClientError

    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "b", "Prefix": "p"}}
    child = {
        "StartAt": "F",
        "States": {"F": {"Type": "Succeed"}},
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    }
    state = {"Type": "Map", "Items": [1], "ItemProcessor": child, "ResultWriter": writer, "End": True}
    definition = {"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": state}}
    with pytest.raises(ClientError):
        aws("stepfunctions").create_state_machine(name="w", definition=json.dumps(definition), roleArn=ROLE)


def test_versions_still_cannot_be_started(aws: Any) -> None:
    """Upstream's version lacks what starting one needs."""
    states = aws("stepfunctions")
    definition = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    made = states.create_state_machine(name="v", definition=definition, roleArn=ROLE, publish=True)
    with pytest.raises(AttributeError):
        states.start_execution(stateMachineArn=made["stateMachineVersionArn"], name="e")


def test_versions_still_cannot_be_listed_or_deleted() -> None:
    """The two calls our patch adds are not upstream's, and an execution's machine is the one as it is now."""
    from moto.stepfunctions.responses import StepFunctionResponse

    assert not hasattr(StepFunctionResponse, "list_state_machine_versions")
    assert not hasattr(StepFunctionResponse, "delete_state_machine_version")
    answer = inspect.getsource(StepFunctionResponse.describe_state_machine_for_execution)
    assert "_describe_state_machine(sm.arn)" in answer


def test_a_function_still_counts_the_versions_that_are_there() -> None:
    """And deletes one without looking at its aliases."""
    from moto.awslambda.models import LambdaStorage

    assert "len(all_versions) + 1" in inspect.getsource(LambdaStorage.publish_version)
    assert "function_version" not in inspect.getsource(LambdaStorage.del_function)


def test_transactions_still_copy_whole_tables() -> None:
    """When upstream copies only what it touches, the patch can go."""
    from moto.dynamodb.models import DynamoDBBackend

    assert "copy.deepcopy" in inspect.getsource(DynamoDBBackend.transact_write_items)


def test_queries_still_read_whole_tables() -> None:
    """`index_name` is where the patch looks for it, and the partition is still found by reading everything."""
    from moto.dynamodb.models.table import Table

    assert list(inspect.signature(Table.query).parameters)[2:].index("index_name") == 6
    assert "for item in self.all_items()" in inspect.getsource(Table.query)


def test_instances_are_still_kept_for_ever() -> None:
    """Each is noted down when it is made, also a copy, so nothing is ever freed."""
    from moto.s3.models import FakeKey

    before = len(FakeKey.instances_tracked)  # type: ignore[attr-defined]
    key = FakeKey("name", b"value", "123456789012", "us-east-1")
    for each in (key, copy.deepcopy(key)):
        each.dispose()
    assert len(FakeKey.instances_tracked) == before + 2  # type: ignore[attr-defined]


def test_s3_events_still_share_one_sequencer() -> None:
    """Upstream's sequencer and reason are constants."""
    from moto.s3 import notifications

    source = inspect.getsource(notifications._send_event_bridge_message)
    assert '"sequencer": "617f08299329d189"' in source


def test_rules_still_cannot_reach_most_targets() -> None:
    """Upstream raises for Lambda, Step Functions, SNS and Batch, and does not look at the state."""
    from moto.events.models import Rule

    source = inspect.getsource(Rule.send_to_targets)
    assert "NotImplementedError" in source
    assert "self.state" not in source


def test_scaling_activities_are_still_always_empty() -> None:
    """When upstream has some, the patch must add to them."""
    from moto.autoscaling.responses import AutoScalingResponse

    assert '{"Activities": []}' in inspect.getsource(AutoScalingResponse.describe_scaling_activities)


def test_batch_still_lacks_snapshots_and_bulk_calls() -> None:
    """The paths our table adds are not upstream's."""
    from moto.batch.urls import url_paths

    assert not [path for path in url_paths if "snapshot" in path or "jobs$" in path or "consumable" in path]


def test_event_sources_still_invoke_inside_send_message() -> None:
    """Upstream polls nothing: whoever sends a message waits for the function, which gets it alone."""
    from moto.awslambda.models import LambdaBackend
    from moto.sqs.models import Queue

    assert "send_sqs_batch" in inspect.getsource(Queue.add_message)
    assert "for message in messages" in inspect.getsource(LambdaBackend.send_sqs_batch)
    assert "_messages_lock" not in inspect.getsource(Queue.delete_message)


def test_container_instance_attributes_are_still_made_of_a_mapping() -> None:
    """The transformer of upstream's answer takes names to values."""
    from moto.ecs.responses import format_attributes

    assert format_attributes({"ecs.os-type": "linux"}) == [{"name": "ecs.os-type", "value": "linux"}]


def test_cloudformation_still_lacks_our_types() -> None:
    """Versions, aliases and event invoke configurations are unknown upstream."""
    from moto.cloudformation.parsing import get_model_map

    known = get_model_map()
    for kind in (
        "AWS::StepFunctions::StateMachineVersion",
        "AWS::StepFunctions::StateMachineAlias",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
    ):
        assert kind not in known


def test_defaults_of_list_parameters_are_still_one_text() -> None:
    """Upstream splits what is given and leaves the default as it is."""
    from moto.cloudformation.parsing import ResourceMap

    source = inspect.getsource(ResourceMap.load_parameters)
    assert (
        source.index('value = parameter.get("Default")')
        < source.index("self.input_parameters")
        < source.index('value.split(",")')
    )


def test_every_type_of_the_table_can_be_created() -> None:
    """What the table promises, moto or one of our makers makes; nothing is both created and only recorded."""
    from moto.cloudformation.parsing import get_model_map

    from headrace_local.cloudformation_resources import MAKERS
    from headrace_local.cloudformation_types import RECORDED, created

    assert created() <= set(get_model_map()) | set(MAKERS)
    assert not created() & set(RECORDED)


def test_cloudformation_still_drops_properties() -> None:
    """Layers of a function, versioning of a bucket, timeouts of a job definition."""
    from moto.awslambda.models import LambdaFunction
    from moto.batch.models import JobDefinition
    from moto.s3.models import FakeBucket

    for owner, lost in (
        (LambdaFunction, "Layers"),
        (FakeBucket, "VersioningConfiguration"),
        (JobDefinition, "PlatformCapabilities"),
    ):
        assert f'"{lost}"' not in inspect.getsource(owner.create_from_cloudformation_json)


def test_cloudformation_still_keeps_no_value_in_lists() -> None:
    """A statement that a condition leaves out stays in its policy as nothing, and the policy is refused."""
    from moto.cloudformation import parsing

    upstream = inspect.getsource(parsing).split("def clean_json", 1)[1].split("\ndef ", 1)[0]
    assert "return [clean_json(val, resources_map) for val in resource_json]" in upstream


def test_managed_policies_of_a_role_still_need_us(aws: Any) -> None:
    """Upstream drops ManagedPolicyArns of a role in CloudFormation."""
    trust: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "PolicyDocument": {**trust, "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        },
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": trust, "ManagedPolicyArns": [{"Ref": "Policy"}]},
    }
    aws("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps({"Resources": {"Policy": policy, "Role": role}})
    )
    assert aws("iam").list_attached_role_policies(RoleName="r")["AttachedPolicies"] == []


def test_the_policy_of_a_bucket_still_needs_us(aws: Any) -> None:
    """Upstream looks at no condition of it: a deny of plain HTTP is one of everything."""
    s3 = aws("s3")
    s3.create_bucket(Bucket="bucket")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(Exception, match="403"):
        s3.put_object(Bucket="bucket", Key="k", Body=b"")


def test_the_arn_of_a_log_group_still_needs_us(aws: Any) -> None:
    """CloudFormation's ends in `:*`, by which a policy covers the streams; upstream's does not."""
    body = {
        "Resources": {"G": {"Type": "AWS::Logs::LogGroup"}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["G", "Arn"]}}},
    }
    aws("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(body))
    (output,) = aws("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert not output["OutputValue"].endswith(":*")
