"""State machines on the local cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Stack, until

LAMBDA = "arn:aws:states:::lambda:invoke"


def _tasks(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"t{n}", "command": ["true"], **more} for n in range(count)]


def _map_run(stack: Stack, execution: str) -> dict[str, Any]:
    # An execution that has only just begun has none yet.
    (run,) = until(lambda: stack.stepfunctions.list_map_runs(executionArn=execution)["mapRuns"])
    return dict(stack.stepfunctions.describe_map_run(mapRunArn=run["mapRunArn"]))


def _one(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": {"End": True, **state}, **more}}


def _inside(state: dict[str, Any], **config: Any) -> dict[str, Any]:
    inner = {"StartAt": "S", "States": {"S": state}}
    return (
        {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner}
        if config.get("distributed")
        else inner
    )


def test_a_distributed_map_runs_every_task_as_a_job(stack: Stack) -> None:
    """Plan from S3, gate by token, job, result: the whole chain of a run, by version."""
    tasks = [{"id": f"t{n}", "command": ["true"], **({"gate": "open"} if n % 2 else {})} for n in range(6)]
    execution = stack.start(stack.outputs["PipelineVersion"], stack.plan("chain", tasks))
    ended = stack.ended(execution)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"run": "chain"})
    assert ended["stateMachineVersionArn"] == stack.outputs["PipelineVersion"]
    assert _map_run(stack, execution)["itemCounts"]["succeeded"] == 6


def test_a_failed_child_is_counted_and_tolerated(stack: Stack) -> None:
    """At 100 % tolerance the map succeeds, and the failure shows in its counts and among its children."""
    tasks = [*_tasks(2), {"id": "bad", "command": ["false"]}]
    execution = stack.start(stack.outputs["Pipeline"], stack.plan("tolerated", tasks))
    assert stack.ended(execution)["status"] == "SUCCEEDED"
    run = _map_run(stack, execution)
    assert (run["itemCounts"]["failed"], run["itemCounts"]["succeeded"], run["status"]) == (1, 2, "SUCCEEDED")
    failed = stack.stepfunctions.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    assert len(failed) == 1


def test_an_untolerated_failure_fails_the_map(stack: Stack) -> None:
    """Without tolerance one failed child is too many, by the error's name."""
    child = _inside({"Type": "Fail", "Error": "No"}, distributed=True)
    arn = stack.machine("untolerated", _one({"Type": "Map", "Items": [1, 2], "ItemProcessor": child}))
    ended = stack.run(arn, {})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_a_failed_execution_is_told_and_alerted(stack: Stack) -> None:
    """The status-change event reaches SNS through its rule and transformer."""
    execution = stack.start(stack.outputs["Pipeline"], {**stack.plan("told", []), "fail": True}, name="told")
    assert stack.ended(execution)["error"] == "RunFailed"
    until(lambda: [alert for alert in stack.cloud.alerts() if alert["message"] == '"told ended FAILED"'])


def test_the_same_name_starts_once(stack: Stack) -> None:
    """Same name and input is the same execution; once it has ended the name is taken."""
    given = stack.plan("twice", [{"id": "slow", "command": ["sleep", "0.5"]}])
    first, second = (stack.start(stack.outputs["Pipeline"], given, name="twice") for _ in range(2))
    assert first == second
    stack.ended(first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stack.start(stack.outputs["Pipeline"], given, name="twice")


def test_a_stopped_execution_takes_its_jobs_with_it(stack: Stack) -> None:
    """StopExecution ends at once as ABORTED with its cause, terminates the job and ends the map run."""
    execution = stack.start(
        stack.outputs["Pipeline"], stack.plan("stopped", [{"id": "long", "command": ["sleep", "300"]}])
    )
    filters = [{"name": "JOB_NAME", "values": ["job-long"]}]
    job = until(
        lambda: [
            j
            for j in stack.batch.list_jobs(jobQueue=stack.outputs["Queue"], filters=filters)["jobSummaryList"]
            if j["status"] == "RUNNING"
        ]
    )
    stack.stepfunctions.stop_execution(executionArn=execution, error="Stop", cause="because")
    ended = stack.ended(execution)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "because")
    assert "stopped" in stack.job_ended(job[0]["jobId"])["statusReason"]
    until(lambda: _map_run(stack, execution)["status"] == "ABORTED")


def test_a_child_of_a_distributed_map_is_stopped_alone(stack: Stack) -> None:
    """StopExecution on its ARN ends it as ABORTED and its job with it; the map counts it and goes on, and a second stop changes nothing."""
    tasks = [{"id": "aborted", "command": ["sleep", "300"]}, *_tasks(1)]
    execution = stack.start(stack.outputs["Pipeline"], stack.plan("one-child", tasks))
    filters = [{"name": "JOB_NAME", "values": ["job-aborted"]}]
    queue, sfn = stack.outputs["Queue"], stack.stepfunctions
    (job,) = until(lambda: stack.batch.list_jobs(jobQueue=queue, filters=filters)["jobSummaryList"])
    until(lambda: stack.job(job["jobId"])["status"] == "RUNNING")
    until(lambda: _map_run(stack, execution)["itemCounts"]["succeeded"] == 1)
    run = _map_run(stack, execution)["mapRunArn"]
    (child,) = sfn.list_executions(mapRunArn=run, statusFilter="RUNNING")["executions"]
    stopped = sfn.stop_execution(executionArn=child["executionArn"], error="Lost", cause="nobody hears")["stopDate"]
    told = sfn.describe_execution(executionArn=child["executionArn"])
    assert [told[name] for name in ("status", "error", "cause", "mapRunArn")] == [
        "ABORTED",
        "Lost",
        "nobody hears",
        run,
    ]
    assert stack.ended(execution)["status"] == "SUCCEEDED"
    assert "stopped" in stack.job_ended(job["jobId"])["statusReason"]
    counts = _map_run(stack, execution)["itemCounts"]
    assert [counts[name] for name in ("aborted", "succeeded", "failed", "running")] == [1, 1, 0, 0]
    assert sfn.stop_execution(executionArn=child["executionArn"], cause="again")["stopDate"] == stopped
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        sfn.stop_execution(executionArn=f"{child['executionArn']}0")


def test_a_token_is_answered_once(stack: Stack) -> None:
    """A waiting task takes its answer; later answers are refused as too late, wrong ones as invalid."""
    execution = stack.start(
        stack.outputs["Pipeline"], stack.plan("token", [{"id": "token-1", "command": ["true"], "gate": "closed"}])
    )
    token = until(lambda: stack.item("token", "token-1"))["token"]["S"]
    stack.stepfunctions.send_task_success(taskToken=token, output="{}")
    assert stack.ended(execution)["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="TaskTimedOut"):
        stack.stepfunctions.send_task_success(taskToken=token, output="{}")
    with pytest.raises(ClientError, match="InvalidToken"):
        stack.stepfunctions.send_task_success(taskToken="never given", output="{}")


def test_a_token_task_times_out_and_retries(stack: Stack) -> None:
    """States.Timeout of a waiting task is retried with a fresh token, then caught with its error."""
    wait = {
        "Type": "Task", "Resource": f"{LAMBDA}.waitForTaskToken", "TimeoutSeconds": 1, "End": True,
        "Arguments": {"FunctionName": stack.outputs["Echo"], "Payload": {"put": "retried", "t": "{% $states.context.Task.Token %}"}},
        "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "E"}],
    }  # fmt: skip
    arn = stack.machine(
        "timeout",
        {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": wait, "E": {"Type": "Pass", "End": True}}},
    )
    ended = stack.run(arn, {})
    assert json.loads(ended["output"])["Error"] == "States.Timeout"


def test_hundreds_of_children_wait_at_once(stack: Stack) -> None:
    """400 closed gates wait together and all go on when they are opened."""
    arn = stack.machine("waiting", _one({
        "Type": "Map", "Items": "{% $states.input %}", "MaxConcurrency": 9000, "ToleratedFailurePercentage": 100,
        "ItemProcessor": _inside({"Type": "Wait", "Seconds": 6, "End": True}, distributed=True),
    }))  # fmt: skip
    execution = stack.start(arn, list(range(400)))
    until(lambda: _map_run(stack, execution)["itemCounts"]["running"] == 400)
    assert stack.ended(execution)["status"] == "SUCCEEDED"


def test_a_nested_execution_is_waited_for(stack: Stack) -> None:
    """startExecution.sync:2 answers the parsed output, and a failed child fails the state with its description."""
    inner = stack.machine("inner", _one({"Type": "Pass", "Output": "{% $states.input.n + 1 %}"}))
    outer = stack.machine("outer", _one({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": inner, "Input": {"n": 1}}, "Output": "{% $states.result.Output %}",
    }))  # fmt: skip
    assert stack.run(outer, {})["output"] == "2"


def test_aws_sdk_tasks_reach_their_service(stack: Stack) -> None:
    """aws-sdk:dynamodb:updateItem writes the item with the casing of states."""
    arn = stack.machine("sdk", _one({
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem",
        "Arguments": {
            "TableName": stack.outputs["Table"], "Key": {"pk": {"S": "sdk"}, "sk": {"S": "0"}}, "UpdateExpression": "SET n = :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}}, "ReturnValues": "ALL_NEW",
        },
        "Output": "{% $states.result.Attributes.n.N %}",
    }))  # fmt: skip
    assert json.loads(stack.run(arn, {})["output"]) == "1"
    assert stack.item("sdk")


def test_what_lambda_answers_a_machine(stack: Stack) -> None:
    """The whole answer is there; an error has the handler's own name; a function that is not there has Lambda's."""

    def invoked(payload: dict[str, Any], function: str = stack.outputs["Echo"]) -> dict[str, Any]:
        arguments = {"FunctionName": function, "Payload": payload}
        name = f"asks-{len(function)}-{'-'.join(payload)}"
        return stack.run(stack.machine(name, _one({"Type": "Task", "Resource": LAMBDA, "Arguments": arguments})), {})

    answer = json.loads(invoked({"a": 1})["output"])
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["Payload"]["greeting"] == "from the layer"
    failed = invoked({"raise": "on purpose"})
    assert (failed["error"], json.loads(failed["cause"])["errorMessage"]) == ("ValueError", "on purpose")
    assert invoked({"a": 1}, f"{stack.outputs['Echo']}-gone")["error"] == "Lambda.ResourceNotFoundException"


def test_values_stay_values_in_expressions(stack: Stack) -> None:
    """Quotes, backslashes and null pass through an expression unharmed."""
    given = {"text": 'a "quoted" \\ word', "none": None, "list": [1], "nested": {"$x": "${y}"}}
    arn = stack.machine(
        "values", _one({"Type": "Pass", "Output": "{% $merge([$states.input, {'more': $states.input.text}]) %}"})
    )
    assert json.loads(stack.run(arn, given)["output"]) == {**given, "more": given["text"]}


def test_an_undefined_expression_fails_by_name(stack: Stack) -> None:
    """An expression without a value is a query evaluation error, as on AWS."""
    arn = stack.machine("undefined", _one({"Type": "Pass", "Output": "{% $states.input.nothing %}"}))
    assert stack.run(arn, {})["error"] == "States.QueryEvaluationError"


def test_an_inline_map_of_many_items_ends(stack: Stack) -> None:
    """1,500 items through one slot do not overflow a stack."""
    inner = _inside({"Type": "Pass", "Output": "{% $states.input %}", "End": True})
    arn = stack.machine(
        "many",
        _one(
            {
                "Type": "Map",
                "Items": "{% [1..1500] %}",
                "MaxConcurrency": 1,
                "ItemProcessor": inner,
                "Output": "{% $count($states.result) %}",
            }
        ),
    )
    assert stack.run(arn, {})["output"] == "1500"


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (
            {"Type": "Map", "ItemProcessor": _inside({"Type": "Succeed"}), "ItemBatcher": {"MaxItemsPerBatch": 2}},
            "ItemBatcher",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:::http:invoke"}, "http:invoke"),
        ({"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "S"}]}, "Default"),
        ({"Type": "Pass", "Outputs": 1}, "did you mean 'Output'"),
        ({"Type": "Pass", "Output": "{% $eval('1') %}"}, "$eval"),
    ],
)
def test_what_cannot_run_is_refused_by_name(stack: Stack, state: dict[str, Any], named: str) -> None:
    """Nothing outside the subset is accepted and then ignored."""
    with pytest.raises(ClientError) as refused:
        stack.machine("refused", _one(state))
    assert named in str(refused.value)
