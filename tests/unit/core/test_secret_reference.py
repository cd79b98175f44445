"""Where a secret is kept (rule 11)."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.secret_reference import secret_reference


@pytest.mark.parametrize(
    "text",
    [
        "ssm:token",
        "ssm:/team/token",
        "secretsmanager:team/token-AbCdEf",
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:t-AbCdEf:key::",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/team/token",
        "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:t-AbCdEf",
    ],
)
def test_references(text: str) -> None:
    """Parameter Store and Secrets Manager, by name or ARN."""
    assert secret_reference(text) == text


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "ssm:",
        "ssm:a b",
        "ssm://x",
        "secretsmanager:",
        "arn:aws:s3:::bucket",
        "",
        3,
        None,
        ["ssm:x"],
        "ssm:" + "x" * 5000,
    ],
)
def test_everything_else_may_be_the_secret_itself(value: Any) -> None:
    """It is refused, and the message does not show it."""
    with pytest.raises(InvalidValue) as refusal:
        secret_reference(value)
    assert "hunter2" not in str(refusal.value)
