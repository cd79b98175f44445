"""What a request needs: actions, resources and condition keys, from boto3's parameters and from the request itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace_local import iam_requests
from headrace_local.iam_calls import Unmapped, calls_of
from headrace_local.iam_policies import Call

HERE = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/t"


def needs(service: str, operation: str, **request: Any) -> list[tuple[str, str]]:
    """Actions and resources."""
    return [(call.action, call.resource) for call in calls_of(service, operation, request)]


def test_a_version_is_read_by_another_action():
    """S3 asks for GetObjectVersion where a request names a version, of a copy's source too."""
    assert needs("s3", "GetObject", Bucket="b", Key="k") == [("s3:GetObject", "arn:aws:s3:::b/k")]
    assert needs("s3", "HeadObject", Bucket="b", Key="k", VersionId="1") == [
        ("s3:GetObjectVersion", "arn:aws:s3:::b/k")
    ]
    assert needs("s3", "CopyObject", Bucket="b", Key="k", CopySource="/c/a%20b?versionId=1", Tagging="x=y") == [
        ("s3:GetObjectVersion", "arn:aws:s3:::c/a b"),
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
    ]
    assert needs("s3", "UploadPartCopy", Bucket="b", Key="k", CopySource={"Bucket": "c", "Key": "d"}) == [
        ("s3:GetObject", "arn:aws:s3:::c/d"),
        ("s3:PutObject", "arn:aws:s3:::b/k"),
    ]


def test_every_key_of_a_deletion_is_asked_for():
    """One action each."""
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]
    assert needs("s3", "DeleteObjects", Bucket="b", Delete={"Objects": objects}) == [
        ("s3:DeleteObject", "arn:aws:s3:::b/a"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::b/b"),
    ]


@pytest.mark.parametrize(
    ("operation", "request_", "action"),
    [
        ("PutItem", {"Item": {"pk": {"S": "R#1"}, "sk": {"S": "x"}}}, "PutItem"),
        ("UpdateItem", {"Key": {"pk": {"S": "R#1"}, "sk": {"S": "x"}}}, "UpdateItem"),
        ("Query", {"KeyConditionExpression": "#p = :p AND begins_with(sk, :s)", "ExpressionAttributeNames": {"#p": "pk"}, "ExpressionAttributeValues": {":p": {"S": "R#1"}}}, "Query"),
    ],
)  # fmt: skip
def test_leading_keys_are_those_of_the_request(operation: str, request_: dict[str, Any], action: str):
    """By the table's hash key, in items, keys and key conditions."""
    [call] = calls_of("dynamodb", operation, {"TableName": "t", **request_})
    assert call == Call(f"dynamodb:{action}", TABLE, (("dynamodb:LeadingKeys", ("R#1",)),))


def test_a_transaction_needs_what_its_parts_need():
    """IAM asks about each of them, not about TransactWriteItems."""
    key = {"TableName": "t", "Key": {"pk": {"S": "a"}}}
    items = [{"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}, {"ConditionCheck": key}]
    assert needs("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:ConditionCheckItem", TABLE),
    ]


def test_a_job_is_submitted_from_a_definition_to_a_queue():
    """By names or ARNs; tags need an action of their own."""
    queue = f"arn:aws:batch:{HERE}:job-queue/q"
    assert needs("batch", "SubmitJob", jobName="j", jobDefinition="hr-d:1", jobQueue=queue, tags={"a": "b"}) == [
        ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job-definition/hr-d:1"),
        ("batch:SubmitJob", queue),
        ("batch:SubmitJob", f"arn:aws:batch:{HERE}:job/*"),
        ("batch:TagResource", f"arn:aws:batch:{HERE}:job/*"),
    ]


def test_a_definition_passes_its_roles():
    """To the containers' service; its image and whether it is privileged are keys of conditions."""
    container = {"image": "i", "jobRoleArn": "arn:aws:iam::1:role/j", "executionRoleArn": "arn:aws:iam::1:role/e"}
    asked = calls_of("batch", "RegisterJobDefinition", {"jobDefinitionName": "hr-d", "containerProperties": container})
    assert asked[0].context == (("batch:Image", ("i",)), ("batch:Privileged", ("false",)))
    passed = (("iam:PassedToService", ("ecs-tasks.amazonaws.com",)),)
    assert asked[1:] == [Call("iam:PassRole", container[role], passed) for role in ("jobRoleArn", "executionRoleArn")]


def test_an_operation_that_nobody_wrote_down_is_refused():
    """By its name, with the place where it belongs."""
    with pytest.raises(Unmapped) as refused:
        calls_of("sqs", "PurgeQueue", {})
    assert "sqs:PurgeQueue" in str(refused.value)
    assert "iam_calls.py" in refused.value.hint


def _asked(service: str, method: str, path: str, query: str = "", body: bytes = b"", **head: str) -> tuple[str, Any]:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "127.0.0.1:1", **head}
    return iam_requests.parsed(environ, service, body)[1:]


@pytest.mark.parametrize(
    ("method", "path", "query", "operation", "more"),
    [
        ("GET", "/b/k/l", "versionId=7", "GetObject", {"Key": "k/l", "VersionId": "7"}),
        ("GET", "/b/k", "acl", "GetAcl", {"Key": "k"}),
        ("GET", "/b/", "list-type=2&prefix=a%2F", "ListObjectsV2", {"Prefix": "a/"}),
        ("GET", "/b", "versions&prefix=", "ListObjectVersions", {"Prefix": ""}),
        ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart", {"Key": "k"}),
        ("POST", "/b/k", "uploads", "CreateMultipartUpload", {"Key": "k"}),
        ("POST", "/b", "", "PostBucket", {}),
        ("GET", "/b", "object-lock", "GetObject-lock", {}),
    ],
)
def test_s3_is_told_by_method_path_and_query(method: str, path: str, query: str, operation: str, more: dict[str, str]):
    """A part of an object that nobody knows is no plain read."""
    assert _asked("s3", method, path, query) == (operation, {"Bucket": "b", **more})


def test_a_bucket_may_be_in_the_name_of_the_host():
    """As S3's own addresses have it; the keys of a deletion are in the body."""
    host = "b.s3.us-east-1.amazonaws.com"
    assert _asked("s3", "GET", "/k/l", HTTP_HOST=host) == ("GetObject", {"Bucket": "b", "Key": "k/l"})
    body = (
        b"<Delete xmlns='x'><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object></Delete>"
    )
    operation, request = _asked("s3", "POST", "/", "delete", body, HTTP_HOST=host)
    assert operation == "DeleteObjects"
    assert request["Delete"] == {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}


def test_the_others_are_told_by_target_path_or_form():
    """And their parameters have the API's names."""
    assert _asked("dynamodb", "POST", "/", body=b'{"TableName": "t"}', HTTP_X_AMZ_TARGET="D.GetItem") == (
        "GetItem",
        {"TableName": "t"},
    )
    assert _asked("batch", "POST", "/v1/terminatejob", body=json.dumps({"jobId": "j"}).encode()) == (
        "TerminateJob",
        {"jobId": "j"},
    )
    path = "/2015-03-31/functions/arn:aws:lambda:r:1:function:f/invocations"
    assert _asked("lambda", "POST", path, "Qualifier=3", b"not JSON") == (
        "Invoke",
        {"FunctionName": "arn:aws:lambda:r:1:function:f", "Qualifier": "3"},
    )
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert _asked("sns", "POST", "/", body=b"Action=Publish&TopicArn=t", **form) == (
        "Publish",
        {"Action": "Publish", "TopicArn": "t"},
    )
