"""In which order the resources of a template are made: whoever is referred to comes first.

Conditions are settled before: only what is wanted counts. As on AWS a circle is refused with its members, and so is a
reference to a resource that a condition leaves out.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

_IN_TEXT: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")


class Unorderable(ValueError):  # noqa: N818 - reads as what it is
    """The template's resources have no order; the message is the one CloudFormation gives."""


def settled(value: Any, conditions: Mapping[str, bool]) -> Any:
    """The value without the branches of `Fn::If` that are not taken."""
    if isinstance(value, dict):
        if set(value) == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return settled(yes if conditions[name] else no, conditions)
        return {key: settled(inner, conditions) for key, inner in value.items()}
    return [settled(inner, conditions) for inner in value] if isinstance(value, list) else value


def wanted(resources: Mapping[str, Any], conditions: Mapping[str, bool]) -> dict[str, Any]:
    """The resources whose condition holds, each with its own conditions settled."""
    return {
        name: settled(body, conditions)
        for name, body in resources.items()
        if "Condition" not in body or conditions[body["Condition"]]
    }


def references(value: Any) -> Iterator[str]:
    """The names that a value refers to, by `Ref`, `Fn::GetAtt` or within an `Fn::Sub`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield str(inner)
            elif key == "Fn::GetAtt":
                yield str(inner[0] if isinstance(inner, list) else inner).partition(".")[0]
            elif key == "Fn::Sub":
                text, more = inner if isinstance(inner, list) else (inner, {})
                yield from (n.partition(".")[0] for n in _IN_TEXT.findall(text) if n not in more)
                yield from references(more)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def conditions_of(value: Any) -> Iterator[str]:
    """The names of the conditions that a resource, or another condition, hangs on."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Condition" and isinstance(inner, str):
                yield inner
            elif key == "Fn::If":
                yield str(inner[0])
                yield from conditions_of(inner[1:])
            else:
                yield from conditions_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from conditions_of(inner)


def order(resources: Mapping[str, Any], every: Mapping[str, Any], known: AbstractSet[str]) -> list[str]:
    """The names of `resources`, which are wanted, in the order to make them.

    `every` has those left out too, `known` what else may be referred to.
    """
    needs: dict[str, list[str]] = {}
    for name, body in resources.items():
        after = body.get("DependsOn", [])
        used = set(references(body.get("Properties", {})))
        said = {*used, *([after] if isinstance(after, str) else after)}
        missing = sorted({*(used - set(resources)), *(said - set(every))} - known)
        if missing:
            raise Unorderable(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the Resources block of the template"
            )
        needs[name] = [other for other in resources if other in said]
    try:
        return list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise Unorderable(
            f"Circular dependency between resources: [{', '.join(sorted(set(error.args[1])))}]"
        ) from error
