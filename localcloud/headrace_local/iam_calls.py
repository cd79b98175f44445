"""What a request wants, as IAM sees it: for every operation its actions, each with its resource and its condition keys.

One table for the local cloud and for tests that judge boto3's own calls: parameters are named as the API names them. An operation
that is not here is refused by name (`Unmapped`): add it to the table of its service, with what the service authorization reference
says of it. https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headrace.core.errors import InvalidValue
from headrace_local.iam_policies import Call
from headrace_local.place import ACCOUNT, REGION

Request = Mapping[str, Any]


class Unmapped(InvalidValue):
    """An operation whose actions nobody has written down."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a request does not say itself: a table's hash key, and the ARN of the secret that has a name."""

    hash_key: Callable[[str], str] = lambda _table: "pk"
    secret_arn: Callable[[str], str] = lambda name: arn("secretsmanager", f"secret:{name}")


def arn(service: str, rest: str) -> str:
    """An ARN of the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def calls_of(service: str, operation: str, request: Request, facts: Facts = Facts()) -> list[Call]:
    """What an operation of a service (by its signing name, as `states`) needs; `Unmapped` when nobody has written it down."""
    known = _TABLES.get(service, {})
    serve = known.get(operation)
    if serve is not None:
        return list(serve(operation, request, facts))
    if operation in _FREE.get(service, ()):
        return []
    if operation in _EVERYWHERE.get(service, ()):
        return [Call(f"{_prefix(service)}:{operation}", "*")]
    raise Unmapped(
        f"the local cloud does not know which permissions {service}:{operation} needs",
        hint="add it to localcloud/headrace_local/iam_calls.py, with what the service authorization reference says of it",
    )


def _prefix(service: str) -> str:
    """Of its actions; CloudWatch signs by its old name."""
    return {"monitoring": "cloudwatch"}.get(service, service)


_Serve = Callable[[str, Request, Facts], Iterable[Call]]


def _at(place: Callable[[Request], str], action: str = "") -> _Serve:
    """One action, called as the operation or otherwise, of the resource at `place`."""

    def serve(operation: str, request: Request, _facts: Facts) -> Iterable[Call]:
        resource = place(request)
        service = resource.split(":")[2]
        return [Call(action or f"{service}:{operation}", resource)]

    return serve


# -------------------------------------------------------------------------------------------------- S3
def _bucket(request: Request) -> str:
    return f"arn:aws:s3:::{request['Bucket']}"


def _object(request: Request) -> str:
    return f"arn:aws:s3:::{request['Bucket']}/{request['Key']}"


def _read(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    yield Call("s3:GetObjectVersion" if request.get("VersionId") else "s3:GetObject", _object(request))


def _write(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    names = {"ServerSideEncryption": "s3:x-amz-server-side-encryption", "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id"}  # fmt: skip
    context = tuple((names[name], (str(request[name]),)) for name in names if request.get(name))
    yield Call("s3:PutObject", _object(request), context)
    if request.get("Tagging"):
        yield Call("s3:PutObjectTagging", _object(request))


def _copy(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    yield from _read(operation, source(request["CopySource"]), facts)
    yield from _write(operation, request, facts)


def source(said: Any) -> Request:
    """Where a copy comes from: `bucket/key?versionId=…`, or the same in parts."""
    if isinstance(said, Mapping):
        return said
    from urllib.parse import unquote

    place, _, version = str(said).partition("?versionId=")
    bucket, _, key = unquote(place).lstrip("/").partition("/")
    return {"Bucket": bucket, "Key": key, "VersionId": version}


def _list(operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    action = {
        "ListObjectVersions": "s3:ListBucketVersions",
        "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    }
    prefix = request.get("Prefix")
    context = () if prefix is None else (("s3:prefix", (str(prefix),)),)
    yield Call(action.get(operation, "s3:ListBucket"), _bucket(request), context)


def sight(request: Request) -> Call:
    """What it takes to be told that an object is not there; without it S3 says that it may not be read.

    S3's reference names no prefix for this case; the key is taken, as policies that name folders expect it.
    """
    return Call("s3:ListBucket", _bucket(request), (("s3:prefix", (str(request["Key"]),)),))


def _delete(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    yield Call("s3:DeleteObjectVersion" if request.get("VersionId") else "s3:DeleteObject", _object(request))


def _delete_all(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    for each in request["Delete"]["Objects"]:
        yield from _delete(operation, {"Bucket": request["Bucket"], **each}, facts)


def _tag(operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    action = operation.replace("Tagging", "VersionTagging") if request.get("VersionId") else operation
    yield Call(f"s3:{action}", _object(request))


_S3: Final[dict[str, _Serve]] = {
    "GetObject": _read,
    "HeadObject": _read,
    "PutObject": _write,
    "CreateMultipartUpload": _write,
    "UploadPart": _at(_object, "s3:PutObject"),
    "CompleteMultipartUpload": _at(_object, "s3:PutObject"),
    "CopyObject": _copy,
    "UploadPartCopy": _copy,
    "AbortMultipartUpload": lambda _o, request, _f: [Call("s3:AbortMultipartUpload", _object(request))],
    "ListParts": lambda _o, request, _f: [Call("s3:ListMultipartUploadParts", _object(request))],
    "ListObjects": _list,
    "ListObjectsV2": _list,
    "ListObjectVersions": _list,
    "ListMultipartUploads": _list,
    "HeadBucket": _list,
    "DeleteObject": _delete,
    "DeleteObjects": _delete_all,
    "PutObjectTagging": _tag,
    "GetObjectTagging": _tag,
    "DeleteObjectTagging": _tag,
    **{
        operation: _at(_bucket, f"s3:{action}")
        for operation, action in {
            "CreateBucket": "CreateBucket",
            "DeleteBucket": "DeleteBucket",
            "GetBucketLocation": "GetBucketLocation",
            "GetBucketVersioning": "GetBucketVersioning",
            "GetBucketNotificationConfiguration": "GetBucketNotification",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "GetBucketPolicy": "GetBucketPolicy",
            "GetBucketEncryption": "GetEncryptionConfiguration",
            "GetBucketTagging": "GetBucketTagging",
            "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
            "PutBucketPolicy": "PutBucketPolicy",
            "PutBucketVersioning": "PutBucketVersioning",
            "PutBucketNotificationConfiguration": "PutBucketNotification",
        }.items()
    },
}


# -------------------------------------------------------------------------------------------------- DynamoDB
_PARTS: Final = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}  # fmt: skip
_EQUALS: Final = re.compile(r"\(*\s*([#\w.]+)\s*=\s*(:\w+)")


def _table(name: str) -> str:
    return name if name.startswith("arn:") else arn("dynamodb", f"table/{name}")


def _items(action: str, name: str, hash_keys: Iterable[Any]) -> Call:
    leading = tuple(sorted({str(next(iter(value.values()))) for value in hash_keys if isinstance(value, Mapping)}))
    return Call(f"dynamodb:{action}", _table(name), (("dynamodb:LeadingKeys", leading),) if leading else ())


def _item(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    name = str(request["TableName"])
    attributes = request.get("Key") or request.get("Item") or {}
    yield _items(operation, name, [attributes.get(facts.hash_key(name))])


def _query(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    name = str(request["TableName"])
    if index := request.get("IndexName"):
        yield Call(f"dynamodb:{operation}", f"{_table(name)}/index/{index}")
        return
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    found = [
        values.get(value)
        for attribute, value in _EQUALS.findall(str(request.get("KeyConditionExpression", "")))
        if names.get(attribute, attribute) == facts.hash_key(name)
    ]
    yield _items(operation, name, found)


def _batch_get(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    for name, asked in request["RequestItems"].items():
        yield _items(operation, name, [key.get(facts.hash_key(name)) for key in asked["Keys"]])


def _batch_write(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    for name, asked in request["RequestItems"].items():
        each = [(item.get("PutRequest") or {}).get("Item") or item["DeleteRequest"]["Key"] for item in asked]
        yield _items(operation, name, [attributes.get(facts.hash_key(name)) for attributes in each])


def _transaction(_operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    """IAM asks about each part of it."""
    for item in request["TransactItems"]:
        for kind, part in item.items():
            yield from _item(_PARTS[kind], part, facts)


_DYNAMODB: Final[dict[str, _Serve]] = {
    **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem"), _item),
    **dict.fromkeys(
        ("DescribeTable", "DescribeContinuousBackups", "Scan"),
        lambda operation, request, _f: [Call(f"dynamodb:{operation}", _table(str(request["TableName"])))],
    ),
    "Query": _query,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_write,
    "TransactWriteItems": _transaction,
}


# -------------------------------------------------------------------------------------------------- Step Functions
def _field(name: str) -> Callable[[Request], str]:
    return lambda request: str(request[name])


_EXECUTION: Final = _at(_field("executionArn"))
_STATES: Final[dict[str, _Serve]] = {
    "StartExecution": _at(_field("stateMachineArn")),
    **dict.fromkeys(
        ("DescribeStateMachine", "ListStateMachineAliases", "ListStateMachineVersions"), _at(_field("stateMachineArn"))
    ),
    "DescribeStateMachineAlias": _at(_field("stateMachineAliasArn")),
    "DeleteStateMachineVersion": _at(_field("stateMachineVersionArn")),
    "ListExecutions": _at(lambda request: str(request.get("stateMachineArn") or request["mapRunArn"])),
    "DescribeMapRun": _at(_field("mapRunArn")),
    **dict.fromkeys(
        (
            "DescribeExecution",
            "StopExecution",
            "GetExecutionHistory",
            "ListMapRuns",
            "DescribeStateMachineForExecution",
        ),
        _EXECUTION,
    ),
}


# -------------------------------------------------------------------------------------------------- Batch
def _batch(kind: str, name: Any) -> str:
    return str(name) if str(name).startswith("arn:") else arn("batch", f"{kind}/{name}")


_ANY_JOB: Final = arn("batch", "job/*")


def _submit(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    share = request.get("shareIdentifier")
    context = (("batch:ShareIdentifier", (str(share),)),) if share else ()
    yield Call("batch:SubmitJob", _batch("job-definition", request["jobDefinition"]), context)
    yield Call("batch:SubmitJob", _batch("job-queue", request["jobQueue"]), context)
    yield Call("batch:SubmitJob", _ANY_JOB, context)
    if request.get("tags"):
        yield Call("batch:TagResource", _ANY_JOB)


def _register(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    definition = arn("batch", f"job-definition/{request['jobDefinitionName']}")
    container = request.get("containerProperties") or {}
    context = {
        "batch:Image": (str(container.get("image", "")),),
        "batch:Privileged": (str(bool(container.get("privileged"))).lower(),),
    }
    yield Call("batch:RegisterJobDefinition", definition, tuple(context.items()))
    if request.get("tags"):
        yield Call("batch:TagResource", definition)
    for role in ("jobRoleArn", "executionRoleArn"):
        if container.get(role):
            yield Call("iam:PassRole", str(container[role]), (("iam:PassedToService", ("ecs-tasks.amazonaws.com",)),))


def _jobs(operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    action = {"CancelJobs": "CancelJob", "TerminateJobs": "TerminateJob"}.get(operation, operation)
    for job in [request["jobId"]] if "jobId" in request else request["jobs"]:
        yield Call(f"batch:{action}", _batch("job", job))


_BATCH: Final[dict[str, _Serve]] = {
    "SubmitJob": _submit,
    "RegisterJobDefinition": _register,
    **dict.fromkeys(("CancelJob", "TerminateJob", "CancelJobs", "TerminateJobs"), _jobs),
    "GetJobQueueSnapshot": _at(lambda request: _batch("job-queue", request["jobQueue"])),
    "DeregisterJobDefinition": _at(lambda request: _batch("job-definition", request["jobDefinition"])),
}


# -------------------------------------------------------------------------------------------------- the others
def _function(request: Request) -> str:
    name, qualifier = str(request["FunctionName"]), request.get("Qualifier")
    whole = name if name.startswith("arn:") else arn("lambda", f"function:{name.rpartition('function:')[2]}")
    return f"{whole}:{qualifier}" if qualifier and whole.count(":") == 6 else whole


def _layer_version(request: Request) -> str:
    return arn("lambda", f"layer:{str(request['LayerName']).rpartition('layer:')[2]}:{request['VersionNumber']}")


def _streams(request: Request) -> str:
    """CloudWatch Logs asks about a stream even where the request names none: the ARNs of a group end in `:*` for that."""
    group = str(request.get("logGroupName") or request.get("logGroupIdentifier"))
    group = group.partition(":log-group:")[2] or group
    return arn("logs", f"log-group:{group.removesuffix(':*')}:log-stream:{request.get('logStreamName', '')}")


def _put_events(_operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    for entry in request["Entries"]:
        bus = str(entry.get("EventBusName") or "default").rpartition("/")[2]
        yield Call("events:PutEvents", arn("events", f"event-bus/{bus}"), (("events:source", (str(entry["Source"]),)),))


def _queue(request: Request) -> str:
    return arn("sqs", str(request["QueueUrl"]).rpartition("/")[2])


def _secret(operation: str, request: Request, facts: Facts) -> Iterator[Call]:
    said = str(request["SecretId"])
    yield Call(f"secretsmanager:{operation}", said if said.startswith("arn:") else facts.secret_arn(said))


def parameter(name: str) -> str:
    """The ARN of an SSM parameter, by its name or its ARN."""
    return name if name.startswith("arn:") else arn("ssm", f"parameter/{name.lstrip('/')}")


def _parameters(operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    for name in [request["Name"]] if "Name" in request else request["Names"]:
        yield Call(f"ssm:{operation}", parameter(str(name)))


def _cluster(request: Request) -> str:
    said = str(request.get("cluster") or "default")
    return said if said.startswith("arn:") else arn("ecs", f"cluster/{said}")


def _instances(operation: str, request: Request, _facts: Facts) -> Iterator[Call]:
    cluster = _cluster(request).rpartition("/")[2]
    for each in request["containerInstances"]:
        whole = each if each.startswith("arn:") else arn("ecs", f"container-instance/{cluster}/{each}")
        yield Call(f"ecs:{operation}", whole)


def _stack(request: Request) -> str:
    """A stack's ARN ends in an id that its name does not tell."""
    said = str(request["StackName"])
    return said if said.startswith("arn:") else arn("cloudformation", f"stack/{said}/id")


def _named(service: str, kind: str, field: str) -> Callable[[Request], str]:
    return lambda request: f"{arn(service, kind)}{request[field]}"


def _profile(kind: str, field: str) -> Callable[[Request], str]:
    return lambda request: f"arn:aws:iam::{ACCOUNT}:{kind}/{request[field]}"


_TABLES: Final[dict[str, dict[str, _Serve]]] = {
    "s3": _S3,
    "dynamodb": _DYNAMODB,
    "states": _STATES,
    "batch": _BATCH,
    "lambda": {
        "Invoke": _at(_function, "lambda:InvokeFunction"),
        **dict.fromkeys(
            ("DeleteFunction", "GetFunction", "GetFunctionConfiguration", "ListAliases", "ListVersionsByFunction"),
            _at(_function),
        ),
        "DeleteLayerVersion": _at(_layer_version),
    },
    "logs": {
        **dict.fromkeys(
            ("GetLogEvents", "FilterLogEvents", "DescribeLogStreams", "CreateLogStream", "PutLogEvents"), _at(_streams)
        ),
        "DescribeLogGroups": lambda _o, _r, _f: [Call("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:"))],
    },
    "events": {
        "PutEvents": _put_events,
        **dict.fromkeys(("DescribeRule", "PutRule"), _at(_named("events", "rule/", "Name"))),
        "PutTargets": _at(_named("events", "rule/", "Rule")),
    },
    "sns": {
        "Publish": _at(_field("TopicArn"), "sns:Publish"),
        "ListSubscriptionsByTopic": _at(_field("TopicArn")),
    },
    "sqs": dict.fromkeys(("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"), _at(_queue)),
    "secretsmanager": dict.fromkeys(("DescribeSecret", "GetSecretValue"), _secret),
    "ssm": dict.fromkeys(("GetParameter", "GetParameters"), _parameters),
    "ecs": {
        "ListContainerInstances": _at(_cluster),
        "DescribeContainerInstances": _instances,
    },
    "cloudformation": dict.fromkeys(
        ("DescribeStacks", "ListStackResources", "DescribeStackResources", "GetTemplate"), _at(_stack)
    ),
    "iam": {
        "GetRole": _at(_profile("role", "RoleName")),
        "GetInstanceProfile": _at(_profile("instance-profile", "InstanceProfileName")),
    },
}
_EVERYWHERE: Final[dict[str, tuple[str, ...]]] = {
    "autoscaling": ("DescribeScalingActivities",),
    "batch": ("DescribeComputeEnvironments", "DescribeJobDefinitions", "DescribeJobQueues", "DescribeJobs", "ListJobs"),
    "ec2": ("DescribeInstanceTypes", "DescribeLaunchTemplateVersions"),
    "lambda": ("ListEventSourceMappings", "ListLayerVersions"),
    "monitoring": ("DescribeAlarms",),
    "servicequotas": ("GetAWSDefaultServiceQuota", "GetServiceQuota"),
    "states": ("SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"),
}
"""Actions without a resource type: a policy names `*` for them."""
_FREE: Final[dict[str, tuple[str, ...]]] = {"sts": ("GetCallerIdentity",)}
"""What needs no permission."""
