"""Lines that say the same."""

import pytest

from headrace.core.log_folding import folded, kind_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("read 198020 sequences (20000020 bp)...", "read 198022 sequences (20000222 bp)..."),
        ("2026-01-07T10:00:01.123Z retrying", "2026-01-07T10:00:02.456Z retrying"),
        ("at 0x7f1a2b3c lost", "at 0x55d0c8a1 lost"),
        ("task 9da1b2c3d4e5f6 of 10", "task 00a1b2c3d4e5f6 of 11"),
    ],
)
def test_numbers_times_and_addresses_do_not_tell_lines_apart(one: str, other: str) -> None:
    """They differ from one to the next, what is said does not."""
    assert kind_of(one) == kind_of(other)


def test_words_do() -> None:
    """Another name is another line."""
    assert kind_of("cannot open a.bam") != kind_of("cannot open b.bam")


def test_each_kind_is_shown_once_at_its_last_place_with_its_count() -> None:
    """Equal ones say `times`, others `like it`; order is that of the last places."""
    lines = ["cause", "read 1", "retrying", "read 2", "retrying", "end"]
    assert [each.shown for each in folded(lines, range(6))] == [
        "cause",
        "read 2 (2 like it)",
        "retrying (2 times)",
        "end",
    ]
    assert [each.at for each in folded(lines, [1, 3])] == [3]
