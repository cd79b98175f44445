"""Sizes in docker's spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.docker_size import MIB, bare_number, docker_bytes, size_note, whole_mib
from headrace.core.errors import InvalidValue


@given(st.integers(0, 10**12), st.sampled_from(["", "b", "k", "kb", "KiB", "m", "MB", "Mi", "g", "GiB", "t"]))
def test_units_are_powers_of_1024(number, unit):
    """Every spelling of a unit means the same power."""
    power = " kmgt".find(unit[:1].lower() or " ")
    assert docker_bytes(f"{number}{unit}") == number * 1024 ** max(power, 0)


@pytest.mark.parametrize("text", ["", "m", "1x", "-1m", "1e3", "1.m", ".5m", "1  m", "1bb", "1ib", "٣m", "1mib b"])
def test_no_size(text):
    """Anything else is refused."""
    with pytest.raises(InvalidValue):
        docker_bytes(text)


def test_whole_mib():
    """Rounded down, never to zero, never beyond the API."""
    assert whole_mib("x", 3 * MIB - 1, "") == 2
    for size in (MIB - 1, 2**60):
        with pytest.raises(InvalidValue):
            whole_mib("x", size, "advice")


def test_notes():
    """A bare number and a rounded one are worth a note."""
    assert bare_number("12")
    assert not bare_number("12m")
    assert size_note("64m", 64 * MIB, 64, "") == ""
    assert "rounded down" in size_note("1.5m", 3 * MIB // 2, 1, "")
    assert "bytes" in size_note("16000000", 16000000, 15, "bytes")
