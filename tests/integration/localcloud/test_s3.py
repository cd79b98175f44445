"""Objects on the local cloud."""

from __future__ import annotations

import pytest

from .conftest import Stack


@pytest.mark.parametrize(
    "key", ["two\nlines", "re\rturn", "a b+c%20", "q?x=1&y#z", "tab\t", "a//b/", "..", "\\ü\u2028"]
)
def test_a_key_may_hold_anything(stack: Stack, key: str) -> None:
    """Written, read, copied and listed under its own name, by boto3."""
    bucket, key = stack.outputs["Bucket"], f"keys/{key}"
    stack.s3.put_object(Bucket=bucket, Key=key, Body=b"here")
    stack.s3.copy_object(Bucket=bucket, Key=f"{key}~", CopySource={"Bucket": bucket, "Key": key})
    assert stack.s3.get_object(Bucket=bucket, Key=f"{key}~")["Body"].read() == b"here"
    listed = stack.s3.list_objects_v2(Bucket=bucket, Prefix="keys/")["Contents"]
    assert {key, f"{key}~"} <= {item["Key"] for item in listed}


def test_a_job_moves_files_with_newlines(stack: Stack) -> None:
    """The transfer tool stores and fetches such a key."""
    at = f"s3://{stack.outputs['Bucket']}/moved/two\nlines"
    line = 'echo here > f; s5cmd cp --raw f "$AT" && s5cmd cp --raw "$AT" g && cmp f g'
    overrides = {"environment": [{"name": "AT", "value": at}]}
    assert stack.job_ended(stack.submit("newlines", ["sh", "-c", line], overrides=overrides))["status"] == "SUCCEEDED"
