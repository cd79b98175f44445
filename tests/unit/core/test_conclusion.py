"""How a run ended, from everything that is told of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.conclusion import Conclusion, conclude, lets_jobs_end, root_cause, was_started_before
from headrace.core.records import Epoch, RunRecord, TaskRecord

AT = "2026-01-01T00:00:0{}.000Z"


def run(closing: str = "", **facts: object) -> RunRecord:
    """A run's record."""
    return RunRecord(Epoch("r", 1), "arn", AT.format(0), closing=closing, **facts)  # type: ignore[arg-type]


def records(**statuses: str) -> dict[str, TaskRecord]:
    """Records by task; later ones ended later."""
    return {
        task: TaskRecord(task, status, AT.format(number), cause=f"{task} broke")
        for number, (task, status) in enumerate(statuses.items())
    }


def test_all_done_is_success():
    """Every planned task has a record that counts."""
    ended = conclude(run(), records(a="succeeded", b="cached"), ["a", "b"])
    assert ended == Conclusion("succeeded", counts={"succeeded": 1, "cached": 1})
    assert ended.verdict == "succeeded"


def test_a_planned_task_without_a_record_is_no_success():
    """The ledger does not lie: what was planned and never settled makes the run fail, and says which."""
    ended = conclude(run(), records(a="succeeded"), ["a", "b", "c"])
    assert (ended.state, ended.error) == ("failed", "EngineError")
    assert ended.cause == "2 planned tasks have no record, b first"
    assert ended.counts == {"succeeded": 1, "cancelled": 2}
    assert conclude(None, {}, []).cause == "the run was never begun"


def test_the_first_failure_is_the_cause():
    """Of several failed tasks the one that ended first is told, with how many more."""
    ended = conclude(run("a failed: x"), records(z="failed", a="failed", b="succeeded"), ["z", "a", "b"])
    assert (ended.error, ended.cause, ended.verdict) == ("TaskFailed", "z: z broke (and 1 more)", "failed")


def test_expansions_are_not_counted_as_tasks_whatever_their_keys():
    """An expansion begins with `~`; a key with a slash and a `~` in it makes no expansion of a task, nor the other way."""
    found = {
        task: TaskRecord(task, status, AT.format(1))
        for task, status in {
            "~chunk[s=a/b]": "expanded",
            "~chunk[s=a]/~part[chunk=x/y]": "expanded",
            "p[k=x/~y]": "succeeded",
        }.items()
    }
    assert conclude(run(), found, found).counts == {"succeeded": 1}


def test_who_lets_running_jobs_end():
    """A run that finishes or stops; one that failed or was cancelled terminates them."""
    assert lets_jobs_end("finishing: a failed: x")
    assert lets_jobs_end("stopped: a: stopWhen")
    assert not lets_jobs_end("a failed: stopped: x")
    assert not lets_jobs_end("cancelled: enough")


@pytest.mark.parametrize(
    ("closing", "error", "status", "state", "name"),
    [
        ("cancelled: by hand", None, "", "cancelled", "Cancelled"),
        ("stopped: enough", None, "", "stopped", ""),
        ("", {"Error": "InvalidSpec", "Cause": "bad"}, "", "failed", "InvalidSpec"),
        ("bad", {"Error": "InvalidSpec", "Cause": "bad"}, "", "failed", "InvalidSpec"),
        ("", None, "ABORTED", "cancelled", "Aborted"),
        ("", None, "TIMED_OUT", "failed", "Timed_Out"),
        ("SettleTask failed for a", None, "", "failed", "TaskFailed"),
    ],
)
def test_what_ended_a_run(closing: str, error: dict[str, str] | None, status: str, state: str, name: str):
    """A cancel, a stop, an invalid spec (also when it is concluded a second time), an abort, a time-out, a broken engine."""
    ended = conclude(run(closing), {}, ["a"] if state == "stopped" else [], error=error, status=status)
    assert (ended.state, ended.error) == (state, name)
    assert ended.verdict == ("succeeded" if state == "stopped" else "failed")


def test_a_cancel_comes_before_what_failed_because_of_it():
    """Tasks that fail while a cancelled run drains do not make it a failure."""
    assert conclude(run("cancelled: by hand"), records(a="failed"), ["a"]).state == "cancelled"
    assert conclude(run("stopped: enough"), records(a="failed"), ["a"]).state == "failed"


def test_a_concluded_run_stays_as_it_is():
    """Whoever comes later is told what everybody was told."""
    ended = conclude(run(state="cancelled", cause="by hand", tasks={"x": 1}), records(a="succeeded"), ["a"])
    assert (ended.state, ended.cause, ended.counts) == ("cancelled", "by hand", {"x": 1})
    late = conclude(run(state="failed", cause="a", tasks={"failed": 1}), records(a="failed", b="succeeded"), ["a", "b"])
    assert (late.state, late.error, late.cause, late.counts) == ("failed", "TaskFailed", "a", {"failed": 1})


def test_the_root_of_nested_causes_is_found():
    """A child execution wraps its Lambda's error as JSON in JSON; a cause of plain text is itself."""
    lambda_cause = json.dumps({"errorType": "InvalidSpec", "errorMessage": "p.yaml:3: bad", "stackTrace": []})
    child = json.dumps({"ExecutionArn": "arn", "Error": "InvalidSpec", "Cause": lambda_cause})
    assert root_cause({"Error": "States.TaskFailed", "Cause": child}) == ("InvalidSpec", "p.yaml:3: bad")
    assert root_cause({"Error": "States.Timeout", "Cause": ""}) == ("States.Timeout", "")
    assert root_cause({"Error": "X", "Cause": "[1]"}) == ("X", "[1]")
    assert root_cause(None) == ("", "")


def test_a_cause_that_was_cut_is_still_read():
    """Step Functions keeps 32,768 characters of a cause: what is whole in it is told, not the JSON around it."""
    whole = json.dumps({"errorMessage": "p.yaml:3: bad", "errorType": "InvalidSpec", "stackTrace": ["x" * 40_000]})
    assert root_cause({"Error": "InvalidSpec", "Cause": whole[:32_768]}) == ("InvalidSpec", "p.yaml:3: bad")


def test_a_scope_that_an_earlier_try_started_is_told_from_one_that_failed():
    """Only the start that came second has this name; a child's own end, whatever it was, has another."""
    assert was_started_before(
        {"Error": "StepFunctions.ExecutionAlreadyExistsException", "Cause": "Execution Already …"}
    )
    assert not was_started_before({"Error": "States.TaskFailed", "Cause": json.dumps({"Error": "InvalidSpec"})})
    assert not was_started_before(None)


@given(st.dictionaries(st.sampled_from(["Error", "Cause", "x"]), st.text('{}[]":\\aE', max_size=40) | st.none()))
def test_any_error_has_a_root(error: dict[str, str | None]):
    """Whatever Step Functions reports gives two texts, and an error always has a name."""
    name, cause = root_cause(error)
    assert isinstance(name, str)
    assert isinstance(cause, str)
    assert bool(name) is bool(error)


def test_a_cause_of_nothing_but_brackets():
    """Nesting without end is a text like any other."""
    deep = '{"a":' * 50_000
    assert root_cause({"Error": "X", "Cause": deep})[0] == "X"
