r"""What Batch says of a job it cannot place, and what Auto Scaling says of a machine it could not start: two tables.

A blocked job's `statusReason` begins with a code, the rest is free text (with a hyphen or an en dash between them, as the
guide prints both): https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html. A RUNNABLE job can also
carry what ended its last attempt; that is none of these codes and says nothing about now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headrace.core.plain_text import one_line
from headrace.core.stuck_jobs import Suspicion
from headrace.core.stuck_limits import Severity

_CODE: Final = re.compile(
    r"((?:CAPACITY|MISCONFIGURATION):[A-Z0-9_]+|ACTION_REQUIRED|UNDETERMINED)\b[\s:\u2013\u2014-]*(.*)", re.DOTALL
)
_LARGER: Final = "lower cpus, memory or accelerator, allow larger instance types or more vCPUs, or give another queue"
_ENVIRONMENT: Final = "open the compute environment in the Batch console; its status reason says what is wrong"


@dataclass(frozen=True, slots=True)
class Published:
    """One code of Batch: what it is here. `may_pass`: it says nothing while the queue works."""

    code: str
    severity: Severity
    cause: str
    advice: str
    may_pass: bool = False


PUBLISHED: Final[dict[str, Published]] = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY": Published(
        "no-capacity",
        Severity.SOFT,
        "AWS has no capacity for the queue's instance types",
        "allow more instance types or zones, or add a queue to the ladder: queue: [a, b]",
        may_pass=True,
    ),
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE": Published(
        "max-vcpus", Severity.FIRM, "asks for more vCPUs than the queue's compute environments may have", _LARGER
    ),
    # Soft: it is also said for a moment while an environment scales from zero.
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT": Published(
        "too-big", Severity.SOFT, "asks for more vCPUs, memory or GPUs than the queue's machines have", _LARGER
    ),
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS": Published(
        "service-role",
        Severity.BROKEN,
        "the compute environment's service role lacks a permission",
        "use the service-linked role AWSServiceRoleForBatch (leave ServiceRole out)",
    ),
    "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED": Published(
        "instance-configuration",
        Severity.BROKEN,
        "the compute environment has instance types that do not go together with its image or settings",
        "correct instance types, image and launch template of the compute environment",
    ),
    "ACTION_REQUIRED": Published(
        "environment-invalid", Severity.BROKEN, "the queue's compute environments are invalid", _ENVIRONMENT
    ),
    "UNDETERMINED": Published(
        "undetermined",
        Severity.SOFT,
        "Batch cannot place it and does not know why",
        "see docs/troubleshooting.md, A job that does not start",
        may_pass=True,
    ),
}
UNKNOWN: Final = Published(
    "blocked", Severity.SOFT, "Batch cannot place it", "see the Batch user guide for this reason"
)


def published(reason: str) -> Published | None:
    """The row of a blocked reason; None for a text that is none. The code is taken as it is, what follows is free."""
    found = _CODE.match(reason.strip())
    return PUBLISHED.get(found[1], UNKNOWN) if found else None


def suspicion(reason: str, numbers: str = "") -> Suspicion | None:
    """The suspicion of a job that carries such a reason; `numbers` says what is asked and what there is."""
    found, row = _CODE.match(reason.strip()), published(reason)
    if found is None or row is None:
        return None
    told = "" if row is not UNKNOWN and found[1] not in _TELLING else f": {one_line(found[2] or found[1], 120)}"
    cause = f"{row.cause}{told}" + (f" ({numbers})" if numbers else "")
    return Suspicion(code=row.code, severity=row.severity, cause=cause, advice=row.advice, own=True)


_TELLING: Final = frozenset({"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"})  # names the instance type

_FAILURES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), code, severity, cause, advice)
    for pattern, code, severity, cause, advice in (
        (
            (
                r"VcpuLimitExceeded|vCPU (?:capacity|limit)|current instance limit|MaxSpotInstanceCountExceeded|Max spot instance count"
                r"|InstanceLimitExceeded|quota"
            ),
            "quota",
            Severity.BROKEN,
            "the account's EC2 quota is used up: {text}",
            "ask for more vCPUs in Service Quotas (EC2, running instances of this kind), or lower maxvCpus elsewhere",
        ),
        (
            (
                r"InsufficientInstanceCapacity|UnfulfillableCapacity|do not have sufficient .*capacity|no Spot capacity|capacity-not-available"
                r"|insufficient capacity|Unsupported.*Availability Zone|InsufficientHostCapacity"
            ),
            "no-capacity",
            Severity.SOFT,
            "AWS has no capacity for the queue's instance types: {text}",
            "allow more instance types or zones, or add a queue to the ladder: queue: [a, b]",
        ),
        (
            r"InsufficientFreeAddressesInSubnet|not enough free addresses|subnet.*(?:does not exist|InvalidSubnet)|InvalidSubnet|NetworkInterfaceLimit",
            "network",
            Severity.BROKEN,
            "no machine can start in the queue's subnets: {text}",
            "give the compute environment subnets that exist and have free addresses",
        ),
        (
            (
                r"InvalidAMI|image id .* (?:does not exist|not valid)|AMI.*(?:does not exist|not found|deregistered)|launch template|LaunchTemplate"
                r"|security group|InvalidGroup|Invalid IAM Instance Profile|InvalidParameter|InvalidKeyPair|block device|snapshot"
            ),
            "launch-configuration",
            Severity.BROKEN,
            "machines cannot be started as the compute environment describes them: {text}",
            "correct image, launch template, security groups and instance profile of the compute environment",
        ),
        (
            r"not authorized|UnauthorizedOperation|AccessDenied|KMS|Client\.InternalError|service-linked role",
            "launch-permission",
            Severity.BROKEN,
            "AWS may not start machines for the compute environment: {text}",
            "look at the service-linked roles of Batch, Auto Scaling and Spot, and at the key of encrypted volumes",
        ),
    )
)


def launch_failure(texts: Iterable[str]) -> Suspicion | None:
    """The suspicion that failed scaling activities give, newest first; the first text the table knows, else the newest."""
    told = [text for text in texts if text.strip()]
    for text in told:
        for pattern, code, severity, cause, advice in _FAILURES:
            if pattern.search(text):
                return Suspicion(
                    code=code, severity=severity, cause=cause.replace("{text}", one_line(text, 160)), advice=advice
                )
    if not told:
        return None
    return Suspicion(
        code="launch-fails",
        severity=Severity.BROKEN,
        cause=f"machines of the queue cannot be started: {one_line(told[0], 160)}",
        advice="look at the activity history of the compute environment's Auto Scaling group",
    )
