"""Where a run may write: what the stack's roles can reach, known before anything runs.

In the stack's own bucket jobs write below work/ and results are published below results/; everything else has a meaning of its
own. Any other place has to be named by the stack's parameter AllowedWriteBuckets, a list of ARNs as IAM takes them: `*` and `?`
are wildcards (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
"""

from __future__ import annotations

from typing import Final, Literal

from headrace.core.errors import InvalidValue
from headrace.core.iam_pattern import matches

Use = Literal["work", "results"]

_SOME_KEY: Final = "\x01\x01/\x01\x01"  # no pattern that names only some keys of a folder matches it


def check_writable(uri: str, use: Use, *, bucket: str, allowed: str) -> None:
    """InvalidValue, with the way to open it, when no role of the stack may write below the folder `uri`.

    `bucket` is the stack's own, `allowed` the value of AllowedWriteBuckets.
    """
    place, _, folder = uri.removeprefix("s3://").partition("/")
    if place == bucket and folder.startswith(f"{use}/"):
        return
    key = f"{place}/{folder.rstrip('/')}/{_SOME_KEY}"
    if any(_matches(arn.strip(), key) for arn in allowed.split(",")):
        return
    where = "is outside the stack's bucket" if place != bucket else f"is not below {use}/ of the stack's bucket"
    ours = f"a folder below s3://{bucket}/{use}/"
    raise InvalidValue(
        f"{uri} {where}, and no role of the stack may write there",
        expected=f"{ours}, or one that the stack's parameter AllowedWriteBuckets names",
        hint=f"Deploy the stack with AllowedWriteBuckets=arn:aws:s3:::{place},arn:aws:s3:::{place}/*",
    )


def _matches(arn: str, key: str) -> bool:
    pattern = arn.rpartition(":::")[2]
    return bool(pattern) and matches(key, [pattern])
