"""What a template may contain here: two tables, and everything else is an error by name.

CREATED: the type is created, with these properties; those after `|` are kept without effect on one machine. RECORDED: the
resource is only written down, with the reason; `status` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.core.errors import Problem, nearest

_TYPES: Final[dict[str, str]] = {
    "AWS::S3::Bucket": "BucketName VersioningConfiguration NotificationConfiguration | BucketEncryption PublicAccessBlockConfiguration "
    "OwnershipControls LifecycleConfiguration Tags CorsConfiguration LoggingConfiguration",
    "AWS::DynamoDB::Table": "TableName AttributeDefinitions KeySchema BillingMode ProvisionedThroughput GlobalSecondaryIndexes "
    "LocalSecondaryIndexes | TimeToLiveSpecification PointInTimeRecoverySpecification SSESpecification DeletionProtectionEnabled Tags TableClass "
    "OnDemandThroughput",
    "AWS::SNS::Topic": "TopicName Subscription DisplayName | KmsMasterKeyId Tags TracingConfig",
    "AWS::SNS::TopicPolicy": "Topics PolicyDocument",
    "AWS::SNS::Subscription": "TopicArn Protocol Endpoint FilterPolicy FilterPolicyScope RawMessageDelivery | RedrivePolicy",
    "AWS::SQS::Queue": "QueueName DelaySeconds VisibilityTimeout MessageRetentionPeriod RedrivePolicy FifoQueue ContentBasedDeduplication "
    "ReceiveMessageWaitTimeSeconds MaximumMessageSize | SqsManagedSseEnabled KmsMasterKeyId KmsDataKeyReusePeriodSeconds Tags RedriveAllowPolicy",
    "AWS::SQS::QueuePolicy": "Queues PolicyDocument",
    "AWS::S3::BucketPolicy": "Bucket PolicyDocument",
    "AWS::Events::Rule": "Name EventPattern ScheduleExpression State Targets EventBusName | Description RoleArn Tags",
    "AWS::Events::EventBus": "Name | Tags Description",
    "AWS::Lambda::Function": "FunctionName Code Handler Runtime Timeout MemorySize Environment Layers DeadLetterConfig LoggingConfig PackageType "
    "ReservedConcurrentExecutions Role | "
    "Description TracingConfig Architectures EphemeralStorage Tags KmsKeyArn VpcConfig",
    "AWS::Lambda::EventSourceMapping": "EventSourceArn FunctionName BatchSize MaximumBatchingWindowInSeconds FunctionResponseTypes "
    "ScalingConfig Enabled | Tags",
    "AWS::Lambda::LayerVersion": "LayerName Content | CompatibleRuntimes CompatibleArchitectures Description LicenseInfo",
    "AWS::Lambda::Version": "FunctionName | Description",
    "AWS::Lambda::Alias": "FunctionName FunctionVersion Name | Description",
    "AWS::Lambda::Permission": "FunctionName Action Principal SourceArn SourceAccount",
    "AWS::Lambda::EventInvokeConfig": "FunctionName Qualifier MaximumRetryAttempts DestinationConfig | MaximumEventAgeInSeconds",
    "AWS::StepFunctions::StateMachine": "StateMachineName Definition DefinitionString DefinitionS3Location DefinitionSubstitutions RoleArn "
    "StateMachineType | LoggingConfiguration TracingConfiguration Tags",
    "AWS::StepFunctions::StateMachineVersion": "StateMachineArn StateMachineRevisionId | Description",
    "AWS::StepFunctions::StateMachineAlias": "Name RoutingConfiguration DeploymentPreference | Description",
    "AWS::Batch::ComputeEnvironment": "ComputeEnvironmentName Type State ComputeResources | ServiceRole Tags UpdatePolicy "
    "ReplaceComputeEnvironment UnmanagedvCpus EksConfiguration",
    "AWS::Batch::JobQueue": "JobQueueName State Priority ComputeEnvironmentOrder SchedulingPolicyArn JobStateTimeLimitActions | Tags",
    "AWS::Batch::JobDefinition": "JobDefinitionName Type ContainerProperties RetryStrategy Timeout Parameters PlatformCapabilities "
    "PropagateTags Tags | SchedulingPriority",
    "AWS::Batch::SchedulingPolicy": "Name FairsharePolicy | Tags",
    "AWS::IAM::Role": "RoleName AssumeRolePolicyDocument ManagedPolicyArns Policies Path | Tags Description MaxSessionDuration",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName PolicyDocument Roles Path | Description Users Groups",
    "AWS::IAM::Policy": "PolicyName PolicyDocument Roles | Users Groups",
    "AWS::IAM::InstanceProfile": "InstanceProfileName Roles Path",
    "AWS::Logs::LogGroup": "LogGroupName RetentionInDays | KmsKeyId Tags LogGroupClass",
    "AWS::SSM::Parameter": "Name Type Value | Description Tags Tier",
    "AWS::CloudFormation::CustomResource": "*",  # what its function asks for
    "AWS::CloudFormation::Stack": "TemplateURL Parameters | Tags TimeoutInMinutes NotificationARNs",
}
RECORDED: Final[dict[str, str]] = {
    "AWS::Events::EventBusPolicy": "there is no other account that could put events",
    "AWS::CloudWatch::Alarm": "nothing measures what it would watch",
    "AWS::CloudWatch::Dashboard": "there is no console",
    "AWS::Logs::MetricFilter": "metrics are not kept",
    "AWS::EC2::VPC": "jobs run on this machine's network",
    "AWS::EC2::Subnet": "jobs run on this machine's network",
    "AWS::EC2::SecurityGroup": "jobs run on this machine's network",
    "AWS::EC2::InternetGateway": "jobs run on this machine's network",
    "AWS::EC2::VPCGatewayAttachment": "jobs run on this machine's network",
    "AWS::EC2::RouteTable": "jobs run on this machine's network",
    "AWS::EC2::Route": "jobs run on this machine's network",
    "AWS::EC2::SubnetRouteTableAssociation": "jobs run on this machine's network",
    "AWS::EC2::VPCEndpoint": "jobs run on this machine's network",
    "AWS::EC2::EIP": "jobs run on this machine's network",
    "AWS::EC2::NatGateway": "jobs run on this machine's network",
    "AWS::EC2::LaunchTemplate": "there are no instances to launch",
    "AWS::ImageBuilder::Component": "there are no instances to take an image of",
    "AWS::ImageBuilder::InfrastructureConfiguration": "there are no instances to take an image of",
    "AWS::ImageBuilder::ImageRecipe": "there are no instances to take an image of",
    "AWS::ImageBuilder::Image": "there are no instances to take an image of",
}
_ATTRIBUTES: Final = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
}


def created() -> frozenset[str]:
    """The types that are created here."""
    return frozenset(_TYPES)


def properties_of(kind: str) -> frozenset[str] | None:
    """The properties a type may have; None when the type is not created here."""
    text = _TYPES.get(kind)
    return frozenset(text.replace("|", " ").split()) if text is not None else None


def has_effect(kind: str, name: str) -> bool:
    """Whether a property of a type does anything here."""
    return kind not in RECORDED and name not in _TYPES.get(kind, "").partition("|")[2].split()


def problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    """Every type and property of the template that would not be honoured."""
    for name, resource in template.get("Resources", {}).items():
        kind = resource.get("Type", "")
        path = f"Resources.{name}"
        for attribute in set(resource) - _ATTRIBUTES:
            yield Problem(f"{path}.{attribute}", "not something the local cloud knows of a resource")
        if kind in RECORDED:
            continue
        known = properties_of(kind)
        if known is None:
            yield Problem(
                f"{path}.Type",
                "the local cloud cannot create this type",
                kind,
                hint=nearest(kind, [*_TYPES, *RECORDED]),
            )
            continue
        for given in resource.get("Properties", {}):
            if given not in known and "*" not in known:
                yield Problem(
                    f"{path}.Properties.{given}",
                    f"not a property of {kind} that the local cloud honours",
                    hint=nearest(given, known),
                )


def recorded(template: Mapping[str, Any]) -> dict[str, str]:
    """Logical ids of what is only recorded, each with its type and the reason."""
    resources = template.get("Resources", {}).items()
    return {name: f"{r['Type']}: {RECORDED[r['Type']]}" for name, r in resources if r.get("Type") in RECORDED}
