"""JSON that was cut: what can still be read of it.

Step Functions reports a failed Batch job as `Cause`, a JSON string of the job's detail. The API allows 32,768
characters there (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html); a job with a long
command or environment can be longer, and its Cause then ends in the middle of a value.
"""

from __future__ import annotations

import json
from typing import Final

_LIMIT: Final = 1 << 20
_TRIES: Final = 8


def read(text: str) -> dict[str, object] | None:
    """The object `text` begins with, as far as it can be read; `None` when there is none.

    A text that is cut, or damaged in its middle, is read up to there: the last whole value stays, the rest is left out.
    """
    text = text[:_LIMIT].strip()
    for _ in range(_TRIES):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            text = _closed(text[: error.pos])
        except (RecursionError, ValueError):
            return None
        else:
            return value if isinstance(value, dict) else None
    return None


def _closed(text: str) -> str:
    """`text` cut back to its last whole member, with every open bracket closed."""
    stack: list[str] = []
    whole, closers, in_string, escaped = 0, "", False, False
    for at, char in enumerate(text):
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
            whole, closers = at + 1, "".join(reversed(stack))
        elif char in "}]" and stack:
            stack.pop()
            whole, closers = at + 1, "".join(reversed(stack))
        elif char == ",":
            whole, closers = at, "".join(reversed(stack))
    return text[:whole] + closers
