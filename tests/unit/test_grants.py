"""The comparison that ends `make test`: grants of the stack's roles beside what calls needed of them."""

from typing import Any

from tests.support.grants import REASONS, Grant, outdated, seen, unexplained

ROLE = "arn:aws:iam::123456789012:role"


def granted(action: str, resource: str, *, needed: bool = False, **more: Any) -> dict[str, Any]:
    """One grant as the local cloud reports it."""
    return {"policy": "P0", "statement": "0", "effect": "Allow", "action": action, "resource": resource, "needed": needed, **more}  # fmt: skip


def report(stack: str, *grants: dict[str, Any]) -> dict[str, Any]:
    """What one cloud reports of one role of a stack."""
    return {f"{ROLE}/{stack}-SettleTaskFunctionRole-0AB1CD2EF3GH": list(grants)}


def test_what_no_call_needed_is_named():
    """Neither here nor in another stack; generated names and stacks' names do not keep the same grant apart."""
    got = "arn:aws:s3:::{}-data-0ab1cd2ef3gh-bucket-4ij5kl6mn7op/{}"
    here = report(
        "headrace", granted("s3:GetObject", got.format("headrace", "a/*")), granted("s3:GetObject", got.format("headrace", "b/*"))
    )  # fmt: skip
    there = report("other", granted("s3:GetObject", got.format("other", "a/*"), needed=True))
    found = seen([here, there])
    assert unexplained(found) == [Grant("SettleTaskFunctionRole", "s3:GetObject", "headrace-data-bucket/b/*")]


def test_denies_and_aws_own_policies_are_not_looked_at():
    """What is refused grants nothing, and what AWS wrote is AWS's."""
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    denied, theirs = (
        granted("batch:RegisterJobDefinition", "*", effect="Deny"),
        granted("logs:PutLogEvents", "*", policy=managed),
    )
    assert seen([report("headrace", denied, theirs)]) == {}


def test_a_reason_keeps_what_it_names_and_goes_with_it():
    """A reason for what is not granted any more, or was needed after all, is told too."""
    reason = next(each for each in REASONS if not each.seldom)
    grant = Grant(*(part.replace("*", "x") for part in reason[:3]))
    assert unexplained({grant: False}) == []
    assert reason not in outdated({grant: False})
    assert reason in outdated({grant: True})
    assert reason in outdated({})
