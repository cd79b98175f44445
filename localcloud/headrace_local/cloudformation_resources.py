"""The resources that moto's CloudFormation lacks or creates incompletely: each is made by one function.

A maker gets the physical name, the properties with every reference resolved, and, when it is an update, what `Ref` gave
before; it answers what `Ref` and `Fn::GetAtt` give now.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from headrace.core.errors import Refused
from headrace_local import batch_definitions, batch_queues, custom_resources, patch_lambda, resource_policies
from headrace_local import patch_step_functions_executions as executions
from headrace_local.clients import client


class Made:
    """What a maker answers: what `Ref` gives, and what `Fn::GetAtt` gives."""

    def __init__(self, ref: str, attributes: Mapping[str, str] | None = None) -> None:
        self.ref, self.attributes = ref, dict(attributes or {})


Maker = Callable[[str, dict[str, Any], str | None], Made]


def record(name: str, _properties: dict[str, Any], _old: str | None) -> Made:
    """A resource that is only written down: whoever refers to it gets its name."""
    attributes = (
        "Arn",
        "Id",
        "GroupId",
        "VpcId",
        "SubnetId",
        "InternetGatewayId",
        "RouteTableId",
        "LaunchTemplateId",
        "LatestVersionNumber",
        "DefaultVersionNumber",
        "AllocationId",
        "ImageId",
    )
    return Made(name, {attribute: "1" if attribute.endswith("Number") else name for attribute in attributes})


def _lower(value: Any) -> Any:
    """CloudFormation's names as the API's: the first letter small, at every level."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower(inner) for name, inner in value.items()}
    return [_lower(inner) for inner in value] if isinstance(value, list) else value


def _environment(name: str, given: dict[str, Any], old: str | None) -> Made:
    request = {**_lower({k: v for k, v in given.items() if k != "Tags"}), "tags": given.get("Tags", {})}
    request["type"] = str(request.get("type", "MANAGED")).upper()
    if old is None:
        stored = batch_queues.create_environment({**request, "computeEnvironmentName": name})
    else:
        stored = batch_queues.update(
            batch_queues.environments,
            old,
            {k: v for k, v in request.items() if k != "computeEnvironmentName"},
            "compute environment",
        )
    arn = str(stored["computeEnvironmentArn"])
    return Made(arn, {"ComputeEnvironmentArn": arn})


def _queue(name: str, given: dict[str, Any], old: str | None) -> Made:
    request = {**_lower({k: v for k, v in given.items() if k != "Tags"}), "tags": given.get("Tags", {})}
    request["priority"] = int(request.get("priority", 1))
    request["computeEnvironmentOrder"] = [
        {**place, "order": int(place["order"])} for place in request.get("computeEnvironmentOrder", [])
    ]
    for action in request.get("jobStateTimeLimitActions", []):
        action["maxTimeSeconds"] = int(action["maxTimeSeconds"])
    if old is None:
        stored = batch_queues.create_queue({**request, "jobQueueName": name})
    else:
        stored = batch_queues.update(
            batch_queues.queues, old, {k: v for k, v in request.items() if k != "jobQueueName"}, "job queue"
        )
    arn = str(stored["jobQueueArn"])
    return Made(arn, {"JobQueueArn": arn})


def _definition(name: str, given: dict[str, Any], old: str | None) -> Made:
    free = {"Tags", "Parameters"}
    request = {
        **_lower({k: v for k, v in given.items() if k not in free}),
        "parameters": given.get("Parameters", {}),
        "tags": given.get("Tags", {}),
    }
    options = (given.get("ContainerProperties", {}).get("LogConfiguration") or {}).get("Options")
    if options:
        request["containerProperties"]["logConfiguration"]["options"] = options
    own = old.rsplit("/", 1)[-1].partition(":")[0] if old else name
    stored = batch_definitions.register({**request, "type": str(request["type"]).lower(), "jobDefinitionName": own})
    return Made(str(stored["jobDefinitionArn"]), {"JobDefinitionArn": str(stored["jobDefinitionArn"])})


def _policy(name: str, given: dict[str, Any], old: str | None) -> Made:
    arn = old or str(
        batch_queues.create_policy({"name": name, "fairsharePolicy": _lower(given.get("FairsharePolicy", {}))})["arn"]
    )
    return Made(arn, {"Arn": arn})


def _machine(name: str, given: dict[str, Any], old: str | None) -> Made:
    definition = given.get("DefinitionString") or json.dumps(given.get("Definition") or {})
    if place := given.get("DefinitionS3Location"):
        definition = client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read().decode()
    for variable, value in (given.get("DefinitionSubstitutions") or {}).items():
        definition = definition.replace(f"${{{variable}}}", json.dumps(str(value))[1:-1])
    if not definition.lstrip().startswith("{"):
        definition = json.dumps(yaml.safe_load(definition))  # `sam deploy` uploads the file as it is written
    backend = executions.backend()
    if old is None:
        machine = backend.create_state_machine(
            name=name,
            definition=definition,
            roleArn=given["RoleArn"],
            sm_type=given.get("StateMachineType", "STANDARD"),
        )
    else:
        machine = backend.update_state_machine(old, definition=definition, role_arn=given["RoleArn"])
    return Made(
        machine.arn,
        {"Arn": machine.arn, "Name": machine.name, "StateMachineRevisionId": executions.revision_id(machine)},
    )


def _machine_version(_name: str, given: dict[str, Any], _old: str | None) -> Made:
    machine = executions.backend().describe_state_machine(given["StateMachineArn"])
    arn = executions.publish(machine, given.get("Description"))
    return Made(arn, {"Arn": arn})


def _machine_alias(name: str, given: dict[str, Any], _old: str | None) -> Made:
    preference = given.get("DeploymentPreference")
    routes = (
        [{"StateMachineVersionArn": preference["StateMachineVersionArn"], "Weight": 100}]
        if preference
        else given["RoutingConfiguration"]
    )
    shaped = [
        {"stateMachineVersionArn": route["StateMachineVersionArn"], "weight": int(route["Weight"])} for route in routes
    ]
    alias = executions.backend().create_state_machine_alias(given.get("Name", name), shaped, given.get("Description"))
    return Made(alias.arn, {"Arn": alias.arn})


def _function_version(_name: str, given: dict[str, Any], old: str | None) -> Made:
    # moto notes changed code only, AWS changed configuration too; SAM makes this resource anew for either.
    if old is None:
        newest = patch_lambda.backend().get_function(given["FunctionName"])
        _refuse_same_version(newest)
        newest.code_or_config_updated = True
    version = patch_lambda.backend().publish_version(given["FunctionName"], given.get("Description", ""))
    return Made(version.function_arn, {"Version": str(version.version), "FunctionArn": version.function_arn})


def _refuse_same_version(newest: Any) -> None:
    """Lambda publishes what has changed only, and CloudFormation does not take an older version for a new one."""
    published = patch_lambda.backend().list_versions_by_function(newest.function_name)
    numbered = [each for each in published if str(each.version).isdecimal()]
    last = max(numbered, key=lambda each: int(each.version), default=None)
    if last is not None and _published_of(last) == _published_of(newest):
        told = f"A version for this Lambda function exists ( {last.version} ). Modify the function to create a new version."
        raise Refused(told)


def _published_of(function: Any) -> tuple[object, ...]:
    """What makes a version of a function another one."""
    layers = [layer["Arn"] for layer in function.layers]
    sizes = (function.timeout, function.memory_size, function.handler, function.role)
    return (function.code_sha_256, dict(function.environment_vars), layers, sizes)


def _function_alias(_name: str, given: dict[str, Any], old: str | None) -> Made:
    backend = patch_lambda.backend()
    change = backend.update_alias if old else backend.create_alias
    alias = change(
        given["Name"], given["FunctionName"], str(given["FunctionVersion"]), given.get("Description", ""), None
    )
    return Made(alias.arn, {"AliasArn": alias.arn})


def _event_invoke(name: str, given: dict[str, Any], _old: str | None) -> Made:
    function = patch_lambda.backend().get_function(given["FunctionName"], None)
    config = {key: value for key, value in given.items() if key not in ("FunctionName", "Qualifier")}
    patch_lambda.event_configs[function.function_name, str(given.get("Qualifier", "$LATEST"))] = config
    return Made(name)


def _event_source(_name: str, given: dict[str, Any], old: str | None) -> Made:
    whole = ("BatchSize", "MaximumBatchingWindowInSeconds")
    spec = {**given, **{name: int(given[name]) for name in whole if name in given}}
    spec["Enabled"] = str(given.get("Enabled", True)).lower() == "true"
    backend = patch_lambda.backend()
    if old is not None:
        backend.delete_event_source_mapping(old)
    mapping = backend.create_event_source_mapping(spec)
    return Made(mapping.uuid, {"Id": mapping.uuid, "EventSourceMappingArn": mapping.arn})


def _subscription(_name: str, given: dict[str, Any], old: str | None) -> Made:
    sns = client("sns")
    if old:
        sns.unsubscribe(SubscriptionArn=old)
    shaped = {name: json.dumps(given[name]) for name in ("FilterPolicy",) if name in given}
    shaped |= {name: str(given[name]).lower() for name in ("RawMessageDelivery",) if name in given}
    shaped |= {name: str(given[name]) for name in ("FilterPolicyScope",) if name in given}
    made = sns.subscribe(
        TopicArn=given["TopicArn"],
        Protocol=given["Protocol"],
        Endpoint=given["Endpoint"],
        Attributes=shaped,
        ReturnSubscriptionArn=True,
    )
    return Made(made["SubscriptionArn"], {"Arn": made["SubscriptionArn"]})


def _permission(name: str, given: dict[str, Any], _old: str | None) -> Made:
    resource_policies.permit(name, given)
    return Made(name, {"Id": name})


def _bucket_policy(name: str, given: dict[str, Any], _old: str | None) -> Made:
    resource_policies.set_bucket(given["Bucket"], given["PolicyDocument"])
    return Made(given["Bucket"])


_governed: dict[str, list[Callable[[Any], None]]] = {}
"""By the name of a queues' or topics' policy: what sets the policy of each of them."""


def _policy_of(place: str, put: Callable[[str, Any], None]) -> Maker:
    def make(name: str, given: dict[str, Any], old: str | None) -> Made:
        if old:
            _no_policy(old)
        name = old or name
        _governed[name] = [functools.partial(put, each) for each in given[place]]
        for setter in _governed[name]:
            setter(given["PolicyDocument"])
        return Made(name, {"Id": name})

    return make


def _no_policy(name: str) -> None:
    for setter in _governed.pop(name, []):
        with contextlib.suppress(AttributeError):  # the queue went before its policy
            setter(None)


def _no_bucket_policy(bucket: str) -> None:
    from moto.s3.exceptions import MissingBucket

    with contextlib.suppress(MissingBucket):
        resource_policies.set_bucket(bucket, None)


def _custom(name: str, given: dict[str, Any], old: str | None) -> Made:
    return Made(*custom_resources.make(name, given, old))


MAKERS: Final[dict[str, tuple[Maker, str]]] = {
    "AWS::Batch::ComputeEnvironment": (_environment, "ComputeEnvironmentName"),
    "AWS::Batch::JobQueue": (_queue, "JobQueueName"),
    "AWS::Batch::JobDefinition": (_definition, "JobDefinitionName"),
    "AWS::Batch::SchedulingPolicy": (_policy, "Name"),
    "AWS::StepFunctions::StateMachine": (_machine, "StateMachineName"),
    "AWS::StepFunctions::StateMachineVersion": (_machine_version, ""),
    "AWS::StepFunctions::StateMachineAlias": (_machine_alias, "Name"),
    "AWS::Lambda::Version": (_function_version, ""),
    "AWS::Lambda::Alias": (_function_alias, ""),
    "AWS::Lambda::EventInvokeConfig": (_event_invoke, ""),
    "AWS::Lambda::EventSourceMapping": (_event_source, ""),
    "AWS::SNS::Subscription": (_subscription, ""),
    "AWS::Lambda::Permission": (_permission, ""),
    "AWS::S3::BucketPolicy": (_bucket_policy, ""),
    "AWS::SQS::QueuePolicy": (_policy_of("Queues", resource_policies.set_queue), ""),
    "AWS::SNS::TopicPolicy": (_policy_of("Topics", resource_policies.set_topic), ""),
    custom_resources.TYPE: (_custom, ""),
}
DELETERS: Final[dict[str, Callable[[str], Any]]] = {
    "AWS::Batch::ComputeEnvironment": lambda ref: batch_queues.delete(batch_queues.environments, ref),
    "AWS::Batch::JobQueue": lambda ref: batch_queues.delete(batch_queues.queues, ref),
    "AWS::Batch::JobDefinition": batch_definitions.deregister,
    "AWS::Lambda::EventSourceMapping": lambda ref: patch_lambda.backend().delete_event_source_mapping(ref),
    "AWS::StepFunctions::StateMachine": lambda ref: executions.backend().delete_state_machine(ref),
    "AWS::StepFunctions::StateMachineAlias": lambda ref: executions.backend().delete_state_machine_alias(ref),
    "AWS::SNS::Subscription": lambda ref: client("sns").unsubscribe(SubscriptionArn=ref),
    "AWS::Lambda::Permission": resource_policies.withdraw,
    "AWS::S3::BucketPolicy": _no_bucket_policy,
    "AWS::SQS::QueuePolicy": _no_policy,
    "AWS::SNS::TopicPolicy": _no_policy,
    "AWS::Lambda::Alias": lambda ref: patch_lambda.backend().delete_alias(*reversed(ref.rsplit(":", 2)[1:])),
    "AWS::Lambda::Version": lambda ref: patch_lambda.backend().delete_function(*ref.rsplit(":", 2)[1:]),
    custom_resources.TYPE: custom_resources.delete,
}
