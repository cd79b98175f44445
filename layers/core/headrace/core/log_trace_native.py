"""Traces of compiled programs: C++ that terminates or fails an assertion, glibc's checks, sanitizers, Rust, Go, a crashed JVM.

https://github.com/google/sanitizers/wiki, https://doc.rust-lang.org/std/macro.panic.html, https://go.dev/ref/spec#Handling_panics
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from headrace.core.log_trace import LONGEST, Finder, Trace, run_of

_TERMINATES: Final = re.compile(r"\bterminate called (?:after throwing|without an active|recursively)")
_TERMINATED: Final = re.compile(r"^\s+what\(\):|^\s{4,}\S|\bAborted\b|^\[[^\]]+:\d+\] \*\*\* |^libc\+\+abi")
_ASSERTS: Final = re.compile(r"\bAssertion\b.{0,400}\bfailed\b|: Assertion [`']")
_GLIBC: Final = re.compile(
    r"^\*\*\* (?:Error in|stack smashing|buffer overflow)|^(?:free|malloc|realloc|munmap_chunk|calloc)\(\): |^(?:double free|corrupted) "
)
_GLIBC_PART: Final = re.compile(
    r"^\S*\(.*\)\[0x[0-9a-f]+\]$|^=+ (?:Backtrace|Memory map)|^[0-9a-f]{6,16}-[0-9a-f]{6,16} [rwxsp-]{4} |^\s*#\d+\s|\bAborted\b"
)
_SANITIZER: Final = re.compile(r"^==\d+==\s?(?:ERROR|WARNING): \w+Sanitizer|^WARNING: ThreadSanitizer")
_SANITIZED: Final = re.compile(r"^\s*SUMMARY: \w+Sanitizer")
_SANITIZER_KEY: Final = re.compile(
    r"^\s{0,2}(?:READ|WRITE|SUMMARY|Direct leak|Indirect leak|freed by|previously|allocated by|0x[0-9a-f]+ is located|Previous|Write of|Read of)"
)
_RUST: Final = re.compile(r"^\s*thread '[^']*'(?: \(\d+\))? panicked at ")
_RUST_VALUES: Final = re.compile(r"^\s+(?:left|right): ")
_RUST_PART: Final = re.compile(r"^note: |^stack backtrace:|^\s*\d+: +\S|^\s+at \S")
_GO: Final = re.compile(r"^(?:panic|fatal error): ")
_GO_PART: Final = re.compile(
    r"^goroutine \d+|^\s+\S+:\d+|^\S+\(.*\)$|^created by |^\[signal |^exit status \d|^\s+panic: |^\.\.\.additional frames|^runtime: |^panic: "
)
_GO_PROOF: Final = re.compile(r"^goroutine \d+|^\[signal ")
_JVM: Final = re.compile(
    r"^#\s+(?:A fatal error has been detected by the Java|There is insufficient memory for the Java)"
)
_SOON: Final = 6


def _terminate(lines: Sequence[str], at: int, _floor: int) -> Trace:
    end = run_of(lines, at + 1, _TERMINATED)
    what = next((line.strip() for line in lines[at + 1 : end] if "what():" in line), "")
    thrown = re.search(r"instance of '([^']+)'", lines[at])
    message = f"{thrown[1]}: {what.removeprefix('what():').strip()}" if thrown and what else lines[at].strip()
    return Trace("c++", at, end, message, frozenset(range(at, end)))


def _assert(lines: Sequence[str], at: int, _floor: int) -> Trace:
    end = run_of(lines, at + 1, re.compile(r"\bAborted\b|^\s*#\d+\s"))
    return Trace("c++", at, end, lines[at].strip(), frozenset({at}))


def _glibc(lines: Sequence[str], at: int, _floor: int) -> Trace:
    end = run_of(lines, at + 1, _GLIBC_PART)
    return Trace("c++", at, end, lines[at].strip(), frozenset({at, end - 1}))


def _sanitizer(lines: Sequence[str], at: int, _floor: int) -> Trace:
    keys = {at}
    for end in range(at + 1, min(len(lines), at + LONGEST)):
        if _SANITIZER.match(lines[end]):
            break
        if _SANITIZER_KEY.match(lines[end]):
            keys.add(end)
        if _SANITIZED.match(lines[end]):
            return Trace("sanitizer", at, end + 1, lines[at].strip(), frozenset(keys))
    end = run_of(lines, at + 1, re.compile(r"^\s"))
    return Trace("sanitizer", at, end, lines[at].strip(), frozenset({at}))


def _rust(lines: Sequence[str], at: int, _floor: int) -> Trace:
    message, end = lines[at].strip(), at + 1
    if message.endswith(":") and end < len(lines):  # since Rust 1.73 the message has a line of its own
        message = f"{message} {lines[end].strip()}"
        end = run_of(lines, end + 1, _RUST_VALUES)
    return Trace("rust", at, run_of(lines, end, _RUST_PART), message, frozenset(range(at, end)))


def _go(lines: Sequence[str], at: int, _floor: int) -> Trace | None:
    proof = next((n for n in range(at + 1, min(len(lines), at + _SOON)) if _GO_PROOF.match(lines[n])), None)
    if proof is None:
        return None
    end = run_of(lines, proof, _GO_PART)
    keys = {n for n in range(at, end) if re.match(r"^(?:goroutine|\[signal|panic|fatal error)", lines[n])}
    return Trace("go", at, end, lines[at].strip(), frozenset(keys | set(range(at, proof + 1))))


def _jvm(lines: Sequence[str], at: int, floor: int) -> Trace:
    start = at - 1 if at > floor and lines[at - 1].strip() == "#" else at
    end = run_of(lines, at, re.compile(r"^#"))
    return Trace("jvm", start, end, lines[at].lstrip("# ").strip(), frozenset({at}))


FINDERS: Final = (
    Finder(("terminate called",), _TERMINATES, _terminate),
    Finder(("Assertion",), _ASSERTS, _assert),
    Finder(("*** ", "(): ", "double free", "corrupted "), _GLIBC, _glibc),
    Finder(("Sanitizer",), _SANITIZER, _sanitizer),
    Finder(("panicked at",), _RUST, _rust),
    Finder(("panic: ", "fatal error: "), _GO, _go),
    Finder(("Java",), _JVM, _jvm),
)
