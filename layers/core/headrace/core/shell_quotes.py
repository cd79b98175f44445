"""Quotes and substitutions of a shell script, read up to where they close.

What is inside `${…}`, arithmetic or backticks stays inside, however deep the quotes in it; a command substitution elsewhere
starts anew. Where bash and the other shells read a text differently, the script is refused rather than guessed at.
"""

from __future__ import annotations

import re
from typing import Final

from headrace.core.errors import InvalidValue
from headrace.core.shell_reader import HOLE, MAX_RETRIES, SEEN, SUBSCRIPT, Kind, Reader, ends_in_name


def single(reader: Reader) -> None:
    """`'…'`, in which nothing is special."""
    reader.at += 1
    while (char := reader.peek()) and char != "'":
        if char == HOLE:
            reader.hole(Kind.SINGLE)
        else:
            reader.at += 1
    reader.close("'")


def double(reader: Reader, *, in_word: bool) -> None:
    """Double quotes; `in_word` keeps the word's text up to date for the expressions in them."""
    reader.at += 1
    outer, last = reader.word, reader.at - 1
    while (char := reader.peek()) and char != '"':
        begin = reader.at
        if char == HOLE:
            if in_word:
                reader.word = outer + reader.text[max(last, begin - SEEN) : begin]
            kind = Kind.SUBSCRIPT if in_word and SUBSCRIPT.fullmatch(reader.word) else Kind.DOUBLE
            reader.hole(kind, joins_name=ends_in_name(reader.word))
        elif char == "\\":
            reader.at += 2
        elif char == "`":
            backticks(reader)
        elif char == "$":
            dollar(reader, quoted=True)
        else:
            reader.at += 1
    reader.word = outer
    reader.close('"')


def backticks(reader: Reader) -> None:
    """A command substitution of the old form, up to the next backtick without a backslash."""
    reader.at += 1
    while (char := reader.peek()) and char != "`":
        if char == HOLE:
            reader.hole(Kind.BACKTICK)
        else:
            reader.at += 2 if char == "\\" else 1
    reader.close("`")


def dollar(reader: Reader, *, quoted: bool) -> None:
    """What a `$` begins; alone, only the `$` itself is read."""
    begin = reader.at
    reader.deeper()
    if reader.starts("$(("):
        reader.at += 3
        arithmetic(reader, begin)
    elif reader.starts("$("):
        reader.at += 2
        reader.commands(reader, ")", substitution=True)
    elif reader.starts("${"):
        reader.at += 2
        _brace(reader, quoted=quoted)
    elif reader.starts("$["):
        reader.at += 2
        _enclosed(reader, Kind.ARITHMETIC, "]", quotes=True)
    elif reader.starts("$'") and not quoted:
        _ansi_c(reader)
    else:
        reader.at += 1
        if match := _NAME.match(reader.text, reader.at):
            reader.at = match.end()
    reader.depth -= 1


def arithmetic(reader: Reader, begin: int) -> None:
    """Up to the matching `))`; when there is none it was `$( (…) )`, read again as commands, still with no expression."""
    kept, outer = list(reader.places), reader.inside
    reader.inside = outer or Kind.ARITHMETIC
    depth = 0
    while char := reader.peek():
        if char == "(":
            depth += 1
            reader.at += 1
        elif char == ")" and depth:
            depth -= 1
            reader.at += 1
        elif char == ")" and reader.starts("))"):
            reader.at += 2
            break
        elif char == ")":
            reader.retries += 1
            if reader.retries > MAX_RETRIES:
                raise InvalidValue("too many `((` that are no arithmetic", hint="write `( (`, with a blank")
            reader.places, reader.at = kept, begin + (2 if reader.text[begin] == "$" else 1)
            reader.commands(reader, ")", substitution=reader.text[begin] == "$")
            break
        else:
            _inner(reader, char, Kind.ARITHMETIC, quotes=True)
    else:
        reader.close("))")
    reader.inside = outer


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_EXPANSION: Final = re.compile(r"!?#?(?:[A-Za-z_0-9]+|[@*#?$!-])?(?:\[[^\]\0\"'`$]*\])?")
_SIMPLE_PAIR: Final = re.compile(r"""'[^'}"`$\\\0]*'""")


def _ansi_c(reader: Reader) -> None:
    """`$'…'`, where a backslash hides a quote; a shell without it would end there, so such a script is not sure."""
    reader.at += 2
    while (char := reader.peek()) and char != "'":
        if char == HOLE:
            reader.hole(Kind.ANSI_C)
        elif char == "\\" and reader.peek(1) == "'" and not reader.bash:
            raise InvalidValue(
                "`$'…'` with `\\'` in it, which not every shell reads alike", hint='use `"…"` or `shell: bash`'
            )
        else:
            reader.at += 2 if char == "\\" else 1
    reader.close("'")


def _brace(reader: Reader, *, quoted: bool) -> None:
    """`${…}`: in double quotes a single quote is plain text, except behind the operators that take a pattern."""
    match = _EXPANSION.match(reader.text, reader.at)
    reader.at = match.end() if match else reader.at
    _enclosed(reader, Kind.BRACE, "}", quotes=not quoted or reader.peek() in "#%/^,")


def _enclosed(reader: Reader, kind: Kind, end: str, *, quotes: bool) -> None:
    outer = reader.inside
    reader.inside = outer or kind
    while (char := reader.peek()) and char != end:
        _inner(reader, char, kind, quotes=quotes)
    reader.close(end)
    reader.inside = outer


def _inner(reader: Reader, char: str, kind: Kind, *, quotes: bool) -> None:
    """One piece inside `${…}` or arithmetic."""
    if char == HOLE:
        reader.hole(kind)
    elif char == "\\":
        reader.at += 2
    elif char == "'" and quotes:
        single(reader)
    elif char == "'":
        _quote_in_quotes(reader)
    elif char == '"':
        double(reader, in_word=False)
    elif char == "`":
        backticks(reader)
    elif char == "$":
        dollar(reader, quoted=not quotes)
    else:
        reader.at += 1


def _quote_in_quotes(reader: Reader) -> None:
    """In `"${x:-it's}"` bash takes the `'` for a quote and dash does not; only a simple pair is the same to both."""
    match = _SIMPLE_PAIR.match(reader.text, reader.at)
    if match is None:
        raise InvalidValue('a single quote inside `"${…}"`, which shells read differently', hint="assign it first: x=…")
    reader.at = match.end()
