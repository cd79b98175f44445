"""A log in at most 4 KiB: the lines that matter first.

The log is cut into pieces: stack traces, each whole (`log_traces`), and lines that speak of an error (`log_ranking`), neighbours
together with the command that failed, where the shell showed it. A piece weighs as its heaviest line, more when it is
a trace or stands near the end; the heaviest comes first, of equal ones the later. Then come the last lines of the log. What says
the same is shown once, with its count (`log_folding`). This is the one idea of evidence: an outcome's, a digest's, an alert's and
`log_summary.json`'s lines are made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from headrace.core import log_ranking, log_traces
from headrace.core.log_folding import folded, kind_of
from headrace.core.log_lines import LINE_LIMIT, shortened, size
from headrace.core.log_ranking import is_routine, weight
from headrace.core.log_secrets import masked
from headrace.core.log_trace import Trace
from headrace.core.plain_text import one_line

LIMIT: Final = 4_096
"""Bytes of a summary as UTF-8, line ends included."""

GAP: Final = "--"
"""Stands between pieces of the log that are not neighbours, as in the output of grep."""

END: Final = "-- the end of the log:"
"""Stands before the last lines."""

_EVERY_END: Final = "Essential container in task exited"
_TAIL: Final = 10  # lines of the end, at most
_TAIL_ROOM: Final = 700  # bytes kept for them
_PIECES: Final = 6
_NEAR_END: Final = 50
_LINES: Final = 8  # of a piece that is no trace
_BEFORE: Final = 3  # lines to look back for the command that failed
_BELOW: Final = 6  # lines below one that ends in a colon


@dataclass(frozen=True, slots=True)
class Summary:
    """`lines` to show, what matters first; `telling` the one line that says most; `trace` the kind of the first trace."""

    lines: tuple[str, ...] = ()
    telling: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    weight: int
    telling: str
    says: str  # what makes two pieces the same: a trace's key lines, the telling line of others
    trace: Trace | None = None


def summary_of(lines: Sequence[str], limit: int = LIMIT) -> Summary:
    """The summary of readable lines (`log_lines.readable`) in at most `limit` bytes."""
    pieces = _ranked(lines)
    times = Counter(piece.says for piece in pieces)
    parts: list[tuple[str, ...]] = []
    shown: set[int] = set()
    left = limit - size([END])
    for piece in list({piece.says: piece for piece in reversed(pieces)}.values())[: -_PIECES - 1 : -1]:
        room = left - min(_TAIL_ROOM, limit // 4) - size([GAP])
        if part := _fitted(lines, piece, room // 2 if parts else room, times[piece.says]):
            parts.append(part)
            shown.update(range(piece.start, piece.end))
            left -= size(part) + size([GAP])
    first = pieces[0] if pieces else None
    return Summary(
        tuple(_joined(parts, _tail(lines, shown, pieces, left))),
        first.telling if first else log_ranking.last_own(lines),
        next((piece.trace.kind for piece in pieces if piece.trace), ""),
    )


def evidence(reasons: Iterable[str], lines: Sequence[str]) -> Summary:
    """The reasons AWS gives, equal ones once, then the summary of the readable lines: `LIMIT` bytes together.

    What Batch says of every container that ends by itself is shown only where the log says nothing.
    """
    told = [reason for reason in dict.fromkeys(reasons) if reason and not (lines and reason == _EVERY_END)]
    shown = shortened((masked(one_line(f"Batch: {reason}", LINE_LIMIT)) for reason in told), LIMIT // 2)
    found = summary_of(lines, LIMIT - size(shown))
    return replace(found, lines=shown + found.lines)


def telling(lines: Sequence[str]) -> str:
    """The line that says most of why the program failed; its last line when none does, empty when there is none."""
    pieces = _ranked(lines)
    return pieces[0].telling if pieces else log_ranking.last_own(lines)


def _ranked(lines: Sequence[str]) -> list[_Piece]:
    """The pieces that say something, the one that says most first."""
    traced = [_of_trace(lines, trace) for trace in log_traces.find(lines)]
    pieces = [piece for piece in traced if piece.weight > log_ranking.WARNING]
    taken = {at for piece in pieces for at in range(piece.start, piece.end)}
    pieces += _of_lines(lines, taken)
    near = len(lines) - _NEAR_END

    def rank(piece: _Piece) -> tuple[int, int]:
        return (-2 * piece.weight - (3 if piece.end >= near else 0), -piece.end)

    return sorted(pieces, key=rank)


def _of_trace(lines: Sequence[str], trace: Trace) -> _Piece:
    said = weight(trace.message)
    heavy = said if said in (log_ranking.FOLLOWS, log_ranking.WARNING) else max(said, log_ranking.ERROR) + 1
    says = "\n".join(kind_of(lines[at]) for at in sorted(trace.keys)) or kind_of(trace.message)
    return _Piece(trace.start, trace.end, heavy, trace.message, says, trace)


def _of_lines(lines: Sequence[str], taken: set[int]) -> Iterator[_Piece]:
    """Lines outside of traces that speak of an error, neighbours together."""
    weights = {at: weight(line) for at, line in enumerate(lines) if at not in taken}
    telling_ones = [at for at, heavy in weights.items() if heavy > log_ranking.WARNING]
    start = 0
    while start < len(telling_ones):
        end = start + 1
        while end < len(telling_ones) and telling_ones[end] - telling_ones[end - 1] <= 2 and end - start < _LINES:
            end += 1
        first, last = telling_ones[start], telling_ones[end - 1] + 1
        heaviest = max(weights.get(at, 0) for at in range(first, last))
        at = next(at for at in range(last - 1, first - 1, -1) if weights.get(at) == heaviest)
        says = lines[at].strip()
        if says.endswith(":") and at + 1 < len(lines):  # what it is about stands in the next line
            says = f"{says} {lines[at + 1].strip()}"
        yield _Piece(_before(lines, first, taken), _below(lines, last, taken), heaviest, says, kind_of(says))
        start = end


def _before(lines: Sequence[str], at: int, taken: set[int]) -> int:
    """Where the piece begins: at the command that failed, if the shell showed it (`set -x`)."""
    for before in range(at - 1, max(-1, at - 1 - _BEFORE), -1):
        if before in taken:
            break
        if lines[before].startswith("+"):
            return before
    return at


def _below(lines: Sequence[str], end: int, taken: set[int]) -> int:
    """Behind the piece: a message that ends in a colon goes on in the lines below."""
    if not lines[end - 1].rstrip().endswith(":"):
        return end
    last = min(len(lines), end + _BELOW)
    if end < last and end not in taken:
        end += 1
    while end < last and end not in taken and lines[end].startswith(" "):
        end += 1
    return end


def _fitted(lines: Sequence[str], piece: _Piece, room: int, times: int) -> tuple[str, ...]:
    """The piece's lines in the room there is, with how often its like is in the log."""
    note = (f"  ({times:,} times)",) if times > 1 else ()
    room -= size(note)
    if piece.trace:
        part = log_traces.within(lines, piece.trace, room)
    else:
        own = [at for at in range(piece.start, piece.end) if not is_routine(lines[at])]
        part = shortened([each.shown for each in folded(lines, own)], room)
    return (*part, *note) if part else ()


def _tail(lines: Sequence[str], shown: set[int], pieces: Sequence[_Piece], room: int) -> tuple[str, ...]:
    """The last lines that are not shown yet, each kind once, as many as fit."""
    traced = {at for piece in pieces if piece.trace for at in range(piece.start, piece.end)}
    there = {kind_of(lines[at]) for at in shown}
    left = [at for at, line in enumerate(lines) if at not in traced and at not in shown and not is_routine(line)]
    last = [each.shown for each in folded(lines, left) if kind_of(each.line) not in there][-_TAIL:]
    while last and size(last) > room:
        last = last[1:]
    return tuple(last)


def _joined(parts: Sequence[tuple[str, ...]], tail: tuple[str, ...]) -> Iterator[str]:
    for number, part in enumerate(parts):
        if number:
            yield GAP
        yield from part
    if tail and parts:
        yield END
    yield from tail
