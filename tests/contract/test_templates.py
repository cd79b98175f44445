"""The core and its nested templates fit together: every reference is answered, every hand-over is complete."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support import parameters_page
from tests.support.permissions import actions, statements
from tests.support.stack import ROOT, TEMPLATES, resources, template

from headrace.core import tenancy
from headrace.core.tenancy import Reach
from headrace_local import template_rules
from headrace_local.template_parameters import Unfit

NESTED = resources("AWS::CloudFormation::Stack")
BESIDE = "template.tenant.yaml"
"""Deployed by itself, once per team."""


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Every reference below a value: the logical name, and the attribute or an empty text."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                name, _, attribute = inner.partition(".")
                yield name, attribute
            elif key == "Fn::GetAtt":
                yield (inner[0], ".".join(inner[1:])) if isinstance(inner, list) else tuple(inner.split(".", 1))
            elif key == "Fn::Sub":
                text, given = inner if isinstance(inner, list) else (inner, {})
                for name in re.findall(r"\$\{([^!}][^}]*)\}", text):
                    if name not in given:
                        logical, _, attribute = name.partition(".")
                        yield logical, attribute
                yield from references(given)
            else:
                yield from references(inner)


def test_references_are_found_in_every_form():
    """Ref, GetAtt and Sub, nested ones too; a name that Sub is given is none."""
    value = {
        "a": [{"Ref": "B"}, {"Fn::GetAtt": ["C", "Outputs.X"]}],
        "d": {"Fn::Sub": ["${E.Arn}-${f}-${!g}", {"f": {"Ref": "H"}}]},
    }
    assert set(references(value)) == {("B", ""), ("C", "Outputs.X"), ("E", "Arn"), ("H", "")}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_reference_names_something(name: str):
    """What Ref, GetAtt and Sub name is a parameter, a resource, what SAM makes of one, or AWS's own."""
    whole = template(name)
    known = {*whole.get("Parameters", {}), *whole["Resources"]}
    made = {f"{logical}Version" for logical in resources("AWS::Serverless::StateMachine", name)}
    unknown = {
        logical for logical, _ in references(whole) if logical not in known | made and not logical.startswith("AWS::")
    }
    assert unknown == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_output_has_the_name_of_a_parameter(name: str):
    """`sam build` takes one for the other, and breaks with a traceback when the parameter is a list."""
    whole = template(name)
    assert set(whole.get("Parameters", {})) & set(whole.get("Outputs", {})) == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_has_an_effect(name: str):
    """A parameter nobody refers to is an option that does nothing."""
    whole = template(name)
    used = {
        logical
        for logical, _ in references(
            {key: whole.get(key, {}) for key in ("Resources", "Conditions", "Outputs", "Globals")}
        )
    }
    assert set(whole.get("Parameters", {})) - used == set()


@pytest.mark.parametrize("logical", NESTED)
def test_a_nested_template_is_told_all_it_asks(logical: str):
    """The core gives exactly the parameters a nested template has, and takes only outputs it has."""
    properties = NESTED[logical]["Properties"]
    inner = template(properties["TemplateURL"])
    assert set(properties.get("Parameters", {})) == set(inner.get("Parameters", {}))
    taken = {attribute.removeprefix("Outputs.") for name, attribute in references(template()) if name == logical}
    assert taken <= set(inner.get("Outputs", {}))


def test_every_nested_template_is_used():
    """No template lies beside the core without a place in it, but the one that is deployed by itself."""
    assert {each["Properties"]["TemplateURL"] for each in NESTED.values()} == set(TEMPLATES[1:]) - {BESIDE}


def test_every_parameter_stands_in_a_group():
    """`sam deploy --guided` and the console show each parameter once, under a heading."""
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template()["Parameters"])


def test_every_parameter_is_described_and_defaults_are_safe():
    """The stack deploys with no parameter said; each has a sentence."""
    for name, each in template()["Parameters"].items():
        assert "Default" in each, name
        assert each["Description"].endswith((".", "*")), name


def test_work_lives_as_long_as_the_functions_count_with():
    """A cache hit and a resume rely on WorkDays: the bucket's rule deletes no earlier."""
    rules = template("template.data.yaml")["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    days = {
        rule["Id"]: rule["ExpirationInDays"]
        for rule in rules
        if rule.get("Prefix") == "work/" and "TagFilters" not in rule
    }
    assert days == {"work": {"Ref": "WorkDays"}}
    assert NESTED["Data"]["Properties"]["Parameters"]["WorkDays"] == {"Ref": "WorkDays"}
    told = {
        logical: each["Properties"]["Environment"]["Variables"]["HEADRACE_WORK_DAYS"]
        for logical, each in resources("AWS::Serverless::Function").items()
        if "HEADRACE_WORK_DAYS" in each["Properties"].get("Environment", {}).get("Variables", {})
    }
    assert set(told) >= {"PrepareTaskFunction", "SettleTaskFunction"}
    assert all(value == {"Ref": "WorkDays"} for value in told.values())


def test_the_page_of_parameters_is_the_templates():
    """docs/parameters.md has each of them as it is; `python -m tests.support.parameters_page` writes it anew."""
    assert parameters_page.PAGE.read_text(encoding="utf-8") == parameters_page.page()


def names_of_the_stack() -> Iterator[str]:
    """What functions and rules of EventBridge are called, behind the stack's name; either may have 64 characters."""
    for body in resources("AWS::Serverless::Function").values():
        yield body["Properties"]["FunctionName"]["Fn::Sub"]
        for event in body["Properties"].get("Events", {}).values():
            if event["Type"] in ("EventBridgeRule", "Schedule"):
                said = event["Properties"]
                yield said["RuleName" if event["Type"] == "EventBridgeRule" else "Name"]["Fn::Sub"]
    for body in resources("AWS::Events::Rule").values():
        yield body["Properties"]["Name"]["Fn::Sub"]


def test_a_stack_may_be_named_as_long_as_is_said():
    """The longest name that is made of it is as long as AWS takes (Lambda FunctionName, EventBridge RuleName: 64)."""
    longest = max(len(name.removeprefix("${AWS::StackName}")) for name in names_of_the_stack())
    said = f"at most {64 - longest} characters"
    assert said in template()["Description"]
    for page in ("README.md", "docs/install.md", "CHANGELOG.md"):
        assert said in (ROOT / page).read_text(encoding="utf-8"), page


def test_a_function_calls_the_version_of_its_own_deploy():
    """Whoever is told of another function is told a numbered version: a payload never meets code of another deploy."""
    told = {
        (logical, name): value
        for logical, body in resources("AWS::Serverless::Function").items()
        for name, value in body["Properties"].get("Environment", {}).get("Variables", {}).items()
        if name in ("HEADRACE_SETTLE_TASK", "HEADRACE_SUMMARISE_LOGS")
    }
    assert {logical for logical, _ in told} == {"PlanScopeFunction", "ConcludeRunFunction", "WatchJobsFunction"}
    for (_, name), value in told.items():
        called = "".join(word.title() for word in name.removeprefix("HEADRACE_").split("_"))
        assert value == {"Ref": f"{called}Function.Version"}


MADE_OF = {
    ("Data", "Outputs.Bucket"): {"BucketName"},
    # These are named by the stack, or are never made anew.
    ("Data", "Outputs.Ledger"): set(),
    ("Batch", "Outputs.Queue"): set(),
    ("JobRole", "Arn"): set(),
    ("ExecutionRole", "Arn"): set(),
    ("DeadLetters", "Arn"): set(),
    ("Settings", "StateMachineRevisionId"): set(),
}
"""What a function is told of a resource, and the parameters that make it another one."""


def hangs_on(value: Any) -> set[str]:
    """The parameters that a value hangs on, conditions and what is made of them included."""
    whole = template()
    found: set[str] = set()
    for name, attribute in references(value):
        if attribute and not name.endswith("Function"):
            found |= MADE_OF[name, attribute]
        found |= {name} & whole["Parameters"].keys()
    for condition in conditions(value):
        found |= hangs_on(whole["Conditions"][condition])
    return found


def conditions(value: Any) -> Iterator[str]:
    """The conditions that a value names."""
    for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from conditions(inner)
    if isinstance(value, dict):
        if "Fn::If" in value:
            yield value["Fn::If"][0]
        if isinstance(value.get("Condition"), str):
            yield value["Condition"]


def test_another_value_of_a_parameter_makes_other_versions():
    """Whatever parameter a function's own properties hang on is told by Settings, whose revision is in each version's description, and
    in each function, for one that is not changed is not published again; the version before is kept for runs in flight.
    """
    functions = resources("AWS::Serverless::Function")
    revision = {"Fn::GetAtt": ["Settings", "StateMachineRevisionId"]}
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    wanted = hangs_on(template()["Globals"]["Function"])
    for body in functions.values():
        assert (body["UpdateReplacePolicy"], body["Properties"]["VersionDescription"]) == ("Retain", revision)
        wanted |= hangs_on(
            {name: said for name, said in body["Properties"].items() if name not in ("Policies", "Events")}
        )
    assert variables["SETTINGS_REVISION"] == revision
    told = template()["Resources"]["Settings"]["Properties"]["Definition"]["States"]["Told"]["Result"]
    assert set(told) == wanted
    for name, said in told.items():
        assert said in ({"Ref": name}, {"Fn::Join": [",", {"Ref": name}]})


def defaults(**given: str) -> dict[str, str]:
    """The parameters of the core, with these given."""
    return {name: str(said["Default"]) for name, said in template()["Parameters"].items()} | given


TEAM_ROLES = "arn:aws:iam::123456789012:role/headrace/genomics/a,arn:aws:iam::123456789012:role/headrace/proteomics/b"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"JobRoleArn": "arn:aws:iam::123456789012:role/mine"}, "give one of them"),
        ({"AllowPrivileged": "yes"}, "AllowPrivileged lets a job become root"),
    ],
)
def test_what_teams_cannot_share_is_refused(given: dict[str, str], why: str):
    """One role for all jobs, and power over the instances they run on; each is fine for one team."""
    template_rules.check(template(), defaults(TenantRoles=TEAM_ROLES))
    template_rules.check(template(), defaults(**given))
    with pytest.raises(Unfit, match=why):
        template_rules.check(template(), defaults(TenantRoles=TEAM_ROLES, **given))


def test_a_teams_role_reaches_what_functions_read_for_it():
    """template.tenant.yaml and core/tenancy.py have the same folders: launch/ apart, which no job needs."""
    [role] = resources("AWS::IAM::Role", BESIDE).values()
    ours = Reach("${Tenant}", "bucket")
    places: dict[str, set[str]] = {}
    listed: set[str] = set()
    for each in statements(role["Properties"]["Policies"]):
        for action in actions(each):
            for resource in each["Resource"] if isinstance(each["Resource"], list) else [each["Resource"]]:
                _, found, place = resource.get("Fn::Sub", "").partition("${Bucket}/")
                if found:
                    places.setdefault(action, set()).add(place.removesuffix("*"))
        for pattern in each.get("Condition", {}).get("StringLike", {}).get("s3:prefix", []):
            listed.add((pattern["Fn::Sub"] if isinstance(pattern, dict) else pattern).removesuffix("*"))
    readable = set(ours.readable) - {"launch/${Tenant}/"}
    assert places["s3:GetObject"] == listed == readable
    assert places["s3:PutObject"] == {"work/${Tenant}/"} < set(ours.writable)


def test_a_teams_role_says_its_team():
    """The ARN that the template makes is one that the parameter of the core takes, and both know the same names."""
    [role] = resources("AWS::IAM::Role", BESIDE).values()
    path = role["Properties"]["Path"]["Fn::Sub"].replace("${Tenant}", "genomics")
    assert "RoleName" not in role["Properties"]
    assert tenancy.teams(f"arn:aws:iam::123456789012:role{path}headrace-genomics-TenantRole-1A2B").keys() == {
        "genomics"
    }
    pattern = template(BESIDE)["Parameters"]["Tenant"]["AllowedPattern"]
    for name in ("genomics", "x", "7", "a" * 16):
        assert re.fullmatch(pattern, name)
    for name in ("shared", "Genomics", "two-words", "a" * 17, "", "a/b", "*"):
        assert not re.fullmatch(pattern, name)


def test_an_image_is_not_built_where_nothing_leads_out():
    """Refused before anything is made, unless the instance stands in subnets of somebody else, or there is none."""
    default = defaults()
    closed = default | {"BuildAmi": "x86_64", "NetworkKind": "private-endpoints"}
    with pytest.raises(Unfit, match="BuildAmi needs a way out"):
        template_rules.check(template(), closed)
    theirs = {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"}
    queue = {"JobQueue": "arn:aws:batch:eu-west-1:123456789012:job-queue/q"}
    for change in ({}, {"BuildAmi": "no"}, {"NetworkKind": "private-nat"}, theirs, queue):
        template_rules.check(template(), (closed if change else default) | change)
