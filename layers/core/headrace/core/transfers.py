"""How a job moves its files: tries, parallelism, and what S3 is told of what it takes and gives.

Both transfer tools (`aws`, `s5cmd`) know the same flags for what is written: `--storage-class`, `--sse`, `--sse-kms-key-id`,
`--acl`; and `--request-payer requester` for what is read. An object of class GLACIER or DEEP_ARCHIVE could not be read by the
task that needs it, so those two are for `publishDir` alone. Values are of characters no shell reads as anything else.
Sources: AWS CLI reference, `s3 cp`; s5cmd's own help, `cp`; S3 API reference, PutObject.
"""

from __future__ import annotations

import re
from typing import Any, Final

from headrace.core import units
from headrace.core.directive_readers import boolean, choice, fields, leaf, matching
from headrace.core.errors import InvalidValue
from headrace.core.expressions import Template
from headrace.core.frozen import Frozen
from headrace.core.reading import At, kind

READABLE_CLASSES: Final = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "REDUCED_REDUNDANCY",
)
ENCRYPTIONS: Final = ("AES256", "aws:kms")
# The canned ACLs of PutObject; Nextflow's names for them are of another case.
ACLS: Final = (
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
)
RETRY_MODES: Final = ("standard", "adaptive", "legacy")
KEYS: Final = ("storageClass", "storageEncryption", "storageKmsKeyId", "s3Acl", "requesterPays", "endpoint")
FORM: Final = f"{{{', '.join(KEYS)}}}"
_ARCHIVES: Final = ("GLACIER", "DEEP_ARCHIVE")
_KMS_KEY: Final = re.compile(
    r"[A-Za-z0-9-]{1,64}|alias/[A-Za-z0-9/_-]{1,250}|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)/[A-Za-z0-9/_-]{1,250}"
)
_ENDPOINT: Final = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?/?")
_NAMES: Final = {
    "storageClass": "storage_class",
    "storageEncryption": "encryption",
    "storageKmsKeyId": "kms_key",
    "s3Acl": "acl",
    "requesterPays": "requester_pays",
    "endpoint": "endpoint",
}


class Transfer(Frozen):
    """What S3 is told of a job's transfers; empty means S3's own default."""

    storage_class: str = ""
    encryption: str = ""
    kms_key: str = ""
    acl: str = ""
    requester_pays: bool = False
    endpoint: str = ""


NO_TRANSFER: Final = Transfer()


def transfer(at: At) -> Any:
    """The `transfer` directive: a map of KEYS."""
    if isinstance(at.value, Template):
        return at.value
    if not isinstance(at.value, dict):
        at.refuse(f"{kind(at.value)} where a map is wanted", expected=FORM)
        return None
    values = fields(at, _READERS)
    if values is None:
        return None
    found = Transfer(**{_NAMES[name]: value for name, value in values.items()})
    if found.kms_key and found.encryption == "AES256":
        at.key("storageKmsKeyId").refuse("a KMS key beside `storageEncryption: AES256`", expected="aws:kms with a key")
        return None
    return found


def upload_flags(said: Transfer) -> tuple[str, ...]:
    """Flags of `cp` for what a job writes: the same words for `aws` and `s5cmd`."""
    given = {
        "--storage-class": said.storage_class,
        "--sse": said.encryption or ("aws:kms" if said.kms_key else ""),
        "--sse-kms-key-id": said.kms_key,
        "--acl": said.acl,
    }
    return tuple(word for flag, value in given.items() if value for word in (flag, value))


def payer_flags(said: Transfer) -> tuple[str, ...]:
    """Flags for what a job reads and writes: who pays."""
    return ("--request-payer", "requester") if said.requester_pays else ()


def endpoint_variables(said: Transfer) -> dict[str, str]:
    """Environment by which both tools find S3 elsewhere: a VPC endpoint, or a store that speaks S3."""
    return {"S3_ENDPOINT_URL": said.endpoint, "AWS_ENDPOINT_URL_S3": said.endpoint} if said.endpoint else {}


def retry_mode(at: At) -> Any:
    """`standard`, `adaptive` or `legacy`: how the `aws` tool backs off."""
    if at.value == "built-in":
        at.refuse(
            "retryMode built-in is a retry loop in shell",
            expected=" · ".join(RETRY_MODES),
            hint="A job tries failed files again by itself: leave retryMode out",
        )
        return None
    return choice(*RETRY_MODES)(at)


def _storage_class(value: Any) -> str:
    if value in _ARCHIVES:
        raise InvalidValue(
            f"objects of class {value} cannot be read by the next task",
            expected=", ".join(READABLE_CLASSES),
            hint="Archive what is published: publishDir: {path, storageClass}",
        )
    if isinstance(value, str) and value in READABLE_CLASSES:
        return value
    raise InvalidValue("not a storage class", expected=", ".join(READABLE_CLASSES))


def _acl(value: Any) -> str:
    """A canned ACL, also in the spelling Nextflow takes (`BucketOwnerFullControl`)."""
    if isinstance(value, str):
        plain = re.sub(r"[^a-z]", "", value.lower())
        for name in ACLS:
            if plain == name.replace("-", ""):
                return name
    raise InvalidValue("not a canned ACL", expected=", ".join(ACLS))


_READERS: Final = {
    "storageClass": leaf(_storage_class),
    "storageEncryption": choice(*ENCRYPTIONS),
    "storageKmsKeyId": matching(_KMS_KEY, "a KMS key: its id, ARN, or alias/name"),
    "s3Acl": leaf(_acl),
    "requesterPays": boolean,
    "endpoint": matching(_ENDPOINT, "a URL such as https://bucket.vpce-0a1b2c3d.s3.eu-west-1.vpce.amazonaws.com"),
}


def tries(at: At) -> Any:
    """How often a file is tried: 1 to 50."""
    return leaf(lambda value: units.count(value, least=1, most=50))(at)
