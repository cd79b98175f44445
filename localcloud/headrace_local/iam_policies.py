"""Policies, and whether they allow a call: statements, patterns and conditions, and nothing that reads or keeps anything.

Whatever is not known here (an element, an operator, a condition key, a policy variable) is refused by name: a policy that is read
differently than AWS reads it would prove nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from headrace.core.errors import InvalidValue, nearest

KEYS: Final = frozenset(
    {
        "aws:CalledVia",
        "aws:RequestedRegion",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "batch:Image",
        "batch:Privileged",
        "batch:ShareIdentifier",
        "dynamodb:LeadingKeys",
        "ecs:CreateAction",
        "events:source",
        "iam:PassedToService",
        "kms:EncryptionContextKeys",
        "s3:TlsVersion",
        "s3:prefix",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
"""The condition keys that requests are known by here (iam_calls.py); IAM compares their names without regard to case."""
_BY_NAME: Final = {key.lower(): key for key in KEYS}
_ELEMENTS: Final = {
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One thing a request wants to do: `s3:GetObject`, an ARN (`*` for actions without a resource type), and the keys of conditions."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action and one resource of one statement, as they are written."""

    policy: str
    statement: int
    effect: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call is allowed, and by what; refused, `grants` are the statements that deny it, or nothing."""

    allowed: bool
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class _Condition:
    """One operator with one key."""

    operator: str
    key: str
    wanted: tuple[str, ...]

    def met(self, context: Mapping[str, tuple[str, ...]]) -> bool:
        quantifier, _, name = self.operator.rpartition(":")
        optional = name.endswith("IfExists")
        compare, negated = _OPERATORS[name.removesuffix("IfExists")]
        values = context.get(self.key)
        if name == "Null":
            return (values is None) == (self.wanted[0].lower() == "true")
        if not values:
            return optional or negated or quantifier == "ForAllValues"
        fits = [any(compare(wanted, value) for wanted in self.wanted) != negated for value in values]
        return any(fits) if quantifier == "ForAnyValue" else all(fits)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, ready to be asked."""

    policy: str
    number: int
    effect: str
    actions: tuple[tuple[str, re.Pattern[str]], ...]
    resources: tuple[tuple[str, re.Pattern[str]], ...]
    but_actions: bool
    but_resources: bool
    conditions: tuple[_Condition, ...]
    principals: tuple[str, ...]

    def about(self, action: str) -> list[str]:
        """The patterns of actions that an action falls under."""
        found = [written for written, pattern in self.actions if pattern.fullmatch(action)]
        if not self.but_actions:
            return found
        return [] if found else ["not " + ", ".join(written for written, _ in self.actions)]

    def of(self, resource: str) -> list[str]:
        """The patterns of resources that a resource falls under."""
        found = [written for written, pattern in self.resources if pattern.fullmatch(resource)]
        if not self.but_resources:
            return found
        return [] if found else ["not " + ", ".join(written for written, _ in self.resources)]

    def grants(self) -> Iterator[Grant]:
        """Every action and resource it names."""
        for action, _ in self.actions:
            for resource, _ in self.resources:
                yield Grant(self.policy, self.number, self.effect, action, resource)


@dataclass(slots=True)
class Policies:
    """Statements that are judged together; each action's are looked up once."""

    statements: tuple[Statement, ...]
    _by_action: dict[str, list[tuple[Statement, list[str]]]] = field(default_factory=dict)

    def decide(self, call: Call, principals: Iterable[str] = ()) -> Decision:
        """Whether the call is allowed: a deny wins, and what nobody allows is refused.

        `principals` are who asks (`role ARN`, `service name`), for statements that name principals; others are about whom they belong to.
        """
        known = self._by_action.get(call.action)
        if known is None:
            known = [(each, about) for each in self.statements if (about := each.about(call.action))]
            self._by_action[call.action] = known
        found: dict[str, list[Grant]] = {"Allow": [], "Deny": []}
        asking = {"*", *principals}
        context = dict(call.context)
        for each, about in known:
            if each.principals and not asking.intersection(each.principals):
                continue
            resources = each.of(call.resource)
            if resources and all(condition.met(context) for condition in each.conditions):
                found[each.effect] += [
                    Grant(each.policy, each.number, each.effect, action, resource)
                    for action in about
                    for resource in resources
                ]
        if found["Deny"]:
            return Decision(False, tuple(found["Deny"]))
        return Decision(bool(found["Allow"]), tuple(found["Allow"]))


def statements(policy: str, document: Mapping[str, Any], *, of_resource: bool = False) -> tuple[Statement, ...]:
    """The statements of the policy called `policy`; `InvalidValue` names what is not known here.

    `of_resource`: a policy of a resource, whose statements name principals.
    """
    said = document.get("Statement", [])
    return tuple(
        _statement(policy, number, each, of_resource)
        for number, each in enumerate([said] if isinstance(said, Mapping) else said)
    )


def _statement(policy: str, number: int, said: Mapping[str, Any], of_resource: bool) -> Statement:
    place = f"statement {number + 1} of {policy}"
    for name in said:
        if name not in _ELEMENTS:
            raise InvalidValue(f"{place}: the local cloud knows no '{name}'", hint=nearest(name, _ELEMENTS))
    if said.get("Effect") not in ("Allow", "Deny"):
        raise InvalidValue(f"{place}: 'Effect' is {said.get('Effect')!r}", expected="Allow or Deny")
    actions, resources = _either(place, said, "Action"), _either(place, said, "Resource", "*" if of_resource else None)
    if ("Principal" in said) != of_resource:
        raise InvalidValue(f"{place}: {'no' if of_resource else 'a'} 'Principal'", expected="one in policies of resources alone")  # fmt: skip
    return Statement(
        policy,
        number,
        str(said["Effect"]),
        tuple((action, _pattern(place, action, re.IGNORECASE)) for action in actions),
        tuple((resource, _arn_pattern(place, resource)) for resource in resources),
        "NotAction" in said,
        "NotResource" in said,
        tuple(_conditions(place, said.get("Condition", {}))),
        tuple(_principals(place, said["Principal"])) if of_resource else (),
    )


def _either(place: str, said: Mapping[str, Any], name: str, default: str | None = None) -> list[str]:
    """`Action` or `NotAction`; `Resource` or `NotResource`."""
    given = [said[each] for each in (name, f"Not{name}") if each in said]
    if len(given) != 1 and (given or default is None):
        raise InvalidValue(f"{place}: has {len(given)} of {name} and Not{name}", expected="one of them")
    return _texts(given[0] if given else default)


def _texts(value: Any) -> list[str]:
    return [_text(each) for each in value] if isinstance(value, list | tuple) else [_text(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principals(place: str, said: Any) -> Iterator[str]:
    if said == "*":
        yield "*"
        return
    for kind, names in dict(said).items():
        if kind not in ("AWS", "Service"):
            raise InvalidValue(f"{place}: the local cloud knows no principal of kind '{kind}'")
        yield from _texts(names)


def _conditions(place: str, said: Mapping[str, Any]) -> Iterator[_Condition]:
    for operator, keys in said.items():
        quantifier, _, name = operator.rpartition(":")
        if quantifier not in ("", "ForAllValues", "ForAnyValue") or name.removesuffix("IfExists") not in _OPERATORS:
            raise InvalidValue(
                f"{place}: the local cloud knows no condition operator '{operator}' (iam_policies.py)",
                hint=nearest(name, _OPERATORS),
            )
        for key, wanted in keys.items():
            if key.lower() not in _BY_NAME:
                raise InvalidValue(
                    f"{place}: the local cloud knows no condition key '{key}' (iam_policies.py, iam_calls.py)",
                    hint=nearest(key, KEYS),
                )
            for value in _texts(wanted):
                _no_variables(place, value)
            yield _Condition(operator, _BY_NAME[key.lower()], tuple(_texts(wanted)))


def _no_variables(place: str, text: str) -> None:
    for found in _VARIABLE.finditer(text):
        if found[1] not in ("*", "?", "$"):
            raise InvalidValue(f"{place}: the local cloud knows no policy variable '{found[0]}'")


def _pattern(place: str, text: str, flags: int = 0) -> re.Pattern[str]:
    _no_variables(place, text)
    return re.compile(_expression(text, "."), flags | re.DOTALL)


def _arn_pattern(place: str, text: str) -> re.Pattern[str]:
    _no_variables(place, text)
    return _arn_expression(text)


def _arn_expression(text: str) -> re.Pattern[str]:
    """A wildcard does not reach over a colon of an ARN, but for those of its last part."""
    *front, last = text.split(":", 5)
    if not front:
        return re.compile(_expression(text, "."), re.DOTALL)
    return re.compile(":".join([*(_expression(each, "[^:]") for each in front), _expression(last, ".")]), re.DOTALL)


def _expression(text: str, any_one: str) -> str:
    """`*` and `?` stand for characters, `${*}`, `${?}` and `${$}` for themselves."""
    parts = re.split(r"(\$\{[*?$]\}|[*?])", text)
    wild = {"*": f"{any_one}*", "?": any_one}
    return "".join(wild.get(part) or re.escape(part[2] if _VARIABLE.fullmatch(part) else part) for part in parts)


def _like(wanted: str, value: str) -> bool:
    return re.compile(_expression(wanted, "."), re.DOTALL).fullmatch(value) is not None


def _arn_like(wanted: str, value: str) -> bool:
    return _arn_expression(wanted).fullmatch(value) is not None


def _same(wanted: str, value: str) -> bool:
    return wanted == value


def _same_in_any_case(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


def _less(wanted: str, value: str) -> bool:
    return float(value) < float(wanted)


_OPERATORS: Final[dict[str, tuple[Callable[[str, str], bool], bool]]] = {
    "StringEquals": (_same, False),
    "StringNotEquals": (_same, True),
    "StringEqualsIgnoreCase": (_same_in_any_case, False),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_same_in_any_case, False),
    "NumericLessThan": (_less, False),
    "Null": (_same, False),
}
"""What an operator compares, and whether it asks that nothing fits."""
