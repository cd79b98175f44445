"""A stack's parameters against the template's."""

import pytest

from headrace_local import template_parameters
from headrace_local.template_parameters import Unfit, bound, typed

SLOTS = {
    "Name": {"Type": "String", "AllowedPattern": "^[a-z]{1,4}$", "Default": "ab"},
    "Days": {"Type": "Number", "MinValue": 2, "MaxValue": 9, "Default": 3},
    "Size": {"Type": "String", "AllowedValues": ["S", "M"], "Default": "S"},
    "Users": {"Type": "CommaDelimitedList", "Default": "", "MaxLength": 3},
    "Must": {"Type": "String"},
}


def test_defaults_fill_what_is_not_given():
    """Each value is a text, as CloudFormation shows it."""
    assert bound(SLOTS, {"Must": "x", "Days": "5"}) == {
        "Name": "ab",
        "Days": "5",
        "Size": "S",
        "Users": "",
        "Must": "x",
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, r"Parameters: \[Must\] must have values"),
        ({"Must": "x", "Other": "y"}, r"Parameters: \[Other\] do not exist in the template"),
        ({"Must": "x", "Name": "ab\n"}, "'Name' must match pattern"),
        ({"Must": "x", "Name": "abcde"}, "'Name' must match pattern"),
        ({"Must": "x", "Days": "1"}, "'Days' must be a number not less than 2"),
        ({"Must": "x", "Days": "10"}, "'Days' must be a number not greater than 9"),
        ({"Must": "x", "Days": "many"}, "'Days' must be a number"),
        ({"Must": "x", "Size": "XL"}, "'Size' must be one of AllowedValues: S, M"),
        ({"Must": "x", "Users": "abc,abcd"}, "'Users' must contain at most 3 characters"),
        ({"Must": ["x"]}, "must be an object with String"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: dict, told: str):
    """With the parameter and the rule it breaks."""
    with pytest.raises(Unfit, match=told):
        bound(SLOTS, given)


def test_a_refusal_says_what_the_template_says():
    """A ConstraintDescription goes before the bare pattern."""
    slots = {"A": {"Type": "String", "AllowedPattern": "a+", "ConstraintDescription": "only the letter a"}}
    with pytest.raises(Unfit, match="'A' failed to satisfy constraint: only the letter a"):
        template_parameters.bound(slots, {"A": "b"})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("String", "a, b", "a, b"),
        ("Number", "7", 7),
        ("Number", "0.5", 0.5),
        ("CommaDelimitedList", "a, b", ["a", "b"]),
        ("CommaDelimitedList", "", [""]),
        ("List<Number>", "1,2", [1, 2]),
        ("List<AWS::EC2::Subnet::Id>", "s-1,s-2", ["s-1", "s-2"]),
    ],
)
def test_ref_gives_the_type_that_was_declared(kind: str, text: str, value: object):
    """Defaults and given values alike: lists are split, numbers are numbers."""
    assert typed({"Type": kind}, text) == value
