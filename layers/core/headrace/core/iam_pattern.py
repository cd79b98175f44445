"""Patterns as IAM has them: `*` is any text, `?` any one character, and nothing else is special.

What a parameter of the stack opens is said once, to IAM and to the checks before it, so both must read it alike.
Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (StringLike)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns is the whole text; case counts."""
    return any(_compiled(pattern).fullmatch(text) is not None for pattern in patterns)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern]
    return re.compile("".join(parts), re.DOTALL)
