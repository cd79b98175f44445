"""The words of a nextflow.config: names, strings, numbers, marks and line ends; comments are gone.

The lexical half of the Groovy subset that `groovy_config.py` reads. Strings are read to what they mean; one in double quotes
with `$` in it is a *filled* string, which only Groovy can know. Every loop moves forward, so a file costs its length.
Source: Groovy language documentation, "Syntax" (comments, identifiers, strings, numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, cast

from headrace.core.errors import InvalidSpec, Problem

Kind = Literal["name", "string", "filled", "number", "mark", "line end"]
MAX_CHARACTERS: Final = 256 * 1024
MAX_NESTING: Final = 32
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_WORD: Final = re.compile(
    r"(?P<space>(?:[ \t\f\u00a0]|\\\n|//[^\n]*|/\*[\s\S]*?\*/)+)"
    r"|(?P<end>\n)"
    r"|(?P<comment>/\*)"
    r"|(?P<quote>'''|\"\"\"|'|\")"
    r"|(?P<name>[^\W\d][\w$]*|\$[\w$]*)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|(?:[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9]+)?)(?:[lLiIgGdDfF](?!\w))?)"
    r"|(?P<mark>\.\.<|<=>|\?:|\?\.|\.\.|->|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|\*\*|=~|<<|>>|[\s\S])"
)
_QUOTE: Final = re.compile(r"'''|\"\"\"|'|\"")
_SLASHY: Final = re.compile(r"/(?:\\/|[^/\n])+/")
_BEFORE_SLASHY: Final = frozenset("=([,:~")
_STOP: Final = {  # where a scan of a string has to look
    "'": re.compile(r"[\\\n']"),
    "'''": re.compile(r"\\|'''"),
    '"': re.compile(r"[\\\n\"$]"),
    '"""': re.compile(r"\\|\"\"\"|\$"),
    "{": re.compile(r"[{}'\"]"),
}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "\n": ""} | {
    each: each for each in "\\'\"$/"
}


class Word(NamedTuple):
    """One word: `text` as it is written; `value` what a string means."""

    kind: Kind
    text: str
    line: int
    value: str = ""


def words(text: str, file: str) -> list[Word]:
    """Every word of a config. InvalidSpec: too long, no text, an unclosed string or comment, brackets that do not match."""
    if len(text) > MAX_CHARACTERS:
        most = f"at most {MAX_CHARACTERS:,} characters"
        raise _invalid(file, 0, f"a config of {len(text):,} characters", most)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if odd := _CONTROL.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise _invalid(file, line, f"the control character U+{ord(odd[0]):04X}", "a text file")
    return list(_bracketed(_words(text, file), file))


def _words(text: str, file: str) -> Iterator[Word]:
    at = text.find("\n") if text.startswith("#!") else 0
    at, line = len(text) if at < 0 else at, 1
    before = ""
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None:
            raise AssertionError("any character is a mark")
        kind = found.lastgroup
        if kind == "space":
            line += found[0].count("\n")
            at = found.end()
            continue
        if kind == "comment":
            raise _invalid(file, line, "a comment that is not closed", "*/ at its end")
        if kind == "quote":
            word, at = _string(text, at, found[0], line, file)
        elif kind == "end":
            word, at = Word("line end", "\n", line), at + 1
        elif found[0] == "/" and before in _BEFORE_SLASHY and (slashy := _SLASHY.match(text, at)):
            said: Kind = "filled" if "$" in slashy[0] else "string"
            word, at = Word(said, slashy[0], line, slashy[0][1:-1].replace("\\/", "/")), slashy.end()
        else:
            word, at = Word(cast("Kind", kind), found[0], line), found.end()
        yield word
        before, line = word.text, line + word.text.count("\n")


def _string(text: str, at: int, quote: str, line: int, file: str) -> tuple[Word, int]:
    """A string, with what stands in its `${…}` skipped: strings and braces in there nest."""
    inside, here, filled = [quote], at + len(quote), False
    while inside:
        mode = inside[-1]
        stop = _STOP[mode].search(text, here)
        if stop is None or stop[0] == "\n" or len(inside) > MAX_NESTING:
            raise _invalid(file, line, f"a string that is not closed: {text[at : at + 20]!r}", f"{quote} at its end")
        here = stop.end()
        if stop[0] == "\\":
            here += 1
        elif stop[0] == "$":
            filled = filled or bool(re.match(r"[{A-Za-z_]", text[here : here + 1]))
            if text.startswith("{", here):
                inside.append("{")
                here += 1
        elif mode != "{" or stop[0] == "}":
            inside.pop()
        elif stop[0] == "{":
            inside.append("{")
        else:
            opened = _QUOTE.match(text, stop.start())
            inside.append(opened[0] if opened else stop[0])
            here = stop.start() + len(inside[-1])
    raw = text[at:here]
    if filled:
        return Word("filled", raw, line), here
    return Word("string", raw, line, _meaning(raw[len(quote) : -len(quote)], line, file)), here


def _meaning(body: str, line: int, file: str) -> str:
    def one(escape: re.Match[str]) -> str:
        if len(escape[1]) > 1:
            return chr(int(escape[1][1:], 16))
        if escape[1] not in _ESCAPES:
            raise _invalid(file, line, f"{escape[0]} is no escape in a string", "\\\\ for a backslash itself")
        return _ESCAPES[escape[1]]

    said = _ESCAPE.sub(one, body)
    try:
        said = said.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _invalid(file, line, "half of a character, written as an escape", "a whole one") from None
    if "\x00" in said:
        raise _invalid(file, line, "a NUL character in a string", "text")
    return said


def _bracketed(found: Iterable[Word], file: str) -> Iterator[Word]:
    """The words as they come; InvalidSpec at the first bracket that does not match."""
    closing = {"{": "}", "(": ")", "[": "]"}
    opened: list[Word] = []
    for word in found:
        yield word
        if word.kind != "mark":
            continue
        if word.text in closing:
            opened.append(word)
            if len(opened) > MAX_NESTING:
                raise _invalid(file, word.line, "brackets nested too deep", f"at most {MAX_NESTING} levels")
        elif word.text in ("}", ")", "]") and (not opened or closing[opened.pop().text] != word.text):
            raise _invalid(file, word.line, f"a '{word.text}' that closes nothing", "brackets in pairs")
    if opened:
        expected = f"a '{closing[opened[-1].text]}' for it"
        raise _invalid(file, opened[-1].line, f"a '{opened[-1].text}' that is not closed", expected)


def _invalid(file: str, line: int, message: str, expected: str) -> InvalidSpec:
    return InvalidSpec([Problem("", message, expected=expected, file=file, line=line)])
