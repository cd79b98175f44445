"""Stack traces in a log, each found as a whole: where it begins and ends, and the message it was printed for.

A trace is told by its form, language by language, in one pass over the lines; one that another was raised from (`During
handling of …`, `Caused by:`) is part of the same trace. Its `keys` are the lines without which it says nothing: headers,
messages, causes. What lies between them are frames, of which some may be left out when there is little room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from headrace.core import log_trace_frames, log_trace_native, log_trace_python, log_trace_reports
from headrace.core.log_lines import shortened, size
from headrace.core.log_trace import Trace

_FINDERS: Final = (
    *log_trace_python.FINDERS,
    *log_trace_native.FINDERS,
    *log_trace_reports.FINDERS,
    *log_trace_frames.FINDERS,
)
_KEPT: Final = (12, 8, 5, 3, 2, 1, 0, 0)
_LEFT_OUT: Final = "  … {} lines of the trace …"


def find(lines: Sequence[str]) -> tuple[Trace, ...]:
    """The traces, in their order; none overlaps another."""
    return tuple(_found(lines))


def within(lines: Sequence[str], trace: Trace, limit: int) -> tuple[str, ...]:
    """The trace's lines in at most `limit` bytes: whole if they fit, else with fewer frames, at last beginning and end alone."""
    shorter = tuple(lines[trace.start : trace.end])
    for kept in _KEPT:
        if size(shorter) <= limit:
            return shorter
        shorter = tuple(_shortened(lines, trace, kept))
    return _ends(shorter, limit)


def _found(lines: Sequence[str]) -> Iterator[Trace]:
    at = floor = 0
    while at < len(lines):
        trace = _at(lines, at, floor)
        if trace is not None:
            yield trace
            floor = trace.end
        at = max(at + 1, floor)


def _at(lines: Sequence[str], at: int, floor: int) -> Trace | None:
    """The trace that shows itself at this line; it may have begun a few lines before, but not before `floor`."""
    line = lines[at]
    for finder in _FINDERS:
        if any(hint in line for hint in finder.hints) and finder.begins.search(line):
            trace = finder.trace(lines, at, floor)
            if trace is not None:
                return trace
    return None


def _shortened(lines: Sequence[str], trace: Trace, kept: int) -> Iterator[str]:
    """Every key, and of each run of frames the first and the last `kept`."""
    run: list[int] = []
    for at in range(trace.start, trace.end + 1):
        if at < trace.end and at not in trace.keys:
            run.append(at)
            continue
        out = len(run) - 2 * kept
        if out > 1:
            yield from (lines[frame] for frame in run[:kept])
            yield _LEFT_OUT.format(out)
            run = run[len(run) - kept :] if kept else []
        yield from (lines[frame] for frame in run)
        run = []
        if at < trace.end:
            yield lines[at]


def _ends(lines: Sequence[str], limit: int) -> tuple[str, ...]:
    """As many lines of the beginning as a third of the room holds, and of the end as the rest does."""
    first = shortened(lines, limit // 3)
    left = limit - size(first) - size([_LEFT_OUT]) - 8
    last = shortened(lines[len(first) :][::-1], left)[::-1]
    return (*first, _LEFT_OUT.format(len(lines) - len(first) - len(last)), *last) if left > 0 else ()
