"""What a policy allows: denies, patterns, conditions, and what is refused because nobody would judge it as AWS does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from headrace.core.errors import InvalidValue
from headrace_local import iam_managed
from headrace_local.iam_policies import Call, Decision, Policies, statements


def _decide(call: Call, *said: dict[str, Any], **more: Any) -> Decision:
    return Policies(statements("p", {"Statement": list(said)}, **more)).decide(call)


def _allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}


GET = Call("s3:GetObject", "arn:aws:s3:::b/inputs/x")


def test_what_nobody_allows_is_refused():
    """No statement, one of another action, one of another resource."""
    for said in ([], [_allow(Action="s3:PutObject")], [_allow(Resource="arn:aws:s3:::b/work/*")]):
        assert _decide(GET, *said) == Decision(allowed=False)


def test_a_deny_wins():
    """Whatever is allowed beside it, before it or behind it; the decision names it."""
    decision = _decide(GET, _allow(), _allow(Effect="Deny", Resource="arn:aws:s3:::b/*"), _allow())
    assert not decision.allowed
    assert [(grant.statement, grant.effect) for grant in decision.grants] == [(1, "Deny")]


@pytest.mark.parametrize(
    ("element", "value", "allowed"),
    [
        ("Action", "s3:Get*", True),
        ("Action", "S3:getobject", True),
        ("Action", "s3:GetObject?", False),
        ("Action", ["s3:PutObject", "*"], True),
        ("Resource", "arn:aws:s3:::b/inputs/*", True),
        ("Resource", "arn:aws:s3:::?/inputs/x", True),
        ("Resource", "arn:aws:s3:::b/INPUTS/*", False),
        ("Resource", "arn:aws:s3:::b/${*}", False),
        ("NotAction", "s3:Put*", True),
        ("NotAction", "s3:Get*", False),
        ("NotResource", "arn:aws:s3:::b/work/*", True),
        ("NotResource", "arn:aws:s3:::b/*", False),
    ],
)
def test_patterns(element: str, value: Any, allowed: bool):
    """`*` and `?`, actions in any case, resources as they are written, and what is left out."""
    said = _allow(**{element: value})
    if element.startswith("Not"):
        del said[element.removeprefix("Not")]
    assert _decide(GET, said).allowed is allowed


def test_a_wildcard_stays_in_its_part_of_an_arn():
    """Only the last part has colons of its own."""
    call = Call("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:1:function:f:3")
    said = {"Effect": "Allow", "Action": "lambda:InvokeFunction"}
    assert _decide(call, {**said, "Resource": "arn:aws:lambda:*:*:function:*"}).allowed
    assert not _decide(call, {**said, "Resource": "arn:aws:lambda:*:function:f:3"}).allowed


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringEquals": {"events:source": "a"}}, {"events:source": ("a",)}, True),
        ({"StringEquals": {"events:source": ["b", "a"]}}, {"events:source": ("a",)}, True),
        ({"StringEquals": {"events:source": "A"}}, {"events:source": ("a",)}, False),
        ({"StringEqualsIgnoreCase": {"events:source": "A"}}, {"events:source": ("a",)}, True),
        ({"StringEquals": {"EVENTS:Source": "a"}}, {"events:source": ("a",)}, True),
        ({"StringEquals": {"events:source": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"events:source": "a"}}, {}, True),
        ({"StringNotEquals": {"events:source": "a"}}, {}, True),
        ({"StringNotLike": {"batch:Image": ["q/*", "r/*"]}}, {"batch:Image": ("r/x",)}, False),
        ({"StringNotLike": {"batch:Image": ["q/*", "r/*"]}}, {"batch:Image": ("s/x",)}, True),
        ({"StringLike": {"s3:prefix": ["inputs/*"]}}, {"s3:prefix": ("inputs/x",)}, True),
        ({"StringLike": {"s3:prefix": ["inputs/*"]}}, {"s3:prefix": ("",)}, False),
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["R#*"]}}, {"dynamodb:LeadingKeys": ("R#1", "R#2")}, True),
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["R#*"]}}, {"dynamodb:LeadingKeys": ("R#1", "T#2")}, False),
        ({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["R#*"]}}, {}, True),
        ({"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["R#*"]}}, {"dynamodb:LeadingKeys": ("R#1", "T#2")}, True),
        ({"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["R#*"]}}, {}, False),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": ("false",)}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": ("true",)}, False),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {"s3:TlsVersion": ("1.1",)}, True),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {"s3:TlsVersion": ("1.3",)}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/s-*"}}, {"aws:SourceArn": ("arn:aws:events:r:1:rule/s-x",)}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:rule/s-*"}}, {"aws:SourceArn": ("arn:aws:events:r:1:rule/s-x",)}, False),
        ({"Null": {"s3:prefix": "true"}}, {}, True),
        ({"Null": {"s3:prefix": "true"}}, {"s3:prefix": ("",)}, False),
        ({"StringEquals": {"events:source": "a"}, "Null": {"s3:prefix": "true"}}, {"events:source": ("b",)}, False),
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, Any], context: dict[str, tuple[str, ...]], allowed: bool):
    """All operators of a statement have to be met; a key that is not there meets what asks that nothing fits, and IfExists."""
    assert (
        _decide(Call(GET.action, GET.resource, tuple(context.items())), _allow(Condition=condition)).allowed is allowed
    )


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (_allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026"}}), "DateLessThan"),
        (_allow(Condition={"StringEquals": {"aws:username": "me"}}), "aws:username"),
        (_allow(Condition={"ForSome:StringEquals": {"s3:prefix": "me"}}), "ForSome:StringEquals"),
        (_allow(Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}}), "${aws:username}"),
        (_allow(Resource="arn:aws:s3:::${aws:PrincipalTag/team}/*"), "${aws:PrincipalTag/team}"),
        (_allow(Actions="x"), "Actions"),
        (_allow(Effect="allow"), "allow"),
        (_allow(NotAction="x"), "2 of Action and NotAction"),
        (_allow(Principal="*"), "Principal"),
    ],
)
def test_what_is_not_known_is_refused_by_name(said: dict[str, Any], named: str):
    """Never passed over: a condition that nobody looks at would allow what AWS refuses."""
    with pytest.raises(InvalidValue) as refused:
        statements("mine", {"Statement": said})
    assert named in str(refused.value)
    assert "statement 1 of mine" in str(refused.value)


def test_policies_of_resources_name_who():
    """A service, a role, or everybody."""
    said = _allow(Principal={"Service": "events.amazonaws.com"})
    policies = Policies(statements("b", {"Statement": [said]}, of_resource=True))
    assert policies.decide(GET, ["events.amazonaws.com"]).allowed
    assert not policies.decide(GET, ["sns.amazonaws.com"]).allowed
    assert Policies(statements("b", {"Statement": _allow(Principal="*")}, of_resource=True)).decide(GET, ["x"]).allowed


@pytest.mark.parametrize("name", [name for name, said in iam_managed.POLICIES.items() if said])
def test_policies_of_aws_are_as_aws_has_them(name: str):
    """Beside the copy that moto keeps: the same actions on the same resources, under the same conditions."""
    theirs = json.loads(aws_managed_policies_data)[name.rpartition("/")[2]]
    assert theirs["Path"] == f"/{name.rpartition('/')[0]}/".replace("//", "/")
    document = iam_managed.document(f"arn:aws:iam::aws:policy/{name}")
    assert document is not None
    assert list(map(_plain, document["Statement"])) == list(map(_plain, theirs["Document"]["Statement"]))


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    lists = {key: sorted([said[key]] if isinstance(said[key], str) else said[key]) for key in ("Action", "Resource")}
    return {**lists, "Effect": said["Effect"], "Condition": said.get("Condition", {})}
