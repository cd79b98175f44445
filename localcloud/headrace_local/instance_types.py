"""EC2 instance types as far as Batch needs them: their size, and what is left of it for jobs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_KEPT: Final = 0.0252
"""Part of the memory that operating system and agent keep: an m4.large has 8,192 MiB, of which ECS sees 7,985.
https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html"""


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One type; memory in MiB."""

    name: str
    vcpus: int
    memory_mib: int
    gpus: int

    @property
    def usable_mib(self) -> float:
        """What ECS can give to containers."""
        return self.memory_mib if self.name == "this.machine" else round(self.memory_mib * (1 - _KEPT))


@functools.cache
def everything() -> dict[str, InstanceType]:
    """All types moto knows, which is EC2's own list of some date."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    return {
        name: InstanceType(
            name,
            int(seen["VCpuInfo"]["DefaultVCpus"]),
            int(seen["MemoryInfo"]["SizeInMiB"]),
            sum(int(gpu["Count"]) for gpu in (seen.get("GpuInfo") or {}).get("Gpus", [])),
        )
        for name, seen in INSTANCE_TYPES.items()
    }


def find(name: str) -> InstanceType | None:
    """A type by its name."""
    return everything().get(name)


def get(name: str) -> InstanceType:
    """A type by its name; `KeyError` when there is none."""
    return everything()[name]


def named(names: Sequence[str]) -> list[InstanceType] | None:
    """The types that a list of Batch's means, smallest first; None when it leaves the choice to Batch (`optimal`)."""
    if not names or any(name == "optimal" or name.startswith("default_") for name in names):
        return None
    found = [
        kind for kind in everything().values() if any(kind.name == n or kind.name.startswith(f"{n}.") for n in names)
    ]
    return sorted(found, key=lambda kind: (kind.vcpus, kind.memory_mib, kind.name))
