"""How much a line says about why its program failed."""

import pytest

from headrace.core.log_ranking import (
    ERROR,
    FATAL,
    FOLLOWS,
    NOTHING,
    PRECISE,
    WARNING,
    WORD,
    is_routine,
    last_own,
    weight,
)

LINES = [
    (FATAL, "sort: write failed: /tmp/sortA1: No space left on device"),
    (FATAL, ".command.sh: line 7:    34 Killed                  bwa mem ref.fa"),
    (FATAL, "Segmentation fault (core dumped)"),
    (FATAL, "java.lang.OutOfMemoryError: Java heap space"),
    (FATAL, "samtools sort: couldn't allocate memory for bam_mem"),
    (FATAL, "slurmstepd: error: Detected 1 oom-kill event(s)"),
    (PRECISE, '[E::hts_open_format] Failed to open file "a.bam" : No such file or directory'),
    (PRECISE, "script: line 3: bcftools: command not found"),
    (PRECISE, "/bin/sh: 1: bcftools: not found"),
    (PRECISE, "ModuleNotFoundError: No module named 'numpy'"),
    (PRECISE, "Error in library(DESeq2) : there is no package called 'DESeq2'"),
    (PRECISE, "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"),
    (PRECISE, "tool: unrecognized option '--thread'"),
    (PRECISE, "call.py: error: the following arguments are required: --ref"),
    (PRECISE, "script: line 6: REFERENCE: unbound variable"),
    (PRECISE, "curl: (6) Could not resolve host: x"),
    (ERROR, "ValueError: bad sample sheet"),
    (ERROR, "2026-01-07 10:00:00,123 ERROR merge - two tables"),
    (ERROR, "[2026-01-07T10:00:00Z] tool [error] two tables"),
    (ERROR, "A USER ERROR has occurred: Traversal by intervals was requested"),
    (ERROR, "Error: 12 reads have no mate"),
    (ERROR, "tool: fatal error: x"),
    (WORD, "the licence request was denied"),
    (WORD, "lane 3 failed"),
    (FOLLOWS, "make: *** [Makefile:21: kseq.o] Error 1"),
    (FOLLOWS, "subprocess.CalledProcessError: Command '['x']' returned non-zero exit status 255."),
    (FOLLOWS, "10:00:00 INFO  Runner - error handler installed"),
    (WARNING, "[W::bam_hdr_read] EOF marker is absent. The input is probably truncated"),
    (WARNING, "WARNING: failed to load native library"),
    (WARNING, "/x.py:3: DeprecationWarning: invalid escape sequence"),
    (WARNING, "2026-01-07 10:00:01.377  WARN 1 --- [main] o.e.Config : missing"),
    (NOTHING, "checked 1200 records, 0 errors, 3 warnings"),
    (NOTHING, "errors: 0"),
    (NOTHING, "no errors found in lane 2"),
    (NOTHING, "mean error rate: 0.0012"),
    (NOTHING, "running corrector --max-errors 3 --on-error continue"),
    (NOTHING, "error correction finished"),
    (NOTHING, "+ grep error log.txt"),
    (NOTHING, "++ echo 'No such file or directory'"),
    (NOTHING, "see https://example.org/errors/failed"),
    (NOTHING, "headrace: the script ended with exit code 7"),
    (NOTHING, "processing sample a"),
]


@pytest.mark.parametrize(("heavy", "line"), LINES)
def test_lines_are_weighed(heavy: int, line: str) -> None:
    """What names the thing weighs more than the word, and that more than what follows from it."""
    assert weight(line) == heavy


def test_what_the_bootstrap_says_in_any_run_is_routine() -> None:
    """Its words about what went wrong are not."""
    assert is_routine("headrace: start j.1")
    assert is_routine("headrace: running")
    assert is_routine("headrace: script, exit code 7")
    assert not is_routine("headrace: stage-in: s3://b/k could not be fetched")
    assert not is_routine("a headrace: running")


def test_the_last_line_of_the_tasks_own() -> None:
    """Marks are passed over; nothing of nothing."""
    assert last_own(["one", " two ", "headrace: running", "headrace: script, exit code 1"]) == "two"
    assert last_own(["headrace: running"]) == ""


@pytest.mark.parametrize("piece", ["error ", "--error-", "no ", "1 1 ", ". ", "a.", "x-error", "Error(", "warn W "])
def test_no_line_takes_long(piece: str) -> None:
    """Five hundred lines of what the patterns begin with; one that tries everything would run into the suite's time limit."""
    assert {weight(piece * (300 // len(piece))) for _ in range(500)}
