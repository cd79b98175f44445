"""What S3 takes as the name of a general purpose bucket, rule by rule.

(https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue, shown

_ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_RULES: Final = (
    (re.compile(r"(?s).{3,63}"), "3 to 63 characters"),
    (re.compile(r"[a-z0-9.-]+"), "small letters, digits, dots and hyphens"),
    (re.compile(r"[a-z0-9].*[a-z0-9]"), "a letter or digit at both ends"),
    (re.compile(r"(?!.*\.\.).*"), "no two dots in a row"),
)


def check_bucket_name(name: str) -> str:
    """The name; InvalidValue with the rule that it breaks."""
    for rule, expected in _RULES:
        if not rule.fullmatch(name):
            raise _no_bucket(name, expected)
    if _ADDRESS.fullmatch(name):
        raise _no_bucket(name, "not the form of an IP address")
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            raise _no_bucket(name, f"a name that does not begin with {prefix}, which S3 keeps for itself")
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            raise _no_bucket(name, f"a name that does not end in {suffix}, which S3 keeps for itself")
    return name


def _no_bucket(name: str, expected: str) -> InvalidValue:
    hint = "Give the name alone, without s3://" if name.startswith(("s3:", "arn:")) else ""
    return InvalidValue(f"{shown(name)} is no name of a bucket", expected=expected, hint=hint)
