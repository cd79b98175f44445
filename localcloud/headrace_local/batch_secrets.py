"""The secrets of a job, fetched as the container agent does when a job starts: into its environment and nowhere else.

https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html
https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-parameters.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from headrace_local.clients import client


class Unpulled(Exception):  # noqa: N818 - reads as what it is
    """A secret that could not be had; the message is the container's reason."""


def values(properties: Mapping[str, Any]) -> dict[str, str]:
    """The variables that a container gets for its `secrets`."""
    return {str(secret["name"]): _value(str(secret["valueFrom"])) for secret in properties.get("secrets") or []}


def _value(place: str) -> str:
    """`place` is the ARN of a secret, with `:json-key:stage:version` behind it or not, or the name or ARN of a parameter."""
    try:
        if ":secretsmanager:" in place:
            parts = [*place.split(":"), "", "", ""]
            arn, (key, stage, version) = ":".join(parts[:7]), parts[7:10]
            asked = {name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value}
            text = str(client("secretsmanager").get_secret_value(SecretId=arn, **asked)["SecretString"])
            return str(json.loads(text)[key]) if key else text
        name = place.partition(":parameter")[2] or place
        return str(client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except (ClientError, ValueError, KeyError) as error:
        kind = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise Unpulled(
            f"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret {place}: {kind}"
        ) from error
