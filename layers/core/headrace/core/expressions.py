"""Templates: text with `${{ … }}` expressions in it (spec rules 3, 5, 6).

    parse("${{ sample.id }}.bam", processes=…)   what it names is known at once
    evaluate(template, scope, resolve)           one lone expression keeps its value's type, any other text gives text

In text with more around it a none, a list, a record or a file is an error: half a path is worse than none. What a process
made is asked of `resolve(reference)`; a Reference is hashable and equal when it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from headrace.core.compile_expression import Compiled, compile_expression
from headrace.core.errors import InvalidValue, shown
from headrace.core.process_use import ProcessUse
from headrace.core.template_text import split
from headrace.core.values import MAX_TEXT, Value, text_of

Mode: TypeAlias = Literal["align", "at", "all"]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text; equal to another of the same text that sees the same processes in it."""

    text: str
    lone: bool
    literal: str | None
    names: frozenset[str]
    references: tuple[Reference, ...]
    uses: frozenset[tuple[str, ...]]
    parts: tuple[str | Compiled, ...] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a process's output: aligned by axes, `at` one key, or `all` of it."""

    process: str
    mode: Mode
    at: tuple[tuple[str, Template], ...]
    output: str

    def __str__(self) -> str:
        """As a user writes it."""
        keys = ", ".join(f"{axis}={template.text[4:-3]}" for axis, template in self.at)
        return f"{self.process}{'.all' if self.mode == 'all' else ''}{f'.at({keys})' if self.mode == 'at' else ''}.{self.output}"


Resolve: TypeAlias = Callable[[Reference], Value]


@lru_cache(maxsize=8192)
def parse(text: str, *, processes: frozenset[str] = frozenset()) -> Template:
    """The template; InvalidValue, quoting the expression, for what is not in the language."""
    parts = [piece if isinstance(piece, str) else compile_quoted(piece.source, processes) for piece in split(text)]
    compiled = [part for part in parts if isinstance(part, Compiled)]
    references = dict.fromkeys(reference_of(use) for part in compiled for use in part.processes)
    at = [template for reference in references for _, template in reference.at]
    return Template(
        text=text,
        lone=len(parts) == 1 and bool(compiled),
        literal=None if compiled else "".join(part for part in parts if isinstance(part, str)),
        names=frozenset().union(*(part.names for part in compiled), *(template.names for template in at)),
        references=tuple(references),
        uses=frozenset().union(*(part.uses for part in compiled), *(template.uses for template in at)),
        parts=tuple(parts),
    )


def no_process(reference: Reference) -> Value:
    """The `resolve` of a place that sees no process."""
    raise InvalidValue(f"'{reference}' is not available here", hint="data of a process enters through `inputs`")


def evaluate(template: Template, scope: Mapping[str, Value], resolve: Resolve = no_process) -> Value:
    """The template's value; InvalidValue, quoting the expression, for a missing name or an operation that failed."""
    if template.literal is not None:
        return template.literal
    if template.lone:
        return run(template.parts[0], scope, resolve)  # type: ignore[arg-type]
    return render_text(template, scope, resolve)


def render_text(template: Template, scope: Mapping[str, Value], resolve: Resolve = no_process) -> str:
    """The template as text, whatever it is: for paths, names and tags."""
    texts = [part if isinstance(part, str) else _run_text(part, scope, resolve) for part in template.parts]
    text = "".join(texts)
    if len(text) > MAX_TEXT:
        raise InvalidValue(f"{shown(template.text)} gives {len(text):,} characters", expected=f"at most {MAX_TEXT:,}")
    return text


def run(compiled: Compiled, scope: Mapping[str, Value], resolve: Resolve) -> Value:
    """One expression's value, with the expression quoted in what goes wrong."""
    try:
        return compiled.code(scope, resolve)
    except InvalidValue as error:
        raise quoted(error, compiled.source) from None


def compile_quoted(source: str, processes: frozenset[str], *, in_script: bool = False) -> Compiled:
    """`compile_expression`, with the expression quoted in what goes wrong."""
    try:
        return compile_expression(source, processes=processes, make_reference=reference_of, in_script=in_script)
    except InvalidValue as error:
        raise quoted(error, source) from None


@lru_cache(maxsize=8192)
def reference_of(use: ProcessUse) -> Reference:
    """The Reference a use of a process stands for."""
    return Reference(
        use.process, use.mode, tuple((axis, parse(f"${{{{ {source} }}}}")) for axis, source in use.at), use.output
    )


def quoted(error: InvalidValue, source: str) -> InvalidValue:
    """The same error, saying which expression it is about."""
    shown_source = " ".join(source.split())
    cut = shown_source if len(shown_source) <= _QUOTED else shown_source[: _QUOTED - 1] + "…"
    return InvalidValue(f"in `${{{{ {cut} }}}}`: {error.message}", expected=error.expected, hint=error.hint)


_QUOTED: Final = 100


def _run_text(compiled: Compiled, scope: Mapping[str, Value], resolve: Resolve) -> str:
    value = run(compiled, scope, resolve)
    try:
        return text_of(value)
    except InvalidValue as error:
        raise quoted(error, compiled.source) from None
