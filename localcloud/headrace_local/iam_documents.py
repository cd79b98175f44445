"""The policies in a template, read before its resources are made: what could not be judged here is refused by name.

A resource that is made with a policy nobody can read would be refused everything, or allowed it, and no test would say why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.core.errors import InvalidValue
from headrace_local import iam_managed, iam_policies

_OF_RESOURCES: Final = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")


def problems(kind: str, given: Mapping[str, Any]) -> Iterator[str]:
    """What of a resource's policies the local cloud does not know."""
    for place, document, of_resource in _documents(kind, given):
        try:
            iam_policies.statements(place, document, of_resource=of_resource)
        except InvalidValue as error:
            yield f"{error}{f' ({error.hint})' if error.hint else ''}"
    for arn in given.get("ManagedPolicyArns", []) if kind == "AWS::IAM::Role" else []:
        if iam_managed.is_of_aws(arn) and iam_managed.document(arn) is None:
            yield f"the local cloud does not know what {arn} allows: add it to iam_managed.py"


def _documents(kind: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    if kind == "AWS::IAM::Role":
        for policy in given.get("Policies", []):
            yield str(policy["PolicyName"]), _read(policy["PolicyDocument"]), False
        yield "AssumeRolePolicyDocument", _read(given["AssumeRolePolicyDocument"]), True
    elif kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        yield "PolicyDocument", _read(given["PolicyDocument"]), False
    elif kind in _OF_RESOURCES:
        yield "PolicyDocument", _read(given["PolicyDocument"]), True


def _read(document: Any) -> Mapping[str, Any]:
    return dict(json.loads(document)) if isinstance(document, str) else dict(document)
