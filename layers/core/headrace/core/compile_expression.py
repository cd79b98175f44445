"""An expression's source, parsed by Jinja2 and turned into a Python function of `(scope, resolve)`.

Jinja2 gives the grammar and the syntax tree and nothing else: its runtime, its sandbox and Python's attribute access are
not used. Each kind of node that the language has is translated below; every other one is refused by name, so there is no
way from an expression to a Python object. What a process made is taken from `resolve(reference)`, and every use of one
is known before anything is evaluated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from jinja2 import nodes

from headrace.core import operators
from headrace.core.errors import InvalidValue, nearest, shown
from headrace.core.expression_tree import (
    NAME,
    Arguments,
    CallStep,
    Step,
    arguments_of,
    parse_source,
    refusal,
    steps_of,
    unparse,
)
from headrace.core.filters import FILTERS, HIGHER, SCRIPT_ONLY, TESTS
from headrace.core.list_filters import apply_each, attribute_of, keep
from headrace.core.process_use import ProcessUse, take_use
from headrace.core.values import FILE_KEY, Value

Scope: TypeAlias = Mapping[str, Value]
Code: TypeAlias = Callable[[Scope, Callable[[Any], Value]], Value]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What is known of an expression before it is evaluated, and its code."""

    source: str
    code: Code
    names: frozenset[str]
    uses: frozenset[tuple[str, ...]]
    processes: tuple[ProcessUse, ...]
    outer_filter: str


def compile_expression(
    source: str, *, processes: frozenset[str], make_reference: Callable[[ProcessUse], object], in_script: bool = False
) -> Compiled:
    """The expression, ready to evaluate; InvalidValue for a syntax error or anything the language does not have.

    `make_reference` turns each use of a process into what `resolve` is called with.
    """
    tree = parse_source(source)
    maker = _Maker(processes, make_reference, in_script)
    code = maker.code(tree)
    outer = tree.name if isinstance(tree, nodes.Filter) else ""
    if maker.raws > (outer == "raw"):
        raise InvalidValue("`| raw` in the middle of an expression", hint="put it last, around the whole: `(…) | raw`")
    return Compiled(source, code, frozenset(maker.names), frozenset(maker.uses), tuple(maker.found), outer)


_BINARY: Final[Mapping[type[nodes.Expr], Callable[[Value, Value], Value]]] = {
    nodes.Add: operators.add,
    nodes.Sub: operators.subtract,
    nodes.Mul: operators.multiply,
    nodes.Div: operators.divide,
    nodes.FloorDiv: operators.divide_whole,
    nodes.Mod: operators.remainder,
    nodes.Pow: operators.power,
}
_UNARY: Final[Mapping[type[nodes.Expr], Callable[[Value], Value]]] = {
    nodes.Neg: operators.negative,
    nodes.Pos: operators.positive,
    nodes.Not: lambda value: not operators.present(value),
}


@dataclass(slots=True)
class _Maker:
    """Translates one tree, collecting the names, dotted uses and process uses it meets."""

    processes: frozenset[str]
    make_reference: Callable[[ProcessUse], object]
    in_script: bool
    names: set[str] = field(default_factory=set)
    uses: set[tuple[str, ...]] = field(default_factory=set)
    found: list[ProcessUse] = field(default_factory=list)
    raws: int = 0

    def code(self, node: nodes.Node) -> Code:
        """The function that computes `node`."""
        if isinstance(node, nodes.BinExpr) and type(node) in _BINARY:
            return self._binary(node, _BINARY[type(node)])
        if isinstance(node, nodes.UnaryExpr):
            return _call1(_UNARY[type(node)], self.code(node.node))
        make = self._makers().get(type(node))
        if make is None:
            raise refusal(type(node))
        return make(node)

    def _makers(self) -> Mapping[type[nodes.Node], Callable[[Any], Code]]:
        return {
            nodes.Const: self._const,
            nodes.Name: self._chain,
            nodes.Getattr: self._chain,
            nodes.Getitem: self._chain,
            nodes.Call: self._chain,
            nodes.And: self._and,
            nodes.Or: self._or,
            nodes.Compare: self._compare,
            nodes.Concat: self._concat,
            nodes.CondExpr: self._condition,
            nodes.List: self._list,
            nodes.Tuple: self._list,
            nodes.Dict: self._dict,
            nodes.Filter: self._filter,
            nodes.Test: self._test,
        }

    def _const(self, node: nodes.Const) -> Code:
        value = node.value
        if isinstance(value, str):
            _check_encodable(value)
        elif value is not None and not isinstance(value, bool):
            operators.finite(value, shown(value))
        return lambda _scope, _resolve: value

    def _binary(self, node: nodes.BinExpr, compute: Callable[[Value, Value], Value]) -> Code:
        left, right = self.code(node.left), self.code(node.right)
        return lambda scope, resolve: compute(left(scope, resolve), right(scope, resolve))

    def _and(self, node: nodes.And) -> Code:
        left, right = self.code(node.left), self.code(node.right)
        return lambda scope, resolve: right(scope, resolve) if operators.present(left(scope, resolve)) else False

    def _or(self, node: nodes.Or) -> Code:
        left, right = self.code(node.left), self.code(node.right)

        def run(scope: Scope, resolve: Callable[[Any], Value]) -> Value:
            value = left(scope, resolve)
            return value if operators.present(value) else right(scope, resolve)

        return run

    def _compare(self, node: nodes.Compare) -> Code:
        start = self.code(node.expr)
        steps = [(operators.COMPARISONS[operand.op], self.code(operand.expr)) for operand in node.ops]

        def run(scope: Scope, resolve: Callable[[Any], Value]) -> Value:
            left = start(scope, resolve)
            for compare, code in steps:
                right = code(scope, resolve)
                if not compare(left, right):
                    return False
                left = right
            return True

        return run

    def _concat(self, node: nodes.Concat) -> Code:
        codes = [self.code(part) for part in node.nodes]
        return lambda scope, resolve: operators.concat([code(scope, resolve) for code in codes])

    def _condition(self, node: nodes.CondExpr) -> Code:
        test, then = self.code(node.test), self.code(node.expr1)
        other = self.code(node.expr2) if node.expr2 is not None else _nothing
        return lambda scope, resolve: (then if operators.present(test(scope, resolve)) else other)(scope, resolve)

    def _list(self, node: nodes.List | nodes.Tuple) -> Code:
        codes = [self.code(item) for item in node.items]
        return lambda scope, resolve: [code(scope, resolve) for code in codes]

    def _dict(self, node: nodes.Dict) -> Code:
        pairs = []
        for pair in node.items:
            if (
                not isinstance(pair.key, nodes.Const)
                or not isinstance(pair.key.value, str)
                or pair.key.value == FILE_KEY
            ):
                raise InvalidValue(f"the key {unparse(pair.key)} of a record", expected="text in quotes")
            pairs.append((pair.key.value, self.code(pair.value)))
        return lambda scope, resolve: {key: code(scope, resolve) for key, code in pairs}

    def _filter(self, node: nodes.Filter) -> Code:
        if node.node is None:
            raise InvalidValue("not in the language: a filter of nothing")
        value = self.code(node.node)
        apply = self._apply(node.name, arguments_of(node))
        return lambda scope, resolve: apply(value(scope, resolve), scope, resolve)

    def _apply(self, name: str, arguments: Arguments) -> Callable[[Value, Scope, Any], Value]:
        """The filter `name` with its arguments, as a function of the value it is put on."""
        if name in HIGHER:
            return self._map(arguments) if name == "map" else self._select(name, arguments)
        if name not in FILTERS:
            known = [*FILTERS, *HIGHER]
            raise InvalidValue(
                f"no filter '{name[:60]}'", expected=f"one of {', '.join(known)}", hint=nearest(name[:60], known)
            )
        if name in SCRIPT_ONLY and not self.in_script:
            raise InvalidValue(
                f"the filter '{name}' outside a script", hint="it says how a value stands in a shell script"
            )
        self.raws += name == "raw"
        return self._bind(f"the filter '{name}'", FILTERS[name], arguments)

    def _bind(
        self, what: str, function: Callable[..., Value], arguments: Arguments
    ) -> Callable[[Value, Scope, Any], Value]:
        signature = inspect.signature(function)
        try:
            signature.bind(None, *arguments.positional, **arguments.named)
        except TypeError as error:
            raise InvalidValue(f"{what}: {error}", expected=f"{_parameters(signature)}") from None
        codes = [self.code(node) for node in arguments.positional]
        named = {name: self.code(node) for name, node in arguments.named.items()}
        if not codes and not named:
            return lambda value, _scope, _resolve: function(value)
        return lambda value, scope, resolve: function(
            value,
            *[code(scope, resolve) for code in codes],
            **{name: code(scope, resolve) for name, code in named.items()},
        )

    def _map(self, arguments: Arguments) -> Callable[[Value, Scope, Any], Value]:
        if not arguments.positional:
            if arguments.named.keys() != {"attribute"}:
                raise InvalidValue("map needs one thing to do", expected="map(attribute='name') or map('filter', …)")
            attribute = self.code(arguments.named["attribute"])

            def take(value: Value, scope: Scope, resolve: Any) -> Value:
                name = attribute(scope, resolve)
                return apply_each(value, lambda item: attribute_of(item, name))

            return take
        name, rest = _named_first("map", arguments)
        if name in SCRIPT_ONLY:
            raise InvalidValue(f"map cannot apply '{name}'", hint=f"put `| {name}` behind it")
        inner = self._apply(name, rest)
        return lambda value, scope, resolve: apply_each(value, lambda item: inner(item, scope, resolve))

    def _select(self, name: str, arguments: Arguments) -> Callable[[Value, Scope, Any], Value]:
        attribute: str | None = None
        if name == "selectattr":
            attribute, arguments = _named_first(name, arguments)
        test_name, rest = _named_first(name, arguments) if arguments.positional else ("", arguments)
        if rest.named or (not test_name and rest.positional):
            raise InvalidValue(f"{name} takes no named arguments", expected=HIGHER[name][0])
        test = (
            self._test_code(test_name, rest)
            if test_name
            else (lambda value, _scope, _resolve: operators.present(value))
        )

        def run(value: Value, scope: Scope, resolve: Any) -> Value:
            def pick(item: Value) -> Value:
                return item if attribute is None else attribute_of(item, attribute)

            return keep(value, name, lambda item: test(pick(item), scope, resolve))

        return run

    def _test(self, node: nodes.Test) -> Code:
        value = self.code(node.node)
        test = self._test_code(node.name, arguments_of(node))
        return lambda scope, resolve: test(value(scope, resolve), scope, resolve)

    def _test_code(self, name: str, arguments: Arguments) -> Callable[[Value, Scope, Any], bool]:
        if name not in TESTS:
            hint = (
                "a missing name is an error; `is none` tests for a value"
                if name in ("defined", "undefined")
                else nearest(name[:60], TESTS)
            )
            raise InvalidValue(f"no test '{name[:60]}'", expected=f"one of {', '.join(TESTS)}", hint=hint)
        return self._bind(f"the test '{name}'", TESTS[name], arguments)

    def _chain(self, node: nodes.Expr) -> Code:
        """A name and the items looked up in it, one after the other; or a process's output."""
        root, steps = steps_of(node)
        if isinstance(root, nodes.Name):
            if not NAME.fullmatch(root.name):
                raise InvalidValue(f"'{root.name[:60]}' is no name", expected="a letter, then letters, digits and _")
            if root.name in self.processes:
                use, steps = take_use(root.name, steps, self.processes)
                self.found.append(use)
                return self._lookups(_resolved(self.make_reference(use)), f"{root.name}.{use.output}", steps)
            self.names.add(root.name)
            literal = [root.name]
            for step in steps:
                if not isinstance(step, str):
                    break
                literal.append(step)
            self.uses.add(tuple(literal))
            return self._lookups(_scope_name(root.name), root.name, steps)
        return self._lookups(self.code(root), "", steps)

    def _lookups(self, code: Code, what: str, steps: list[Step]) -> Code:
        for step in steps:
            if isinstance(step, CallStep):
                raise refusal(nodes.Call)
            if isinstance(step, nodes.Node):
                code, what = _item_of(code, self.code(step), what), ""
            else:
                code = _fixed_item_of(code, step, what)
                what = (f"{what}.{step}" if isinstance(step, str) else f"{what}[{step}]") if what else ""
        return code


def _named_first(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    """The literal text that is the first argument, and the rest."""
    head = arguments.positional[0] if arguments.positional else None
    if not isinstance(head, nodes.Const) or not isinstance(head.value, str):
        raise InvalidValue(f"the first argument of {name}", expected=f"a text in quotes: {HIGHER[name][0]}")
    return head.value, Arguments(arguments.positional[1:], arguments.named)


def _scope_name(name: str) -> Code:
    def run(scope: Scope, _resolve: Any) -> Value:
        try:
            return scope[name]
        except KeyError:
            raise InvalidValue(
                f"'{name[:80]}' is not known here", expected=_known(scope), hint=nearest(name[:80], scope)
            ) from None

    return run


def _known(scope: Scope) -> str:
    names = sorted(scope)
    return f"one of {', '.join(names[:20])}{', …' if len(names) > 20 else ''}" if names else "no names at all"


def _resolved(reference: object) -> Code:
    return lambda _scope, resolve: resolve(reference)


def _item_of(code: Code, index: Code, what: str) -> Code:
    return lambda scope, resolve: operators.lookup(code(scope, resolve), index(scope, resolve), what)


def _fixed_item_of(code: Code, step: str | int, what: str) -> Code:
    return lambda scope, resolve: operators.lookup(code(scope, resolve), step, what)


def _call1(function: Callable[[Value], Value], code: Code) -> Code:
    return lambda scope, resolve: function(code(scope, resolve))


def _nothing(_scope: Scope, _resolve: Any) -> Value:
    return None


def _parameters(signature: inspect.Signature) -> str:
    names = [p.name if p.default is p.empty else f"{p.name}=…" for p in list(signature.parameters.values())[1:]]
    return f"({', '.join(names)})"


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidValue(f"the string {shown(text)} has half a character", expected="whole characters") from None
