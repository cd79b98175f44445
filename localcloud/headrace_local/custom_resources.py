"""AWS::CloudFormation::CustomResource: a function of the stack is asked for it, and puts its answer to a URL.

On AWS the URL is one of S3, signed for one object; here it is an object too. A function that ends without an answer would make a
deploy wait an hour on AWS; here it fails at once.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

from headrace.core.errors import Refused
from headrace_local.clients import client
from headrace_local.place import ACCOUNT, REGION
from headrace_local.surroundings import current

TYPE: Final = "AWS::CloudFormation::CustomResource"
ANSWERS: Final = "headrace-local-answers"
"""The bucket that functions put their answers into."""
_given: dict[str, dict[str, Any]] = {}
"""The properties of each custom resource, by its physical id."""


def make(name: str, given: dict[str, Any], old: str | None) -> tuple[str, dict[str, str]]:
    """The physical id and the attributes that the function answers; `Refused` with its reason."""
    request = {"RequestType": "Update" if old else "Create", "ResourceProperties": given}
    if old:
        request |= {"PhysicalResourceId": old, "OldResourceProperties": _given.get(old, {})}
    told = _ask(name, given, request)
    ref = str(told["PhysicalResourceId"])
    _given[ref] = given
    return ref, {key: str(value) for key, value in told.get("Data", {}).items()}


def delete(ref: str) -> None:
    """Tell the function that the resource goes."""
    given = _given.pop(ref, None)
    if given is not None:
        _ask(ref, given, {"RequestType": "Delete", "PhysicalResourceId": ref, "ResourceProperties": given})


def _ask(name: str, given: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    stack, _, rest = name.rpartition("-")[0].rpartition("-")
    key = str(uuid.uuid4())
    client("s3").create_bucket(Bucket=ANSWERS)
    event = {
        "ServiceToken": given["ServiceToken"],
        "ResponseURL": f"{current().endpoint}/{ANSWERS}/{key}",
        "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local",
        "RequestId": key,
        "LogicalResourceId": rest,
        "ResourceType": TYPE,
        **request,
    }
    run = client("lambda").invoke(FunctionName=given["ServiceToken"], Payload=json.dumps(event).encode())
    found = client("s3").list_objects_v2(Bucket=ANSWERS, Prefix=key).get("Contents")
    if not found:
        raise Refused(f"{given['ServiceToken']} ended without an answer: {run['Payload'].read().decode()[:500]}")
    told: dict[str, Any] = json.loads(client("s3").get_object(Bucket=ANSWERS, Key=key)["Body"].read())
    client("s3").delete_object(Bucket=ANSWERS, Key=key)
    if told.get("Status") != "SUCCESS":
        raise Refused(f"{given['ServiceToken']}: {told.get('Reason', 'no reason given')}")
    return told
