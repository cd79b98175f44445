"""A stack's parameters: checked against what the template allows, and turned into what `Ref` gives.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


class Unfit(ValueError):  # noqa: N818 - reads as what it is
    """Parameters that do not fit the template; the message is the one CloudFormation gives."""


def bound(slots: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """Every parameter's value as a text: the given one, else its default."""
    if unknown := sorted(set(given) - set(slots)):
        raise Unfit(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := sorted(name for name, slot in slots.items() if name not in given and "Default" not in slot):
        raise Unfit(f"Parameters: [{', '.join(missing)}] must have values")
    values = {name: _text(given.get(name, slot.get("Default"))) for name, slot in slots.items()}
    for name, slot in slots.items():
        for wrong in _wrong(name, slot, values[name]):
            raise Unfit(wrong)
    return values


def typed(slot: Mapping[str, Any], value: str) -> Any:
    """What `Ref` gives for a parameter: lists are split, numbers are numbers."""
    kind = slot.get("Type", "String")
    if kind == "Number":
        return _number(value)
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = [item.strip() for item in value.split(",")]
        return [_number(item) for item in items] if kind == "List<Number>" else items
    return value


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise Unfit(f"Value of property Parameters must be an object with String (or simple type) properties: {value}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _wrong(name: str, slot: Mapping[str, Any], value: str) -> Iterator[str]:
    """What is wrong with a value."""
    told = f"Parameter '{name}' failed to satisfy constraint: " + str(slot.get("ConstraintDescription") or "")
    items = typed({"Type": "CommaDelimitedList"}, value) if "List" in slot.get("Type", "String") else [value]
    for item in items:
        allowed = [_text(one) for one in slot.get("AllowedValues", [])]
        if allowed and item not in allowed:
            yield f"Parameter '{name}' must be one of AllowedValues: {', '.join(allowed)}"
        if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], item):
            yield (
                told
                if "ConstraintDescription" in slot
                else f"Parameter '{name}' must match pattern {slot['AllowedPattern']}"
            )
        if len(item) < int(slot.get("MinLength", 0)):
            yield f"Parameter '{name}' must contain at least {slot['MinLength']} characters"
        if "MaxLength" in slot and len(item) > int(slot["MaxLength"]):
            yield f"Parameter '{name}' must contain at most {slot['MaxLength']} characters"
        if slot.get("Type") in ("Number", "List<Number>"):
            yield from _wrong_number(name, slot, item)


def _wrong_number(name: str, slot: Mapping[str, Any], text: str) -> Iterator[str]:
    try:
        number = _number(text)
    except ValueError:
        yield f"Parameter '{name}' must be a number"
        return
    if "MinValue" in slot and number < float(slot["MinValue"]):
        yield f"Parameter '{name}' must be a number not less than {slot['MinValue']}"
    if "MaxValue" in slot and number > float(slot["MaxValue"]):
        yield f"Parameter '{name}' must be a number not greater than {slot['MaxValue']}"
