"""The service quotas that decide how far the engine and its jobs come, and what they must be at least.

Codes: as the Service Quotas API lists them (`aws service-quotas list-service-quotas --service-code ec2`). What an engine of
10,000 children needs of Step Functions is in docs/architecture.md; AWS's own defaults are above it, new accounts have less.
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: its name as AWS says it, what it must be at least (0: that depends on the queues), and what happens below."""

    service: str
    code: str
    name: str
    least: float
    below: str


LAMBDA: Final = Quota(
    "lambda", "L-B99A9384", "Concurrent executions", 100, "functions are throttled, and runs are slow"
)
ENGINE: Final = (
    LAMBDA,
    Quota("states", "L-AD9B4E93", "StateTransition per second", 500, "executions wait between their states"),
    Quota("states", "L-1B55A735", "StartExecution per second", 100, "tasks of large runs start slowly"),
    Quota("states", "L-B8A5B662", "Open executions", 20_000, "large runs are refused in the middle"),
)
_VCPUS: Final = "jobs beyond it wait in RUNNABLE"
COMPUTE: Final = {
    ("EC2", "standard"): Quota("ec2", "L-1216C47A", "Running On-Demand Standard instances, vCPUs", 0, _VCPUS),
    ("SPOT", "standard"): Quota("ec2", "L-34B43A08", "All Standard Spot Instance Requests, vCPUs", 0, _VCPUS),
    ("EC2", "gpu"): Quota("ec2", "L-DB2E81BA", "Running On-Demand G and VT instances, vCPUs", 0, _VCPUS),
    ("SPOT", "gpu"): Quota("ec2", "L-3819A6DF", "All G and VT Spot Instance Requests, vCPUs", 0, _VCPUS),
    ("FARGATE", ""): Quota("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", 0, _VCPUS),
    ("FARGATE_SPOT", ""): Quota("fargate", "L-36FBB829", "Fargate Spot vCPU resource count", 0, _VCPUS),
}
BATCH_ENVIRONMENTS: Final = 50
BATCH_QUEUES: Final = 50
"""Of an account and region; they cannot be raised (https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html)."""


def compute_quota(kind: str, types: tuple[str, ...]) -> Quota | None:
    """The vCPU quota of an environment; None for families with a quota of their own that is not looked at (P, Inf, Trn, X, F)."""
    if kind.startswith("FARGATE"):
        return COMPUTE.get((kind, ""))
    families = {_class(each) for each in types}
    return COMPUTE.get((kind, families.pop())) if len(families) == 1 else None


def _class(instance_type: str) -> str:
    """`standard` (A, C, D, H, I, M, R, T, Z, and what Batch chooses), `gpu` (G, VT), or empty."""
    family = instance_type.lower()
    if family in ("optimal", "default_x86_64", "default_arm64"):
        return "standard"
    if family.startswith(("g", "vt")):
        return "gpu"
    return (
        "standard"
        if family[:1] in tuple("acdhimrtz") and not family.startswith(("inf", "trn", "dl", "hpc", "u-"))
        else ""
    )
