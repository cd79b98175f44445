"""Batch, events, logs, executions: each call answers the question it is asked, also when nothing is there."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import MockRawResponse

from headrace.aws import batch, events, lambdas, logs, step_functions, sweeping
from headrace.aws.later import release_later
from headrace.aws.sweeping import queues_of, scopes_over
from headrace.aws.table import Table
from headrace.core.bootstrap_marks import is_told
from headrace.core.records import AttemptRecord, Epoch


class Recorded:
    """A client that keeps what it is called with and answers from a list, an error by raising it."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, name: str) -> Any:
        """Pages are the answers that are left."""

        def paginate(**request: Any) -> list[Any]:
            self.calls.append((name, request))
            return self.answers

        return SimpleNamespace(paginate=paginate)


def failing(code: str) -> ClientError:
    """An error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": "told"}}, "X")


def test_the_newest_active_definition_is_found_over_pages():
    """Revisions are numbers: 10 is newer than 9."""
    pages = [
        {"jobDefinitions": [{"revision": 9, "jobDefinitionArn": "d:9"}]},
        {"jobDefinitions": []},
        {"jobDefinitions": [{"revision": 10, "jobDefinitionArn": "d:10"}, {"revision": 2, "jobDefinitionArn": "d:2"}]},
    ]
    client = Recorded(*pages)
    assert batch.find_definition(client, "d") == "d:10"
    assert client.calls == [("describe_job_definitions", {"jobDefinitionName": "d", "status": "ACTIVE"})]
    assert batch.find_definition(Recorded({"jobDefinitions": []}), "d") is None


def test_jobs_are_found_by_the_beginning_of_their_name():
    """The filter ignores case and status; names do not, and ended ones are left out unless asked for."""
    names = [("hr-r-1-a-1", "RUNNING"), ("HR-R-1-a-1", "RUNNING"), ("hr-r-1-b-1", "FAILED"), ("hr-r-1-c-1", "RUNNABLE")]
    page = {"jobSummaryList": [{"jobName": name, "jobId": name, "status": status} for name, status in names]}
    assert [job["jobId"] for job in batch.jobs_named(Recorded(page), "q", "hr-r-1-")] == ["hr-r-1-a-1", "hr-r-1-c-1"]
    assert len(list(batch.jobs_named(Recorded(page), "q", "hr-r-1-", live_only=False))) == 3


def test_jobs_are_described_a_hundred_at_a_time():
    """And those Batch forgot are absent."""
    client = Recorded({"jobs": [{"jobId": "0"}]}, {"jobs": [{"jobId": "100"}]})
    assert set(batch.describe_jobs(client, [str(number) for number in range(150)])) == {"0", "100"}
    assert [len(request["jobs"]) for _, request in client.calls] == [100, 50]


def test_a_job_that_is_gone_is_as_good_as_ended():
    """Any other error is raised."""
    batch.terminate(Recorded(failing("ClientException")), "j", "x" * 2000)
    with pytest.raises(ClientError):
        batch.terminate(Recorded(failing("ServerException")), "j", "x")


def test_events_go_ten_at_a_time_and_none_is_lost():
    """EventBridge may take a call and not every entry of it: that is an error here."""
    client = Recorded({"FailedEntryCount": 0}, {"FailedEntryCount": 0})
    events.publish(client, [{"Detail": str(number)} for number in range(12)])
    assert [len(request["Entries"]) for _, request in client.calls] == [10, 2]
    refused = {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "Throttled", "ErrorMessage": "slow"}]}
    with pytest.raises(events.EventsRefused, match="Throttled: slow"):
        events.publish(Recorded(refused), [{}, {}])


def test_an_event_reaches_the_bus(aws: Any):
    """As PutEvents takes it."""
    entry = {"Source": "headrace", "DetailType": "Run State Change", "Detail": "{}", "EventBusName": "default"}
    events.publish(aws("events"), [entry])


def page(token: str, *lines: str) -> dict[str, Any]:
    """A page of GetLogEvents, read backwards."""
    return {"events": [{"message": line} for line in lines], "nextBackwardToken": token}


def test_the_end_of_a_log_is_read_over_pages():
    """Oldest first, at most what is asked for; empty pages are passed; the same token is the beginning of the stream."""
    client = Recorded(page("1", "e", "f"), page("2"), page("3", "c", "d"), page("3"))
    assert logs.last(client, "g", "s", 5) == logs.Found(("c", "d", "e", "f"), whole=True)
    assert [request.get("nextToken") for _, request in client.calls] == [None, "1", "2", "3"]
    assert logs.last(Recorded(page("1", "b", "c")), "g", "s", 2) == logs.Found(("b", "c"))


def test_a_log_is_read_on_until_enough_of_it_is_wanted():
    """What is not to be kept does not count: large pages are asked for, and no more is given than was asked for."""
    beats = ["headrace: running, 1 s of CPU"] * 300
    client = Recorded(page("1", "d", *beats), page("2", "a", "b", "c", *beats))
    assert logs.last(client, "g", "s", 2, keep=is_told) == logs.Found(("c", "d"))
    assert [request["limit"] for _, request in client.calls] == [1000, 1000]
    short = Recorded(page("1", "a", *beats), page("1"))
    assert logs.last(short, "g", "s", 2, keep=is_told) == logs.Found(("a",), whole=True)


def test_a_log_without_end_is_read_within_bounds():
    """In lines, bytes, pages and time; what was read by then is what there is."""
    client = Recorded(*(page(str(number), *["x" * 100] * 50) for number in range(100)))
    assert len(logs.last(client, "g", "s", 10_000, most_bytes=20_000).lines) == 200
    client = Recorded(*(page(str(number)) for number in range(100)))
    assert logs.last(client, "g", "s", 10) == logs.Found()
    assert len(client.calls) == 30
    client = Recorded(*(page(str(number), "a") for number in range(100)))
    assert logs.last(client, "g", "s", 10_000, go_on=lambda: len(client.calls) < 3).lines == ("a",) * 3
    assert {request["limit"] for _, request in client.calls} <= {10_000, 9_999, 9_998}


def test_why_there_is_no_log():
    """No such stream, or a group that may not be read; any other error is raised."""
    gone = logs.last(Recorded(failing("ResourceNotFoundException")), "g", "s")
    assert (gone.lines, gone.missing, gone.refused) == ((), "no log: there is no stream s in g (any more)", False)
    refused = logs.last(Recorded(failing("AccessDeniedException")), "g", "s")
    assert (refused.missing, refused.refused) == ("no log: the log group g may not be read", True)
    with pytest.raises(ClientError):
        logs.last(Recorded(failing("InvalidParameterException")), "g", "s")


def test_the_head_of_a_log_and_what_comes_after(aws: Any):
    """The first lines, none where there is no stream; a token is gone on from."""
    client = aws("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    stamp = int(time.time() * 1000)  # old events are not taken

    def write(first: int, last: int) -> None:
        client.put_log_events(
            logGroupName="g",
            logStreamName="s",
            logEvents=[{"timestamp": stamp + number, "message": str(number)} for number in range(first, last)],
        )

    write(0, 5)
    assert logs.head(client, "g", "s", 2) == ("0", "1")
    assert logs.last(client, "g", "s", 2).lines == ("3", "4")
    assert logs.last(client, "g", "s", 20) == logs.Found(("0", "1", "2", "3", "4"), whole=True)
    assert logs.head(client, "g", "none") == ()
    seen, token = logs.after(client, "g", "s")
    assert seen == ("0", "1", "2", "3", "4")
    assert logs.after(client, "g", "s", token) == ((), token)
    write(5, 7)
    assert logs.after(client, "g", "s", token)[0] == ("5", "6")
    assert logs.after(client, "g", "none", "t") == ((), "t")


def test_throttled_logs_are_asked_again(aws: Any, monkeypatch: pytest.MonkeyPatch):
    """Ten to twenty-five requests a second is all an account has: the client waits and goes on."""
    client = aws("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    refusals = [1, 1, 1]
    throttled = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()

    def answer(request: Any, **_: Any) -> Any:
        if refusals:
            refusals.pop()
            return AWSResponse(
                request.url, 400, {"content-type": "application/x-amz-json-1.1"}, MockRawResponse(throttled)
            )
        return None

    monkeypatch.setattr(time, "sleep", lambda _: None)
    client.meta.events.register_first("before-send.cloudwatch-logs.GetLogEvents", answer)
    assert logs.last(client, "g", "s", 5) == logs.Found(whole=True)
    assert refusals == []


def test_jobs_are_found_by_name_and_arrays_by_their_children():
    """The newest of a name; the first child that failed."""
    named = {
        "jobSummaryList": [
            {"jobName": "n", "jobId": "old", "createdAt": 1},
            {"jobName": "n", "jobId": "new", "createdAt": 2},
        ]
    }
    assert batch.newest_named(Recorded(named), "q", "n") == "new"
    assert batch.newest_named(Recorded({"jobSummaryList": [{"jobName": "n-2", "jobId": "x"}]}), "q", "n") == ""
    client = Recorded({"jobSummaryList": []}, {"jobSummaryList": [{"jobId": "a:3"}]})
    assert batch.failed_child(client, "a") == "a:3"
    assert client.calls == [("list_jobs", {"arrayJobId": "a", "jobStatus": "FAILED"})]
    assert batch.failed_child(Recorded({"jobSummaryList": []}), "a") == ""


def test_an_execution_starts_once(aws: Any):
    """The second start under a name is no error and starts nothing."""
    aws("iam").create_role(RoleName="x", AssumeRolePolicyDocument="{}")
    sfn = aws("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn="arn:aws:iam::123456789012:role/x")
    arn = machine["stateMachineArn"]
    assert step_functions.start_once(sfn, arn, "r-1", {"ü": 1})
    assert step_functions.start_once(sfn, arn, "r-1", {"ü": 2}) is False
    [execution] = sfn.list_executions(stateMachineArn=arn)["executions"]
    found = step_functions.describe(sfn, execution["executionArn"])
    assert found is not None
    assert json.loads(sfn.describe_execution(executionArn=found.arn)["input"]) == {"ü": 1}
    assert step_functions.describe(sfn, execution["executionArn"] + "x") is None


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_nobody_waits_on_is_no_error(code: str):
    """Duplicates and late callers are normal; any other error is one."""
    assert step_functions.send(Recorded({}), "token", {"verdict": "ready"})
    assert not step_functions.send(Recorded(failing(code)), "token", {})
    with pytest.raises(ClientError):
        step_functions.send(Recorded(failing("Throttled")), "token", {})


def test_what_there_was_no_time_for_fits_an_event(monkeypatch: pytest.MonkeyPatch):
    """However long ids and keys are, an asynchronous invocation may have 256 KB."""
    client = Recorded(*({} for _ in range(9)))
    monkeypatch.setattr("headrace.aws.later.client", lambda _: client)
    point = ("é" * 450, "W#000000001#" + "é" * 450)
    release_later("settle", Epoch("r" * 40, 999_999), [point] * 200)
    sizes = [len(request["Payload"]) for _, request in client.calls]
    assert max(sizes) < 256_000
    assert sum(len(json.loads(request["Payload"])["release"]) for _, request in client.calls) == 200


def test_a_call_for_later_does_not_wait():
    """An asynchronous invocation, which Lambda keeps."""
    client = Recorded({})
    lambdas.call_later(client, "f", {"a": 1})
    assert client.calls == [("invoke", {"FunctionName": "f", "InvocationType": "Event", "Payload": b'{"a": 1}'})]


def test_a_run_that_submitted_nothing_has_the_default_queue_or_none(ledger_table: Table):
    """A task that failed before it had a queue asks Batch about no queue called nothing."""
    from headrace.aws import ledger

    assert queues_of(ledger_table, Epoch("r", 1), "") == []
    ledger.put_attempt(ledger_table, Epoch("r", 1), AttemptRecord("t", 1, "2026-01-01T00:00:00.000Z", queue="own"))
    assert queues_of(ledger_table, Epoch("r", 1), "") == ["own"]
    assert queues_of(ledger_table, Epoch("r", 1), "default") == ["default", "own"]


class Executions:
    """Executions by ARN: their status, and that of their Map Run, if they have one."""

    def __init__(self, **known: tuple[str, str]) -> None:
        self.known = {f"a:execution:x-run-scope:{name}": each for name, each in known.items()}

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        """One execution."""
        if executionArn not in self.known:
            raise failing("ExecutionDoesNotExist")
        return {"status": self.known[executionArn][0]}

    def get_paginator(self, _name: str) -> Any:
        """Of list_map_runs: one page."""

        def paginate(executionArn: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's name
            if executionArn not in self.known:
                raise failing("ExecutionDoesNotExist")
            return [{"mapRuns": [{"mapRunArn": executionArn}] if self.known[executionArn][1] else []}]

        return SimpleNamespace(paginate=paginate)

    def describe_map_run(self, mapRunArn: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        """The Map Run of the execution of this ARN."""
        return {"status": self.known[mapRunArn][1]}


@pytest.mark.parametrize(
    ("known", "over"),
    [
        ({}, True),
        ({"r-1": ("ABORTED", ""), "other": ("SUCCEEDED", "SUCCEEDED")}, True),
        ({"r-1": ("RUNNING", "")}, False),  # the root is planning still: nothing in the run's folder tells of it
        ({"r-1": ("ABORTED", "RUNNING")}, False),
        ({"r-1": ("ABORTED", "ABORTED"), "other": ("RUNNING", "")}, False),
        ({"r-1": ("ABORTED", "ABORTED"), "other": ("ABORTED", "RUNNING")}, False),
    ],
)
def test_a_run_is_not_over_while_a_scope_of_it_goes_on(monkeypatch: pytest.MonkeyPatch, known: Any, over: bool):
    """Neither an execution of a scope nor a Map Run that outlives it; the root's is known by its name alone."""
    monkeypatch.setattr(sweeping, "client", lambda _service: Executions(**known))
    assert scopes_over("a:execution:x-run-pipeline:r-1", ["a:execution:x-run-scope:other"]) is over
