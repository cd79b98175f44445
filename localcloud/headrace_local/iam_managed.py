"""Policies of AWS that the templates name, by name: what they allow, as AWS's reference lists it.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
A template that names another one is refused when it is deployed, until it stands here.
"""

from __future__ import annotations

from typing import Any, Final

_LOGS: Final = ["logs:CreateLogStream", "logs:PutLogEvents"]
_LOG_GROUPS: Final = ["logs:CreateLogGroup", *_LOGS]
_PULL: Final = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]  # fmt: skip
_TRACE: Final = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"]  # fmt: skip
_SSM: Final = ["DescribeAssociation", "GetDeployablePatchSnapshotForInstance", "GetDocument", "DescribeDocument", "GetManifest", "GetParameter", "GetParameters", "ListAssociations", "ListInstanceAssociations", "PutInventory", "PutComplianceItems", "PutConfigurePackageResult", "UpdateAssociationStatus", "UpdateInstanceAssociationStatus", "UpdateInstanceInformation"]  # fmt: skip
_CHANNELS: Final = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
_MESSAGES: Final = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"]
_AGENT: Final = ["CreateCluster", "DeregisterContainerInstance", "DiscoverPollEndpoint", "Poll", "RegisterContainerInstance", "StartTelemetrySession", "UpdateContainerInstancesState", "Submit*"]  # fmt: skip


def _allow(actions: list[str], resources: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources or ["*"], **more}


def _of(service: str, actions: list[str]) -> list[str]:
    return [f"{service}:{action}" for action in actions]


POLICIES: Final[dict[str, list[dict[str, Any]]]] = {
    "service-role/AWSLambdaBasicExecutionRole": [_allow(_LOG_GROUPS)],
    "service-role/AWSLambdaSQSQueueExecutionRole": [
        _allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOG_GROUPS])
    ],
    "service-role/AmazonECSTaskExecutionRolePolicy": [_allow([*_PULL, *_LOGS])],
    "service-role/AmazonEC2ContainerServiceforEC2Role": [
        _allow(["ec2:DescribeTags", *_of("ecs", _AGENT), *_PULL, *_LOGS]),
        _allow(
            ["ecs:TagResource"],
            Condition={"StringEquals": {"ecs:CreateAction": ["CreateCluster", "RegisterContainerInstance"]}},
        ),
        _allow(["ecs:ListTagsForResource"], ["arn:aws:ecs:*:*:task/*/*", "arn:aws:ecs:*:*:container-instance/*/*"]),
    ],
    "AWSXRayDaemonWriteAccess": [_allow(_TRACE)],
    "AWSXrayWriteOnlyAccess": [_allow(_TRACE)],
    "AmazonSSMManagedInstanceCore": [
        _allow(_of("ssm", _SSM)),
        _allow(_of("ssmmessages", _CHANNELS)),
        _allow(_of("ec2messages", _MESSAGES)),
    ],
    # Of the instance that Image Builder makes an image on, and here there is none: nobody acts by it.
    "EC2InstanceProfileForImageBuilder": [],
}
_PREFIX: Final = "arn:aws:iam::aws:policy/"


def document(arn: str) -> dict[str, Any] | None:
    """The policy of AWS that this ARN names; None when it is not one of those above."""
    known = POLICIES.get(arn.removeprefix(_PREFIX)) if is_of_aws(arn) else None
    return None if known is None else {"Version": "2012-10-17", "Statement": known}


def is_of_aws(arn: str) -> bool:
    """Whether AWS keeps this policy, and not the account."""
    return arn.startswith(_PREFIX)
