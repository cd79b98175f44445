"""moto's AWS for the adapters, new for every test."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from headrace.aws import clients, contents, run_folder
from headrace.aws.table import Table

BUCKET = "mine"


def in_turn(work: Any, items: Any) -> list[Any]:
    """One thing after another: moto's transactions are not safe in threads."""
    return [work(item) for item in items]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`client(service)` as functions get it, on an empty account with the deployment's bucket (`mine`) and one more."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    _forget()
    with mock_aws():
        for bucket in (BUCKET, "other"):
            clients.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
        yield clients.client
    _forget()


@pytest.fixture
def s3(aws: Any) -> Any:
    """S3, with the buckets `mine` and `other`."""
    return aws("s3")


@pytest.fixture
def ledger_table(aws: Any) -> Table:
    """An empty ledger."""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return Table(dynamodb, "ledger", each=in_turn)


def _forget() -> None:
    """What a warm function keeps."""
    clients.client.cache_clear()
    clients._session.cache_clear()
    run_folder.read.cache_clear()
    run_folder._axes.cache_clear()
    run_folder._tasks.cache_clear()
    contents._read_before.clear()
