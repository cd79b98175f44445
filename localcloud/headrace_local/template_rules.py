"""The Rules of a template: what must hold between parameters before anything is made.

Only the functions that CloudFormation has in rules are known; any other is an error by name.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headrace_local.template_parameters import Unfit, typed


def check(template: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """`Unfit` with what the template says of the first assertions that do not hold; `values` are those of all parameters."""
    slots = template.get("Parameters", {})
    given = {name: typed(slots[name], value) for name, value in values.items()}
    for name, rule in template.get("Rules", {}).items():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], given, name):
            continue
        if broken := list(_broken(rule, given, name)):
            raise Unfit(f"Template validation error: {'; '.join(broken)}")


def _broken(rule: Mapping[str, Any], given: Mapping[str, Any], name: str) -> Iterator[str]:
    for each in rule["Assertions"]:
        if not _holds(each["Assert"], given, name):
            yield str(each.get("AssertDescription", f"the rule {name} does not hold"))


def _holds(said: Any, given: Mapping[str, Any], name: str) -> bool:
    ((function, arguments),) = said.items()
    if function == "Fn::Not":
        return not _holds(arguments[0], given, name)
    if function == "Fn::And":
        return all(_holds(each, given, name) for each in arguments)
    if function == "Fn::Or":
        return any(_holds(each, given, name) for each in arguments)
    first, second = (_value(each, given, name) for each in arguments)
    if function == "Fn::Equals":
        return bool(str(first) == str(second))
    if function == "Fn::Contains":
        return str(second) in first
    if function == "Fn::EachMemberEquals":
        return all(each == str(second) for each in first)
    if function == "Fn::EachMemberIn":
        return all(each in second for each in first)
    raise Unfit(f"Template validation error: the rule {name} has {function}, which the local cloud does not know")


def _value(said: Any, given: Mapping[str, Any], name: str) -> Any:
    if isinstance(said, dict):
        if set(said) != {"Ref"} or said["Ref"] not in given:
            raise Unfit(f"Template validation error: the rule {name} has {said}, which is no parameter")
        return given[said["Ref"]]
    return said
