"""A function may do what its code does, and nothing else."""

import json
import re

import pytest
from tests.support.call_graph import operations, reached
from tests.support.permissions import ACTIONS, BY_ARGUMENT, FUNCTIONS, NO_RESOURCE_TYPE, actions, allowed, statements
from tests.support.stack import ROOT, TEMPLATES, snake, template


def needed(logical: str) -> set[str]:
    """The actions that a function's code can come to need."""
    found = reached(ROOT / "functions" / snake(logical.removesuffix("Function")) / "app.py")
    assert found <= ACTIONS.keys(), "operations whose actions this table does not name"
    return set().union(BY_ARGUMENT.get(logical, set()), *(ACTIONS[each] for each in found))


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_what_its_code_does(logical: str):
    """Every AWS call that app.py can reach is in the function's policy."""
    assert needed(logical) - allowed(logical) == set()


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_a_function_may_do_nothing_else(logical: str):
    """A permission that no call needs is taken away."""
    assert allowed(logical) - needed(logical) == set()


def test_the_search_finds_what_there_is():
    """Calls through clients, paginators, names of operations and parts of transactions are all found."""
    found = reached(ROOT / "functions/conclude_run/app.py")
    assert {"get_object", "list_map_runs", "update_item", "Update", "terminate_job"} <= found
    assert "register_job_definition" not in found
    assert set(ACTIONS) <= operations()


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_action_is_a_wildcard(name: str):
    """What is allowed is named; only the refusal of plain HTTP is about everything."""
    loose = [
        each
        for each in statements(template(name))
        if each["Effect"] == "Allow" and any("*" in action for action in actions(each))
    ]
    assert loose == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_resource_is_named_where_aws_can_tell_them_apart(name: str):
    """`Resource: '*'` stands only beside actions that know no resource."""
    everywhere = {
        action
        for each in statements(template(name))
        if each["Effect"] == "Allow" and each.get("Resource") in ("*", ["*"])
        for action in actions(each)
    }
    assert everywhere <= NO_RESOURCE_TYPE


def test_log_streams_are_named_as_iam_names_them():
    """A log group's Arn ends in `:*`, which covers its streams; with more behind it no stream would match."""
    text = (ROOT / "template.yaml").read_text()
    assert not re.search(r"Logs\.Arn\}:", text)


@pytest.mark.parametrize(
    ("logical", "places"),
    [
        ("SupplyToolFunction", {"tools/*"}),
        ("LaunchRunFunction", {"errors/*"}),
        ("PlanScopeFunction", {"runs/*"}),
        ("PrepareTaskFunction", {"work/*", "runs/*/tasks/*"}),
        ("SettleTaskFunction", {"work/*", "results/*", "runs/*/tasks/*"}),
        ("ConcludeRunFunction", {"runs/*", "work/*/outputs.json"}),
        ("SummariseLogsFunction", {"runs/*/tasks/*"}),
    ],
)
def test_functions_write_below_their_own_prefixes(logical: str, places: set[str]):
    """Nobody writes to launch/ but users, and each function only where contracts.md says it does."""
    found = [
        json.dumps(each["Resource"])
        for each in statements(FUNCTIONS[logical]["Properties"]["Policies"])
        if "s3:PutObject" in actions(each)
    ]
    assert set(re.findall(r"\$\{Data\.Outputs\.BucketArn\}/([^\"']+)", " ".join(found))) == places


@pytest.mark.parametrize("logical", FUNCTIONS)
def test_who_reads_users_inputs_may_read_their_buckets(logical: str):
    """Pipelines, tables and inputs may lie in AllowedBuckets: whoever reads objects anywhere may read them there."""
    policies = FUNCTIONS[logical]["Properties"]["Policies"]
    reads = [json.dumps(each["Resource"]) for each in statements(policies) if "s3:GetObject" in actions(each)]
    anywhere = any("${Data.Outputs.BucketArn}/*" in resource for resource in reads)
    assert ("ReadDataPolicy" in json.dumps(policies)) == anywhere
