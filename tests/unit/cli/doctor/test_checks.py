"""Every check is well on a healthy deployment and can fail: facts doctored one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from headrace_cli.doctor import checks_account, checks_compute, checks_data, checks_engine, quotas
from headrace_cli.doctor.checks import CHECKS, findings
from headrace_cli.doctor.facts import (
    Bucket,
    Caller,
    Denied,
    Environment,
    Facts,
    Function,
    LogGroup,
    Nobody,
    Queue,
    Role,
    Stack,
    Table,
    Topic,
    Unanswered,
)
from headrace_cli.doctor.findings import Finding, Status

TOOL = "s3://b/tools/0a1b/x86_64/s5cmd"
SPOT = Environment(
    name="spot",
    order=1,
    kind="SPOT",
    state="ENABLED",
    status="VALID",
    max_vcpus=256,
    types=("default_x86_64",),
    arch="x86_64",
    tool=True,
    binaries={TOOL: True},
)
ONDEMAND = replace(SPOT, name="ondemand", order=2, kind="EC2")
QUEUE = Queue(name="default", state="ENABLED", status="VALID", environments=(SPOT, ONDEMAND))
NO_TLS = {
    "Sid": "AllowSSLRequestsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
BUCKET = Bucket(name="b", versioning="Enabled", events=True, blocks=checks_data.BLOCKS, policy={"Statement": [NO_TLS]})
LEDGER = Table(name="t", status="ACTIVE", keys=("pk", "sk"), recovery=True)
FUNCTION = Function(state="Active", update="Successful", sources={"batch-events": "Enabled"})
ROLE = Role(name="r", service="lambda.amazonaws.com", used_by="function f", trusted=frozenset({"lambda.amazonaws.com"}))
HEALTHY = Facts(
    client_version="0.1.0",
    region="eu-west-1",
    regions=frozenset({"eu-west-1", "us-east-1"}),
    caller=Caller("123456789012", "arn:aws:iam::123456789012:user/me"),
    clock=0.4,
    stack=Stack("headrace", "UPDATE_COMPLETE", version="0.1.0"),
    parts={"Bucket": "CREATE_COMPLETE"},
    bucket=BUCKET,
    table=LEDGER,
    functions={"f": FUNCTION},
    machines={"m": "ACTIVE"},
    rules={"r": "ENABLED"},
    roles=(ROLE,),
    log_groups={"/l": LogGroup(90)},
    topic=Topic(1, 0),
    dead_letters={"d": 0},
    alarms={"a": "OK", "young": "INSUFFICIENT_DATA"},
    queues={"default": QUEUE},
    queues_there=("default", "other"),
    environments_there=2,
    quotas={**{each.code: 1e6 for each in quotas.ENGINE}, "L-34B43A08": 256.0, "L-1216C47A": 256.0},
)


def of_stack(**changed: Any) -> Facts:
    """With another stack."""
    return replace(HEALTHY, stack=replace(HEALTHY.stack, **changed))  # type: ignore[type-var]


def of_bucket(**changed: Any) -> Facts:
    """With another bucket."""
    return replace(HEALTHY, bucket=replace(BUCKET, **changed))


def of_policy(**changed: Any) -> Facts:
    """With the bucket policy's one statement changed; a name without a value is taken out of it."""
    return of_bucket(policy={"Statement": [NO_TLS | changed]})


def of_table(**changed: Any) -> Facts:
    """With another ledger."""
    return replace(HEALTHY, table=replace(LEDGER, **changed))


def of_function(**changed: Any) -> Facts:
    """With another function."""
    return replace(HEALTHY, functions={"f": replace(FUNCTION, **changed)})


def of_role(**changed: Any) -> Facts:
    """With another role."""
    return replace(HEALTHY, roles=(replace(ROLE, **changed),))


def of_queue(**changed: Any) -> Facts:
    """With another queue."""
    return replace(HEALTHY, queues={"default": replace(QUEUE, **changed)})


def of_spot(**changed: Any) -> Facts:
    """With another first environment."""
    return of_queue(environments=(replace(SPOT, **changed), ONDEMAND))


# check: (doctored facts, the subject of the problem, a part of what is said)
SICK: dict[Callable[..., Any], list[tuple[Facts, str, str]]] = {
    checks_account.credentials: [
        (replace(HEALTHY, caller=Nobody("there are none")), "credentials", "there are none"),
        (replace(HEALTHY, caller=Caller("1", "arn:aws:iam::1:root")), "credentials", "root user"),
    ],
    checks_account.region: [
        (replace(HEALTHY, region=""), "region", "none is set"),
        (replace(HEALTHY, region="eu-wst-1"), "region", "not known to be in 'eu-wst-1'"),
    ],
    checks_account.clock: [
        (replace(HEALTHY, clock=400.0), "clock", "400 s ahead of AWS's; AWS refuses such requests"),
        (replace(HEALTHY, clock=-90.0), "clock", "90 s behind AWS's; from 300 s on"),
    ],
    checks_account.stack: [
        (replace(HEALTHY, stack=None), "stack", "none of that name in eu-west-1"),
        (of_stack(status="UPDATE_IN_PROGRESS"), "stack", "changing"),
        (of_stack(status="UPDATE_ROLLBACK_COMPLETE", reason="quota"), "stack", "UPDATE_ROLLBACK_COMPLETE: quota"),
        (of_stack(lacks=("Ledger",)), "stack", "no output Ledger"),
    ],
    checks_account.parts: [
        (replace(HEALTHY, parts={"Batch/Spot": "UPDATE_FAILED"}), "stack resources", "Batch/Spot (UPDATE_FAILED)"),
    ],
    checks_account.version: [
        (of_stack(version=""), "version", "no version"),
        (of_stack(version="9.0.0"), "version", "newer"),
    ],
    checks_data.bucket: [(of_bucket(there=False), "bucket", "b is gone")],
    checks_data.versioning: [(of_bucket(versioning="Suspended"), "bucket versioning", "off")],
    checks_data.bucket_events: [(of_bucket(events=False), "bucket events", "starts no run")],
    checks_data.public_access: [
        (of_bucket(blocks=checks_data.BLOCKS - {"IgnorePublicAcls"}), "bucket public access", "IgnorePublicAcls"),
    ],
    checks_data.transport: [
        (of_bucket(policy=None), "bucket policy", "no policy"),
        (of_bucket(policy={"Statement": []}), "bucket policy", "without TLS"),
        (of_policy(Effect="Allow"), "bucket policy", "without TLS"),
        (of_policy(Principal={"AWS": "arn:aws:iam::1:user/me"}), "bucket policy", "without TLS"),
        (of_policy(Action="s3:GetObject"), "bucket policy", "without TLS"),
        (of_policy(Resource="arn:aws:s3:::b"), "bucket policy", "without TLS"),
        (of_policy(Condition={"Bool": {"aws:SecureTransport": "true"}}), "bucket policy", "without TLS"),
        (of_policy(Condition={}), "bucket policy", "without TLS"),
        (
            of_policy(Condition=NO_TLS["Condition"] | {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),  # type: ignore[operator]
            "bucket policy",
            "without TLS",
        ),
    ],
    checks_data.ledger: [
        (of_table(status=""), "ledger", "t is gone"),
        (of_table(status="UPDATING"), "ledger", "UPDATING"),
        (of_table(keys=("id",)), "ledger", "has the key id"),
    ],
    checks_data.recovery: [(of_table(recovery=False), "ledger recovery", "off")],
    checks_engine.functions: [
        (of_function(state=""), "function f", "not there"),
        (of_function(state="Failed", reason="no role"), "function f", "no role"),
        (of_function(update="Failed", update_reason="bad image"), "function f", "bad image"),
        (of_function(update="InProgress"), "function f", "InProgress"),
        (of_function(sources={"batch-events": "Disabled"}), "function f from batch-events", "Disabled"),
    ],
    checks_engine.machines: [
        (replace(HEALTHY, machines={"m": "DELETING"}), "state machine m", "DELETING"),
        (replace(HEALTHY, machines={"m": ""}), "state machine m", "not there"),
    ],
    checks_engine.rules: [
        (replace(HEALTHY, rules={"r": "DISABLED"}), "rule r", "DISABLED"),
        (replace(HEALTHY, rules={"r": ""}), "rule r", "not there"),
    ],
    checks_engine.roles: [
        (of_role(trusted=None), "role of function f", "r is not there"),
        (of_role(trusted=frozenset()), "role of function f", "trusts no service"),
        (of_role(trusted=frozenset({"states.amazonaws.com"})), "role of function f", "not lambda.amazonaws.com"),
    ],
    checks_engine.log_groups: [
        (replace(HEALTHY, log_groups={"/l": None}), "log group /l", "not there"),
        (replace(HEALTHY, log_groups={"/l": LogGroup(None)}), "log group /l", "for ever"),
    ],
    checks_engine.alerts: [
        (replace(HEALTHY, topic=None), "alerts", "not there"),
        (replace(HEALTHY, topic=Topic(0, 0)), "alerts", "no subscription"),
        (replace(HEALTHY, topic=Topic(0, 1)), "alerts", "no subscription is confirmed"),
    ],
    checks_engine.dead_letters: [(replace(HEALTHY, dead_letters={"d": 3}), "dead letters d", "3 events")],
    checks_engine.alarms: [(replace(HEALTHY, alarms={"a": "ALARM"}), "alarm a", "rings")],
    checks_compute.queues: [
        (replace(HEALTHY, queues={"othr": None}), "queue othr", "not in eu-west-1"),
        (of_queue(state="DISABLED"), "queue default", "refused"),
        (of_queue(status="INVALID", reason="gone"), "queue default", "INVALID: gone"),
        (of_queue(environments=()), "queue default", "no compute environment"),
    ],
    checks_compute.environments: [
        (of_spot(state=""), "environment spot", "not there"),
        (of_spot(state="DISABLED"), "environment spot", "DISABLED"),
        (of_spot(status="INVALID", reason="CLIENT_ERROR"), "environment spot", "INVALID: CLIENT_ERROR"),
        (of_spot(max_vcpus=0), "environment spot", "maxvCpus is 0"),
        (of_spot(arch="arm64"), "queue default", "arm64 and x86_64"),
    ],
    checks_compute.transfer_tool: [
        (of_spot(tool=False), "transfer tool spot", "does not install"),
        (of_spot(tool=None), "transfer tool spot", "no launch template"),
        (of_spot(binaries={TOOL: True, f"{TOOL}2": False}), "transfer tool spot", f"{TOOL}2 is not there"),
    ],
    checks_compute.engine_quotas: [
        (
            replace(HEALTHY, quotas=HEALTHY.quotas | {"L-B99A9384": 10.0}),  # type: ignore[operator]
            "quota lambda: Concurrent executions",
            "10, wanted are 100",
        ),
    ],
    checks_compute.compute_quotas: [
        (
            replace(HEALTHY, quotas=HEALTHY.quotas | {"L-34B43A08": 64.0}),  # type: ignore[operator]
            "quota ec2: All Standard Spot Instance Requests, vCPUs",
            "64, wanted are 256",
        ),
    ],
    checks_compute.batch_limits: [
        (replace(HEALTHY, environments_there=50), "quota batch: compute environments", "50 of 50"),
        (replace(HEALTHY, queues_there=("q",) * 50), "quota batch: job queues", "50 of 50"),
    ],
}


def problems(found: list[Finding]) -> list[Finding]:
    """Those that are problems."""
    return [each for each in found if each.status is Status.PROBLEM]


def test_a_healthy_deployment_has_no_problem():
    """Every line is ok, and every check says something."""
    assert {each.status for each in findings(HEALTHY)} == {Status.OK}
    assert [check for check in CHECKS if not list(check(HEALTHY))] == []


def test_every_check_can_fail():
    """No check is without a fact that makes it fail."""
    assert set(SICK) == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "facts", "subject", "says"),
    [
        pytest.param(check, *case, id=f"{check.__name__}-{case[2][:30]}")
        for check, cases in SICK.items()
        for case in cases
    ],
)
def test_a_doctored_fact_is_found(check, facts, subject, says):
    """The check names it, says what to do, and nothing else is a problem because of it."""
    found = problems(list(check(facts)))
    assert [(each.subject, says in each.says) for each in found] == [(subject, True)]
    assert all(each.fix for each in found)
    assert {each.subject for each in problems(findings(facts))} <= {subject, "version", "queue default"}


@pytest.mark.parametrize("why", [Denied("x:Y"), Unanswered("nobody there")])
@pytest.mark.parametrize(
    "given",
    [
        "caller",
        "clock",
        "stack",
        "parts",
        "topic",
        "alarms",
        "environments_there",
        "queues_there",
        *(f"bucket.{name}" for name in ("there", "versioning", "events", "blocks", "policy")),
        "table.status",
        "table.recovery",
        *(f"{name}." for name in ("functions", "machines", "rules", "log_groups", "dead_letters", "queues", "quotas")),
        "roles.",
        "sources",
        "tool",
        "binaries",
    ],
)
def test_what_is_not_known_is_said_to_be(given, why):
    """Not looked at, with the action that is missing or why nobody answered; never ok, never a problem."""
    name, dot, inner = given.partition(".")
    if given == "sources":
        facts = of_function(sources=why)
    elif given in ("tool", "binaries"):
        facts = of_spot(**{given: why})
    elif given == "roles.":
        facts = of_role(trusted=why)
    elif inner:
        facts = replace(HEALTHY, **{name: replace(getattr(HEALTHY, name), **{inner: why})})
    elif dot:
        facts = replace(HEALTHY, **{name: dict.fromkeys(getattr(HEALTHY, name), why)})
    else:
        facts = replace(HEALTHY, **{name: why})
    found = findings(facts)
    unknown = [each for each in found if each.status is Status.UNKNOWN]
    assert problems(found) == []
    assert unknown
    assert {each.says for each in unknown} == {"needs x:Y" if isinstance(why, Denied) else "nobody there"}


def test_a_tool_on_an_ami_of_somebody_cannot_be_seen():
    """Neither well nor a problem: the line says what the AMI must have."""
    for there in ({"tool": None}, {"binaries": {TOOL: False}}):
        facts = of_spot(**there, image="ami-1")
        found = [each for each in findings(facts) if each.subject == "transfer tool spot"]
        assert [(each.status, "ami-1" in each.says) for each in found] == [(Status.UNKNOWN, True)]


@pytest.mark.parametrize(
    ("kind", "types", "code"),
    [
        ("EC2", ("default_arm64",), "L-1216C47A"),
        ("SPOT", ("m5.large", "c6i", "r7g", "im4gn", "z1d"), "L-34B43A08"),
        ("EC2", ("g5.xlarge", "g4dn"), "L-DB2E81BA"),
        ("SPOT", ("g5",), "L-3819A6DF"),
        ("FARGATE", (), "L-3032A538"),
        ("FARGATE_SPOT", (), "L-36FBB829"),
        ("EC2", ("p4d.24xlarge",), None),
        ("EC2", ("inf2",), None),
        ("EC2", ("trn1",), None),
        ("EC2", ("hpc7a",), None),
        ("EC2", ("g5", "m5"), None),
    ],
)
def test_machines_count_against_the_quota_of_their_families(kind, types, code):
    """Standard families, G and VT, and Fargate; what has a quota of its own is not guessed."""
    found = quotas.compute_quota(kind, types)
    assert (found.code if found else None) == code


def test_environments_are_counted_once():
    """Two queues that share an environment do not want its vCPUs twice."""
    facts = replace(HEALTHY, queues={"default": QUEUE, "other": replace(QUEUE, name="other")})
    assert problems(findings(facts)) == []


def test_a_policy_may_name_one_resource_per_statement():
    """What is covered is the union; a list of principals or actions that has everybody is everybody."""
    statements = [
        NO_TLS | {"Resource": "arn:aws:s3:::b", "Principal": {"AWS": ["*"]}},
        NO_TLS | {"Resource": "arn:aws:s3:::b/*", "Action": ["s3:*"]},
    ]
    assert checks_data.refuses_plain_http({"Statement": statements}, "b")
    assert checks_data.refuses_plain_http({"Statement": NO_TLS}, "b") is True
    assert not checks_data.refuses_plain_http({"Statement": statements[:1]}, "b")
