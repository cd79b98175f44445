"""Where a path leads (rule 10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.locations import is_uri, resolve

SPEC = "s3://bucket/pipelines/v/1/pipeline.yaml"


@pytest.mark.parametrize(
    ("location", "said_in", "wanted"),
    [
        ("ref/x.fa", SPEC, "s3://bucket/pipelines/v/1/ref/x.fa"),
        ("./x.fa", SPEC, "s3://bucket/pipelines/v/1/x.fa"),
        ("../x.fa", SPEC, "s3://bucket/pipelines/v/x.fa"),
        ("../../../x", SPEC, "s3://bucket/x"),
        ("reads/*.fq", SPEC, "s3://bucket/pipelines/v/1/reads/*.fq"),
        ("folder/", SPEC, "s3://bucket/pipelines/v/1/folder/"),
        ("a b'\"$é.fa", SPEC, "s3://bucket/pipelines/v/1/a b'\"$é.fa"),
        ("s3://other/x", SPEC, "s3://other/x"),
        ("s3://other/a//b", "", "s3://other/a//b"),
        ("s3://other/a/../b", "", "s3://other/b"),
        ("x.fa", "/home/u/p.yaml", "/home/u/x.fa"),
        ("../x.fa", "dir/p.yaml", "x.fa"),
        ("/data/x.fa", "dir/p.yaml", "/data/x.fa"),
    ],
)
def test_a_relative_path_is_relative_to_the_file_that_says_it(location: str, said_in: str, wanted: str) -> None:
    """On S3 and on one machine alike; a whole URI is itself."""
    assert resolve(location, said_in) == wanted


@pytest.mark.parametrize(
    ("location", "said_in", "said"),
    [
        ("x.fa", "", "relative path"),
        ("../../../../x", SPEC, "leaves its bucket"),
        ("s3://bucket/../../x", SPEC, "leaves its bucket"),
        ("/data/x", SPEC, "one machine"),
        ("https://example.org/x", SPEC, "not a location on S3"),
        ("http://169.254.169.254/latest/meta-data", SPEC, "not a location on S3"),
        ("file:///etc/passwd", SPEC, "not a location on S3"),
        ("s3://", SPEC, "not a location on S3"),
        ("s3:///x", SPEC, "not a location on S3"),
        ("", SPEC, "not a location"),
        ("a\nb", SPEC, "not a location"),
        ("x" * 2000, SPEC, "not a location"),
    ],
)
def test_what_leads_nowhere(location: str, said_in: str, said: str) -> None:
    """Other schemes, places outside the bucket, and relative paths said nowhere are refused."""
    with pytest.raises(InvalidValue, match=said):
        resolve(location, said_in)


@given(st.text(st.sampled_from("./ab:s3*"), max_size=20))
def test_no_relative_path_leaves_the_bucket(path: str) -> None:
    """Whatever is written, it stays in the bucket of the file that says it, or names another one openly."""
    try:
        found = resolve(path, SPEC)
    except InvalidValue:
        return
    assert found.startswith("s3://bucket/") or is_uri(path)
    assert ".." not in found.split("/")
