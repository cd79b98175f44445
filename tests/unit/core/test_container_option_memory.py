"""Sizes of memory options."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.container_option_memory import (
    read_memory_swap,
    read_shm_size,
    read_swappiness,
    read_tmpfs,
    tmpfs_mib,
)
from headrace.core.container_option_values import Known, Tmpfs
from headrace.core.errors import InvalidValue

KNOWN = Known({}, 1024)


@given(st.integers(1, 10**6))
def test_units_agree(mib):
    """A size in bytes, in KiB and in MiB is one size; a bare tmpfs size is MiB."""
    assert (
        read_shm_size(f"{mib}m", KNOWN).value
        == read_shm_size(f"{mib * 1024}k", KNOWN).value
        == read_shm_size(str(mib * 1024**2), KNOWN).value
        == mib
    )
    assert tmpfs_mib(f"{mib}") == tmpfs_mib(f"{mib}m") == mib


@given(st.integers(0, 10**6), st.integers(4, 10**6))
def test_swap(swap, memory):
    """Memory plus swap minus memory is the swap; bare swap needs no memory."""
    assert read_memory_swap(f"{memory + swap}m", Known({}, memory)).value == swap
    assert read_memory_swap(str(swap), Known()).value == swap


def test_notes():
    """A bare number and a rounded one are explained; a plain one is not."""
    assert "bytes" in read_shm_size("16000000", KNOWN).note
    assert "rounded down" in read_shm_size("1.5m", KNOWN).note
    assert read_shm_size("16m", KNOWN).note == ""
    assert "MiB of swap alone" in read_memory_swap("100", KNOWN).note
    assert "mode=700" in read_tmpfs("/a:size=1m,mode=700", KNOWN).note


def test_last_size_of_a_tmpfs_counts():
    """As of any repeated single value."""
    assert read_tmpfs("/a:size=1,ro,size=2m", KNOWN).value == Tmpfs("/a", 2, ("ro",))


@pytest.mark.parametrize("text", ["-2", "101", "x", "", "1.5"])
def test_bad_swappiness(text):
    """Whole numbers from -1 to 100."""
    with pytest.raises(InvalidValue):
        read_swappiness(text, KNOWN)
