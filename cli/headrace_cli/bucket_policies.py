"""The policy of a bucket that pipelines read from and write to: those who may, and for everybody what may not be.

The first and the last-but-two statements are those of Nextflow's page on AWS ("S3 policies"); TLS before 1.2, and encryption other
than S3's own or KMS, are refused too. S3 encrypts whatever says nothing, so a request without that header passes.
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

READ: Final = ("s3:GetObject",)
WRITE: Final = ("s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:AbortMultipartUpload")
_ENCRYPTION: Final = "s3:x-amz-server-side-encryption"
_KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def bucket_policy(
    name: str, principals: Sequence[str], *, partition: str = "aws", read_only: bool = False, kms_key: str = ""
) -> dict[str, Any]:
    """The policy document. `principals` are ARNs of roles or users; `kms_key` is the only KMS key objects may be written with."""
    bucket = f"arn:{partition}:s3:::{name}"
    whole = [bucket, f"{bucket}/*"]
    who = {"AWS": sorted(principals)}
    objects = [*READ, *(() if read_only else WRITE)]
    return {
        "Version": "2012-10-17",
        "Id": f"headrace-{name}",
        "Statement": [
            {"Sid": "AllowObjects", "Effect": "Allow", "Principal": who, "Action": objects, "Resource": f"{bucket}/*"},
            # Without it a missing object reads as a forbidden one.
            {"Sid": "AllowList", "Effect": "Allow", "Principal": who, "Action": "s3:ListBucket", "Resource": bucket},
            _deny("AllowSSLRequestsOnly", "s3:*", whole, {"Bool": {"aws:SecureTransport": "false"}}),
            _deny("AllowTls12Only", "s3:*", whole, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            _deny("AllowEncryptionOfS3Only", "s3:PutObject", f"{bucket}/*", _encryption()),
            *([_deny("AllowOneKeyOnly", "s3:PutObject", f"{bucket}/*", _one_key(kms_key))] if kms_key else []),
        ],
    }


def _deny(sid: str, action: str, resource: str | list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }


def _encryption() -> dict[str, Any]:
    """Asked for, and for another than S3 has; `StringNotEquals` alone would also hold where nothing is asked for."""
    return {"Null": {_ENCRYPTION: "false"}, "StringNotEquals": {_ENCRYPTION: ["AES256", "aws:kms", "aws:kms:dsse"]}}


def _one_key(kms_key: str) -> dict[str, Any]:
    return {"Null": {_KEY: "false"}, "StringNotEquals": {_KEY: kms_key}}
