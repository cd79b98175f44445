"""Where a secret is kept: the only thing a spec, a launch request or the ledger ever holds of it (rule 11).

`ssm:NAME` is a parameter of Systems Manager, `secretsmanager:NAME-OR-ARN` a secret; whole ARNs work too. The value itself
reaches a job only through Batch's `secrets`
(https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data.html).
"""

from __future__ import annotations

import re
from typing import Any, Final

from headrace.core.errors import InvalidValue

_SSM: Final = re.compile(
    r"ssm:(?:arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter)?/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*"
)
_SECRETS_MANAGER: Final = re.compile(
    r"secretsmanager:(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@:-]{1,600}|(?!arn:)[A-Za-z0-9/_+=.@-]{1,512})"
)
_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:(?:ssm:[a-z0-9-]+:\d{12}:parameter/[A-Za-z0-9_./-]+|secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@:*-]+)"
)
EXPECTED: Final = "where the secret is kept: 'ssm:/name', 'secretsmanager:name' or an ARN"


def secret_name(reference: str) -> str:
    """The name in `secretsmanager:NAME`, whose ARN has to be looked up before Batch can use it; empty for anything else."""
    name = reference.removeprefix("secretsmanager:")
    return "" if name == reference or name.startswith("arn:") else name


def secret_reference(value: Any) -> str:
    """`value` when it says where a secret is kept. The message never shows it: it may be the secret itself."""
    if isinstance(value, str) and len(value) <= 2048:
        text = value.strip()
        if _SSM.fullmatch(text) or _SECRETS_MANAGER.fullmatch(text) or _ARN.fullmatch(text):
            return text
    raise InvalidValue(
        "not a reference to a secret",
        expected=EXPECTED,
        hint="Store the secret there; its value may not stand in a spec or a launch request",
    )
