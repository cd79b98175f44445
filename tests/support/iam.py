"""A policy asked whether it allows a call: actions, resources with wildcards, and the prefix condition; nothing else is needed here.

And the calls of boto3, as IAM sees them: what a request of botocore needs, action by action, resource by resource.
"""

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One thing a request wants to do; `prefix` of a ListBucket."""

    action: str
    resource: str
    prefix: str | None = None


def allows(policy: Mapping[str, Any], call: Call) -> bool:
    """Whether a statement of the policy allows it."""
    return any(_allowed(statement, call) for statement in policy["Statement"])


def _allowed(statement: Mapping[str, Any], call: Call) -> bool:
    patterns = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    return (
        call.action in statement["Action"]
        and any(fnmatch.fnmatchcase(call.resource, each) for each in statement["Resource"])
        and (patterns is None or any(fnmatch.fnmatchcase(call.prefix or "", each) for each in patterns))
    )


def calls_of(
    service: str, operation: str, request: Mapping[str, Any], arn: Callable[[str, str], str]
) -> Iterator[Call]:
    """What a request needs. `arn(service, rest)` makes an ARN of the account."""
    if service == "s3":
        yield from _storage(operation, request)
    elif service == "dynamodb":
        names = [request["TableName"]] if "TableName" in request else list(request["RequestItems"])
        for name in names:
            yield Call(f"dynamodb:{operation}", arn("dynamodb", f"table/{name}"))
    elif service == "logs":
        yield Call(f"logs:{operation}", arn("logs", f"log-group:{request['logGroupName']}:log-stream:x"))
    elif service == "cloudformation":
        yield Call(f"cloudformation:{operation}", arn("cloudformation", f"stack/{request['StackName']}/id"))
    elif operation == "TerminateJob":
        yield Call("batch:TerminateJob", arn("batch", f"job/{request['jobId']}"))
    elif operation == "DeregisterJobDefinition":
        yield Call("batch:DeregisterJobDefinition", request["jobDefinition"])
    elif operation == "Invoke":
        yield Call("lambda:InvokeFunction", arn("lambda", f"function:{request['FunctionName']}"))
    elif "FunctionName" in request:
        version = f":{request['Qualifier']}" if "Qualifier" in request else ""
        yield Call(f"lambda:{operation}", arn("lambda", f"function:{request['FunctionName']}{version}"))
    elif service == "stepfunctions" and operation != "SendTaskSuccess":
        (named,) = [value for name, value in request.items() if name.endswith("Arn")]
        yield Call(f"states:{operation}", named)
    else:
        yield Call(f"{ {'stepfunctions': 'states'}.get(service, service) }:{operation}", "*")


def _storage(operation: str, request: Mapping[str, Any]) -> Iterator[Call]:
    bucket = f"arn:aws:s3:::{request['Bucket']}"
    key = f"{bucket}/{request.get('Key', '')}"
    match operation:
        case "ListObjectsV2":
            yield Call("s3:ListBucket", bucket, request.get("Prefix", ""))
        case "HeadBucket":
            yield Call("s3:ListBucket", bucket)
        case "GetObject" | "HeadObject":
            assert "VersionId" not in request
            yield Call("s3:GetObject", key)
            # What is not there reads as forbidden unless the folder may be listed.
            yield Call("s3:ListBucket", bucket, request["Key"])
        case "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload":
            yield Call("s3:PutObject", key)
        case "DeleteObject":
            yield Call("s3:DeleteObject", key)
        case "DeleteObjects":
            for each in request["Delete"]["Objects"]:
                yield Call("s3:DeleteObject", f"{bucket}/{each['Key']}")
        case _:
            raise AssertionError(f"an operation nobody thought of: {operation}")
