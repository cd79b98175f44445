"""Amounts with units (rule 12)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core import units
from headrace.core.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("8 GB", 8192),
        ("8G", 8192),
        ("8GiB", 8192),
        ("8 gb", 8192),
        ("512M", 512),
        ("1.5 GB", 1536),
        ("1T", 1024**2),
        ("4096K", 4),
        ("4097 KiB", 5),
        (" 1 G ", 1024),
    ],
)
def test_sizes_are_powers_of_1024(text: str, mib: int) -> None:
    """K, M, G and T with or without B or iB mean the same; parts of a MiB are rounded up."""
    assert units.memory_mib(text) == mib


@pytest.mark.parametrize(
    "value",
    [
        8,
        8.5,
        "8",
        "8 B",
        "8 Gb/s",
        "GB",
        "-8 GB",
        "8,5 GB",
        "",
        None,
        True,
        [],
        {},
        "8 P",
        "9" * 16 + " G",
        "2000 T",
        "8 G B",
    ],
)
def test_a_size_needs_a_unit_and_a_number(value: Any) -> None:
    """A size without its unit, or what is no size, is an error that shows a good one."""
    with pytest.raises(InvalidValue) as refusal:
        units.memory_mib(value)
    assert "8 GB" in refusal.value.expected


def test_memory_is_at_least_what_batch_takes() -> None:
    """AWS Batch takes no less than 4 MiB."""
    assert units.memory_mib("4M") == 4
    with pytest.raises(InvalidValue, match="too little"):
        units.memory_mib("3M")


def test_disk_is_whole_gib() -> None:
    """Disk is rounded up to GiB."""
    assert [units.disk_gib(text) for text in ("50 GB", "1025 MB", "1 K")] == [50, 2, 1]
    with pytest.raises(InvalidValue, match="no disk"):
        units.disk_gib("0 G")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        ("1h 30m", 5400),
        ("1h30m", 5400),
        ("2d", 172800),
        ("60s", 60),
        ("1.5 hours", 5400),
        ("1 day 1 second", 86401),
        ("0.5s", 1),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    """Several units add up; parts of a second are rounded up."""
    assert units.duration_s(text) == seconds


@pytest.mark.parametrize(
    "value", [90, "90", "1x", "m", "1h 1h", "1:30", "-1h", "", None, False, "1H", "100000000d", "1h,30m"]
)
def test_what_is_no_duration(value: Any) -> None:
    """A duration without its unit, or with an unknown or repeated one, is an error."""
    with pytest.raises(InvalidValue):
        units.duration_s(value)


def test_a_time_limit_is_at_least_a_minute() -> None:
    """Batch refuses timeouts under 60 seconds, so we do."""
    assert units.time_limit_s("60s") == 60
    with pytest.raises(InvalidValue, match="under 60"):
        units.time_limit_s("59s")


def test_cpus_are_whole_or_what_fargate_lists() -> None:
    """Whole numbers, 0.25 and 0.5; text is not a number."""
    assert [units.cpus(value) for value in (1, 8, 2.0, 0.25, 0.5)] == [1, 8, 2, 0.25, 0.5]
    for value in (0, -1, 1.5, 0.3, "8", True, None, float("inf"), float("nan"), 10**9):
        with pytest.raises(InvalidValue):
            units.cpus(value)


def test_counts_and_percentages() -> None:
    """Counts are whole and bounded, percentages end with their sign."""
    assert units.count(5, least=1, most=5) == 5
    assert units.percent("10%") == 10
    assert units.percent(" 2.5 % ") == 2.5
    for value in (0, 6, 2.0, "5", True, None):
        with pytest.raises(InvalidValue):
            units.count(value, least=1, most=5)
    for share in ("10", 10, "101%", "-1%", "%", None):
        with pytest.raises(InvalidValue):
            units.percent(share)


WILD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.from_regex(r"[0-9.]{0,20} ?[KMGTkmgtshd]{0,2}i?B?")
    | st.lists(st.integers())
)


@given(WILD)
def test_nothing_but_our_error(value: Any) -> None:
    """Whatever is given: a number in bounds, or InvalidValue."""
    for read in (
        units.memory_mib,
        units.disk_gib,
        units.duration_s,
        units.time_limit_s,
        units.cpus,
        units.count,
        units.percent,
    ):
        try:
            number = read(value)
        except InvalidValue:
            continue
        assert 0 <= number <= 2**40
