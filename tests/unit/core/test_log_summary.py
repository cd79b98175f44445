"""A log in at most 4 KiB, the lines that matter first: real logs of real tools (`logs/`), and anything else."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.log_lines import readable, size
from headrace.core.log_secrets import masked
from headrace.core.log_summary import END, GAP, LIMIT, Summary, summary_of, telling

LOGS = Path(__file__).parent / "logs"
# Name, kind of trace, the line that says most, and what the summary begins with (a trace's first and last line, or one line).
CORPUS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "argparse": ("", "call.py: error: the following arguments are required: --ref", ("call.py: error: the",)),
    "bash_not_found": ("", ".headrace/script: line 3: bcftools: command not found", (".headrace/script: line 3",)),
    "bash_syntax": ("", ".headrace/script: line 9: syntax error near unexpected token `done'", (".headrace/script: ",)),
    "bash_unbound": ("", ".headrace/script: line 6: REFERENCE: unbound variable", (".headrace/script: line 6",)),
    "bash_x": ("", "cp: cannot stat 'ref/b.fa': No such file or directory", ("+ cp ref/b.fa out/", "cp: cannot stat")),
    "bioperl": ("perl", "MSG: Could not read file 'genes.fa': No such file or directory", ("------------- EXCEPTION", "STACK: annotate.pl:14")),
    "bwa_killed": ("", ".command.sh: line 4:    34 Killed", (".command.sh: line 4:    34 Killed",)),
    "bwa_missing_index": ("", "[E::bwa_idx_load_from_disk] fail to locate the index files", ("[E::bwa_idx_load",)),
    "conda_missing": (
        "",
        "PackagesNotFoundError: The following packages are not available from current channels: - samtool=1.19",
        ("Solving environment: failed", "PackagesNotFoundError", "  - samtool=1.19"),
    ),
    "cpp_assert": ("c++", "minimap2: index.c:412: mm_idx_reader_read: Assertion", ("minimap2: index.c", "Aborted (core dumped)")),
    "cpp_glibc": ("c++", "*** Error in `./count': double free or corruption", ("*** Error in", "Aborted")),
    "cpp_sanitizer": ("sanitizer", "==47==ERROR: AddressSanitizer: heap-buffer-overflow", ("==47==ERROR", "SUMMARY: AddressSanitizer")),
    "cpp_terminate": ("c++", "std::out_of_range: vector::_M_range_check", ("terminate called", ".headrace/script: line 2:    41 Aborted")),
    "curl_failed": ("", "curl: (6) Could not resolve host: data.example.org", ("curl: (6)",)),
    "disk_full": ("", 'samtools sort: failed writing to "HG002.bam": No space left on device', ("samtools sort: failed",)),
    "gatk_stack": ("java", "htsjdk.samtools.SAMFormatException: SAM validation error", ("htsjdk.samtools.SAMFormatException", " at org.broadinstitute.hellbender.Main.main")),
    "gatk_user_error": ("", "A USER ERROR has occurred: Traversal by intervals was requested", ("A USER ERROR has occurred",)),
    "go_panic": ("go", "panic: runtime error: index out of range [3] with length 3", ("panic: runtime error", "exit status 2")),
    "groovy": ("java", "groovy.lang.MissingPropertyException: No such property: smaple", ("groovy.lang.Missing", " at merge.run(merge.groovy:11)")),
    "java_caused_by": ("java", "java.nio.file.NoSuchFileException: /data/panel.tsv", ("Exception in thread", " ... 5 more")),
    "java_killed": ("jvm", "There is insufficient memory for the Java Runtime Environment to continue.", ("#", "# /tmp/headrace-876da822/hs_err_pid34.log")),
    "java_out_of_memory": ("java", 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', ("Exception in thread", " at picard.cmdline.PicardCommandLine.main")),
    "javascript": ("javascript", "Error: no such sample: s9", ("/app/report.js:22", "Node.js v20.11.0")),
    "javascript_fields": ("javascript", "Error: ENOENT: no such file or directory, open 'samples.json'", ("node:fs:573", "Node.js v20.11.0")),
    "make": ("", "kseq.c:14:10: fatal error: zlib.h: No such file or directory", ("kseq.c:14:10: fatal error",)),
    "nextflow_wrapper": ("nextflow", "uk.ac.babraham.FastQC.Sequence.SequenceFormatException: Ran out of data", ("ERROR ~ Error executing process", " -- Check '.nextflow.log'")),
    "perl_confess": ("perl", "cache version 110 is not installed at", ("cache version 110", " main::run() called at /opt/vep/vep line 9")),
    "perl_locate": ("perl", "Can't locate Bio/SeqIO.pm in @INC", ("Can't locate Bio/SeqIO.pm", "BEGIN failed--compilation aborted")),
    "pip_conflict": ("", "ERROR: Cannot install numpy==1.21.0 and scipy==1.11.1", ("ERROR: Cannot install", "The conflict is caused by:", "    The user requested numpy==1.21.0")),
    "python_chained": ("python", "model.ModelMissing: deepvariant-1.6 is not in the image", ("Traceback (most recent call last):", "model.ModelMissing")),
    "python_group": ("python", "TimeoutError: s3://refs/hg38.fa after 60 s", ("  + Exception Group Traceback", "    +------------------------------------")),
    "python_module": ("python", "ModuleNotFoundError: No module named 'multiqc'", ("Traceback", "ModuleNotFoundError")),
    "python_plain": ("python", "ValueError: s7.tsv: expected 8 columns, found 7", ("Traceback", "ValueError: s7.tsv")),
    "python_pydantic": ("python", "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Sheet", ("Traceback", "    For further information visit https://errors.pydantic.dev/2.5/v/string_type")),
    "python_recursion": ("python", "RecursionError: maximum recursion depth exceeded", ("Traceback", "RecursionError")),
    "python_subprocess": ("python", "index: the file is not BGZF compressed, cannot index: all.vcf", ("index: the file is not BGZF compressed",)),
    "python_syntax": ("python", "SyntaxError: Missing parentheses in call to 'print'", ('  File "/tmp/headrace-j.1/script.py", line 3', "SyntaxError")),
    "r_missing_package": ("r", "Error in library(DESeq2) : there is no package called", ("Error in library", "Execution halted")),
    "r_rlang": ("r", "Error in `mutate()`: ! object 'dpt' not found", ("Error in `mutate()`:", "Execution halted")),
    "r_traceback": ("r", "Error in lm.fit(x, y, offset = offset, singular.ok = singular.ok, ...) : NA/NaN/Inf in 'y'", ("Error in lm.fit", "Execution halted")),
    "recovered": ("", "Error: 12 reads of sample NA12878 have no mate", ("Error: 12 reads",)),
    "retries": ("", "2026-01-07 10:00:05 ERROR could not connect to licence server: Connection refused", ("2026-01-07 10:00:05 ",)),
    "rust_panic": ("rust", "thread 'main' panicked at src/fastq.rs:88:14: called `Result::unwrap()`", ("thread 'main' panicked", "note: Some details are omitted")),
    "s3_denied": ("", "headrace: stage-in: s3://reads/s1.fq.gz could not be fetched", ("download failed: s3://reads/s1.fq.gz",)),
    "samtools_truncated": ("", "[E::bgzf_read", ("+ samtools index HG002.bam",)),
    "scala_spark": ("java", "scala.MatchError: List() (of class scala.collection.immutable.Nil$)", ("scala.MatchError", " at java.base/java.lang.Thread.run")),
    "secrets": ("", 'psql: error: connection to server at "db" failed', ("+ aws configure set aws_secret_access_key ***", "psql: error")),
    "segfault": ("", ".headrace/script: line 2:    22 Segmentation fault", (".headrace/script: line 2:    22 Segm",)),
    "snakemake": ("snakemake", "samtools sort: couldn't allocate memory for bam_mem", ("samtools sort: couldn't allocate memory",)),
    "tqdm_crash": ("python", "torch.cuda.OutOfMemoryError: CUDA out of memory.", ("Traceback", "torch.cuda.OutOfMemoryError")),
    "wget_404": ("", "2026-01-07 10:00:41 ERROR 404: Not Found.", ("HTTP request sent, awaiting response... 404", "2026-01-07 10:00:41 ERROR 404: Not Found.")),
    "wrong_words": ("", "Sample sheet has column 'reeds', known are: id, reads", ("checked 1200 records",)),
}  # fmt: skip
WITH_TRACE = [name for name, (kind, _, top) in CORPUS.items() if kind and len(top) == 2]


def summarise(raw: Iterable[str]) -> Summary:
    """The summary of a log as it was written."""
    return summary_of(readable(raw))


def log(name: str) -> list[str]:
    """A log of the corpus, as lines with their carriage returns."""
    return (LOGS / f"{name}.txt").read_bytes().decode().split("\n")


def test_every_log_of_the_corpus_is_expected_to_say_something() -> None:
    """No file without a line above, no line without a file."""
    assert {path.stem for path in LOGS.iterdir()} == set(CORPUS)


@pytest.mark.parametrize("name", CORPUS)
def test_what_matters_comes_first(name: str) -> None:
    """The line that says most is found, the summary begins with its piece, and all of it fits."""
    kind, says, top = CORPUS[name]
    found = summarise(log(name))
    assert found.trace == kind
    assert found.telling.startswith(says)
    assert found.lines[0].startswith(top[0])
    assert all(any(line.startswith(begin) for line in found.lines) for begin in top)
    assert size(found.lines) <= LIMIT


def block(lines: tuple[str, ...], top: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a trace, from its first to its last."""
    start = next(at for at, line in enumerate(lines) if line.startswith(top[0]))
    end = next(at for at in range(len(lines) - 1, -1, -1) if lines[at].startswith(top[-1]))
    return lines[start : end + 1]


@pytest.mark.parametrize("name", WITH_TRACE)
def test_a_trace_is_whole(name: str) -> None:
    """Every line of it, in its order, nothing in between."""
    trace = block(readable(log(name)), CORPUS[name][2])
    assert len(trace) > 1
    assert summarise(log(name)).lines[: len(trace)] == trace


@pytest.mark.parametrize("name", WITH_TRACE)
def test_noise_around_a_trace_does_not_hide_it(name: str) -> None:
    """Thousands of lines before it, and others behind it, leave it whole and first."""
    own = log(name)
    noise = [f"[M::process] read {n * 7} sequences ({n} bp), {n % 5} warnings" for n in range(3_000)]
    bars = [f"\r {n}%|██  | {n}/100 [00:01<00:02, 3.1it/s]" for n in range(100)]
    found = summarise([*noise, *bars, *own, *noise[:30], *bars])
    trace = block(readable(own), CORPUS[name][2])
    assert found.lines[: len(trace)] == trace
    assert any("like it" in line for line in found.lines)


def test_a_trace_too_long_for_its_room_keeps_what_counts() -> None:
    """Of 500 frames those at the ends are shown, with every header and cause, and how many are not."""
    frames = [f"\tat org.example.deep.Caller.call{n}(Caller.java:{n})" for n in range(500)]
    lines = ["java.lang.IllegalStateException: outer", *frames, "Caused by: java.io.IOException: disk", *frames]
    found = summarise(lines)
    assert found.lines[0] == "java.lang.IllegalStateException: outer"
    assert "Caused by: java.io.IOException: disk" in found.lines
    assert found.lines[1].strip() == frames[0].strip()
    assert any("lines of the trace" in line for line in found.lines)
    assert found.telling == "java.io.IOException: disk"
    assert size(found.lines) <= LIMIT


def test_the_end_of_the_log_follows_what_matters() -> None:
    """Under its own heading; what was shown above is not shown again."""
    found = summarise(["one", "Error: bad", "two", "three"])
    assert found.lines == ("Error: bad", END, "one", "two", "three")


def test_pieces_that_are_no_neighbours_are_set_apart() -> None:
    """As grep does."""
    found = summarise(["lane 1 failed", *[f"step {chr(97 + n)}" for n in range(5)], "Error: bad"])
    assert found.lines[:3] == ("Error: bad", GAP, "lane 1 failed")


def test_a_log_that_says_nothing_of_an_error_shows_its_end() -> None:
    """Its last lines, oldest first, each kind once; the last one is what says most."""
    found = summarise([f"word{chr(97 + n)}" for n in range(26)])
    assert found.lines == tuple(f"word{chr(97 + n)}" for n in range(16, 26))
    assert (found.telling, found.trace) == ("wordz", "")


def test_nothing_gives_nothing() -> None:
    """No lines, or the bootstrap's own alone."""
    assert summarise([]).lines == ()
    assert telling([]) == ""
    assert summarise(["headrace: start j.1", "headrace: running", "headrace: script, exit code 1"]).lines == ()


def test_repeated_traces_are_one_with_a_count() -> None:
    """A loop that catches and prints the same exception a hundred times."""
    trace = ["Traceback (most recent call last):", '  File "x.py", line 3, in f', "    g()", "ValueError: bad 7"]
    found = summarise([line for n in range(100) for line in (f"try {n}", *trace)])
    assert found.lines[:5] == (*trace, "  (100 times)")
    assert sum(line.startswith("Traceback") for line in found.lines) == 1


def test_the_telling_line_is_the_heaviest_and_of_equal_ones_the_last() -> None:
    """Else the last line of the task's own."""
    assert telling(["ValueError: bad", "cleaning up"]) == "ValueError: bad"
    assert telling(["Error: one", "Error: two"]) == "Error: two"
    assert telling(["cp: cannot stat 'x': No such file or directory", "lane failed"]).startswith("cp: ")
    assert telling(["one", "two", "headrace: the script ended with exit code 3"]) == "two"


def test_a_smaller_room_is_kept_too() -> None:
    """Beside reasons there is less than 4 KiB; a trace shrinks before it goes."""
    lines = readable(log("java_caused_by"))
    for limit in (0, 50, 200, 500, 1_000, 2_000):
        assert size(summary_of(lines, limit).lines) <= limit
    assert any(line.startswith("Caused by") for line in summary_of(lines, 900).lines)


HOSTILE = st.sampled_from(
    [
        *("\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\", "\x1b[31m", "\r", "\b", "\0", "\u202e", "\ud800", "\n", "\t"),
        *("```", "<script>", "</pre>", "| x |", "[a](javascript:b)", "](", "**", "$(rm -rf /)", "`id`"),
        *(
            "Traceback (most recent call last):",
            '  File "x", line 1',
            "Caused by: x",
            "\tat a.B.c(D.java:1)",
            "panic: x",
        ),
        *("Error in f :", "goroutine 1 [running]:", "==1==ERROR: AddressSanitizer: x", "x at y line 3.", "+ echo x"),
        *("terminate called recursively", "thread 'a' panicked at b:", "-----BEGIN RSA PRIVATE KEY-----", "error: x"),
    ]
)
TEXT = st.lists(HOSTILE | st.text(max_size=20), max_size=6).map("".join)


@settings(max_examples=200)
@given(st.lists(TEXT | st.sampled_from([line for name in CORPUS for line in log(name)]), max_size=60))
def test_any_log_gives_a_bounded_readable_summary(raw: list[str]) -> None:
    """Within 4 KiB of UTF-8, whole characters, single visible lines without controls, and a line that says most if there is any."""
    found = summarise(raw)
    assert size(found.lines) <= LIMIT
    assert len("\n".join(found.lines).encode()) <= LIMIT
    for line in (*found.lines, found.telling):
        assert len(line.splitlines()) <= 1
        assert not any(ord(char) < 32 or char in "\x7f\x9b\u202e" for char in line)
        assert masked(line) == line
    assert bool(found.telling) or not found.lines


@settings(max_examples=30)
@given(
    st.sampled_from(WITH_TRACE), st.lists(st.from_regex(r"[a-z]{3,9} [a-z]{3,9} \d{1,5}", fullmatch=True), max_size=40)
)
def test_a_trace_is_whole_wherever_it_stands(name: str, noise: list[str]) -> None:
    """Whatever was printed before and after it."""
    own = log(name)
    trace = block(readable(own), CORPUS[name][2])
    found = summarise([*noise, *own, *noise])
    assert found.lines[: len(trace)] == trace


REPEATED = [
    *("Traceback (most recent call last):", "  + Exception Group Traceback (most recent call last):", "Caused by: x"),
    *("  at a.b(c)", "at " + "a." * 140 + "(", "x at a line 1", "Error in f :", "panic: x", 'File "' + "x" * 290),
    *(
        "==1==ERROR: AddressSanitizer: x",
        "thread 'x' panicked at y:",
        "Error executing process > x",
        "." * 300,
        "0" * 300,
    ),
    *(
        "error " * 50,
        "token_" * 50,
        "://a:" * 60,
        "1.2:3/4-" * 37,
        "-----BEGIN RSA PRIVATE KEY-----",
        "password=",
        "( " * 150,
    ),
]


@pytest.mark.parametrize("line", REPEATED)
def test_no_line_however_often_it_comes_takes_long(line: str) -> None:
    """Two thousand beginnings of traces and secrets: each is looked at a bounded number of times, or the suite's limit ends it."""
    assert size(summarise([line] * 2_000).lines) <= LIMIT
