"""Where a run may write."""

from __future__ import annotations

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.writable import check_writable


@pytest.mark.parametrize(
    ("uri", "use", "allowed", "may"),
    [
        ("s3://mine/work", "work", "", False),  # a folder ends in a slash
        ("s3://mine/work/", "work", "", True),
        ("s3://mine/work/team/", "work", "", True),
        ("s3://mine/results/r/", "results", "", True),
        ("s3://mine/results/r/", "work", "", False),
        ("s3://mine/else/", "results", "", False),
        ("s3://other/x/", "results", "", False),
        ("s3://other/x/", "results", "arn:aws:s3:::other,arn:aws:s3:::other/*", True),
        ("s3://other/x/", "results", "arn:aws:s3:::other", False),
        ("s3://other/x/", "results", "arn:aws:s3:::other/x/*", True),
        ("s3://other/x", "results", "arn:aws:s3:::other/x/*", True),
        ("s3://other/xy/", "results", "arn:aws:s3:::other/x/*", False),
        ("s3://other/x/", "work", "arn:aws-cn:s3:::oth*", True),
        ("s3://other/x/", "work", " arn:aws:s3:::a/* , arn:aws:s3:::othe?/*", True),
        ("s3://other/x/", "work", "arn:aws:s3:::other/*.bam", False),
        ("s3://other/x/", "work", "arn:aws:s3:::other/*/*", True),
        ("s3://other/x/", "work", "arn:aws:s3:::other/x/?/*", False),
        ("s3://mine/else/", "results", "arn:aws:s3:::mine/else/*", True),
        ("s3://o.her/x/", "work", "arn:aws:s3:::other/*", False),
    ],
)
def test_the_stacks_own_folders_and_what_it_was_opened_for(uri: str, use: str, allowed: str, may: bool):
    """As the roles of the template have it; every refusal says how to open the place."""
    if may:
        check_writable(uri, use, bucket="mine", allowed=allowed)  # type: ignore[arg-type]
        return
    with pytest.raises(InvalidValue) as refusal:
        check_writable(uri, use, bucket="mine", allowed=allowed)  # type: ignore[arg-type]
    assert "no role of the stack may write there" in refusal.value.message
    assert "AllowedWriteBuckets=arn:aws:s3:::" in refusal.value.hint
