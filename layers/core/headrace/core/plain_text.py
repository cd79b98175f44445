r"""Text from outside, made fit to show: one line, no control characters, bounded.

Reasons, log lines and names reach terminals, mails, Markdown and JSON. ANSI sequences, control characters, invisible
formatting characters (bidirectional overrides, zero width) and lone surrogates are taken out; they can hide or forge
text, and a lone surrogate cannot be written as UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

CAUSE_LIMIT: Final = 200
"""Characters of a one-line cause; what a failed child execution may return (design.md section 3)."""

_WORK = 65_536  # characters looked at, whatever is given
# ECMA-48: CSI sequences, OSC strings (titles, hyperlinks) ended by BEL or ST, other strings ended by ST, and the short escapes.
_ANSI: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]+[0-~]|\x1b[0-~]"
)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs"})


def plain(text: str) -> str:
    """One line of text without ANSI sequences and hidden characters; a tab becomes a blank."""
    text = _ANSI.sub("", text[:_WORK]).replace("\t", " ")
    return text if text.isascii() and text.isprintable() else "".join(c for c in text if not _hidden(c))


def one_line(text: str, limit: int = CAUSE_LIMIT) -> str:
    """Any text as one line of at most `limit` characters, blanks folded; what is cut off shows as `…`."""
    line = " ".join(plain(" ".join(text[:_WORK].split())).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in "\u2028\u2029"
