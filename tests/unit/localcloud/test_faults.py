"""Fault plans: what may be asked for, and when each strikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.core.errors import InvalidValue
from headrace_local import faults


@pytest.fixture(autouse=True)
def _no_plans() -> Iterator[None]:
    """Plans are the process's."""
    faults.clear()
    yield
    faults.clear()


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"kind": "weather"}, "unknown kind of fault 'weather'"),
        ({}, "unknown kind of fault 'None'"),
        ({"kind": "batch"}, "needs 'fault'"),
        ({"kind": "api", "fault": "throttle"}, "needs 'operation'"),
        ({"kind": "event"}, "needs 'fault'"),
        ({"kind": "lambda", "functon": "x"}, "has no 'functon'"),
        ({"kind": "lambda", "when": "during"}, "'when' of a lambda fault is 'during'"),
        ({"kind": "lambda", "fault": "sulk"}, "'fault' of a lambda fault is 'sulk'"),
        ({"kind": "batch", "fault": "spott"}, "'fault' of a batch fault is 'spott'"),
        ({"kind": "batch", "fault": "spot", "call": -1}, "'call' of a batch fault is -1"),
        ({"kind": "batch", "fault": "spot", "afterSeconds": "soon"}, "'afterSeconds' of a batch fault is 'soon'"),
        ({"kind": "api", "operation": "s3:*", "fault": "explode"}, "'fault' of a api fault is 'explode'"),
        ({"kind": "api", "operation": "s3:PutObject", "fault": "partial"}, "'s3:PutObject' has no partial answer"),
        ({"kind": "api", "operation": "dynamodb:*", "fault": "conflict"}, "'dynamodb:*' has no conflict answer"),
        ({"kind": "event", "fault": "shuffle"}, "'fault' of a event fault is 'shuffle'"),
        ({"kind": "event", "fault": "delay", "seconds": -1}, "'seconds' of a event fault is -1"),
        ({"kind": "execution", "transition": 0}, "'transition' of a execution fault is 0"),
        ({"kind": "execution", "times": True}, "'times' of a execution fault is True"),
        ({"kind": "execution", "fault": "pause"}, "'fault' of a execution fault is 'pause'"),
    ],
)
def test_what_means_nothing_is_refused_by_name(plan: dict[str, Any], said: str):
    """A kind, field or value that is not there is an error that names it, and nothing is planned."""
    with pytest.raises(InvalidValue) as refused:
        faults.add(plan)
    assert said in refused.value.message
    assert faults.report() == []


def test_every_choice_of_every_kind_can_be_planned():
    """Each fault there is can be asked for with no more than what is needed."""
    needed = {"api": {"operation": "events:PutEvents"}}
    for (kind, name), choices in faults.CHOICES.items():
        for choice in choices:
            more = {"operation": "dynamodb:PutItem"} if choice == "conflict" else needed.get(kind, {})
            given = {"kind": kind, "fault": "throttle" if kind == "api" else faults.CHOICES[kind, "fault"][0], **more}
            assert faults.add({**given, name: choice}).values[name] == choice


def test_a_worker_dies_at_its_nth_call_and_each_nth_after_it():
    """Calls of other functions and of other operations do not count, and a plan is used up."""
    faults.add({"kind": "lambda", "function": "*settle*", "operation": "dynamodb:*", "call": 2, "times": 2})
    calls = [("plan", "dynamodb:Query"), ("x-settle-task", "s3:GetObject"), *[("x-settle-task", "dynamodb:Query")] * 6]
    struck = [faults.kill_worker(function, operation) is not None for function, operation in calls]
    assert struck == [False, False, False, True, False, True, False, False]


def test_an_answer_is_planned_per_caller_and_operation_in_any_case():
    """The name a request has in its path, `batch:submitjob`, is the operation's too."""
    faults.add({"kind": "api", "operation": "batch:SubmitJob", "caller": "cloud", "fault": "throttle"})
    assert faults.answer_to("other", "batch:submitjob") is None
    plan = faults.answer_to("cloud", "batch:submitjob")
    assert plan is not None
    assert plan.fault == "throttle"
    assert faults.answer_to("cloud", "batch:SubmitJob") is None


def test_two_plans_count_the_same_call():
    """Each plan counts every call that is its own, also one that another plan has struck."""
    for call in (1, 2):
        faults.add({"kind": "api", "operation": "s3:*", "call": call, "fault": "server", "times": 1})
    assert [faults.answer_to("other", "s3:PutObject") is not None for _ in range(3)] == [True, True, False]


def test_an_attempt_is_struck_at_its_own_nth_call():
    """Another job's calls do not count; it is struck once, and the next attempt begins without it."""
    faults.add({"kind": "batch", "job": "hr-*", "fault": "spot", "call": 2, "operation": "s3:Put*", "when": "after"})
    assert faults.begin_attempt("0", "other") is None
    attempt = faults.begin_attempt("1", "hr-a")
    assert attempt is not None
    assert attempt.after_s is None
    calls = [("1", "s3:PutObject"), ("1", "s3:GetObject"), ("2", "s3:PutObject"), ("1", "s3:PutObject")]
    assert [faults.kill_job(*call) for call in [*calls, calls[0]]] == ["", "", "", "after", ""]
    assert attempt.hit.is_set()
    assert faults.begin_attempt("1", "hr-a") is None
    assert faults.kill_job("1", "s3:PutObject") == ""


def test_an_attempt_that_races_is_marked_and_goes_on():
    """Its n-th call is served as any other: only its host is lost, to Batch."""
    faults.add({"kind": "batch", "fault": "race", "call": 1})
    attempt = faults.begin_attempt("1", "any")
    assert attempt is not None
    assert faults.kill_job("1", "s3:PutObject") == ""
    assert attempt.hit.is_set()


def test_events_have_a_time_of_their_own_unless_one_is_given():
    """A copy comes at once, what is late or held a second later."""
    said = {}
    for fault in faults.CHOICES["event", "fault"]:
        faults.add({"kind": "event", "fault": fault})
        plan = faults.delivery("Any")
        assert plan is not None
        said[fault] = plan.seconds
    assert said == {"duplicate": 0, "delay": 1, "reorder": 1, "lose": 0}
    faults.add({"kind": "event", "fault": "duplicate", "seconds": 3})
    late = faults.delivery("Any")
    assert late is not None
    assert late.seconds == 3


def test_an_execution_is_stopped_when_there_is_one():
    """Its turn comes with the n-th transition, and again with the next one while nothing of its machine runs."""
    faults.add({"kind": "execution", "machine": "*run-pipeline", "transition": 3})
    assert [len(faults.executions_to_stop()) for _ in range(2)] == [0, 0]
    (plan,) = faults.executions_to_stop()
    faults.give_back(plan)
    assert faults.executions_to_stop() == [plan]
    assert faults.executions_to_stop() == []
    assert faults.report()[0]["struck"] == 1
