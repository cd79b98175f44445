"""Following a log: new lines in order, over Batch's own retries and further attempts, until there is no more to come."""

from types import SimpleNamespace
from typing import Any

import pytest

from headrace.core.batch_detail import AttemptDetail, JobFacts
from headrace.core.records import AttemptRecord, Epoch, RunRecord, TaskRecord
from headrace_cli import log_following

RUN = RunRecord(Epoch("r", 1), "arn", "2026-01-01T00:00:00.000Z")
FIRST, SECOND = (AttemptRecord("t", n, "2026-01-01T00:00:00.000Z", job=f"j{n}") for n in (1, 2))


def job(status: str, stream: str = "", number: int = 1) -> JobFacts:
    """A job in a state, with the stream of its present attempt."""
    attempts = (AttemptDetail(log_stream=stream),) if stream else ()
    return JobFacts(f"j{number}", status=status, attempts=attempts, log_group="/jobs")


class World:
    """What is seen at each look, one after the other; the last of each is seen for ever."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, jobs: list[JobFacts | None], lines: dict[str, list[str]]
    ) -> None:
        self.jobs, self.lines, self.pauses = jobs, lines, 0
        self.later: list[list[AttemptRecord]] = [[FIRST]]
        self.record: TaskRecord | None = TaskRecord("t", "failed", "x")
        self.states = ["running"]
        self.given: dict[str, int] = {}
        monkeypatch.setattr(log_following.attempt_log, "job_of", lambda *_: self.take(self.jobs))
        monkeypatch.setattr(log_following, "after", self.after)
        monkeypatch.setattr(log_following.ledger, "attempts_of", lambda *_: self.take(self.later))
        monkeypatch.setattr(log_following.ledger, "read_task", lambda *_: self.record)
        monkeypatch.setattr(
            log_following.ledger_runs, "run_of", lambda *_: SimpleNamespace(state=self.take(self.states))
        )
        monkeypatch.setattr(log_following.time, "sleep", self.pause)

    def take(self, queue: list[Any]) -> Any:
        """The next of a list, or its last."""
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def pause(self, seconds: float) -> None:
        """Nobody waits, and not for ever."""
        assert 0 < seconds < 10
        self.pauses += 1
        assert self.pauses < 100

    def after(self, _logs: Any, _group: str, stream: str, token: str = "") -> tuple[tuple[str, ...], str]:
        """One line a page; one page at each look."""
        at = int(token or 0)
        seen = self.given.get(stream, 0)
        if at >= len(self.lines.get(stream, [])) or (at == seen and at > self.pauses):
            return (), token
        self.given[stream] = at + 1
        return (self.lines[stream][at],), str(at + 1)

    def follow(self, *, alone: bool = False) -> list[str]:
        """All that is written."""
        written: list[str] = []
        target: Any = SimpleNamespace(client=lambda _: None, table=None, pause_s=1.5, job_logs="/jobs")
        self.last = log_following.follow(target, RUN, FIRST, written.append, alone=alone)
        return written


def test_lines_are_written_once_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """From before the job ran to its last line, which ends the following at once."""
    states: list[JobFacts | None] = [job("RUNNABLE"), job("STARTING"), *[job("RUNNING", "s")] * 3, job("FAILED", "s")]
    world = World(monkeypatch, states, {"s": ["a", "b", "c", "headrace: script, exit code 1"]})
    assert world.follow() == ["a", "b", "c", "headrace: script, exit code 1"]


def test_lines_that_come_after_the_end_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed job has no last line: a few looks in a row without a new one end it."""
    world = World(monkeypatch, [job("FAILED", "s")], {"s": ["a", "b"]})
    assert world.follow() == ["a", "b"]
    assert world.pauses >= 3


def test_a_job_that_batch_begins_again_is_followed_into_its_new_stream(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its host was lost."""
    states: list[JobFacts | None] = [
        job("RUNNING", "s"),
        job("RUNNING", "s"),
        job("RUNNING", "s/2"),
        job("SUCCEEDED", "s/2"),
    ]
    world = World(monkeypatch, states, {"s": ["a"], "s/2": ["b", "headrace: done, exit code 0"]})
    assert world.follow() == ["a", "b", "headrace: done, exit code 0"]
    assert "begun again" in capsys.readouterr().err


def test_the_next_attempt_is_followed_too_unless_one_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for while the task is not done and the run goes on."""
    lines = {"s": ["a", "headrace: script, exit code 1"], "s2": ["b", "headrace: done, exit code 0"]}
    world = World(monkeypatch, [job("FAILED", "s"), job("FAILED", "s"), job("SUCCEEDED", "s2", 2)], lines)
    world.later = [[FIRST], [FIRST], [FIRST, SECOND]]
    world.record = None
    world.states = ["running"] * 4 + ["succeeded"]
    assert world.follow() == ["a", *lines["s"][1:], *lines["s2"]]
    assert world.last == SECOND
    world = World(monkeypatch, [job("FAILED", "s")], lines)
    world.later = [[FIRST, SECOND]]
    assert world.follow(alone=True) == lines["s"]


@pytest.mark.parametrize("known", [job("FAILED"), None])
def test_a_job_without_a_log_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: JobFacts | None
) -> None:
    """It never began, or Batch has forgotten it."""
    world = World(monkeypatch, [known], {})
    assert world.follow() == []
    assert "nothing was logged: " in capsys.readouterr().err
