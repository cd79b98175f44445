"""The lines of a log as a reader would have seen them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.log_lines import BINARY, LINE_LIMIT, readable, shortened, size


@pytest.mark.parametrize(
    "noise",
    [
        "",
        "   ",
        "\x1b[0m",
        "\x1b(B\x1b[m",
        " 45%|████▌     | 45/100 [00:10<00:12,  4.4it/s]",
        "1240it [00:03, 401.22it/s]",
        "Downloading: 99.5%",
        "Completed 1.2 MiB/3.4 MiB (5.0 MiB/s) with 1 file(s) remaining",
        "[=========>          ]",
        "━━━━━━━━━━ 10/20",
        "     \x1b[90m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[32m12.3/45.6 MB\x1b[0m \x1b[31m10.2 MB/s\x1b[0m eta \x1b[36m0:00:03\x1b[0m",
        " 87.5%",
        "   150K .......... .......... .......... .......... ..........  4% 1.23M 10s",
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current",
        "                                 Dload  Upload   Total   Spent    Left  Speed",
        "100  1256  100  1256    0     0   5624      0 --:--:-- --:--:-- --:--:--  5607",
        " 43 2514M   43 1092M    0     0  18.2M      0  0:02:18  0:01:00  0:01:18 19.1M",
        "numpy-1.26.0         | 7.5 MB    | ################8    |  84% ",
        "Receiving objects:  45% (450/1000), 1.20 MiB | 2.00 MiB/s",
        "3f4ca61aafcd: Pull complete",
        "  |=====================                 |  57%",
        "***********************************************************************",
        "7f1a2b343000-7f1a2b507000 r-xp 00000000 fd:01 525 /usr/lib64/libc-2.17.so",
        "  0x0c047fff7fb0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
    ],
)
def test_noise_is_left_out(noise: str) -> None:
    """Progress bars, rules and blanks say nothing."""
    assert readable(["before", noise, "after"]) == ("before", "after")


@pytest.mark.parametrize(
    "line",
    [
        "50% of reads failed to align",
        "error: 3/10 samples are empty",
        "100% CPU used by process 12, killing it",
        '[E::hts_open_format] Failed to open file "a.bam" : No such file or directory',
        "Uploading failed: AccessDenied",
        "Traceback (most recent call last):",
        "chr1:1042311 | depth 40 | ok",
        "[12:30] done",
        "ERROR 404: Not Found.",
        "100 reads, 3 12:30:01 x",
        "---- a heading ----",
    ],
)
def test_words_are_kept(line: str) -> None:
    """What reads like a sentence is no progress bar."""
    assert readable([line]) == (line,)


def test_a_redrawn_line_shows_its_last_state() -> None:
    """Carriage returns overwrite, as on a screen; a line ending of Windows is none; an event may hold several lines."""
    assert readable(["1\r2\rdone\r\nnext\r", "last\n"]) == ("done", "next", "last")


def test_an_error_that_a_bar_overwrote_is_kept() -> None:
    """A terminal would have lost it."""
    bar = " 99%|█████████ | 99/100 [00:10<00:00,  9.9it/s]"
    assert readable([f"ERROR: lost a read\r{bar}\r{bar}"]) == ("ERROR: lost a read",)


@pytest.mark.parametrize(
    "bar",
    [
        "\r 99%|█████████ | 99/100 [00:10<00:00,  9.9it/s]",
        "\r  0     0    0     0    0     0      0      0 --:--:--  0:00:01 --:--:--     0",
    ],
)
def test_text_right_behind_a_bar_begins_a_line(bar: str) -> None:
    """A bar does not end its line; what is printed next stands behind it."""
    assert readable([bar + "curl: (6) Could not resolve host: x"]) == ("curl: (6) Could not resolve host: x",)


def test_backspaces_take_back() -> None:
    """As conda's spinner does."""
    assert readable(["Solving environment: - \b\b\\ \b\b| \b\bfailed"]) == ("Solving environment: failed",)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31;1merror\x1b[0m: no", "error: no"),
        ("\x1b]8;;https://example.org/a?b\x1b\\link\x1b]8;;\x1b\\ end", "link end"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1bPq#0;2;0~\x1b\\text", "text"),
        ("a\x00b\x07c", "abc"),
        ("cdr\u202egpj.exe", "cdrgpj.exe"),
        ("\tat x.Y.z(Y.java:1)", " at x.Y.z(Y.java:1)"),
    ],
)
def test_what_a_terminal_would_act_on_is_gone(raw: str, shown: str) -> None:
    """Colours, hyperlinks, titles, strings for the terminal, controls, overrides of direction."""
    assert readable([raw]) == (shown,)


def test_bytes_that_are_no_text_are_one_line() -> None:
    """A program that prints a BAM file does not fill the summary with it."""
    assert readable(["\x1f\ufffd\x08\x04\x00\x00\x00\ufffd\x06\x00BC\x02\x00"]) == (BINARY,)


def test_a_long_line_is_cut_in_its_middle() -> None:
    """Its beginning and its end are what counts."""
    [line] = readable([f"ValueError: bad {'x' * 1_000_000} at column 7"])
    assert len(line) == LINE_LIMIT
    assert line.startswith("ValueError: bad x")
    assert line.endswith("x at column 7")


def test_a_secret_is_masked_before_a_line_is_cut() -> None:
    """Half a credential at the cut would not look like one."""
    for padding in range(150, 260):
        [line] = readable([f"{'x' * padding} ghp_0123456789abcdefghij0123456789abcdef {'y' * 400}"])
        assert "0123" not in line


def test_room_is_counted_in_bytes_and_no_line_is_cut_for_it() -> None:
    """A character of three bytes counts three."""
    assert size(["a", "エ"]) == 6
    assert shortened(["aaa", "エエ", "b"], 11) == ("aaa", "エエ")
    assert shortened(["aaa", "エエ", "b"], 10) == ("aaa",)


@given(st.lists(st.text()))
def test_any_log_gives_short_visible_lines(raw: list[str]) -> None:
    """Each one line, none empty, none too long, all writable."""
    for line in readable(raw):
        assert line.strip()
        assert len(line.splitlines()) == 1
        assert len(line) <= LINE_LIMIT
        line.encode()


@given(st.lists(st.text()))
def test_reading_what_was_read_changes_nothing(raw: list[str]) -> None:
    """An outcome is made of lines that were read already."""
    once = readable(raw)
    assert readable(once) == once


@pytest.mark.parametrize(
    "piece", ["[=", "\r", "a\b", "\x1b[", "\x1b]8;;x", "\x1bP", "\0", "エ", "1%|", "[1:1,", "://a:", "eyJ"]
)
def test_a_megabyte_in_one_event_is_read_in_linear_time(piece: str) -> None:
    """It is cut before patterns look at it; a quadratic one would run into the suite's time limit."""
    assert size(readable([piece * (1_000_000 // len(piece))])) <= 4 * LINE_LIMIT
