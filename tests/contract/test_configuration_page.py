"""docs/configuration.md, the table behind it, the directives, the stack and the importer say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.stack import template

from headrace.core import deployment_defaults, yaml_source
from headrace.core.aws_settings import SETTINGS, Setting, settings_table
from headrace.core.directives import DIRECTIVES
from headrace.core.import_config_table import ROWS
from headrace.core.transfers import KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
IMPORTED = {"supported": "ours", "replaced": "elsewhere", "refused": "refused"}


def test_the_table_is_the_generated_one():
    """Word by word."""
    assert settings_table() in PAGE


def test_no_option_has_two_rows():
    """One answer per option, in an order a reader finds it in."""
    options = [each.option for each in SETTINGS]
    assert len(options) == len(set(options))


@pytest.mark.parametrize(
    "setting", [each for each in SETTINGS if each.verdict == "supported"], ids=lambda each: each.option
)
def test_what_is_supported_is_there(setting: Setting):
    """`aws.batch.X` is the directive X, `aws.client.X` a key of `transfer`."""
    scope, _, name = setting.option.rpartition(".")
    assert name in (KEYS if scope == "aws.client" else DIRECTIVES)
    assert name in setting.here


@pytest.mark.parametrize(
    "setting", [each for each in SETTINGS if each.verdict == "refused"], ids=lambda each: each.option
)
def test_a_refusal_has_a_reason(setting: Setting):
    """Nothing is refused without saying why."""
    assert setting.note


def test_every_transfer_key_and_batch_option_is_shown():
    """No key of `transfer` is missing from the table."""
    assert {f"aws.client.{key}" for key in KEYS} <= {each.option for each in SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.option)
def test_the_importer_does_what_the_page_says(setting: Setting):
    """`import-config` has the same verdict on each option."""
    row = ROWS.get(setting.option) or ROWS[f"{setting.option.rpartition('.')[0]}.*"]
    assert row.outcome == IMPORTED[setting.verdict]


def test_the_importer_knows_no_option_that_the_page_does_not():
    """Each of its rows of the aws scope is on the page."""
    theirs = {name for name in ROWS if name.startswith("aws.") and not name.endswith("*")}
    assert theirs - {each.option for each in SETTINGS} == {"aws.sessionToken"}


def test_the_example_of_defaults_is_read():
    """The file on the page is a good one."""
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example
    raw = deployment_defaults.read_deployment(yaml_source.read(example[1], "config/defaults.yaml"))
    assert set(raw) == {"queue", "executionRole", "resourceLabels", "resourceLimits", "transfer"}


def test_parameters_on_the_page_are_the_stacks():
    """What opens buckets, queues, roles and secrets has a row each, and nothing else has."""
    section = PAGE.split("## What pipelines may name", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    (opening,) = (each["Parameters"] for each in groups if each["Label"]["default"] == "What pipelines may name")
    assert named == set(opening)
