"""A digest as Markdown that text from outside cannot break."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.attempt_facts import AttemptFacts
from headrace.core.digest import build
from headrace.core.digest_markdown import block, code, escaped, to_markdown
from headrace.core.named_errors import NamedError
from headrace.core.outcome import classify
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord

RUN = RunRecord(
    Epoch("demo-1", 1), "arn", "2026-01-01T00:00:00.000Z", name="demo", state="failed", ended="2026-01-01T01:00:00.000Z"
)
HOSTILE = "| `x` <script>alert(1)</script> [a](http://evil) **b** # c ``` $d$"


def page(cause: str = "bad", log: tuple[str, ...] = ("one", "two"), key: str = "a") -> str:
    """The page of a run in which one task failed twice."""
    task = f"call[sample={key}]"
    detail = {"jobId": "j", "status": "FAILED", "attempts": [{"container": {"exitCode": 7, "logStreamName": "s/1"}}]}
    outcome = classify(AttemptFacts(job=detail, log=log))
    record = TaskRecord(task, "failed", "t", failure="exit", cause=cause)
    attempts = [
        AttemptRecord(task, n, "t", queue="arn:x:job-queue/spot", job=f"j{n}", exit_code=7, failure="exit", cause=cause)
        for n in (1, 2)
    ]
    return to_markdown(build(RUN, [record], attempts, {"failed": 1, "succeeded": 3}, {task: outcome}))


def test_a_page_has_cause_fix_tasks_evidence_attempts_and_commands() -> None:
    """Everything a reader needs to go on, in that order."""
    text = page(cause="the disk is gone")
    wanted = [
        "# Run `demo-1`, epoch 1: failed",
        "3 succeeded, 1 failed",
        "## What failed",
        "\n\nthe disk is gone\n\n",
        "**What to change:**",
        "`call[sample=a]`",
        "```text\none\ntwo\n```",
        "headrace logs demo-1 'call[sample=a]'",
        "## Failed attempts",
        "| `call[sample=a]` | 1 | exit | 7 | spot | `j1` |",
        "## Go on",
        "headrace resume demo-1",
    ]
    places = [text.index(part) for part in wanted]
    assert places == sorted(places)


def test_a_failure_the_spec_names_bears_its_name_and_hint() -> None:
    """Whoever named it finds it by that name, with the hint in the place of the fix."""
    record = TaskRecord("call", "failed", "t", failure="exit", cause="no licence: checkout failed")
    named = (NamedError("no licence", "checkout", hint="ask IT"),)
    outcome = classify(AttemptFacts(job=None, cause="checkout failed", named=named))
    text = to_markdown(build(RUN, [record], outcomes={"call": outcome}))
    assert "### 1. call: exit, known as `no licence` (1 task)" in text
    assert "**What to change:** ask IT" in text


def test_what_was_ignored_is_told_with_its_cause() -> None:
    """A run that succeeded with failures in it says how many and which, grouped like all others."""
    run = RunRecord(Epoch("demo-1", 1), "arn", "t", state="succeeded", tasks={"succeeded": 1, "ignored": 2})
    records = [TaskRecord(f"call[s={s}]", "ignored", "t", failure="exit", cause=f"no reads of {s}") for s in "ab"]
    digest = build(run, [], ignored=records)
    assert (digest.failed, digest.ignored, len(digest.ignored_groups), digest.ignored_groups[0].count) == (0, 2, 1, 2)
    text = to_markdown(digest)
    assert "What failed\n" not in text
    assert "## What failed and was ignored\n\n2 tasks made nothing" in text
    assert "### 1. call: exit (2 tasks)" in text
    assert "headrace resume" not in text


def test_the_query_of_the_logs_stands_in_a_block_and_its_link_is_one() -> None:
    """A stream's name with backticks and brackets ends neither."""
    row = AttemptRecord("call", 1, "t", failure="exit", log='```"](x)', log_group="`/jobs`")
    run = replace(RUN, execution="arn:aws:states:eu-west-1:1:execution:run-pipeline:demo-1-1")
    text = to_markdown(build(run, [TaskRecord("call", "failed", "t", failure="exit", cause="bad")], [row]))
    section = text.partition("## Logs of what failed")[2].partition("## Go on")[0]
    assert re.search(
        r"\[open it\]\(<https://eu-west-1\.console\.aws\.amazon\.com/[^<>\s]+>\), or run it over `` `/jobs` ``", section
    )
    assert "````text\nfields @timestamp" in section
    assert section.rstrip().endswith("| limit 10000\n````")
    assert section.count("](") == 2  # the link, and the name inside the block


def test_hostile_text_stays_text() -> None:
    """No HTML, no link, no emphasis, no table cell, no end of a code block comes from outside."""
    text = page(cause=HOSTILE, log=(HOSTILE, "```", "~~~"), key="`|<b>")
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text)
    assert "<script" not in outside
    assert "<b>" not in re.sub(r"(`+).*?\1", "", outside)
    assert not re.search(r"(?<!\\)\[a", outside)
    assert not re.search(r"(?<!\\)\*\*b", outside)
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}


@pytest.mark.parametrize("text", ["- x", "+ x", "# x", "> x", "1. x", "12) x", "=== x", "* x", "~~~ x", "``` x"])
def test_no_text_begins_a_block(text: str) -> None:
    """A cause that looks like a list, a heading or a fence is a paragraph."""
    assert re.match(r"\\|&gt;|\d+\\", escaped(text))


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    """Lines of backticks do not end the block."""
    lines = block(["a", "`````", "b"]).splitlines()
    assert lines[0] == "``````text"
    assert lines[-1] == "``````"


@given(st.text())
def test_a_code_span_holds_its_text(text: str) -> None:
    """It opens and closes with a run of backticks the text does not have."""
    span = code(text)
    if span:
        ticks = re.match(r"`+", span).group()  # type: ignore[union-attr]
        assert span.endswith(ticks)
        assert re.search(rf"(?<!`){ticks}(?!`)", span[len(ticks) : -len(ticks)]) is None


@given(st.text(), st.lists(st.text(), max_size=3).map(tuple))
def test_any_cause_and_log_give_a_page_of_bounded_lines(cause: str, log: tuple[str, ...]) -> None:
    """No text makes the page fail, and its headings stay its own."""
    text = page(cause=cause, log=log)
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text)
    assert [line for line in outside.splitlines() if line.startswith("#")] == [
        "# Run `demo-1`, epoch 1: failed",
        "## What failed",
        "### 1. call: exit (1 task)",
        "## Failed attempts",
        "## Go on",
    ]


def test_a_run_without_failures_is_a_short_page() -> None:
    """No empty headings."""
    run = RunRecord(Epoch("demo-1", 1), "arn", "t", state="succeeded", tasks={"succeeded": 3})
    text = to_markdown(build(run, []))
    assert "What failed" not in text
    assert "Failed attempts" not in text
