"""Words of the files that a job reads: for the shell, for s5cmd's command files, for a glob that the shell expands.

s5cmd reads a command file line by line, cuts each line at ` #`, then splits it as a shell does. So in a quoted word a `#`
behind a blank gets a pair of quotes between (`' ''#'`), and a word with a newline cannot be written at all (`one_line` tells).
Source: s5cmd 2.3 `command/run.go`.
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue, shown

_GLOB: Final = re.compile(r"\*\*|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[")
_PLAIN_IN_BRACKETS: Final = re.compile(r"[^A-Za-z0-9-]")


def word(text: str) -> str:
    """One word of a shell, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def command_word(text: str) -> str:
    """One word of an s5cmd command file; `text` must be `one_line`."""
    return word(text).replace(" #", " ''#")


def one_line(text: str) -> bool:
    """Whether a text can stand on one line of a file that a shell or s5cmd reads."""
    return "\n" not in text and "\r" not in text


def glob_word(pattern: str) -> str:
    """A glob as a word the shell expands: its wildcards bare, everything between them quoted."""
    return "".join(_piece(token, pattern) for token in _GLOB.findall(pattern))


def literal_fnmatch(text: str) -> str:
    """The pattern that `aws s3 --include` takes for exactly this text (Python's fnmatch)."""
    return re.sub(r"[*?\[]", r"[\g<0>]", text)


def _piece(token: str, pattern: str) -> str:
    if token == "**":  # noqa: S105 - a wildcard, not a password
        raise InvalidValue(
            f"the glob {shown(pattern)} has '**'",
            expected="'*' for each folder level",
            hint="or declare the whole folder: `name: dir/`",
        )
    if token in {"*", "?"}:
        return token
    if token.startswith("[") and len(token) > 1:
        negated = token[1] == "!"
        body = _PLAIN_IN_BRACKETS.sub(lambda found: "\\" + found[0], token[2 if negated else 1 : -1])
        return f"[{'!' if negated else ''}{body}]"
    return word(token)
