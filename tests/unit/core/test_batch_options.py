"""Directives that Nextflow has in its `aws.batch` scope."""

import pytest
from tests.support.spec_texts import process, refused

from headrace.core import batch_options
from headrace.core.directives import evaluate


def said(body: str):
    """The evaluated directives of a process."""
    return evaluate(process(body).directives, {"params": {"kind": "fargate"}})


def test_platforms_are_written_as_batch_writes_them():
    """Also when an expression says which."""
    assert said("platformType: ec2").platform == "EC2"
    assert said("platformType: '${{ params.kind }}'").platform == "FARGATE"
    assert said("cpus: 1").platform == "EC2"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("platformType: eks", "not one of the words"),
        ("platformType: EC2", "not one of the words"),
        ("cliPath: /usr/bin/aws", "over the image's own"),
        ("cliPath: [a]", "no path"),
        ("logsGroup: 'aws/x'", "another form"),
        ("logsGroup: 'a b'", "another form"),
        ("shareIdentifier: a-b", "another form"),
        ("schedulingPriority: 10000", "not a number that fits"),
        ("maxSpotAttempts: 11", "not a number that fits"),
        ("maxParallelTransfers: 0", "not a number that fits"),
        ("executionRole: my-role", "another form"),
        ("delayBetweenAttempts: 10", "without a unit"),
    ],
)
def test_what_batch_would_not_take_is_refused_at_check(body, word):
    """With the very words that say what is wrong."""
    assert word in refused(body)[0].message


def test_a_share_may_end_in_a_star():
    """As the API has it."""
    assert said("shareIdentifier: blue*").share_identifier == "blue*"
    assert said("logsGroup: /aws/batch/job").logs_group == "/aws/batch/job"


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("terminateUnschedulableJobs", "waitLimit"),
        ("forceGlacierTransfer", "restore-object"),
        ("fetchInstanceType", "container instance"),
        ("machineType", "queue"),
    ],
)
def test_what_is_not_a_directive_here_says_what_is(name, way_out):
    """Options of Nextflow without a directive name their replacement."""
    assert way_out in refused(f"{name}: true")[0].hint


def test_a_tenants_share():
    """A share identifier has letters and digits alone; a tenant may have dashes."""
    assert batch_options.share_of("team-a") == "teama"
    assert said(f"shareIdentifier: {batch_options.share_of('team-a')}").share_identifier == "teama"
