"""Times as numbers and as text."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.moments import in_ms, in_words


def test_there_and_back():
    """To the millisecond, whatever the zone it was written in."""
    assert in_words(in_ms("2026-03-02T10:35:01.250+01:00")) == "2026-03-02T09:35:01.250Z"
    assert in_ms(in_words(1_772_444_101_250)) == 1_772_444_101_250


def test_not_known_is_not_known():
    """Neither 1970 nor a guess."""
    assert (in_ms(""), in_words(0)) == (0, "")
    with pytest.raises(InvalidValue):
        in_ms("yesterday")
