"""Where work lives."""

import pytest

from headrace.core import work_dir
from headrace.core.errors import InvalidValue

HASH = "ab" * 32


@pytest.mark.parametrize("uri", ["s3://my-bucket/work", "s3://my-bucket/work/", "s3://my-bucket//work//"])
def test_a_work_dir_ends_in_one_slash(uri):
    """However it was written."""
    assert work_dir.check_work_dir(uri) == "s3://my-bucket/work/"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://my-bucket", "bucket without a folder"),
        ("s3://my-bucket/", "bucket without a folder"),
        ("/local/work", "not a folder in S3"),
        ("https://my-bucket/work", "not a folder in S3"),
        ("s3://B/work", "not a folder in S3"),
        ("s3://my-bucket/wo*rk", "has the folder 'wo*rk'"),
        ("s3://my-bucket/a/../b", "has the folder '..'"),
        ("s3://my-bucket/a b", "has the folder 'a b'"),
        ("s3://my-bucket/" + "x" * 300, "characters"),
    ],
)
def test_what_cannot_hold_work_is_refused_by_name(uri, said):
    """A bucket's root, another scheme, and characters that a tool takes as a wildcard."""
    with pytest.raises(InvalidValue) as caught:
        work_dir.check_work_dir(uri)
    assert said in caught.value.message
    assert caught.value.expected


def test_the_deployments_own_folders_are_refused_in_its_bucket_only():
    """Work below launch/ would start pipelines; in another bucket the word means nothing."""
    with pytest.raises(InvalidValue, match="launch"):
        work_dir.check_work_dir("s3://mine/launch/work", bucket="mine")
    assert work_dir.check_work_dir("s3://other/launch/work", bucket="mine") == "s3://other/launch/work/"


def test_the_layout_is_that_of_the_contracts():
    """docs/contracts.md section 6, prefix by prefix."""
    prefix = work_dir.work_prefix("s3://b/work/default/", HASH)
    assert prefix == f"s3://b/work/default/ab/{HASH}/"
    assert work_dir.job_prefix(prefix, "r", 1, 2) == f"{prefix}j/r.1.2/"
    attempt = work_dir.attempt_prefix(prefix, "id:3", 2)
    assert attempt == f"{work_dir.attempts_prefix(prefix)}id:3.2/" == f"{prefix}a/id:3.2/"
    assert work_dir.manifest_uri(attempt) == f"{attempt}manifest.json"
    assert work_dir.output_prefix(attempt) == f"{attempt}out/"
    assert work_dir.failure_prefix(attempt) == f"{attempt}failure/"
    assert work_dir.outputs_uri(prefix) == f"{prefix}outputs.json"


def test_a_hash_is_64_hex_digits():
    """Anything else would put work where nobody looks."""
    with pytest.raises(InvalidValue):
        work_dir.work_prefix("s3://b/work/", "../x")
