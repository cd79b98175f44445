"""Prices of us-east-1 in USD, without free tiers. The one table: the calculator, the benches and docs/cost.md take theirs from here.

Confirmed: AWS's own page, or several independent pages of 2026 that quote it alike, was read. What is not is marked wherever it is
shown; AWS's pages say what holds (https://aws.amazon.com/pricing/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Price:
    """USD for one unit; `usd` times `per` is how AWS writes it."""

    usd: float
    unit: str
    per: str
    source: str
    confirmed: bool = True


_OLD_LIST: Final = "long-standing list price"
PRICES: Final[Mapping[str, Price]] = {
    "state transitions": Price(0.025 / 1e3, "transition", "$0.025 per 1,000", "Step Functions pricing, 2026-03"),
    "Lambda calls": Price(0.20 / 1e6, "request", "$0.20 per million", "Lambda pricing, 2026"),
    "Lambda GB-s": Price(0.0000166667, "GB-second", "$0.0000166667 (x86)", "Lambda pricing, 2026"),
    "DynamoDB write units": Price(
        0.625 / 1e6, "unit", "$0.625 per million", "on-demand since November 2024, 2025-07", confirmed=False
    ),
    "DynamoDB read units": Price(
        0.125 / 1e6, "unit", "$0.125 per million", "on-demand since November 2024, 2025-07", confirmed=False
    ),
    "S3 writes and lists": Price(0.005 / 1e3, "request", "$0.005 per 1,000", _OLD_LIST, confirmed=False),
    "S3 reads": Price(0.0004 / 1e3, "request", "$0.0004 per 1,000", _OLD_LIST, confirmed=False),
    "bus events": Price(1.00 / 1e6, "event", "$1.00 per million", "EventBridge pricing, 2026-06"),
    "SQS requests": Price(0.40 / 1e6, "request", "$0.40 per million", _OLD_LIST, confirmed=False),
    "log GB": Price(0.50, "GB", "$0.50 per GB", "CloudWatch pricing, 2026-06"),
    "EC2 vCPU-hours": Price(0.1008 / 2, "vCPU-hour", "$0.1008 for an m7i.large", _OLD_LIST, confirmed=False),
    "EC2 vCPU-hours, arm64": Price(
        0.0816 / 2, "vCPU-hour", "$0.0816 for an m7g.large", "EC2 On-Demand pricing, 2026-06"
    ),
    "Fargate vCPU-hours": Price(0.04048, "vCPU-hour", "$0.04048", "Fargate pricing, 2026-06"),
    "Fargate GB-hours": Price(0.004445, "GB-hour", "$0.004445", "Fargate pricing, 2026-06"),
}
SPOT_SHARE: Final = 0.4
"""What Spot costs of the on-demand price: an assumption. It changes by type, zone and hour; AWS promises up to 90 % less."""
MEMORY_GIB_PER_VCPU: Final = 4.0
"""Of the m family. A job that asks for more memory per vCPU fills a machine by its memory."""


def cost(units: Mapping[str, float]) -> dict[str, float]:
    """Dollars by name; KeyError for what has no price."""
    return {name: amount * PRICES[name].usd for name, amount in units.items()}


def mark(name: str) -> str:
    """` *` behind what is not confirmed."""
    return "" if PRICES[name].confirmed else " *"


def markdown() -> str:
    """The table of docs/cost.md."""
    rows = "".join(
        f"| {name} | {price.per} | {price.source} | {'yes' if price.confirmed else '**no**'} |\n"
        for name, price in PRICES.items()
    )
    return "| what | price | source | confirmed |\n|---|---|---|---|\n" + rows
