"""A process's script: shell source in which only `${{ … }}` is special (spec rule 7).

    script = parse_script(text, shell="bash")     problems(), raws(), warnings() for `headrace check`
    rendered = render(script, scope)              rendered.text, and the list files it names

Every expression is quoted for its place, so no value can become code or fall apart into words; a place where that cannot be
done is a problem that names the way out. An expression in a comment is left alone and means nothing. A script sees no process:
what it needs enters through `inputs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from headrace.core.compile_expression import Compiled
from headrace.core.errors import InvalidValue, Problem
from headrace.core.expressions import compile_quoted, no_process, quoted, reference_of, run
from headrace.core.filter_values import ListFile
from headrace.core.shell_places import find_places
from headrace.core.shell_quote import quote, unquoted
from headrace.core.shell_reader import HOLE, Kind, Place
from headrace.core.template_text import Found, split
from headrace.core.values import Value

MAX_SCRIPT: Final = 4_000_000
LISTS: Final = ".headrace/lists"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say about one expression of a script; `line` counts from 1 within the script."""

    line: int
    message: str
    expected: str = ""
    hint: str = ""

    def problem(self, *, path: str = "", file: str = "", first_line: int = 0) -> Problem:
        """The same as a Problem; `first_line` is the document's line of the script's first."""
        line = first_line + self.line - 1 if first_line else 0
        return Problem(path=path, message=self.message, expected=self.expected, hint=self.hint, file=file, line=line)


@dataclass(frozen=True, slots=True)
class Hole:
    """One expression in its place."""

    compiled: Compiled
    place: Place
    line: int


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script; `names` and `uses` are those of its expressions."""

    text: str
    names: frozenset[str]
    uses: frozenset[tuple[str, ...]]
    parts: tuple[str | Hole, ...] = field(repr=False, compare=False)
    found: tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Finding, ...]] = field(repr=False, compare=False)

    def problems(self) -> tuple[Finding, ...]:
        """What must be changed before the script can be rendered."""
        return self.found[0]

    def raws(self) -> tuple[Finding, ...]:
        """Every expression that goes into the script unquoted."""
        return self.found[1]

    def warnings(self) -> tuple[Finding, ...]:
        """Expressions on a line whose command reads its arguments as code once more."""
        return self.found[2]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A script ready to run, and the list files (path in the task's folder → lines) it expects there."""

    text: str
    lists: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=1024)
def parse_script(text: str, *, processes: frozenset[str] = frozenset(), shell: str = "bash") -> Script:
    """The script. What is wrong with it is in `problems()`; InvalidValue only when an expression does not end.

    `processes` are names that the script must not use (those no input hides); `shell` is the directive's value.
    """
    pieces = split(text)
    problems: list[Finding] = []
    try:
        places = _places(pieces, shell)
    except InvalidValue as error:
        problems.append(Finding(1, error.message, error.expected, error.hint))
        places = None
    holes: list[Hole] = []
    parts: list[str | Hole] = []
    remaining = iter(places or ())
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        place = next(remaining, Place(Kind.BARE, 0))
        if place.kind is Kind.COMMENT:
            parts.append(_as_written(piece))
            continue
        hole = _hole(piece, place, processes, problems)
        if hole is not None:
            holes.append(hole)
            parts.append(hole)
    problems += [finding for hole in holes for finding in _refused(hole)]
    return Script(
        text=text,
        names=frozenset().union(*(hole.compiled.names for hole in holes)),
        uses=frozenset().union(*(hole.compiled.uses for hole in holes)),
        parts=tuple(parts),
        found=(
            tuple(sorted(problems, key=lambda finding: finding.line)),
            tuple(
                Finding(hole.line, f"{_shown(hole)} goes into the script unquoted") for hole in holes if _is_raw(hole)
            ),
            tuple(_warnings(pieces, holes)),
        ),
    )


def render(script: Script, scope: Mapping[str, Value]) -> Rendered:
    """The script with every value quoted for its place; InvalidValue for a problem, or a value that fits no word."""
    if script.problems():
        first = script.problems()[0]
        raise InvalidValue(f"line {first.line}: {first.message}", expected=first.expected, hint=first.hint)
    lists: dict[tuple[str, ...], str] = {}
    out: list[str] = []
    spans: list[tuple[int, int, Hole]] = []
    size = 0
    for part in script.parts:
        text = part if isinstance(part, str) else _render_hole(part, scope, lists)
        if isinstance(part, Hole) and part.place.kind is Kind.QUOTED_HEREDOC:
            spans.append((size, size + len(text), part))
        size += len(text)
        if size > MAX_SCRIPT:
            raise InvalidValue(
                f"a script of more than {MAX_SCRIPT:,} characters", hint="give long lists as a file: `| listFile`"
            )
        out.append(text)
    whole = "".join(out)
    for start, end, hole in spans:
        _check_delimiter(whole, start, end, hole)
    return Rendered(whole, {path: lines for lines, path in lists.items()})


_OUT: Final[Mapping[Kind, str]] = {
    Kind.SINGLE: "end the quotes around it: 'a '${{ x }}' b'; a program gets it as `awk -v x=${{ x }} '…'` or through `env:`",
    Kind.ANSI_C: "end the quotes around it: $'a\\t'${{ x }}",
    Kind.BACKTICK: "write `$(…)` for the backticks",
    Kind.BRACE: "assign it first: x=${{ x }}, then use ${x…}",
    Kind.ARITHMETIC: "compute it in the expression, `${{ n + 1 }}`, or compare with `[ … -eq … ]`; the shell would run code in it here",
    Kind.SUBSCRIPT: "choose the item in an expression; the shell would run code in it here",
    Kind.HEREDOC: "use printf '%s\\n' ${{ x }}, a file as input, or `| json` in a here-document with a quoted delimiter (<<'EOF')",
    Kind.QUOTED_HEREDOC: "use `| json`, printf '%s\\n' ${{ x }}, or a file as input",
    Kind.DELIMITER: "use a fixed word",
    Kind.DOLLAR: "write `\\$` for a plain dollar sign",
}

_AGAIN: Final = re.compile(
    r"(?:^|[\s;&|(`'\"/])(?:(?P<builtin>eval|trap|let|alias|unset|ssh)\s"
    r"|(?P<shell>(?:ba|da|z|k|a)?sh)\s+(?:-\S+\s+)*-\w*c\b"
    r"|(?P<integer>declare|typeset|local)\s+-\w*i"
    r"|(?P<language>python[0-9.]*|perl|ruby|node|Rscript)\s+(?:-\S+\s+)*-\w*[ce]\b)"
)


def _places(pieces: list[str | Found], shell: str) -> list[Place]:
    if not any(isinstance(piece, Found) for piece in pieces):
        return []
    if any(HOLE in piece for piece in pieces if isinstance(piece, str)):
        raise InvalidValue("a NUL character in the script", hint="no shell can read it; delete it")
    program = shell.split(maxsplit=1)[0].rsplit("/", 1)[-1] if shell.split() else ""
    return find_places("".join(piece if isinstance(piece, str) else HOLE for piece in pieces), bash=program == "bash")


def _as_written(found: Found) -> str:
    return f"${{{{ {' '.join(found.source.split())} }}}}"


def _hole(found: Found, place: Place, processes: frozenset[str], problems: list[Finding]) -> Hole | None:
    try:
        compiled = compile_quoted(found.source, processes, in_script=True)
    except InvalidValue as error:
        problems.append(Finding(found.line, error.message, error.expected, error.hint))
        return None
    problems.extend(
        Finding(
            found.line,
            f"in `{_as_written(found)}`: a script sees no process, and '{use.process}' is one",
            expected="names of inputs, outputs, params, axes, key, task or run",
            hint=f'list it: inputs: {{{use.output}: "${{{{ {reference_of(use)} }}}}"}}',
        )
        for use in compiled.processes
    )
    return Hole(compiled, place, found.line)


def _refused(hole: Hole) -> list[Finding]:
    kind = hole.place.kind
    if kind not in _OUT or (_is_raw(hole) and kind is not Kind.DELIMITER):
        return []
    if kind is Kind.QUOTED_HEREDOC and hole.compiled.outer_filter == "json":
        return []
    raw = "" if kind is Kind.DELIMITER else "; `| raw` puts it there as it stands"
    return [Finding(hole.line, f"{_shown(hole)} stands in {kind}, where it cannot be quoted", hint=_OUT[kind] + raw)]


def _warnings(pieces: list[str | Found], holes: list[Hole]) -> list[Finding]:
    text = "".join(piece if isinstance(piece, str) else HOLE for piece in pieces)
    found = []
    for hole in holes:
        begin = text.rfind("\n", 0, hole.place.offset) + 1
        end = text.find("\n", hole.place.offset)
        line = text[max(begin, hole.place.offset - 1000) : len(text) if end < 0 else min(end, hole.place.offset + 1000)]
        if match := _AGAIN.search(hole.place.command) or _AGAIN.search(line):
            name = next(word for word in match.groups() if word)
            found.append(
                Finding(
                    hole.line,
                    f"{_shown(hole)} on a line with `{name}`, which reads its words as code once more",
                    hint="one level of quotes is not enough there; hand the value over as an argument or through `env:`",
                )
            )
    return found


def _is_raw(hole: Hole) -> bool:
    return hole.compiled.outer_filter == "raw"


def _shown(hole: Hole) -> str:
    source = " ".join(hole.compiled.source.split())
    return f"`${{{{ {source if len(source) <= 100 else source[:99] + '…'} }}}}`"


def _render_hole(hole: Hole, scope: Mapping[str, Value], lists: dict[tuple[str, ...], str]) -> str:
    def name_list(file: ListFile) -> str:
        return lists.setdefault(file.lines, f"{LISTS}/{len(lists) + 1}")

    value = run(hole.compiled, scope, no_process)
    try:
        if _is_raw(hole) or hole.place.kind is Kind.QUOTED_HEREDOC:
            return unquoted(value, name_list)
        return quote(value, hole.place, name_list)
    except InvalidValue as error:
        raise quoted(error, hole.compiled.source) from None


def _check_delimiter(text: str, start: int, end: int, hole: Hole) -> None:
    """No line with a value in it may be the line that ends its here-document."""
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    for line in text[begin : len(text) if stop < 0 else stop].split("\n"):
        if (line.lstrip("\t") if hole.place.strip_tabs else line) == hole.place.delimiter:
            raise quoted(
                InvalidValue(
                    f"the value gives a line that ends the here-document: {hole.place.delimiter!r}",
                    hint="choose another delimiter",
                ),
                hole.compiled.source,
            )
