"""Sizes and durations of a nextflow.config: units, bytes and milliseconds, and what is neither."""

import pytest

from headrace.core import import_amounts as amounts
from headrace.core.errors import InvalidValue
from headrace.core.groovy_tree import Amount
from headrace.core.import_literals import Grown


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (Amount("8", "GB"), "8 GB"),
        (Amount("1.5", "TB"), "1.5 TB"),
        (Amount("4", "G"), "4 GB"),
        ("8 GB", "8 GB"),
        ("8.GB", "8 GB"),
        ("512mb", "512 MB"),
        (8589934592, "8 GB"),
        ("1536", "1536 B"),
        (1048576, "1 MB"),
        (Grown("8", "GB"), "${{ 8 * task.attempt }} GB"),
    ],
)
def test_sizes(given, meant):
    """Amounts, texts and bare bytes; what is no whole KB is refused."""
    if meant.endswith(" B"):
        with pytest.raises(InvalidValue, match="no whole KB"):
            amounts.size(given)
    else:
        assert amounts.size(given).value == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (Amount("2", "h"), "2h"),
        (Amount("90", "min"), "90m"),
        ("1d 2h 30 minutes", "1d 2h 30m"),
        ("1day6hours", "1d 6h"),
        (3600000, "3600s"),
        (Amount("5000", "ms"), "5s"),
        (Grown("1.5", "h"), "${{ 1.5 * task.attempt }}h"),
    ],
)
def test_spans(given, meant):
    """Durations in every unit; a bare number is milliseconds."""
    assert amounts.span(given).value == meant


@pytest.mark.parametrize(
    ("read", "given"),
    [
        (amounts.size, Amount("8", "XB")),
        (amounts.size, Amount("8", "PB")),
        (amounts.size, "much"),
        (amounts.size, True),
        (amounts.size, 0),
        (amounts.size, [1]),
        (amounts.size, Grown("8", "h")),
        (amounts.size, Grown("8", "B")),
        (amounts.span, Amount("1", "GB")),
        (amounts.span, "soon"),
        (amounts.span, 1500),
        (amounts.span, "1h x"),
    ],
)
def test_what_is_no_amount(read, given):
    """Unknown units, units of the other kind, no number: refused in our words."""
    with pytest.raises(InvalidValue) as caught:
        read(given)
    assert caught.value.expected
