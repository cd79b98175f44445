"""Which resource of a template is made before which."""

import pytest

from headrace_local import template_order
from headrace_local.template_order import Unorderable


def made(resources: dict, conditions: dict | None = None) -> list[str]:
    """The order of a template's resources."""
    wanted = template_order.wanted(resources, conditions or {})
    return template_order.order(wanted, resources, {"Given", "AWS::Region"})


def test_who_is_referred_to_comes_first():
    """By Ref, by GetAtt in both spellings, within a Sub, and by DependsOn."""
    resources = {
        "A": {"Type": "T", "Properties": {"X": [{"Ref": "B"}]}},
        "B": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": ["C", "Arn"]}}},
        "C": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": "D.Arn"}}},
        "D": {"Type": "T", "Properties": {"X": {"Fn::Sub": "${E.Arn}/${AWS::Region}/${!NotOne}"}}},
        "E": {"Type": "T", "Properties": {"X": {"Fn::Sub": ["${Own}/${F}", {"Own": {"Ref": "Given"}}]}}},
        "F": {"Type": "T", "DependsOn": ["G"]},
        "G": {"Type": "T"},
    }
    assert made(resources) == ["G", "F", "E", "D", "C", "B", "A"]


def test_a_circle_is_refused_with_its_members():
    """The words are CloudFormation's."""
    resources = {
        "A": {"Type": "T", "Properties": {"X": {"Ref": "B"}}},
        "B": {"Type": "T", "DependsOn": "A"},
        "C": {"Type": "T"},
    }
    with pytest.raises(Unorderable, match=r"^Circular dependency between resources: \[A, B\]$"):
        made(resources)


@pytest.mark.parametrize("way", [{"Ref": "B"}, {"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "x${B}"}, {"Ref": "Nobody"}])
def test_what_is_not_there_cannot_be_referred_to(way: dict):
    """Neither a resource that a condition leaves out, nor one that nobody wrote."""
    resources = {"A": {"Type": "T", "Properties": {"X": way}}, "B": {"Type": "T", "Condition": "No"}}
    with pytest.raises(Unorderable, match=r"Unresolved resource dependencies \[(B|Nobody)\]"):
        made(resources, {"No": False})


def test_only_the_branch_that_is_taken_counts():
    """A resource that is left out may stand in the other branch; one left out itself is not made."""
    resources = {
        "A": {"Type": "T", "Properties": {"X": {"Fn::If": ["No", {"Ref": "B"}, {"Fn::If": ["Yes", {"Ref": "C"}, 1]}]}}},
        "B": {"Type": "T", "Condition": "No"},
        "C": {"Type": "T", "Condition": "Yes"},
        "D": {"Type": "T", "DependsOn": "B"},
    }
    assert sorted(made(resources, {"No": False, "Yes": True})) == ["A", "C", "D"]


def test_the_conditions_a_resource_hangs_on():
    """Its own, and those of every Fn::If in it; an IAM statement's Condition is none."""
    body = {
        "Condition": "One",
        "Properties": {"X": [{"Fn::If": ["Two", {"Fn::If": ["Three", 1, 2]}, 3]}], "Condition": {"Bool": {}}},
    }
    assert set(template_order.conditions_of(body)) == {"One", "Two", "Three"}
