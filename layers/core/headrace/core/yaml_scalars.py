"""What a plain scalar means: the YAML 1.2 core schema, and nothing older (rule 6).

https://yaml.org/spec/1.2.2/#103-core-schema, with one exception that the rule makes: a number with leading zeros is text,
because `007` is a name and not seven.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

_LONGEST: Final = 1024
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def scalar(text: str) -> Any:
    """What a plain YAML 1.2 core scalar means: null, true, a number, else the text itself.

    Raises ValueError for a number that cannot be held: not finite, or of more than 64 bits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
        raise ValueError("a number too big to hold")
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("not a finite number")
    return text


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) <= _LONGEST and -(2**63) <= (number := int(text, base)) < 2**63:
        return number
    raise ValueError("a whole number of more than 64 bits")
