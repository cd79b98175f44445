r"""Credentials in a log, masked: what is shown of a log goes out by mail and stays in a bucket.

What is masked has the form of a credential (key ids of AWS, tokens of well-known services, JSON Web Tokens, private keys), or
stands where one stands: after `password=`, `--token`, `Authorization:`, before the `@` of a URL. Names that speak of a secret
and are none stay readable: `token_file=`, `max_tokens:`, `secretsmanager:GetSecretValue`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (key id prefixes); the services' own pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

MASK: Final = "***"

_KEY_LINES: Final = (
    200  # a private key of 16,384 bits has 250 lines of 64 characters; one that never ends must not hide a log
)
_KEY_BEGINS: Final = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
_KEY_ENDS: Final = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----")
_BASE64: Final = re.compile(r"\s*(?:[\w+/=]{1,100}|(?:Proc-Type|DEK-Info): .{1,80})?\s*")
# Each form with the texts of which a line in small letters must have one: most lines have none, and looking for them is cheap.
_FORMS: Final = (
    (("akia", "asia", "abia", "acca"), re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b")),
    (("eyj",), re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")),
    (
        ("_", "-"),
        re.compile(r"\b(?:gh[oprsu]_|github_pat_|glpat-|npm_|hf_|dckr_pat_|sk_live_|rk_live_|sk-)[\w-]{16,}"),
    ),
    (("xox", "xapp", "slack"), re.compile(r"\b(?:xox[a-z]|xapp)-[\w-]{10,}|(?<=hooks\.slack\.com/services/)[\w/]+")),
    (("pypi-", "aiza"), re.compile(r"\bpypi-AgE[\w-]{16,}|\bAIza[\w-]{30,}")),
    (
        ("x-amz", "sig="),
        re.compile(r"(?i)(?<=x-amz-signature=)[0-9a-f]+|(?<=x-amz-security-token=)[^&\s\"']+|(?<=[?&]sig=)[^&\s\"']+"),
    ),
    (("authorization: ", "bearer "), re.compile(r"(?i)(?<=authorization: )\S.*|(?<=bearer )[\w.~+/=-]{8,}")),
    (("://",), re.compile(r"(?<=://)[^\s/:@]{1,256}:[^\s/@]{1,256}(?=@)")),
)
_WORDS: Final = ("secret", "passw", "passphrase", "key", "token", "pwd", "credential", "authorization")
_STRONG: Final = (
    r"secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|session[_-]?token|auth[_-]?token"
    r"|(?<=_)(?:pwd|token|credentials)"
)
_IS: Final = r"([\w.-]{0,20})[\"']?\s{0,3}[=:]\s{0,3}"
# What a name that only speaks of a secret goes on with: `secretsmanager`, `tokenizer`, `max_tokens`, `token_file`, `access_key_id`.
_NO_SECRET: Final = re.compile(
    r"(?i)^s$|^iz|(?:file|path|name|arn|url|uri|length|size|type|count|limit|version|provider|manager|[_-]?ids?)s?$"
)
_VALUES: Final = (
    (_WORDS, re.compile(rf"(?i)((?:{_STRONG}){_IS})(?:\"[^\"]+\"|'[^']+'|[^\s\"',;&)}}\]]+)")),
    (
        ("token", "credential", "authorization"),
        re.compile(
            rf"(?i)((?:token|credentials?|authorization){_IS}[\"']?)"
            r"(?:(?=[^\s\"',;&]{0,64}\d)[^\s\"',;&()\[\]]{8,}|[\w.~+/=-]{24,})"
        ),
    ),
    (
        ("--",),
        re.compile(
            r"(?i)(--[\w-]{0,20}(?:passw(?:or)?d|passphrase|pass|pwd|token|secret|api-?key|access-?key|credentials?)([\w-]{0,20})"
            r"(?:\s+|=))(?![-\s])(?:\"[^\"]+\"|'[^']+'|\S+)"
        ),
    ),
    (("aws_s",), re.compile(r"(?i)(\baws_(?:secret_access_key|session_token)(\s)\s*)[^\s=:]\S+")),
    (("-u ", "--user"), re.compile(r"((?:^|\s)(?:-u|--user)([ =])[\"']?[^\s:\"'\d][^\s:\"']{0,64}:)[^\s\"']+")),
)


def masked(line: str) -> str:
    """The line with what looks like a credential replaced by `***`."""
    low = line.lower()
    for hints, form in _FORMS:
        if any(hint in low for hint in hints):
            line = form.sub(MASK, line)
    for words, value in _VALUES:
        if any(word in low for word in words):
            line = value.sub(_without_value, line)
    return line


def _without_value(found: re.Match[str]) -> str:
    """The name and `***`; all of it where the name only speaks of a secret. Groups: up to the value, what ends the name."""
    return found[0] if _NO_SECRET.search(found[2]) else f"{found[1]}{MASK}"


def all_masked(lines: Iterable[str]) -> Iterator[str]:
    """Every line masked, and private keys as one line, however many they have."""
    left = 0  # lines that may still be the key's
    for line in lines:
        ends = _KEY_ENDS.search(line)
        if left and (ends or _BASE64.fullmatch(line)):
            left = 0 if ends else left - 1
            continue
        begins = _KEY_BEGINS.search(line)
        left = _KEY_LINES if begins and not ends else 0
        yield masked(f"{line[: begins.end()]} {MASK}{line[ends.end() :] if ends else ''}" if begins else line)
