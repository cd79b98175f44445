"""Here-documents: `<<END` names a line, and the body starts behind the next newline and goes on to that line."""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue
from headrace.core.shell_reader import BLANK, HOLE, Heredoc, Kind, Place, Reader


def heredoc_start(reader: Reader) -> None:
    """`<<` and its delimiter; quotes in it mean that the body is taken as it stands."""
    reader.at += 3 if reader.starts("<<-") else 2
    strip_tabs = reader.text[reader.at - 1] == "-"
    match = _DELIMITER.match(reader.text, reader.at)
    begin, reader.at = reader.at, match.end() if match else reader.at
    word = reader.text[begin : reader.at].strip(BLANK)
    reader.places += [Place(Kind.DELIMITER, at) for at in range(begin, reader.at) if reader.text[at] == HOLE]
    escaped = word.startswith("\\")
    word = word.removeprefix("\\")
    if not word or set(word) & set("$`\\") or word.count("'") % 2 or word.count('"') % 2:
        raise InvalidValue(
            f"a here-document with the delimiter {word[:40]!r}", expected="a plain word, or one in quotes"
        )
    delimiter = word.replace("'", "").replace('"', "")
    reader.heredocs.append(Heredoc(delimiter, escaped or delimiter != word, strip_tabs))


def heredoc_bodies(reader: Reader) -> None:
    """The bodies of all that were begun on the line before."""
    pending, reader.heredocs = reader.heredocs, []
    for heredoc in pending:
        joined = False
        while reader.at < len(reader.text):
            end = reader.text.find("\n", reader.at)
            end = len(reader.text) if end < 0 else end
            line = reader.text[reader.at : end]
            if not joined and (line.lstrip("\t") if heredoc.strip_tabs else line) == heredoc.delimiter:
                reader.at = end + 1
                break
            _heredoc_line(reader, heredoc, end)
            joined = not heredoc.quoted and (len(line) - len(line.rstrip("\\"))) % 2 == 1
            reader.at = end + 1
    reader.command_at = reader.at = min(reader.at, len(reader.text))


_DELIMITER: Final = re.compile(r"""[ \t]*(?:'[^'\n]*'|"[^"\n]*"|[^\s;&|()<>'"])+""")


def _heredoc_line(reader: Reader, heredoc: Heredoc, end: int) -> None:
    kind = Kind.QUOTED_HEREDOC if heredoc.quoted else Kind.HEREDOC
    while reader.at < end:
        if reader.peek() == HOLE:
            reader.hole(kind, delimiter=heredoc.delimiter, strip_tabs=heredoc.strip_tabs, before="")
        else:
            reader.at += 1
