"""Wildcards mean what a shell's mean, with ** across folders."""

import pytest
from headrace.core.glob_pattern import matches, prefix


@pytest.mark.parametrize(
    ("pattern", "uri", "yes"),
    [
        ("s3://b/x/*.fq", "s3://b/x/a.fq", True),
        ("s3://b/x/*.fq", "s3://b/x/y/a.fq", False),
        ("s3://b/x/**/*.fq", "s3://b/x/y/z/a.fq", True),
        ("s3://b/x/**/*.fq", "s3://b/x/a.fq", True),
        ("s3://b/**", "s3://b/x/y", True),
        ("s3://b/a?.fq", "s3://b/a1.fq", True),
        ("s3://b/a?.fq", "s3://b/a/.fq", False),
        ("s3://b/a[12].fq", "s3://b/a1.fq", True),
        ("s3://b/a[!12].fq", "s3://b/a3.fq", True),
        ("s3://b/a[!12].fq", "s3://b/a1.fq", False),
        ("s3://b/a[!1]c", "s3://b/a/c", False),
        ("s3://b/a+(x).fq", "s3://b/a+(x).fq", True),
        ("s3://b/a.fq", "s3://b/aXfq", False),
        ("s3://b/[", "s3://b/[", True),
        ("s3://b/a[0-9]", "s3://b/a7", True),
        ("s3://b/a[^1]", "s3://b/a^", True),
    ],
)
def test_matches(pattern: str, uri: str, yes: bool):
    """Each wildcard stays within its path component, `**` does not, everything else is plain text."""
    assert matches(pattern, uri) is yes


def test_prefix_is_all_before_the_first_wildcard():
    """A listing starts as deep as it can."""
    assert prefix("s3://b/x/y*/z") == "s3://b/x/y"
    assert prefix("s3://b/x") == "s3://b/x"
