"""The sizes a Fargate job can have: which memory goes with which vCPUs.

A request is rounded up to the next size, never down: more vCPUs where the memory asks for them, more memory where the
vCPUs do. Whatever was raised is said.
Source: Batch API reference, ResourceRequirement (value of MEMORY for jobs on Fargate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headrace.core.errors import InvalidValue


def _steps(first: int, last: int, step: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


SIZES: Final[Mapping[float, tuple[int, ...]]] = {
    0.25: (512, 1024, 2048),
    0.5: _steps(1024, 4096, 1024),
    1: _steps(2048, 8192, 1024),
    2: _steps(4096, 16384, 1024),
    4: _steps(8192, 30720, 1024),
    8: _steps(16384, 61440, 4096),
    16: _steps(32768, 122880, 8192),
    32: (61440, 122880, 249856),
}


@dataclass(frozen=True, slots=True)
class FargateSize:
    """A legal size, and what was raised to reach it."""

    vcpus: float
    memory_mib: int
    notes: tuple[str, ...] = ()


def fargate_size(vcpus: float, memory_mib: int | None) -> FargateSize:
    """The smallest legal size with at least these vCPUs and this memory. InvalidValue when there is none."""
    wanted = memory_mib or 0
    for size, memories in SIZES.items():
        memory = next((mib for mib in memories if mib >= wanted), None)
        if size >= vcpus and memory is not None:
            return FargateSize(size, memory, tuple(_raised(vcpus, size, memory_mib, memory)))
    raise InvalidValue(
        f"{vcpus:g} vCPUs and {wanted} MiB are more than any Fargate job has",
        expected=f"at most {max(SIZES):g} vCPUs and {SIZES[32][-1]} MiB",
        hint="Use a queue of EC2 instances.",
    )


def is_legal(vcpus: float, memory_mib: int) -> bool:
    """Whether Fargate has this very size."""
    return memory_mib in SIZES.get(vcpus, ())


def nearest_sizes(vcpus: float, memory_mib: int) -> str:
    """The legal sizes around one that is not, as text: the next one up, and the largest with no more of either."""
    below = [(cpus, mib) for cpus, all_mib in SIZES.items() for mib in all_mib if cpus <= vcpus and mib <= memory_mib]
    sizes = below[-1:]
    try:
        above = fargate_size(vcpus, memory_mib)
        sizes.append((above.vcpus, above.memory_mib))
    except InvalidValue:
        pass
    return " or ".join(f"{cpus:g} vCPU with {mib} MiB" for cpus, mib in sizes)


def _raised(vcpus: float, size: float, memory_mib: int | None, memory: int) -> list[str]:
    notes = []
    if size > vcpus:
        notes.append(f"{vcpus:g} vCPUs were raised to {size:g}, the next Fargate size that holds the memory")
    if memory_mib is not None and memory > memory_mib:
        notes.append(f"{memory_mib} MiB were raised to {memory} MiB, the next Fargate size with {size:g} vCPUs")
    return notes
