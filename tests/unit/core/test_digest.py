"""A run's account of what went wrong."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.attempt_facts import AttemptFacts
from headrace.core.digest import SIZE_LIMIT, Digest, build, examples, headline
from headrace.core.log_lines import size
from headrace.core.log_summary import END, LIMIT
from headrace.core.outcome import classify
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord

RUN = RunRecord(
    Epoch("demo-1", 2),
    "arn:aws:states:eu-west-1:1:execution:run_pipeline:demo-1-2",
    "2026-01-01T00:00:00.000Z",
    name="demo",
    state="failed",
    ended="2026-01-01T01:00:00.000Z",
)


def failed(task: str, cause: str, kind: str = "exit", at: str = "2026-01-01T00:30:00.000Z") -> TaskRecord:
    """A task that failed for good."""
    return TaskRecord(task, "failed", at, failure=kind, cause=cause)


def tried(task: str, n: int, cause: str = "spot", kind: str = "spot") -> AttemptRecord:
    """An attempt that failed."""
    return AttemptRecord(task, n, "2026-01-01T00:10:00.000Z", queue="q", job=f"j{n}", failure=kind, cause=cause)


def test_what_differs_by_key_only_is_one_cause() -> None:
    """A hundred samples that lack their file are one line, its first task the example."""
    records = [
        failed(f"call[sample=s{n:03}]", f"exit code 2: s3://b/in/s{n:03}.bam: no such file, line {n}")
        for n in range(100)
    ]
    digest = build(RUN, records)
    assert len(digest.groups) == 1
    group = digest.groups[0]
    assert (group.process, group.failure, group.count, group.example) == ("call", "exit", 100, "call[sample=s000]")
    assert len(group.tasks) == 10
    assert digest.failed == 100


def test_evidence_keeps_its_beginning() -> None:
    """What matters comes first, so what has no room is the end of it; no line is cut."""
    outcomes = {
        f"p{n}": replace(classify(AttemptFacts()), evidence=(f"first {n}", *[f"{'x' * 190} {m}" for m in range(20)]))
        for n in range(20)
    }
    records = [failed(task, f"cause of {chr(97 + n)}{chr(99 + n)}") for n, task in enumerate(outcomes)]
    digest = build(RUN, records, outcomes=outcomes)
    for group in digest.groups:
        assert group.evidence == outcomes[group.example].evidence[: len(group.evidence)]
        assert 0 < size(group.evidence) <= LIMIT
    assert len(digest.groups) == 20
    assert len(digest.model_dump_json()) <= SIZE_LIMIT


def test_a_key_that_is_the_exit_code_is_a_key_like_any_other() -> None:
    """Sample 4 failed with exit code 4 as all the others did; exit code 5 is another cause."""
    records = [
        failed(f"call[n={n}]", f"the script ended with exit code 4: sample {n} has no reads") for n in range(1, 6)
    ]
    assert [group.count for group in build(RUN, records).groups] == [5]
    other = failed("call[n=9]", "the script ended with exit code 5: sample 9 has no reads")
    assert [group.count for group in build(RUN, [*records, other]).groups] == [5, 1]


@pytest.mark.parametrize("key", ["s3", "a", "x/y", "2", "é", "a.b+c"])
def test_a_key_is_left_out_wherever_it_stands_as_a_word(key: str) -> None:
    """In the text, in a name, at either end; inside another word it is no key."""
    cause = "{0}: cannot read s3://b/{0}.bam of sample {0}, banana {0}"
    records = [failed(f"call[sample={k}]", cause.format(k)) for k in (key, "other", "s3")]
    assert len(build(RUN, records).groups) == 1


@pytest.mark.parametrize(
    "others",
    [
        [failed("sort[sample=a]", "exit code 2")],
        [failed("call[sample=b]", "exit code 3")],
        [failed("call[sample=b]", "exit code 2", "unknown")],
    ],
    ids=["process", "exit code", "class"],
)
def test_other_processes_codes_and_classes_are_other_causes(others: list[TaskRecord]) -> None:
    """What has to be fixed apart stands apart."""
    assert len(build(RUN, [failed("call[sample=a]", "exit code 2"), *others]).groups) == 2


def test_the_most_frequent_cause_comes_first_then_the_earliest() -> None:
    """Order of use to a reader; the same for any order of the records."""
    records = [
        failed("a[s=1]", "late", at="2026-01-01T00:50:00.000Z"),
        failed("b[s=1]", "early", at="2026-01-01T00:10:00.000Z"),
        failed("c[s=1]", "many"),
        failed("c[s=2]", "many"),
    ]
    digest = build(RUN, records)
    assert [group.process for group in digest.groups] == ["c", "b", "a"]
    assert build(RUN, records[::-1]) == digest
    assert examples(records) == ("c[s=1]", "b[s=1]", "a[s=1]")


def test_fix_and_evidence_come_from_the_outcome_of_the_example() -> None:
    """Where it is not known, the class's general fix stands in."""
    detail = {"jobId": "j", "status": "FAILED", "attempts": [{"container": {"exitCode": 7, "logStreamName": "s/1"}}]}
    outcome = classify(AttemptFacts(job=detail, log=("one", "error: two")))
    records = [failed("call[sample=a]", outcome.cause), failed("sort", "x", "out-of-memory")]
    digest = build(RUN, records, outcomes={"call[sample=a]": outcome})
    call, sort = digest.groups
    assert call.evidence == ("error: two", END, "one")
    assert (call.fix, call.exit_code, call.log_stream) == (outcome.fix, 7, "s/1")
    assert "memory" in sort.fix
    assert sort.evidence == ()


def test_the_commands_can_be_pasted_into_a_shell() -> None:
    """Brackets and keys are quoted: each command reads as the words it is meant to be."""
    task = "call[sample='; rm -rf $HOME]"
    digest = build(RUN, [failed(task, "x")])
    assert shlex.split(digest.groups[0].commands[0]) == ["headrace", "logs", "demo-1", task]
    assert digest.commands == ("headrace status demo-1", "headrace resume demo-1")


def test_a_run_that_succeeded_is_told_without_failures() -> None:
    """Attempts that were lost on the way are still shown."""
    run = RunRecord(Epoch("demo-1", 1), "arn", "t", state="succeeded", tasks={"succeeded": 3})
    digest = build(run, [], [tried("a", 1)])
    assert (digest.groups, digest.counts, digest.commands) == ((), {"succeeded": 3}, ("headrace status demo-1",))
    assert len(digest.attempts) == 1
    assert headline(digest) == "succeeded"


def test_the_headline_names_the_first_cause_and_how_many_more() -> None:
    """One line, at most 200 characters, whatever the cause."""
    digest = build(RUN, [failed("call[s=1]", "x" * 500), failed("call[s=2]", "x" * 500), failed("sort", "y")])
    line = headline(digest)
    assert line.startswith("call[s=1]: xxx")
    assert line.endswith("(3 failed, and 1 more cause)")
    assert len(line) <= 200


def test_a_huge_run_has_a_small_digest_that_says_what_it_leaves_out() -> None:
    """Nothing is dropped without being counted."""
    letters = [chr(97 + i % 26) * (1 + i // 26) for i in range(300)]
    records = [failed(f"p{letter}[sample={'k' * 800}]", f"cause {letter} " + "ä" * 300) for letter in letters]
    attempts = [tried(record.task, n, "ü" * 300) for record in records for n in range(3)]
    digest = build(RUN, records, attempts)
    assert len(digest.model_dump_json().encode()) <= SIZE_LIMIT
    assert digest.groups
    assert len(digest.groups) + digest.groups_left_out == 300
    assert len(digest.attempts) + digest.attempts_left_out == 900


def test_the_digest_is_json_in_camel_case_and_back() -> None:
    """digest.json reads back as the digest."""
    digest = build(RUN, [failed("call", "x")], [tried("call", 1)])
    text = digest.model_dump_json()
    assert json.loads(text)["groups"][0]["logStream"] == ""
    assert json.loads(text)["version"] == 1
    assert Digest.model_validate_json(text) == digest


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60), st.text(max_size=10)), max_size=8))
def test_any_records_give_a_digest(wild: list[tuple[str, str, str]]) -> None:
    """Ids that are none, causes of any text: all counted, each shown in one line."""
    digest = build(RUN, [failed(task, cause, kind) for task, cause, kind in wild])
    assert sum(group.count for group in digest.groups) == len(wild) == digest.failed
    assert all(len(line.splitlines()) <= 1 for group in digest.groups for line in (group.cause, *group.tasks))
    assert len(headline(digest).splitlines()) <= 1


def test_the_logs_of_what_failed_are_one_query() -> None:
    """Examples first, from the run's start to its end; what was cancelled is not in it, nor who left no stream."""
    rows = [
        replace(tried("b", 1, kind="exit"), log="d/default/b"),
        replace(tried("a", 1, kind="cancelled"), log="d/default/cancelled"),
        replace(tried("c", 1, kind="exit"), log="d/default/c", log_group="/own"),
        tried("b", 2),
        replace(tried("b", 3, kind=""), log="d/default/fine"),
    ]
    logs = build(RUN, [failed("c", "bad")], rows, job_logs="/jobs").logs
    assert logs is not None
    assert 'in ["d/default/c", "d/default/b"]' in logs.query
    assert (logs.log_groups, logs.start, logs.end) == (("/own", "/jobs"), RUN.started, RUN.ended)
    assert logs.console.startswith("https://eu-west-1.console.aws.amazon.com/")
    assert build(RUN, [failed("c", "bad")], [tried("c", 1)], job_logs="/jobs").logs is None


def test_a_digest_of_many_long_streams_keeps_its_size() -> None:
    """Names of 500 characters, a thousand attempts: the query is within its limit, the digest within its own."""
    rows = [replace(tried(f"t{n}", 1, cause="x" * 200), log=f"{n:0500d}") for n in range(1_000)]
    digest = build(
        RUN, [failed(f"t{n}", f"cause {chr(97 + n % 26)}" + "y" * 150) for n in range(1_000)], rows, job_logs="/jobs"
    )
    assert digest.logs is not None
    assert len(digest.logs.query) <= 10_000
    assert digest.logs.streams_left_out > 900
    assert len(digest.model_dump_json().encode()) <= SIZE_LIMIT
