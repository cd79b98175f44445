"""Secrets by name: Batch takes the ARN of a Secrets Manager secret and nothing less, so the name is looked up; never the value."""

from __future__ import annotations

from functools import lru_cache

from botocore.exceptions import ClientError

from headrace.aws.clients import client
from headrace.core.errors import InvalidSpec, Problem

_KEPT = 256


def arns(names: tuple[str, ...], region: str) -> dict[str, str]:
    """The ARN of each secret; InvalidSpec with every one that is not there or may not be looked at."""
    found, problems = {}, []
    for name in names:
        try:
            found[name] = _arn(name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in {"ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException"}:
                raise
            problems.append(
                Problem(
                    "secrets",
                    f"the secret '{name}' cannot be looked up in {region}: {code}",
                    expected="a secret of this account and region, or a whole ARN",
                )
            )
    if problems:
        raise InvalidSpec(problems)
    return found


@lru_cache(maxsize=_KEPT)
def _arn(name: str) -> str:
    return str(client("secretsmanager").describe_secret(SecretId=name)["ARN"])
