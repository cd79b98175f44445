"""Stack traces, each found as a whole. The corpus of `test_log_summary` holds every language; here are the turns they take."""

import pytest

from headrace.core.log_lines import size
from headrace.core.log_traces import find, within

PYTHON = ["Traceback (most recent call last):", '  File "x.py", line 1, in f', "    g()", "ValueError: bad"]
JAVA = ["java.lang.IllegalStateException: no", " at a.B.c(B.java:1)", " at a.B.d(B.java:2)"]


def test_traces_are_told_from_what_is_around_them() -> None:
    """Each from its first line to its last, in order, none overlapping another."""
    lines = ["begin", *PYTHON, "between", *JAVA, "end"]
    assert [(trace.kind, trace.start, trace.end) for trace in find(lines)] == [("python", 1, 5), ("java", 6, 9)]


@pytest.mark.parametrize("prefix", ["    ", "worker-1 | ", "[rank0]: "])
def test_a_prefix_that_every_line_has_is_seen_through(prefix: str) -> None:
    """A wrapper's indent, a worker's name."""
    [trace] = find([prefix + line for line in PYTHON] + [prefix + "next"])
    assert (trace.start, trace.end, trace.message) == (0, 4, "ValueError: bad")


def test_a_logger_prefix_on_the_header_alone_is_no_prefix() -> None:
    """`logging.exception` writes its stamp before the message, or before the header."""
    [trace] = find(["2026-01-07 ERROR Traceback (most recent call last):", *PYTHON[1:], "2026-01-07 INFO next"])
    assert (trace.end, trace.message) == (4, "ValueError: bad")


def test_a_trace_that_was_cut_off_ends_where_it_was() -> None:
    """Killed while it printed: the last line there is stands for the message."""
    [trace] = find(PYTHON[:3])
    assert (trace.end, trace.message) == (3, "g()")
    [trace] = find([*PYTHON[:2], "another thread's line!"])
    assert (trace.end, trace.message) == (2, 'File "x.py", line 1, in f')


def test_a_message_of_several_lines_belongs_to_its_trace() -> None:
    """Before the first frame in Java, behind the last in Python, in a cause too."""
    lines = [
        "org.x.BadException: first",
        "second",
        "third",
        *JAVA[1:],
        "Caused by: org.x.C: a",
        "b",
        " at x.Y.z(Y.java:1)",
        "out",
    ]
    [trace] = find(lines)
    assert (trace.start, trace.end, trace.message) == (0, len(lines) - 1, "org.x.C: a")
    [trace] = find([*PYTHON, "  more of it", "out"])
    assert trace.end == 5


@pytest.mark.parametrize(
    "lines",
    [
        ["we looked at the file", "at noon (12:00)"],
        ["panic: is a word", "and no goroutine follows"],
        ["Error: one line alone", "next"],
        ["it was told at the line 3 of the file"],
        ["  at first sight all is well"],
    ],
)
def test_words_that_look_like_traces_are_none(lines: list[str]) -> None:
    """A form needs its proof."""
    assert find(lines) == ()


def test_dotnet_and_nested_causes() -> None:
    """`--->` is a cause."""
    lines = [
        "Unhandled exception. System.Exception: outer",
        " ---> System.IO.FileNotFoundException: inner",
        "   at A.B.C() in /src/A.cs:line 3",
        "   --- End of inner exception stack trace ---",
        "   at A.Main(String[] args) in /src/A.cs:line 9",
        "out",
    ]
    [trace] = find(lines)
    assert (trace.start, trace.end, trace.message) == (0, 5, "System.IO.FileNotFoundException: inner")


def test_an_older_rust_has_its_message_in_the_first_line() -> None:
    """And a failed assertion has two values."""
    old = ["thread 'main' panicked at 'boom', src/main.rs:2:5", "note: run with `RUST_BACKTRACE=1`", "out"]
    assert [(trace.end, trace.message) for trace in find(old)] == [(2, old[0])]
    new = [
        "thread 'main' panicked at src/main.rs:2:5:",
        "assertion `left == right` failed",
        "  left: 1",
        " right: 2",
        "out",
    ]
    [trace] = find(new)
    assert (trace.end, trace.message) == (4, f"{new[0]} {new[1]}")


def test_in_little_room_keys_stay_and_frames_go() -> None:
    """Whole if it fits; then fewer frames of each run; at last its ends alone; never more than the room."""
    lines = [JAVA[0], *(f" at a.B.c{n}(B.java:{n})" for n in range(100)), "Caused by: x.Y: why", *JAVA[1:]]
    [trace] = find(lines)
    assert within(lines, trace, 100_000) == tuple(lines)
    shorter = within(lines, trace, 600)
    assert (shorter[0], "Caused by: x.Y: why" in shorter) == (JAVA[0], True)
    assert "  … 97 lines of the trace …" not in shorter
    assert sum("lines of the trace" in line for line in shorter) == 1
    for room in range(0, 700, 7):
        assert size(within(lines, trace, room)) <= room
