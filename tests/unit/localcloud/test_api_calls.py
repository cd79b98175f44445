"""The name of an operation, from the request."""

import io
import json
from typing import Any

import pytest

from headrace_local.api_calls import operation, parts


def _asked(service: str, method: str, path: str = "/", query: str = "", form: str = "", **more: str) -> dict[str, Any]:
    scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
    content = {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8"} if form else {}
    return {
        "HTTP_AUTHORIZATION": scope,
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(form.encode()),
        **content,
        **more,
    }


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (_asked("dynamodb", "POST", HTTP_X_AMZ_TARGET="DynamoDB_20120810.UpdateItem"), "dynamodb:UpdateItem"),
        (_asked("batch", "POST", "/v1/describejobs"), "batch:describejobs"),
        (_asked("lambda", "POST", "/2015-03-31/functions/f/invocations"), "lambda:Invoke"),
        (_asked("sns", "POST", form="Action=Publish&Version=2010-03-31"), "sns:Publish"),
        (_asked("ec2", "POST", form="Action=DescribeInstanceTypes&Version=2016-11-15"), "ec2:DescribeInstanceTypes"),
        (_asked("s3", "PUT", "/bucket/key"), "s3:PutObject"),
        (_asked("s3", "PUT", "/bucket/key", "tagging"), "s3:PutObjectTagging"),
        (_asked("s3", "DELETE", "/bucket/key", "uploadId=u"), "s3:AbortMultipartUpload"),
        (_asked("s3", "DELETE", "/bucket/key"), "s3:DeleteObject"),
        (_asked("s3", "GET", "/bucket", "list-type=2"), "s3:ListObjectsV2"),
    ],
)
def test_an_operation_is_named_as_aws_names_it(asked: dict[str, Any], name: str):
    """By target, path, method and query, or by the form's Action; Batch's by its path."""
    assert operation(asked) == name


def test_a_form_is_left_to_who_serves_it():
    """The body is read, and stands at its beginning again."""
    asked = _asked("sns", "POST", form="Action=Publish&Message=m")
    operation(asked)
    assert asked["wsgi.input"].read() == b"Action=Publish&Message=m"


def test_a_transaction_is_told_by_its_parts():
    """IAM asks about each of them, not about TransactWriteItems."""
    asked = _asked("dynamodb", "POST", HTTP_X_AMZ_TARGET="DynamoDB_20120810.TransactWriteItems")
    asked["wsgi.input"] = io.BytesIO(json.dumps({"TransactItems": [{"Put": {}}, {"ConditionCheck": {}}]}).encode())
    assert parts(asked, operation(asked)) == ["dynamodb:Put", "dynamodb:ConditionCheck"]
    assert parts(asked, "dynamodb:PutItem") == []
