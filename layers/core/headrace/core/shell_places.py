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
from enum import StrEnum
from typing import Final

from headrace.core.errors import InvalidValue

HOLE: Final = "\0"
MAX_NESTING: Final = 40
MAX_RETRIES: Final = 16
_SEEN: Final = 1_000  # how much text before an expression is looked at


class Kind(StrEnum):
    """The place of an expression, named as a user would."""

    BARE = "a bare word"
    REDIRECT = "a redirection"
    WORD = "a word of `case`"
    DOUBLE = "double quotes"
    COMMENT = "a comment"
    QUOTED_HEREDOC = "a quoted here-document"
    SINGLE = "single quotes"
    ANSI_C = "`$'…'`"
    BACKTICK = "backticks"
    BRACE = "`${…}`"
    ARITHMETIC = "arithmetic"
    SUBSCRIPT = "an array's subscript"
    HEREDOC = "a here-document"
    DELIMITER = "a here-document's delimiter"
    DOLLAR = "a word behind a bare `$`"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one expression stands.

    `before` is what the word has before it (`--x=`, `"a`), `alone` means that it is a whole bare word, `command` the text
    of its command so far; `delimiter` and `strip_tabs` are the here-document's; `after` is the character that follows.
    """

    kind: Kind
    offset: int
    before: str = ""
    after: str = ""
    alone: bool = False
    joins_name: bool = False
    command: str = ""
    delimiter: str = ""
    strip_tabs: bool = False


def find_places(text: str, *, bash: bool = True) -> list[Place]:
    """The place of each NUL of the text, in order; InvalidValue when shells would not agree on what the script says."""
    reader = _Reader(text, bash=bash)
    _commands(reader, "")
    if sorted(place.offset for place in reader.places) != [at for at, char in enumerate(text) if char == HOLE]:
        raise InvalidValue("the script's quotes cannot be followed", hint="use an environment variable: `env:`")
    return sorted(reader.places, key=lambda place: place.offset)


@dataclass(slots=True)
class _Heredoc:
    delimiter: str
    quoted: bool
    strip_tabs: bool


@dataclass(slots=True)
class _Reader:
    text: str
    bash: bool = True
    at: int = 0
    depth: int = 0
    retries: int = 0
    floor: int = 0  # here-documents that were waiting when this substitution began
    inside: Kind | None = None  # a place that everything below it shares
    command_at: int = 0
    word: str = ""
    heredocs: list[_Heredoc] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    def peek(self, offset: int = 0) -> str:
        at = self.at + offset
        return self.text[at] if at < len(self.text) else ""

    def starts(self, prefix: str) -> bool:
        return self.text.startswith(prefix, self.at)

    def close(self, mark: str) -> None:
        """Steps over the closing mark; where it is missing, shells disagree about what they still run."""
        if not self.starts(mark):
            raise InvalidValue(f"the script ends before the `{mark}` that closes what was opened", hint="close it")
        self.at += len(mark)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise InvalidValue(
                "the script is nested too deeply to be sure of its quotes", expected=f"at most {MAX_NESTING} levels"
            )

    def hole(self, kind: Kind, **more: object) -> None:
        place = Place(
            self.inside or kind,
            self.at,
            before=self.word[-_SEEN:],
            after=self.peek(1),
            command=self.text[max(self.command_at, self.at - _SEEN) : self.at],
        )
        self.places.append(replace(place, **more))  # type: ignore[arg-type]
        self.at += 1


_BLANK: Final = " \t"
_BREAKS: Final = " \t\n;&|()<>"
_PLAIN: Final = re.compile(r"[^\0\\'\"`$#\s;&|()<>]+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=")
_ARRAY: Final = re.compile(r"(?:.*[\s\"'])?[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=", re.DOTALL)
_SUBSCRIPT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\[[^\]]*", re.DOTALL)
_ELEMENT: Final = re.compile(r"\[[^\]]*", re.DOTALL)
_COMPUTES: Final = re.compile(r"(?:^|\s)-(?:eq|ne|lt|le|gt|ge|v|R|t)(?=\s)")
_DELIMITER: Final = re.compile(r"""[ \t]*(?:'[^'\n]*'|"[^"\n]*"|[^\s;&|()<>'"])+""")
_EXPANSION: Final = re.compile(r"!?#?(?:[A-Za-z_0-9]+|[@*#?$!-])?(?:\[[^\]\0\"'`$]*\])?")
_SIMPLE_PAIR: Final = re.compile(r"""'[^'}"`$\\\0]*'""")
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


def _commands(reader: _Reader, end: str, *, array: bool = False, substitution: bool = False) -> None:
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
        elif char in _BREAKS:
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


def _word_part(reader: _Reader, level: _Level, char: str) -> None:
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
        _single(reader)
    elif char == '"':
        _double(reader, in_word=True)
    elif char == "`":
        _backticks(reader)
    elif char == "$":
        _dollar(reader, quoted=False)
        if reader.at == begin + 1 and reader.peek() == HOLE:
            reader.hole(Kind.DOLLAR)
    elif match := _PLAIN.match(reader.text, begin):
        reader.at = match.end()
    else:
        reader.at += 1
    reader.word += reader.text[begin : reader.at]


def _bare_hole(reader: _Reader, level: _Level) -> None:
    kind = Kind.BARE
    if _SUBSCRIPT.fullmatch(reader.word) or (level.array and _ELEMENT.fullmatch(reader.word)):
        kind = Kind.SUBSCRIPT
    elif level.redirect:
        kind = Kind.REDIRECT
    elif level.case and level.case[-1] in ("subject", "pattern"):
        kind = Kind.WORD
    following = reader.at + 1
    while reader.text.startswith("\\\n", following):
        following += 2
    alone = not reader.word and (following >= len(reader.text) or reader.text[following] in _BREAKS)
    reader.hole(kind, alone=alone, joins_name=_ends_in_name(reader.word))


def _end_word(reader: _Reader, level: _Level) -> None:
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


def _command_word(reader: _Reader, level: _Level, word: str) -> None:
    if word == "case":
        level.case.append("subject")
        level.start = False
    elif word == "[[":
        level.condition = reader.at
        level.start = False
    elif word not in _KEEPS_COMMAND and not _ASSIGNMENT.match(word):
        level.start = False


def _end_condition(reader: _Reader, level: _Level) -> None:
    """Bash evaluates the operands of `-eq` and its like, and of `-v`, inside `[[ … ]]`: a value there is code."""
    begin, level.condition = level.condition, -1
    if _COMPUTES.search(reader.text[begin : reader.at].replace(HOLE, " \0 ")):
        reader.places = [
            replace(place, kind=Kind.ARITHMETIC)
            if place.offset >= begin and place.kind in (Kind.BARE, Kind.DOUBLE)
            else place
            for place in reader.places
        ]


def _break(reader: _Reader, level: _Level, char: str) -> None:
    """An operator, a blank or a newline between words."""
    text, at = reader.text, reader.at
    if level.array and char not in " \t\n)" and not text.startswith(("<(", ">("), at):
        # after this error bash goes on with the next line, which may be the middle of a value
        raise InvalidValue(f"`{char}` among the words of an array", hint="put it in quotes")
    if char in _BLANK:
        reader.at += 1
    elif char == "\n":
        reader.at += 1
        _new_command(reader, level)
        if reader.floor and reader.heredocs:
            raise InvalidValue(
                "a `$(…)` on a here-document's line goes over the line's end", hint="give it a line of its own"
            )
        _heredoc_bodies(reader)
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


def _new_command(reader: _Reader, level: _Level) -> None:
    if level.condition < 0:
        level.start, level.redirect = True, False
        reader.command_at = reader.at


def _bracket(reader: _Reader, level: _Level) -> None:
    """`((…))`, an array's words, a subshell, a function's `()`, a pattern's group."""
    before = reader.text[max(reader.command_at, reader.at - _SEEN) : reader.at]
    glued = bool(before) and before[-1] not in _BREAKS
    if level.case[-1:] == ["pattern"] and not glued:
        reader.at += 1
        return
    if reader.starts("((") and not (glued and before[-1] in "@?*+=") and level.condition < 0:
        begin = reader.at
        reader.at += 2
        _arithmetic(reader, begin)
        return
    is_array = glued and bool(_ARRAY.fullmatch(before)) and level.condition < 0
    is_function = reader.starts("()")
    reader.at += 1
    _commands(reader, ")", array=is_array)
    level.start = level.start or is_function


def _redirection(reader: _Reader, level: _Level) -> None:
    if reader.starts("<(") or reader.starts(">("):
        reader.at += 2
        _commands(reader, ")", substitution=True)
        reader.word, level.fresh = "<()", False
        return
    if level.condition >= 0:
        reader.at += 1
        return
    if reader.starts("<<") and not reader.starts("<<<"):
        _heredoc_start(reader)
        return
    for operator in ("<<<", ">>", ">&", "<&", ">|", "<>", "<", ">"):
        if reader.starts(operator):
            reader.at += len(operator)
            break
    level.redirect = True


def _comment(reader: _Reader) -> None:
    while reader.at < len(reader.text) and reader.peek() != "\n":
        if reader.peek() == HOLE:
            reader.hole(Kind.COMMENT)
        else:
            reader.at += 1


def _single(reader: _Reader) -> None:
    reader.at += 1
    while (char := reader.peek()) and char != "'":
        if char == HOLE:
            reader.hole(Kind.SINGLE)
        else:
            reader.at += 1
    reader.close("'")


def _ansi_c(reader: _Reader) -> None:
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


def _double(reader: _Reader, *, in_word: bool) -> None:
    """Double quotes; `in_word` keeps the word's text up to date for the expressions in them."""
    reader.at += 1
    outer, last = reader.word, reader.at - 1
    while (char := reader.peek()) and char != '"':
        begin = reader.at
        if char == HOLE:
            if in_word:
                reader.word = outer + reader.text[max(last, begin - _SEEN) : begin]
            kind = Kind.SUBSCRIPT if in_word and _SUBSCRIPT.fullmatch(reader.word) else Kind.DOUBLE
            reader.hole(kind, joins_name=_ends_in_name(reader.word))
        elif char == "\\":
            reader.at += 2
        elif char == "`":
            _backticks(reader)
        elif char == "$":
            _dollar(reader, quoted=True)
        else:
            reader.at += 1
    reader.word = outer
    reader.close('"')


def _backticks(reader: _Reader) -> None:
    reader.at += 1
    while (char := reader.peek()) and char != "`":
        if char == HOLE:
            reader.hole(Kind.BACKTICK)
        else:
            reader.at += 2 if char == "\\" else 1
    reader.close("`")


def _dollar(reader: _Reader, *, quoted: bool) -> None:
    """What a `$` begins; alone, only the `$` itself is read."""
    begin = reader.at
    reader.deeper()
    if reader.starts("$(("):
        reader.at += 3
        _arithmetic(reader, begin)
    elif reader.starts("$("):
        reader.at += 2
        _commands(reader, ")", substitution=True)
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


def _arithmetic(reader: _Reader, begin: int) -> None:
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
            _commands(reader, ")", substitution=reader.text[begin] == "$")
            break
        else:
            _inner(reader, char, Kind.ARITHMETIC, quotes=True)
    else:
        reader.close("))")
    reader.inside = outer


def _brace(reader: _Reader, *, quoted: bool) -> None:
    """`${…}`: in double quotes a single quote is plain text, except behind the operators that take a pattern."""
    match = _EXPANSION.match(reader.text, reader.at)
    reader.at = match.end() if match else reader.at
    _enclosed(reader, Kind.BRACE, "}", quotes=not quoted or reader.peek() in "#%/^,")


def _enclosed(reader: _Reader, kind: Kind, end: str, *, quotes: bool) -> None:
    outer = reader.inside
    reader.inside = outer or kind
    while (char := reader.peek()) and char != end:
        _inner(reader, char, kind, quotes=quotes)
    reader.close(end)
    reader.inside = outer


def _inner(reader: _Reader, char: str, kind: Kind, *, quotes: bool) -> None:
    """One piece inside `${…}` or arithmetic."""
    if char == HOLE:
        reader.hole(kind)
    elif char == "\\":
        reader.at += 2
    elif char == "'" and quotes:
        _single(reader)
    elif char == "'":
        _quote_in_quotes(reader)
    elif char == '"':
        _double(reader, in_word=False)
    elif char == "`":
        _backticks(reader)
    elif char == "$":
        _dollar(reader, quoted=not quotes)
    else:
        reader.at += 1


def _quote_in_quotes(reader: _Reader) -> None:
    """In `"${x:-it's}"` bash takes the `'` for a quote and dash does not; only a simple pair is the same to both."""
    match = _SIMPLE_PAIR.match(reader.text, reader.at)
    if match is None:
        raise InvalidValue('a single quote inside `"${…}"`, which shells read differently', hint="assign it first: x=…")
    reader.at = match.end()


def _heredoc_start(reader: _Reader) -> None:
    reader.at += 3 if reader.starts("<<-") else 2
    strip_tabs = reader.text[reader.at - 1] == "-"
    match = _DELIMITER.match(reader.text, reader.at)
    begin, reader.at = reader.at, match.end() if match else reader.at
    word = reader.text[begin : reader.at].strip(_BLANK)
    reader.places += [Place(Kind.DELIMITER, at) for at in range(begin, reader.at) if reader.text[at] == HOLE]
    escaped = word.startswith("\\")
    word = word.removeprefix("\\")
    if not word or set(word) & set("$`\\") or word.count("'") % 2 or word.count('"') % 2:
        raise InvalidValue(
            f"a here-document with the delimiter {word[:40]!r}", expected="a plain word, or one in quotes"
        )
    delimiter = word.replace("'", "").replace('"', "")
    reader.heredocs.append(_Heredoc(delimiter, escaped or delimiter != word, strip_tabs))


def _heredoc_bodies(reader: _Reader) -> None:
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


def _heredoc_line(reader: _Reader, heredoc: _Heredoc, end: int) -> None:
    kind = Kind.QUOTED_HEREDOC if heredoc.quoted else Kind.HEREDOC
    while reader.at < end:
        if reader.peek() == HOLE:
            reader.hole(kind, delimiter=heredoc.delimiter, strip_tabs=heredoc.strip_tabs, before="")
        else:
            reader.at += 1


def _ends_in_name(word: str) -> bool:
    """Whether text put behind `word` would be read as more of a variable's name: `$ab`, or a lone `$`."""
    return bool(re.search(r"(?<!\\)(?:\\\\)*\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)?\Z", word))
