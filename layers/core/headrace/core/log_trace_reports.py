"""Traces that are reports of their own form: R, Perl, Nextflow (and Snakemake, whose rules' errors look like R's).

https://cran.r-project.org/doc/manuals/r-release/R-exts.html#Debugging, https://rlang.r-lib.org/reference/topic-error-chaining.html,
https://perldoc.perl.org/Carp, https://www.nextflow.io/docs/latest/process.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from headrace.core.log_ranking import weight
from headrace.core.log_trace import Finder, Trace, run_of

_R: Final = re.compile(r"^Error in .*|^Error(?: \([^)]*\))?:(?: .*)?$|^Error: ")
_R_PART: Final = re.compile(
    r"^\s+\S|^[!\u2139✖x•→*i] |^Caused by error|^Calls: |^Execution halted|^Backtrace:|^Traceback:?$|^In addition: |^Warning messages?:"
    r"|^\s*\d+\. |^\d+: \S|^In .{1,200} : ?|^Run `?rlang::last_trace|^▆|^No traceback available"
)
_R_PROOF: Final = re.compile(
    r"^Calls: |^Execution halted|^Backtrace:|^Traceback:?$|^[!\u2139✖] |^Caused by error|^\d+: \S|^In addition: |^\s{2,}\S"
)
_R_KEY: Final = re.compile(r"^Error|^[!\u2139✖x•] |^Caused by|^Calls: |^\s{2}\S")
_PLACE: Final = r" at (?!0x)\S{1,300} line \d+(?:, <[^>]*> (?:line|chunk) \d+)?\.?$"
_PERL: Final = re.compile(rf"\S{_PLACE}|^-* ?EXCEPTION: .*|^MSG: ")
_PERL_PART: Final = re.compile(rf"^\s+.*\bcalled{_PLACE}|^BEGIN failed|^Compilation failed|^STACK:? |^MSG: |^-+$")
_NEXTFLOW: Final = re.compile(r"^(?:ERROR ~ )?Error executing process > ")
_NEXTFLOW_PART: Final = re.compile(
    r"^\s|^(?:Caused by|Command (?:executed|exit status|output|error|wrapper)|Work dir|Container|Tip|Source block|Last \d+ lines):?"
)
_NEXTFLOW_KEY: Final = re.compile(r"^(?:ERROR ~ )?Error executing|^(?:Caused by|Command (?:exit status|error))")


def _r(lines: Sequence[str], at: int, _floor: int) -> Trace | None:
    end = run_of(lines, at + 1, _R_PART)
    if end > at + 1 and lines[at + 1].lstrip().startswith("at "):  # JavaScript's errors have such a header too
        return None
    if not any(_R_PROOF.match(line) for line in lines[at + 1 : end]):
        return None
    header = lines[at].strip()
    message = header
    if header.endswith(":") and not header.startswith("Error in rule "):
        told = [line.strip() for line in lines[at + 1 : end] if line.startswith("!")]
        message = f"{header} {told[-1] if told else lines[at + 1].strip()}"
    keys = {number for number in range(at, end) if _R_KEY.match(lines[number])}
    kind = "snakemake" if header.startswith("Error in rule ") else "r"
    return Trace(kind, at, end, message, frozenset(keys | {at}))


def _perl(lines: Sequence[str], at: int, _floor: int) -> Trace | None:
    if lines[at].lstrip().startswith(("File ", "called ")):
        return None
    end = run_of(lines, at + 1, _PERL_PART)
    told = next((line for line in lines[at:end] if line.startswith("MSG: ")), lines[at])
    keys = {number for number in range(at, end) if lines[number].startswith(("MSG: ", "BEGIN failed"))}
    return Trace("perl", at, end, told.strip(), frozenset(keys | {at}))


def _nextflow(lines: Sequence[str], at: int, _floor: int) -> Trace:
    """Its own report of a process that failed; what counts in it is `Command error`."""
    end = run_of(lines, at + 1, _NEXTFLOW_PART)
    keys = {number for number in range(at, end) if _NEXTFLOW_KEY.match(lines[number])}
    error = next((number for number in range(at, end) if lines[number].startswith("Command error")), end)
    told = range(error + 1, run_of(lines, error + 1, re.compile(r"^\s")))
    cause = next((n + 1 for n in range(at, end - 1) if lines[n].startswith("Caused by")), at)
    says = max(told, key=lambda number: (weight(lines[number]), number), default=cause)
    return Trace("nextflow", at, end, lines[says].strip(), frozenset(keys | set(told[-5:]) | {says}))


FINDERS: Final = (
    Finder(("Error executing process",), _NEXTFLOW, _nextflow),
    Finder(("Error",), _R, _r),
    Finder((" line ", "EXCEPTION", "MSG: "), _PERL, _perl),
)
