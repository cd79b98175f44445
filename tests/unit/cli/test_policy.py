"""`headrace policy`: names S3 takes, the page's bucket policy and what is better, users' policies without AWS."""

import json

import pytest

from headrace.core.errors import InvalidValue
from headrace_cli.bucket_names import check_bucket_name
from headrace_cli.bucket_policies import bucket_policy
from headrace_cli.doctor.checks_data import refuses_plain_http
from headrace_cli.user_policies import Names, Who, user_policy

ROLE = "arn:aws:iam::123456789012:role/jobs"
# Nextflow's documentation, "S3 policies", its placeholders filled in.
PAGE = {
    "Version": "2012-10-17",
    "Id": "headrace-reads",
    "Statement": [
        {
            "Sid": "AllowObjects",
            "Effect": "Allow",
            "Principal": {"AWS": ROLE},
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::reads/*",
        },
        {
            "Sid": "AllowSSLRequestsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::reads", "arn:aws:s3:::reads/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}


@pytest.mark.parametrize("name", ["abc", "a" * 63, "my.data-1", "1.2.3.400x", "0a0"])
def test_names_of_buckets_are_taken(name):
    """What S3 takes."""
    assert check_bucket_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("My-Bucket", "small letters"),
        ("my_bucket", "small letters"),
        ("s3://bucket", "small letters"),
        ("reads\n", "small letters"),
        ('reads"*', "small letters"),
        ("-reads", "both ends"),
        ("reads.", "both ends"),
        ("a..b", "two dots"),
        ("192.168.5.4", "IP address"),
        ("xn--reads", "xn--"),
        ("sthree-reads", "sthree-"),
        ("amzn-s3-demo-reads", "amzn-s3-demo-"),
        ("reads-s3alias", "-s3alias"),
        ("reads--x-s3", "--x-s3"),
        ("reads.mrap", ".mrap"),
    ],
)
def test_names_that_are_no_buckets_are_refused(headrace, name, expected):
    """By the rule they break, before anybody is asked."""
    with pytest.raises(InvalidValue) as refused:
        check_bucket_name(name)
    assert expected in refused.value.expected
    assert headrace("policy", "bucket", "--principal", ROLE, "--", name).code == 2


def test_the_bucket_policy_holds_what_the_page_asks(headrace):
    """Every statement of the page is there, with at least its actions and exactly its condition."""
    said = json.loads(headrace("policy", "bucket", "reads", "--principal", ROLE).out)
    assert (said["Version"], said["Id"]) == (PAGE["Version"], PAGE["Id"])
    found = {each["Sid"]: each for each in said["Statement"]}
    for wanted in PAGE["Statement"]:
        got = found[wanted["Sid"]]
        assert set(wanted["Action"]) <= set(got["Action"])
        assert got["Principal"] in (wanted["Principal"], {"AWS": [ROLE]})
        assert {key: got.get(key) for key in ("Effect", "Resource", "Condition")} == {
            key: wanted.get(key) for key in ("Effect", "Resource", "Condition")
        }
    assert refuses_plain_http(said, "reads")


def test_old_tls_and_foreign_encryption_are_refused():
    """TLS before 1.2 for everything; for writes an encryption that is asked for and is not S3's, or another key."""
    found = {each["Sid"]: each for each in bucket_policy("reads", [ROLE], kms_key="arn:key")["Statement"]}
    assert found["AllowTls12Only"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    for sid in ("AllowEncryptionOfS3Only", "AllowOneKeyOnly"):
        assert (found[sid]["Effect"], found[sid]["Action"]) == ("Deny", "s3:PutObject")
        # A negated comparison holds for a key that is absent: without `Null` every plain upload would be refused.
        assert set(found[sid]["Condition"]["Null"].values()) == {"false"}
        assert found[sid]["Condition"]["Null"].keys() == found[sid]["Condition"]["StringNotEquals"].keys()


def test_reading_alone_writes_nothing():
    """`--read-only` leaves Get and List; another partition is in every ARN."""
    policy = bucket_policy("reads", [ROLE], partition="aws-cn", read_only=True)
    allowed = {
        action
        for each in policy["Statement"]
        if each["Effect"] == "Allow"
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert allowed == {"s3:GetObject", "s3:ListBucket"}
    assert "arn:aws:s3" not in json.dumps(policy)


@pytest.mark.parametrize("words", [("--principal", "*"), ("--principal", "me"), ("--kms-key", "alias/x")])
def test_what_is_no_arn_is_refused(headrace, words):
    """A policy for everybody is not printed."""
    assert headrace("policy", "bucket", "reads", *words).code == 2


def test_a_policy_of_a_user_is_printed_without_aws(headrace):
    """`--blank` leaves names; without it the stack is asked, and there is none."""
    said = json.loads(headrace("policy", "user", "read", "--blank").out)
    assert said == user_policy(Who.READ, Names())
    assert headrace("policy", "user", "read").code == 3


def test_a_key_is_part_of_the_policy_when_there_is_one():
    """Readers decrypt, who writes also asks for data keys; of that key alone."""
    for who in Who:
        statements = user_policy(who, Names(), kms_key="arn:aws:kms:r:1:key/k")["Statement"]
        key = next(each for each in statements if each["Sid"] == "UseKey")
        assert key["Resource"] == ["arn:aws:kms:r:1:key/k"]
        assert ("kms:GenerateDataKey" in key["Action"]) is (who is not Who.READ)
