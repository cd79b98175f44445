"""What Batch publishes of a blocked job, what Auto Scaling says of a failed launch."""

import pytest

from headrace.core.stuck_limits import Severity
from headrace.core.stuck_reasons import PUBLISHED, launch_failure, published, suspicion

GUIDE = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [m5.large]": "no-capacity",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job.": "max-vcpus",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.": "too-big",
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS \u2013 Batch service role has a permission issue.": "service-role",
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment associated with this job queue has an unsupported instance type configuration.": "instance-configuration",
    "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.": "environment-invalid",
    "UNDETERMINED - Batch job is blocked, root cause is undetermined.": "undetermined",
}


@pytest.mark.parametrize(("reason", "code"), GUIDE.items())
def test_each_published_reason_is_known(reason: str, code: str):
    """In the words of the Batch user guide, whatever dash stands after the code."""
    for dash in ("-", "\u2013", "\u2014"):
        found = suspicion(reason.replace(" - ", f" {dash} ").replace(" \u2013 ", f" {dash} "))
        assert found is not None
        assert found.code == code
        assert found.own
        assert found.advice


def test_the_table_has_the_seven_of_the_guide():
    """No more, no less."""
    assert len(GUIDE) == len(PUBLISHED) == 7


@pytest.mark.parametrize(
    "reason", ["", "Host EC2 (instance i-0a1b2c) terminated.", "Essential container in task exited", "capacity: none"]
)
def test_what_ended_an_earlier_attempt_blocks_nothing(reason: str):
    """A RUNNABLE job may carry it; it says nothing about now."""
    assert published(reason) is None
    assert suspicion(reason) is None


def test_a_code_of_tomorrow_is_told_as_it_is():
    """New reasons are shown with their own words, and never acted on in haste."""
    found = suspicion("MISCONFIGURATION:MOON_PHASE - The moon is not full.")
    assert found is not None
    assert (found.code, found.severity) == ("blocked", Severity.SOFT)
    assert "The moon is not full" in found.cause


def test_only_what_no_waiting_heals_is_firm():
    """JOB_RESOURCE_REQUIREMENT is also said while an environment scales from zero."""
    firm = {row.code for row in PUBLISHED.values() if row.severity is Severity.FIRM}
    assert firm == {"max-vcpus"}


def test_numbers_and_the_instance_type_are_told():
    """What is asked and available, and what AWS has none of."""
    found = suspicion("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none of [p5.48xlarge]", "asks 96 vCPUs")
    assert found is not None
    assert "p5.48xlarge" in found.cause
    assert "(asks 96 vCPUs)" in found.cause


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        (
            "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket",
            "quota",
            Severity.BROKEN,
        ),
        ("Max spot instance count exceeded", "quota", Severity.BROKEN),
        (
            "You have requested more instances (7) than your current instance limit of 6 allows",
            "quota",
            Severity.BROKEN,
        ),
        ("There is no Spot capacity available that matches your request.", "no-capacity", Severity.SOFT),
        (
            "We currently do not have sufficient g4dn.xlarge capacity in the Availability Zone you requested",
            "no-capacity",
            Severity.SOFT,
        ),
        (
            "Could not launch On-Demand Instances. UnfulfillableCapacity - Unable to fulfill capacity",
            "no-capacity",
            Severity.SOFT,
        ),
        ("There are not enough free addresses in subnet 'subnet-0a1b2c'", "network", Severity.BROKEN),
        ("The image id '[ami-0a1b2c]' does not exist", "launch-configuration", Severity.BROKEN),
        ("The security group 'sg-0a1b2c' does not exist", "launch-configuration", Severity.BROKEN),
        ("Client.InternalError: Client error on launch", "launch-permission", Severity.BROKEN),
        ("The planets do not align", "launch-fails", Severity.BROKEN),
    ],
)
def test_failed_launches_are_understood(text: str, code: str, severity: Severity):
    """In the words of EC2 and Auto Scaling; what is not known is told as it is."""
    found = launch_failure([text])
    assert found is not None
    assert (found.code, found.severity) == (code, severity)
    assert text[:40] in found.cause


def test_no_failure_is_no_suspicion():
    """And the first text that is known wins over a newer one that is not."""
    assert launch_failure(["", " "]) is None
    found = launch_failure(["The planets do not align", "Max spot instance count exceeded"])
    assert found is not None
    assert found.code == "quota"
