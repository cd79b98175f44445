"""Fargate sizes: the table, rounding up, the neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.fargate_sizes import SIZES, fargate_size, is_legal, nearest_sizes

DOCUMENTED = {
    0.25: (512, 2048, 3), 0.5: (1024, 4096, 4), 1: (2048, 8192, 7), 2: (4096, 16384, 13), 4: (8192, 30720, 23), 8: (16384, 61440, 12),
    16: (32768, 122880, 12), 32: (61440, 249856, 3),
}  # fmt: skip


def test_table():
    """First, last and number of memories per vCPU, as documented."""
    assert {vcpus: (sizes[0], sizes[-1], len(sizes)) for vcpus, sizes in SIZES.items()} == DOCUMENTED


@given(st.sampled_from([0.25, 0.5, 1, 2, 3, 4, 7, 16, 32]), st.one_of(st.none(), st.integers(1, 249856)))
def test_never_down(vcpus, memory_mib):
    """A size is legal, has what was asked, and says what was raised."""
    size = fargate_size(vcpus, memory_mib)
    assert is_legal(size.vcpus, size.memory_mib)
    assert size.vcpus >= vcpus
    assert size.memory_mib >= (memory_mib or 0)
    assert bool(size.notes) == (size.vcpus > vcpus or (memory_mib is not None and size.memory_mib > memory_mib))


@given(st.sampled_from(sorted(SIZES)), st.integers(0, 22))
def test_legal_sizes_stay(vcpus, number):
    """A legal size is left alone."""
    memory = SIZES[vcpus][number % len(SIZES[vcpus])]
    assert fargate_size(vcpus, memory).notes == ()


@pytest.mark.parametrize(("vcpus", "memory_mib"), [(33, 1), (1, 249857)])
def test_beyond(vcpus, memory_mib):
    """Nothing on Fargate is larger than the largest."""
    with pytest.raises(InvalidValue, match="more than any Fargate job"):
        fargate_size(vcpus, memory_mib)


def test_neighbours():
    """Both neighbours of an illegal size are named."""
    assert nearest_sizes(2, 20000) == "2 vCPU with 16384 MiB or 4 vCPU with 20480 MiB"
    assert nearest_sizes(64, 500000) == "32 vCPU with 249856 MiB"
