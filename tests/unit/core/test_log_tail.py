"""The lines of a log that are worth showing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.log_tail import LINE_LIMIT, LINES, choose, masked, telling


def test_the_last_lines_are_chosen_oldest_first() -> None:
    """Twenty of them, in their order."""
    assert choose(f"line {n}a" for n in range(100)) == tuple(f"line {n}a" for n in range(80, 100))


@pytest.mark.parametrize(
    "noise",
    [
        "",
        "   ",
        "\x1b[0m",
        " 45%|████▌     | 45/100 [00:10<00:12,  4.4it/s]",
        "Downloading: 99.5%",
        "Completed 1.2 MiB/3.4 MiB (5.0 MiB/s) with 1 file(s) remaining",
        "[=========>          ]",
        "━━━━━━━━━━ 10/20",
        " 87.5%",
    ],
)
def test_noise_is_left_out(noise: str) -> None:
    """Progress bars and blanks say nothing."""
    assert choose(["before", noise, "after"]) == ("before", "after")


@pytest.mark.parametrize(
    "line",
    [
        "50% of reads failed to align",
        "error: 3/10 samples are empty",
        "100% CPU used by process 12, killing it",
        '[E::hts_open_format] Failed to open file "a.bam" : No such file or directory',
        "Uploading failed: AccessDenied",
        "Traceback (most recent call last):",
    ],
)
def test_words_are_kept(line: str) -> None:
    """What reads like a sentence is no progress bar."""
    assert choose([line]) == (line,)


def test_a_redrawn_line_shows_its_last_state() -> None:
    """Carriage returns overwrite, as on a screen; a line ending of Windows is none."""
    assert choose(["1\r2\rdone\r\n", "next\r"]) == ("done", "next")


def test_equal_neighbours_are_folded_with_their_count() -> None:
    """A retry loop does not push the cause out of sight."""
    assert choose(["cause", *["retrying"] * 500]) == ("cause", "retrying (500 times)")


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c3d4e5f",
        "Authorization: Basic dXNlcjpwYXNz",
        "curl -H 'Bearer eyJhbGciOi.J9'",
        "password: hunter2hunter2",
        "https://user:s3cr3tpw@example.org/x",
        "ghp_0123456789abcdefghij",
    ],
)
def test_credentials_are_masked(secret: str) -> None:
    """Evidence goes out by mail; credentials do not."""
    shown = masked(f"line {secret} end")
    assert "***" in shown
    for word in ("IOSFODNN7", "wJalr", "0a1b2c", "dXNlcj", "eyJhbGciOi", "hunter2", "s3cr3tpw", "0123456789abcdefghij"):
        assert word not in shown


def test_the_telling_line_is_the_last_that_speaks_of_an_error() -> None:
    """Else the last line; nothing of nothing."""
    assert telling(["ValueError: bad", "cleaning up"]) == "ValueError: bad"
    assert telling(["one", "two"]) == "two"
    assert telling([]) == ""


@given(st.lists(st.text()))
def test_any_log_gives_few_short_visible_lines(raw: list[str]) -> None:
    """Bounded in number and length, each one line, none empty."""
    chosen = choose(raw)
    assert len(chosen) <= LINES
    assert all(line.strip() and len(line.splitlines()) == 1 for line in chosen)
    assert all(len(line) <= LINE_LIMIT + len(" (99999 times)") for line in chosen)


def test_an_enormous_line_is_looked_at_from_its_end_in_bounded_time() -> None:
    """Ten million characters without a line break are cut, not matched."""
    assert len(choose(["[" + "=" * 10_000_000 + "x y z"])) <= 1
