"""Machine hours of attempts, and what they cost: a bound from below, because machines are not always full and are paid while they start.

On EC2 a job takes the share of a machine that its vCPUs or its memory need, whichever is more; on Fargate both are paid, a minute at
least. (https://aws.amazon.com/fargate/pricing/)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headrace_cli.cost.prices import MEMORY_GIB_PER_VCPU, PRICES, SPOT_SHARE

_FARGATE_LEAST_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt's size and how long it ran."""

    vcpus: float
    memory_gib: float
    seconds: float
    fargate: bool = False
    arm64: bool = False


@dataclass(frozen=True, slots=True)
class Compute:
    """Hours and dollars of many attempts; `on_demand` and `spot` are of EC2, on Fargate its two prices."""

    vcpu_hours: float
    gib_hours: float
    on_demand: float
    spot: float
    names: tuple[str, ...]


def compute(attempts: Iterable[Attempt]) -> Compute:
    """All of them together; `names` are the prices that were used."""
    vcpu_hours = gib_hours = dollars = 0.0
    used: dict[str, None] = {}
    for each in attempts:
        hours = (max(each.seconds, _FARGATE_LEAST_S) if each.fargate else each.seconds) / 3600
        vcpu_hours += each.vcpus * hours
        gib_hours += each.memory_gib * hours
        if each.fargate:
            used |= dict.fromkeys(("Fargate vCPU-hours", "Fargate GB-hours"))
            dollars += each.vcpus * hours * PRICES["Fargate vCPU-hours"].usd
            dollars += each.memory_gib * hours * PRICES["Fargate GB-hours"].usd
        else:
            name = "EC2 vCPU-hours, arm64" if each.arm64 else "EC2 vCPU-hours"
            used[name] = None
            dollars += max(each.vcpus, each.memory_gib / MEMORY_GIB_PER_VCPU) * hours * PRICES[name].usd
    return Compute(vcpu_hours, gib_hours, dollars, dollars * SPOT_SHARE, tuple(used))
