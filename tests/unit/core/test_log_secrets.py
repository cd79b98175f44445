"""Credentials in a log, masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.log_secrets import MASK, all_masked, masked

WORD = "wJalrXUtnFEMIK7MDENGbPx4"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{WORD}.{WORD}"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("InvalidAccessKeyId: AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("using ASIAIOSFODNN7EXAMPLE of the role", "ASIAIOSFODNN7EXAMPLE"),
        (f"AWS_SECRET_ACCESS_KEY={WORD}", WORD),
        (f"aws_secret_access_key = {WORD}", WORD),
        (f"+ aws configure set aws_secret_access_key {WORD}", WORD),
        (f'{{"SecretAccessKey": "{WORD}", "x": 1}}', WORD),
        (f'{{"SessionToken":"{WORD}"}}', WORD),
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c3d4e5f", "0a1b2c3d4e5f"),
        (f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={WORD}&a=b", WORD),
        (f"https://x.blob.core.windows.net/c/b?sv=1&sig={WORD}", WORD),
        (f"AccountName=x;AccountKey={WORD}==;End", WORD),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        (f"curl -H 'Authorization: Bearer {WORD}'", WORD),
        (f"> Bearer {WORD}", WORD),
        (f"id_token {JWT} expired", JWT),
        ("password: hunter2hunter2", "hunter2hunter2"),
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("export PGPASSWORD='a b c'", "a b c"),
        ('passwd="pa ss"', "pa ss"),
        ("API_KEY=abc123", "abc123"),
        (f"HF_TOKEN={WORD}", WORD),
        (f"secret={WORD}", WORD),
        (f"token: {WORD}", WORD),
        (f"private_key={WORD}", WORD),
        ("tool --password hunter2 --out x", "hunter2"),
        ("tool --password=hunter2", "hunter2"),
        (f"gh auth login --with-token {WORD}", WORD),
        (f"tool --api-key '{WORD}'", WORD),
        ("curl -u user:hunter2 https://x", "hunter2"),
        ("wget --user=user:hunter2", "hunter2"),
        ("https://user:s3cr3tpw@example.org/x", "s3cr3tpw"),
        ("postgres://app:s3cr3tpw@db:5432/x", "s3cr3tpw"),
        ("ghp_0123456789abcdefghij0123456789abcdef", "0123456789abcdefghij"),
        ("github_pat_11ABCDEFG0123456789_abcdefghijkl", "11ABCDEFG0123456789"),
        ("glpat-0123456789abcdefghij", "0123456789abcdefghij"),
        ("xoxb-123456789012-abcdefghij", "123456789012-abcdefghij"),
        ("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX", "B00000000/XXXXXXXX"),
        ("//registry.npmjs.org/:_authToken=npm_0123456789abcdefghijABCDEFGHIJ012345", "0123456789abcdefghij"),
        ("npm_0123456789abcdefghijABCDEFGHIJ012345", "0123456789abcdefghij"),
        ("hf_0123456789abcdefghijABCDEFGHIJ0123", "0123456789abcdefghij"),
        ("pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3", "cHlwaS5vcmcCJDAx"),
        ("AIzaSyA0123456789abcdefghijABCDEFGHIJ0", "SyA0123456789abcdef"),
        ("-----BEGIN PRIVATE KEY-----MIIEvQIBADANBg-----END PRIVATE KEY-----", "MIIEvQIBADANBg"),
    ],
)
def test_credentials_are_masked(line: str, secret: str) -> None:
    """Whatever form they have, or place they stand in, and the line stays readable around them."""
    [shown] = all_masked([f"before {line}"])
    assert secret not in shown
    assert MASK in shown
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "line",
    [
        "is not authorized to perform: secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:1:secret:db-x1",
        "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        "SyntaxError: Unexpected token: punc (})",
        "tokenizer: loading 32000 tokens",
        "max_tokens: 1048576123",
        "--token-file /run/secrets/token1",
        "access_key_id = none given",
        "KeyError: 'sample'",
        "primary key: sample_id",
        "PWD=/tmp/headrace-1",
        "docker run -u 1000:1000 image",
        "see https://example.org:8443/a?x=1",
        "sk-learn is not installed",
        "asia-east1 is not a region of AWS",
    ],
)
def test_words_about_secrets_are_no_secrets(line: str) -> None:
    """An error message that only speaks of them is shown as it is."""
    assert masked(line) == line


def test_a_private_key_of_many_lines_becomes_one() -> None:
    """What comes before and after it stays; a key that never ends does not hide the log behind it."""
    key = ["-----BEGIN RSA PRIVATE KEY-----", *["MIIEowIBAAKCAQEA7bq9"] * 25, "-----END RSA PRIVATE KEY-----"]
    assert list(all_masked(["a", *key, "b"])) == ["a", f"-----BEGIN RSA PRIVATE KEY----- {MASK}", "b"]
    assert list(all_masked([*key[:-1], "an error: no end", "c"]))[1:] == ["an error: no end", "c"]
    assert len(list(all_masked([key[0], *["word"] * 1_000]))) > 700


SECRETS = st.from_regex(r"[A-Za-z0-9]{20,40}", fullmatch=True).filter(lambda text: any(c.isdigit() for c in text))
PLACES = st.sampled_from(
    [
        "password={}",
        '"secret": "{}"',
        "--token {} x",
        "Authorization: Bearer {}",
        "https://u:{}@h/p",
        "MY_API_KEY='{}'",
        "session_token: {}",
        "ghp_{}",
    ]
)


@given(SECRETS, PLACES, st.text(max_size=30), st.text(max_size=30))
def test_no_secret_gets_through_whatever_stands_around_it(secret: str, place: str, before: str, after: str) -> None:
    """Text before and behind it, blanks apart, does not protect it."""
    line = f"{before.rstrip('-')} {place.format(secret)} {after}".replace("\n", " ")
    assert secret not in masked(line)


@given(st.text())
def test_masking_twice_changes_nothing(text: str) -> None:
    """A line is masked when it is read and again when it is shown."""
    assert masked(masked(text)) == masked(text)
