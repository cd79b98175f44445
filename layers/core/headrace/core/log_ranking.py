"""How much a line of a log says about why its program failed.

Six weights. What names a thing (a file, a command, a permission) says more than the word `error`, and that more than what follows
from a failure elsewhere (`Execution halted`, `returned non-zero exit status 1`). Words about errors that are none (`0 errors`,
`--max-errors`, `error rate`) do not count, nor does what a shell shows before it runs it (`+ grep error`).
Texts are looked for in small letters; patterns run only over lines that have one of the `_STEMS`, since most lines have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from headrace.core import bootstrap_marks

FATAL: Final = 6
PRECISE: Final = 5
ERROR: Final = 4
WORD: Final = 3
FOLLOWS: Final = 2
WARNING: Final = 1
NOTHING: Final = 0

_STEMS: Final = (
    *(
        "error",
        "exception",
        "fail",
        "fatal",
        "panic",
        "abort",
        "can't",
        "cannot",
        "can not",
        "could",
        "unable to",
        "not ",
        "no ",
    ),
    *(
        "denied",
        "forbidden",
        "invalid",
        "illegal",
        "unrecogni",
        "unknown",
        "unexpected",
        "missing",
        "refused",
        "corrupt",
        "truncated",
    ),
    *(
        "kill",
        "memory",
        "bad_alloc",
        "space left",
        "quota",
        "segmentation",
        "dumped",
        "bus error",
        "instruction",
        "smashing",
        "overflow",
    ),
    *(
        "sig",
        "sanitizer",
        "traceback",
        "halted",
        "non-zero",
        "exit",
        "terminate",
        "required:",
        "assert",
        "conflict",
        "critical",
        "severe",
    ),
    *("[e::", "reset", "timed out", "out of", "double free", "err]", "err:", "unbound", "***"),
)
_FATAL: Final = (
    *(
        "outofmemory",
        "memoryerror",
        "std::bad_alloc",
        "oom-kill",
        "out of memory",
        "memory allocation of",
        "memory allocation failed",
    ),
    *(
        "no space left on device",
        "disk quota exceeded",
        "segmentation fault",
        "core dumped",
        "bus error",
        "illegal instruction",
    ),
    *(
        "stack smashing",
        "double free",
        "stack overflow",
        "floating point exception",
        "sanitizer:",
        "sigsegv",
        "sigkill",
        "sigabrt",
    ),
)
_FATAL_FORMS: Final = re.compile(r"\bkilled\b|(?:cannot|can't|could not|couldn't) allocate (?:memory|vector)")
_PRECISE: Final = (
    *(
        "no such file or directory",
        ": not found",
        "not found in",
        "command not found",
        "module not found",
        "package not found",
    ),
    *(
        "file not found",
        "class not found",
        "symbol not found",
        "library not found",
        "key not found",
        "object not found",
        "image not found",
    ),
    *(
        "permission denied",
        "access denied",
        "accessdenied",
        "not authorized",
        "forbidden",
        "does not exist",
        "doesn't exist",
    ),
    *(
        "no module named",
        "there is no package called",
        "truncated",
        "unexpected end",
        "unexpected eof",
        "unexpected token",
        "unbound variable",
    ),
    *(
        "unexpected symbol",
        "syntax error",
        "unrecognized option",
        "unrecognised option",
        "unrecognized argument",
        "unrecognized command",
    ),
    *(
        "required:",
        "is not a valid",
        "did not match",
        "didn't match",
        "did not write",
        "connection refused",
        "connection reset",
    ),
    *(
        "connection timed out",
        "index out of range",
        "index out of bounds",
        "conflicting",
        "conflicts with",
        "no matching",
        "not sorted",
    ),
    *("not indexed", "not readable", "not executable", "is not installed"),
)
_PRECISE_FORMS: Final = re.compile(
    r"(?:can(?:'t|not| not)|could(?:n't| not)|(?:fail(?:ed)?|unable) to) (?:be )?(?:locate|open|find|found|read|load|access|execute|writ"
    r"|connect|stat\b|resolve|parse|fetch|import)"
    r"|\b(?:invalid|unknown|missing) (?:option|argument|value|header|choice|literal|command|flag|required|operand|index)|\bassert\w*\b.*fail"
)
_LEVEL: Final = re.compile(r"\b(?:fatal|error|critical|severe|panic|exception)\b\s?[\]):!]")
_NAMED: Final = re.compile(r"\[E::|\bERR(?:OR)?\b|\bFATAL\b|\w(?:Error|Exception|Failure)\b(?![\w(])")
_WORD: Final = re.compile(
    r"\b(?:error|exception|fatal|traceback|panic|abort(?:ed)?|fail(?:ed|ure|s)?|cannot|can't|could not|couldn't|unable to|no such"
    r"|not found|denied|invalid|illegal|unrecogni[sz]ed|terminate called|missing|refused|corrupt(?:ed)?)\b"
)
_WORDS_BEFORE: Final = 4  # `2026-01-07 10:00:00,1 tool error: …`; behind more of them the level is a word of a sentence
_NO_ERROR: Final = re.compile(
    r"\bhttps?://\S+|\b(?:0|no|zero|without|any|if|on|ignor\w{1,10})[ -](?:\w{1,20}[ -])?(?:errors?|failures?|exceptions?|warnings?)\b"
    r"|\b(?:errors?|failed|failures?|warnings?|exceptions?)\s{0,3}[:=]\s{0,3}(?:0\b|none\b|false\b)"
    r"|(?<![\w-])--?[\w-]{0,40}?(?:error|fail|abort|exception)[\w-]*"
    r"|\berrors?[ _-]?(?:rate|correct\w*|profile|model|bars?|strategy|handling|log|tolerance|threshold|prob\w*|free)\b"
    r"|\b(?:sequencing|standard|mean|max\w*|allowed|std|squared|base)[ _-]errors?\b|\berrexit\b|\bfail-?(?:over|safe|fast)\b",
    re.IGNORECASE,
)
_FOLLOWS: Final = (
    *(
        "returned non-zero exit",
        "returned nonzero exit",
        "calledprocesserror",
        "make: ***",
        "begin failed--",
    ),
    *(
        "compilation aborted",
        "compilation failed in require",
        "exiting due to",
        "exiting because",
        "finished with errors",
    ),
    *(
        "terminated with an error exit status",
        "error in rule ",
        "one of the commands exited",
        "see the log",
        "see log",
        "for more information",
    ),
)
_FOLLOWS_FORMS: Final = re.compile(
    r"exit(?:ed)?(?: with)?(?: status| code)? \d+\s*\.?$|^make\[\d+\]: \*\*\*|^\s*aborted\b|^calls: |^note: "
)
_ROUTINE: Final = re.compile(rf"{bootstrap_marks.PREFIX}(?:start |running$|the script ended with )")
# A level stands at the beginning, behind brackets, times and at most one name. The parts share no character: linear.
_STAMP: Final = r"\W{0,3}(?:[\d:.,TZ/+()\[\]-]+\s+){0,3}\[?"
_WARNS: Final = re.compile(rf"{_STAMP}(?:\S{{1,40}}\s+)?\[?(?:warn(?:ing)?|w)\b(?=\W)", re.IGNORECASE)
_WARNED: Final = ("[w::", "warning:", " warn ", "use of uninitialized", "deprecated")
_TOLD: Final = re.compile(rf"{_STAMP}(?:INFO|DEBUG|TRACE|NOTICE)\b|\[M::")


def weight(line: str) -> int:
    """How much the line says: `FATAL` down to `NOTHING`."""
    low = line.lower()
    if not any(stem in low for stem in _STEMS) or line.startswith(("+ ", "++")) or is_routine(line):
        return NOTHING
    line = _NO_ERROR.sub(" ", line)
    low = line.lower()
    found = _unqualified(line, low)
    if not found or found == FATAL:
        return found
    if _TOLD.match(line) or any(text in low for text in _FOLLOWS) or _FOLLOWS_FORMS.search(low):
        return FOLLOWS
    return WARNING if any(text in low for text in _WARNED) or _WARNS.match(line) else found


def is_routine(line: str) -> bool:
    """What the job's bootstrap says in any run: that it begins, is alive, ended, and with what."""
    return bool(_ROUTINE.match(line)) or bootstrap_marks.is_last(line)


def last_own(lines: Sequence[str]) -> str:
    """The last line that the task itself wrote, empty when there is none."""
    return next((line.strip() for line in reversed(lines) if not is_routine(line)), "")


def _unqualified(line: str, low: str) -> int:
    if any(text in low for text in _FATAL) or _FATAL_FORMS.search(low):
        return FATAL
    if any(text in low for text in _PRECISE) or _PRECISE_FORMS.search(low):
        return PRECISE
    level = _LEVEL.search(low)
    if (level and len(low[: level.start()].split()) <= _WORDS_BEFORE) or _NAMED.search(line):
        return ERROR
    return WORD if _WORD.search(low) else NOTHING
