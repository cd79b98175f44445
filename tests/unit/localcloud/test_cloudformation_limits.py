"""What AWS refuses for its size is refused here."""

import pytest

from headrace_local.cloudformation_limits import NAMES, fitted, problems, size

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "x"}


def document(characters: int) -> dict:
    """A policy of this many characters."""
    empty = {"Statement": [{**STATEMENT, "Resource": ""}]}
    return {"Statement": [{**STATEMENT, "Resource": "x" * (characters - size(empty))}]}


@pytest.mark.parametrize(
    ("kind", "given", "longer"),
    [
        ("AWS::IAM::ManagedPolicy", {"PolicyDocument": document(6144)}, {"PolicyDocument": document(6145)}),
        (
            "AWS::IAM::Role",
            {"AssumeRolePolicyDocument": {}, "Policies": [{"PolicyDocument": document(5120)}] * 2},
            {"AssumeRolePolicyDocument": {}, "Policies": [{"PolicyDocument": document(5121)}] * 2},
        ),
        ("AWS::IAM::Role", {"AssumeRolePolicyDocument": document(2048)}, {"AssumeRolePolicyDocument": document(2049)}),
        (
            "AWS::Lambda::Function",
            {"Environment": {"Variables": {"A": "x" * (4096 - len('{"A": ""}'))}}},
            {"Environment": {"Variables": {"A": "x" * (4097 - len('{"A": ""}'))}}},
        ),
        ("AWS::Lambda::Function", {"Layers": ["a"] * 5}, {"Layers": ["a"] * 6}),
        ("AWS::Events::Rule", {"Targets": [{}] * 5}, {"Targets": [{}] * 6}),
        ("AWS::Events::Rule", {"EventPattern": ["x" * 2044]}, {"EventPattern": ["x" * 2045]}),
        (
            "AWS::StepFunctions::StateMachine",
            {"DefinitionString": "x" * 2**20},
            {"DefinitionString": "x" * (2**20 + 1)},
        ),
    ],
)
def test_the_last_that_fits_and_the_first_that_does_not(kind: str, given: dict, longer: dict):
    """To the character."""
    assert list(problems(kind, "n", given)) == []
    [told] = problems(kind, "n", longer)
    assert "AWS allows" in told


@pytest.mark.parametrize("kind", NAMES)
def test_names_end_at_their_limit(kind: str):
    """And a generated name is cut to it, its random end kept."""
    given = {"AssumeRolePolicyDocument": {}, "PolicyDocument": {}}
    assert list(problems(kind, "n" * NAMES[kind], given)) == []
    [told] = problems(kind, "n" * (NAMES[kind] + 1), given)
    assert f"{kind} allows {NAMES[kind]}" in told
    name = fitted(kind, "n" * 600 + "-Logical-ABCDEF012345")
    assert len(name) == NAMES[kind]
    assert name.endswith("n-ABCDEF012345")
    assert fitted(kind, "short-ABCDEF012345") == "short-ABCDEF012345"


def test_white_space_does_not_count():
    """IAM says so."""
    assert size({"a": "b c"}) == len('{"a":"bc"}')
