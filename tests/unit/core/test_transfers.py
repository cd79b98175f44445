"""How a job moves its files."""

import pytest
from tests.support.spec_texts import process, refused

from headrace.core import transfers
from headrace.core.directives import evaluate, merge
from headrace.core.job_script import JobPlan, limits, run_script
from headrace.core.transfers import Transfer, endpoint_variables, payer_flags, upload_flags


def said(body: str):
    """The evaluated directives of a process."""
    return evaluate(process(body).directives, {})


def test_flags_are_the_same_for_both_tools():
    """Storage class, encryption, key and ACL become the words `aws` and `s5cmd` share."""
    given = said(
        "transfer: {storageClass: STANDARD_IA, storageEncryption: aws:kms, storageKmsKeyId: alias/k, s3Acl: private}"
    ).transfer
    assert upload_flags(given) == (
        *("--storage-class", "STANDARD_IA", "--sse", "aws:kms"),
        *("--sse-kms-key-id", "alias/k", "--acl", "private"),
    )
    assert payer_flags(given) == ()
    assert upload_flags(transfers.NO_TRANSFER) == ()


def test_a_key_alone_means_kms():
    """Who names a key wants it used."""
    assert "aws:kms" in upload_flags(Transfer(kms_key="alias/k"))
    assert "AES256" in refused("transfer: {storageKmsKeyId: alias/k, storageEncryption: AES256}")[0].message


def test_downloads_are_paid_too():
    """The requester pays for what is read, not only for what is written."""
    assert payer_flags(said("transfer: {requesterPays: true}").transfer) == ("--request-payer", "requester")


def test_an_endpoint_reaches_both_tools():
    """Each tool looks at a variable of its own."""
    given = said("transfer: {endpoint: 'https://s3.example.org'}").transfer
    assert endpoint_variables(given) == {
        "S3_ENDPOINT_URL": "https://s3.example.org",
        "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
    }


@pytest.mark.parametrize(("spelling", "name"), [("BucketOwnerFullControl", "bucket-owner-full-control"), ("PublicRead", "public-read"), ("private", "private")])  # fmt: skip
def test_acls_as_nextflow_spells_them(spelling, name):
    """Canned ACLs are taken in both spellings."""
    assert said(f"transfer: {{s3Acl: {spelling}}}").transfer.acl == name


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("transfer: {storageClass: GLACIER}", "cannot be read by the next task"),
        ("transfer: {storageClass: COLD}", "not a storage class"),
        ("transfer: {s3Acl: everyone}", "not a canned ACL"),
        ("transfer: {storageEncryption: rot13}", "not one of the words"),
        ("transfer: {storageKmsKeyId: 'a b; rm -rf /'}", "another form"),
        ("transfer: {endpoint: ftp://x}", "another form"),
        ("transfer: {anonymous: true}", "unknown key"),
        ("transfer: yes please", "where a map is wanted"),
        ("retryMode: built-in", "retry loop in shell"),
        ("maxTransferAttempts: 0", "not a number that fits"),
        ("delayBetweenAttempts: 1h", "longer pause"),
    ],
)
def test_what_cannot_be_is_refused_by_name(body, word):
    """No option of transfers is dropped in silence."""
    assert word in refused(body)[0].message


def test_layers_of_transfer_merge_by_key():
    """A process that wants another storage class keeps the deployment's key."""
    raw = merge([{"transfer": {"storageKmsKeyId": "alias/k"}}, {"transfer": {"storageClass": "STANDARD_IA"}}])
    assert evaluate(raw, {}).transfer == Transfer(kms_key="alias/k", storage_class="STANDARD_IA")


def plan_lines(body: str) -> str:
    """What run.sh says of a task's transfers."""
    given = said(body)
    plan = JobPlan(attempts="s3://b/w/a/", script="true", limits=limits(given), transfer=given.transfer)
    return run_script(plan)["run.sh"].decode()


def test_the_script_of_a_job_has_its_numbers():
    """Tries, pause, parallelism and mode stand in run.sh; `s5cmd` counts the tries after the first."""
    text = plan_lines(
        "maxTransferAttempts: 2\nmaxParallelTransfers: 7\ndelayBetweenAttempts: 9s\nretryMode: adaptive\n"
        "transfer: {requesterPays: true, storageClass: STANDARD_IA}"
    )
    assert "hr_workers=7 hr_parallel=7" in text
    assert "hr_tries=2 hr_retries=1 hr_rounds=2" in text
    assert "hr_pause=9 hr_mode='adaptive'" in text
    assert "hr_up='--storage-class STANDARD_IA' hr_payer='--request-payer requester'" in text


def test_without_a_word_the_tools_keep_their_own_numbers():
    """Nothing said: 32 files at once, ten retries of the tool, three rounds of ours."""
    text = plan_lines("cpus: 1")
    assert "hr_workers=32 hr_parallel=4" in text
    assert "hr_tries='' hr_retries=10 hr_rounds=3" in text
    assert "hr_up='' hr_payer=''" in text
