"""Secrets by name: their ARN, never their value."""

import boto3
import pytest
from moto import mock_aws

from headrace.aws import secrets
from headrace.core.errors import InvalidSpec

REGION = "eu-west-1"


@pytest.fixture
def store(monkeypatch):
    """Secrets Manager, empty; nothing is remembered from another test."""
    with mock_aws():
        client = boto3.client("secretsmanager", region_name=REGION)
        monkeypatch.setattr(secrets, "client", lambda _service: client)
        secrets._arn.cache_clear()
        yield client
        secrets._arn.cache_clear()


def test_a_name_becomes_its_arn(store):
    """Names with a path too."""
    arn = store.create_secret(Name="team/token", SecretString="x")["ARN"]
    assert secrets.arns(("team/token",), REGION) == {"team/token": arn}
    assert secrets.arns((), REGION) == {}


def test_every_secret_that_is_not_there_is_named(store):
    """All at once, with the region looked in."""
    store.create_secret(Name="here", SecretString="x")
    with pytest.raises(InvalidSpec) as refusal:
        secrets.arns(("a", "here", "b"), REGION)
    assert [problem.message for problem in refusal.value.problems] == [
        f"the secret '{name}' cannot be looked up in {REGION}: ResourceNotFoundException" for name in ("a", "b")
    ]
