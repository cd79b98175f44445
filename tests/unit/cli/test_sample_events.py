"""Payloads for another deployment."""

from headrace_cli.sample_events import for_stack


def test_names_of_the_deployment_are_replaced_and_nothing_else():
    """Bucket, region, account and machines, at any depth; runs, tasks and a region that is no part of an ARN stay."""
    payload = {
        "machine": "arn:aws:states:eu-west-1:123456789012:stateMachine:headrace-run-scope:7",
        "launch": {"pipeline": "s3://headrace-bucket-1a2b3c/launch/x.yaml", "version": "L4"},
        "resources": ["arn:aws:s3:::headrace-bucket-1a2b3c", 7, None],
        "region": "eu-west-1",
        "run": "variants-0a1b2c3d4e5f",
    }
    assert for_stack(payload, bucket="b", stack="dev", region="us-east-1", account="999999999999") == {
        "machine": "arn:aws:states:us-east-1:999999999999:stateMachine:dev-run-scope:7",
        "launch": {"pipeline": "s3://b/launch/x.yaml", "version": "L4"},
        "resources": ["arn:aws:s3:::b", 7, None],
        "region": "eu-west-1",
        "run": "variants-0a1b2c3d4e5f",
    }
