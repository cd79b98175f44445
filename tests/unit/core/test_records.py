"""Times in the ledger."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidValue
from headrace.core.records import Epoch, utc

moments = st.datetimes(dt.datetime(50, 1, 1), dt.datetime(9000, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - bounds


@pytest.mark.parametrize(
    ("given_time", "written"),
    [
        ("2026-01-31T09:05:00Z", "2026-01-31T09:05:00.000Z"),
        ("2026-01-31T09:05:00.1239Z", "2026-01-31T09:05:00.123Z"),
        ("2026-01-31T10:05:00+01:00", "2026-01-31T09:05:00.000Z"),
    ],
)
def test_times_have_one_form(given_time: str, written: str) -> None:
    """UTC to the millisecond, whatever zone and precision came in."""
    assert utc(given_time) == written


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31T09:05:00", "1767225600", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A time without a zone is none: it would sort wrongly."""
    with pytest.raises(InvalidValue, match="no time"):
        utc(text)


@given(moments, moments)
def test_text_order_is_time_order(one: dt.datetime, other: dt.datetime) -> None:
    """The list of runs is sorted by this text."""
    early, late = sorted([one, other], key=dt.datetime.timestamp)
    assert utc(early.isoformat()) <= utc(late.isoformat())


def test_an_epoch_is_written_as_keys_need_it() -> None:
    """`<run>#<epoch>`."""
    assert str(Epoch("variants-0a1b2c3d4e5f", 12)) == "variants-0a1b2c3d4e5f#12"
