"""Where in a shell script each expression stands (spec rule 7): a reader of POSIX sh and bash, just deep enough for that.

The script comes with every expression replaced by one NUL, which no script can contain. The reader follows the shell's own
nesting: a command substitution inside double quotes starts anew, a here-document's body starts at the next line, and what is
inside `${…}`, arithmetic or backticks stays inside, however deep the quotes in it. Places where the value would be read as
code by the shell, even when quoted (`$((…))`, an array's subscript, `[[ … -eq … ]]`), are told apart so that they can be
refused. Sources: POSIX.1-2024 "Shell Command Language" 2.2, 2.3, 2.6, 2.7.4; the bash manual, chapters 3 and 6.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from headrace.core.errors import InvalidValue
from headrace.core.shell_heredocs import heredoc_bodies, heredoc_start
from headrace.core.shell_quotes import arithmetic, backticks, dollar, double, single
from headrace.core.shell_reader import BLANK, BREAKS, HOLE, SEEN, SUBSCRIPT, Kind, Place, Reader, ends_in_name


def find_places(text: str, *, bash: bool = True) -> list[Place]:
    """The place of each NUL of the text, in order; InvalidValue when shells would not agree on what the script says."""
    reader = Reader(text, _commands, bash=bash)
    _commands(reader, "")
    if sorted(place.offset for place in reader.places) != [at for at, char in enumerate(text) if char == HOLE]:
        raise InvalidValue("the script's quotes cannot be followed", hint="use an environment variable: `env:`")
    return sorted(reader.places, key=lambda place: place.offset)


_PLAIN: Final = re.compile(r"[^\0\\'\"`$#\s;&|()<>]+")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=")
_ARRAY: Final = re.compile(r"(?:.*[\s\"'])?[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=", re.DOTALL)
_ELEMENT: Final = re.compile(r"\[[^\]]*", re.DOTALL)
_COMPUTES: Final = re.compile(r"(?:^|\s)-(?:eq|ne|lt|le|gt|ge|v|R|t)(?=\s)")
_KEEPS_COMMAND: Final = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "done", "fi", "esac", "}", "-p"}
)


@dataclass(slots=True)
class _Level:
    """One list of commands: the script itself, `$(…)`, `(…)`, `<(…)` or the words of an array."""

    end: str
    array: bool = False
    start: bool = True  # the next word is a command's name
    fresh: bool = True  # nothing of the word is read yet
    redirect: bool = False
    case: list[str] = field(default_factory=list)  # subject, in, pattern, body
    condition: int = -1  # where `[[` began


def _commands(reader: Reader, end: str, *, array: bool = False, substitution: bool = False) -> None:
    """Reads commands up to the closing `end`, or to the end of the script."""
    reader.deeper()
    outer = reader.word, reader.command_at, reader.floor
    reader.word, reader.command_at = "", reader.at
    reader.floor = len(reader.heredocs) if substitution else reader.floor
    level = _Level(end, array=array)
    while reader.at < len(reader.text):
        char = reader.peek()
        if level.fresh and char == "#":
            _comment(reader)
        elif char in BREAKS:
            _end_word(reader, level)
            if char == ")" and end == ")" and level.case[-1:] != ["pattern"]:
                break
            _break(reader, level, char)
        else:
            level.fresh = False
            _word_part(reader, level, char)
    else:
        _end_word(reader, level)
    if level.condition >= 0:
        raise InvalidValue("`[[` without its `]]`", hint="close it; a blank belongs before `]]`")
    reader.depth -= 1
    reader.word, reader.command_at, reader.floor = outer
    reader.close(end)


def _word_part(reader: Reader, level: _Level, char: str) -> None:
    """One piece of a word: plain text, a quote, a substitution or an expression."""
    begin = reader.at
    if char == HOLE:
        _bare_hole(reader, level)
    elif char == "\\":
        reader.at += 2
        if reader.text.startswith("\n", begin + 1):
            level.fresh = not reader.word
            return
    elif char == "'":
        single(reader)
    elif char == '"':
        double(reader, in_word=True)
    elif char == "`":
        backticks(reader)
    elif char == "$":
        dollar(reader, quoted=False)
        if reader.at == begin + 1 and reader.peek() == HOLE:
            reader.hole(Kind.DOLLAR)
    elif match := _PLAIN.match(reader.text, begin):
        reader.at = match.end()
    else:
        reader.at += 1
    reader.word += reader.text[begin : reader.at]


def _bare_hole(reader: Reader, level: _Level) -> None:
    kind = Kind.BARE
    if SUBSCRIPT.fullmatch(reader.word) or (level.array and _ELEMENT.fullmatch(reader.word)):
        kind = Kind.SUBSCRIPT
    elif level.redirect:
        kind = Kind.REDIRECT
    elif level.case and level.case[-1] in ("subject", "pattern"):
        kind = Kind.WORD
    following = reader.at + 1
    while reader.text.startswith("\\\n", following):
        following += 2
    alone = not reader.word and (following >= len(reader.text) or reader.text[following] in BREAKS)
    reader.hole(kind, alone=alone, joins_name=ends_in_name(reader.word))


def _end_word(reader: Reader, level: _Level) -> None:
    """What a finished word means for the words behind it."""
    word, reader.word = reader.word, ""
    if level.fresh:
        return
    level.fresh = True
    if level.redirect:
        level.redirect = False
        return
    case = level.case[-1] if level.case else ""
    if case == "subject":
        level.case[-1] = "in"
    elif case == "in":
        level.case[-1] = "pattern" if word == "in" else "in"
    elif (case == "pattern" or (case == "body" and level.start)) and word == "esac":
        level.case.pop()
        level.start = False
    elif case == "pattern":
        pass
    elif level.condition >= 0:
        if word == "]]":
            _end_condition(reader, level)
    elif level.start and not level.array:
        _command_word(reader, level, word)


def _command_word(reader: Reader, level: _Level, word: str) -> None:
    if word == "case":
        level.case.append("subject")
        level.start = False
    elif word == "[[":
        level.condition = reader.at
        level.start = False
    elif word not in _KEEPS_COMMAND and word != HOLE and not _ASSIGNMENT.match(word):  # none gives no word at all
        level.start = False


def _end_condition(reader: Reader, level: _Level) -> None:
    """Bash evaluates the operands of `-eq` and its like, and of `-v`, inside `[[ … ]]`: a value there is code."""
    begin, level.condition = level.condition, -1
    if _COMPUTES.search(reader.text[begin : reader.at].replace(HOLE, " \0 ")):
        reader.places = [
            replace(place, kind=Kind.ARITHMETIC)
            if place.offset >= begin and place.kind in (Kind.BARE, Kind.DOUBLE)
            else place
            for place in reader.places
        ]


def _break(reader: Reader, level: _Level, char: str) -> None:
    """An operator, a blank or a newline between words."""
    text, at = reader.text, reader.at
    if level.array and char not in " \t\n)" and not text.startswith(("<(", ">("), at):
        # after this error bash goes on with the next line, which may be the middle of a value
        raise InvalidValue(f"`{char}` among the words of an array", hint="put it in quotes")
    if char in BLANK:
        reader.at += 1
    elif char == "\n":
        reader.at += 1
        _new_command(reader, level)
        if reader.floor and reader.heredocs:
            raise InvalidValue(
                "a `$(…)` on a here-document's line goes over the line's end", hint="give it a line of its own"
            )
        heredoc_bodies(reader)
    elif char in "<>":
        _redirection(reader, level)
    elif char == "&" and text.startswith((">", ">>"), at + 1) and level.condition < 0:
        reader.at += 3 if text.startswith(">>", at + 1) else 2
        level.redirect = True
    elif char == "(":
        _bracket(reader, level)
    elif char == ")":
        reader.at += 1
        if level.case[-1:] == ["pattern"]:
            level.case[-1] = "body"
        _new_command(reader, level)
    elif char == ";" and level.case[-1:] == ["body"] and text.startswith((";;", ";&"), at):
        reader.at += 3 if text.startswith(";;&", at) else 2
        level.case[-1] = "pattern"
        _new_command(reader, level)
    else:
        reader.at += 1
        _new_command(reader, level)


def _new_command(reader: Reader, level: _Level) -> None:
    if level.condition < 0:
        level.start, level.redirect = True, False
        reader.command_at = reader.at


def _bracket(reader: Reader, level: _Level) -> None:
    """`((…))`, an array's words, a subshell, a function's `()`, a pattern's group."""
    before = reader.text[max(reader.command_at, reader.at - SEEN) : reader.at]
    glued = bool(before) and before[-1] not in BREAKS
    if level.case[-1:] == ["pattern"] and not glued:
        reader.at += 1
        return
    if reader.starts("((") and not (glued and before[-1] in "@?*+=") and level.condition < 0:
        begin = reader.at
        reader.at += 2
        arithmetic(reader, begin)
        return
    is_array = glued and bool(_ARRAY.fullmatch(before)) and level.condition < 0
    is_function = reader.starts("()")
    reader.at += 1
    _commands(reader, ")", array=is_array)
    level.start = level.start or is_function


def _redirection(reader: Reader, level: _Level) -> None:
    if reader.starts("<(") or reader.starts(">("):
        reader.at += 2
        _commands(reader, ")", substitution=True)
        reader.word, level.fresh = "<()", False
        return
    if level.condition >= 0:
        reader.at += 1
        return
    if reader.starts("<<") and not reader.starts("<<<"):
        heredoc_start(reader)
        return
    for operator in ("<<<", ">>", ">&", "<&", ">|", "<>", "<", ">"):
        if reader.starts(operator):
            reader.at += len(operator)
            break
    level.redirect = True


def _comment(reader: Reader) -> None:
    while reader.at < len(reader.text) and reader.peek() != "\n":
        if reader.peek() == HOLE:
            reader.hole(Kind.COMMENT)
        else:
            reader.at += 1
