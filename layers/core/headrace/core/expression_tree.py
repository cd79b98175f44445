"""An expression's source and its syntax tree, by Jinja2's grammar: parsed within bounds, taken apart, written again.

Jinja2's parser recurses and reads numbers and escapes as Python does, so what it gets is bounded first: length, words,
brackets, escapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from headrace.core.errors import InvalidValue, shown

MAX_TOKENS: Final = 400
MAX_BRACKETS: Final = 16

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What is between the brackets of a call, a filter or a test."""

    positional: list[nodes.Expr]
    named: dict[str, nodes.Expr]


@dataclass(frozen=True, slots=True)
class CallStep:
    """Brackets behind a name."""

    arguments: Arguments


Step: TypeAlias = "str | int | nodes.Expr | CallStep"


def arguments_of(node: nodes.Filter | nodes.Test | nodes.Call) -> Arguments:
    """The arguments; InvalidValue for one given twice, or for `*` and `**`."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise InvalidValue("not in the language: `*` or `**` before an argument")
    named: dict[str, nodes.Expr] = {}
    for keyword in node.kwargs or []:
        assert isinstance(keyword, nodes.Keyword)  # noqa: S101 - `dict(**pairs)` is refused above
        if keyword.key in named:
            raise InvalidValue(f"the argument '{keyword.key}' is given twice")
        named[keyword.key] = keyword.value
    return Arguments(list(node.args or []), named)


def steps_of(node: nodes.Expr) -> tuple[nodes.Expr, list[Step]]:
    """The innermost expression of a chain, and what is done to it in order."""
    steps: list[Step] = []
    while True:
        if isinstance(node, nodes.Getattr):
            if node.attr.startswith("_"):
                raise InvalidValue(f"'.{node.attr[:60]}' is private", expected="a name that starts with a letter")
            steps.append(node.attr)
        elif isinstance(node, nodes.Getitem):
            if (
                isinstance(node.arg, nodes.Const)
                and isinstance(node.arg.value, str | int)
                and not isinstance(node.arg.value, bool)
            ):
                steps.append(node.arg.value)
            else:
                steps.append(node.arg)
        elif isinstance(node, nodes.Call):
            steps.append(CallStep(arguments_of(node)))
        else:
            return node, steps[::-1]
        node = node.node


def parse_source(source: str) -> nodes.Expr:
    """The tree of an expression; InvalidValue for a syntax error, an unknown escape, or one that is too long."""
    if not source:
        raise InvalidValue("an empty expression", hint="for a plain `${{` write `\\${{`")
    _check_tokens(source)
    try:
        parser = Parser(_ENVIRONMENT, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise InvalidValue(
                f"unexpected {shown(str(parser.stream.current.value))} after the expression", hint=_hint(source)
            )
    except TemplateSyntaxError as error:
        raise InvalidValue(f"not an expression: {error.message}", hint=_hint(source)) from None
    except (RecursionError, ValueError, OverflowError) as error:
        raise InvalidValue(f"not an expression: {type(error).__name__}", expected="a shorter one") from None
    return tree


def unparse(node: nodes.Node) -> str:
    """The source of a tree again, every operation in its own brackets; parsing it gives an equal tree."""
    if isinstance(node, nodes.Const):
        return _literal(node.value)
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{unparse(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{unparse(node.node)}[{unparse(node.arg)}]"
    if isinstance(node, nodes.BinExpr):
        return f"({unparse(node.left)} {_SYMBOLS[type(node)]} {unparse(node.right)})"
    if isinstance(node, nodes.UnaryExpr):
        return f"({_SYMBOLS[type(node)]}{unparse(node.node)})"
    if isinstance(node, nodes.Compare):
        return f"({unparse(node.expr)}{''.join(f' {_COMPARES[part.op]} {unparse(part.expr)}' for part in node.ops)})"
    if isinstance(node, nodes.Concat):
        return f"({' ~ '.join(map(unparse, node.nodes))})"
    if isinstance(node, nodes.CondExpr):
        other = f" else {unparse(node.expr2)}" if node.expr2 is not None else ""
        return f"({unparse(node.expr1)} if {unparse(node.test)}{other})"
    if isinstance(node, nodes.List | nodes.Tuple):
        return f"[{', '.join(map(unparse, node.items))}]"
    if isinstance(node, nodes.Dict):
        return f"{{{', '.join(f'{unparse(pair.key)}: {unparse(pair.value)}' for pair in node.items)}}}"
    if isinstance(node, nodes.Filter | nodes.Test):
        arguments = [*map(unparse, node.args), *(f"{keyword.key}={unparse(keyword.value)}" for keyword in node.kwargs)]
        mark = "|" if isinstance(node, nodes.Filter) else " is "
        called = f"({', '.join(arguments)})" if arguments else ""
        return f"({unparse(node.node)}{mark}{node.name}{called})"  # type: ignore[arg-type]
    raise refusal(type(node))


def refusal(kind: type[nodes.Node]) -> InvalidValue:
    """Says that this kind of node is not in the language."""
    return InvalidValue(f"not in the language: {_REFUSED.get(kind, kind.__name__.lower())}")


_ENVIRONMENT: Final = Environment(  # noqa: S701 - gives the grammar only; nothing is rendered with it
    block_start_string="\x01%", block_end_string="%\x01", variable_start_string="\x02{", variable_end_string="}\x02",
    comment_start_string="\x03#", comment_end_string="#\x03",
)  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TOKEN: Final = re.compile(
    r"""(?P<string>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")|(?P<word>[\w.]+)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<mark>[^\s\w])""",
    re.DOTALL,
)
_BAD_ESCAPE: Final = re.compile(
    r"(?:^|[^\\])(?:\\\\)*(\\(?![\\'\"ntr0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})(?:.|$))", re.DOTALL
)
_SYMBOLS: Final[Mapping[type[nodes.Expr], str]] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%", nodes.Pow: "**",
    nodes.And: "and", nodes.Or: "or", nodes.Neg: "-", nodes.Pos: "+", nodes.Not: "not ",
}  # fmt: skip
_COMPARES: Final = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lteq": "<=",
    "gt": ">",
    "gteq": ">=",
    "in": "in",
    "notin": "not in",
}
_REFUSED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "a call; only `process.at(axis=…)` can be called",
    nodes.Slice: "a slice; take one item `x[0]`, or `x | first`",
}


def _check_tokens(source: str) -> None:
    """Bounds what the parser gets, before it recurses or warns."""
    if found := _CONTROL.search(source):
        raise InvalidValue(
            f"a control character {shown(found[0])} in an expression", hint="write it as an escape in a string"
        )
    depth = 0
    for count, match in enumerate(_TOKEN.finditer(source), 1):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if count > MAX_TOKENS or depth > MAX_BRACKETS:
            raise InvalidValue(
                "an expression that is too long",
                expected=f"at most {MAX_TOKENS} words and signs, {MAX_BRACKETS} nested brackets",
            )
        if match["string"] and (bad := _BAD_ESCAPE.search(match["string"][1:-1])):
            raise InvalidValue(
                f"unknown escape {bad[1]} in the string {shown(match['string'])}",
                expected=r"\\ \' \" \n \t \r \xhh \uhhhh",
            )


def _hint(source: str) -> str:
    if "&&" in source or "||" in source:
        return "use `and`, `or`, `not`"
    if re.search(r"\b(for|set|macro|block|include|import)\b", source):
        return "statements are not in the language"
    return ""


def _literal(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = (
            value.replace("\\", "\\\\")
            .replace("'", "\\'")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
            .replace("\t", "\\t")
        )
        return "'" + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped) + "'"
    return repr(value)
