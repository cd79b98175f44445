"""Executions: start one once, look at one, resume a state that waits for its token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_GONE = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


@dataclass(frozen=True, slots=True)
class Execution:
    """What DescribeExecution tells: `status` as AWS names it, `error` and `cause` empty unless it failed."""

    arn: str
    status: str
    error: str = ""
    cause: str = ""


def start_once(sfn: Any, machine: str, name: str, payload: dict[str, Any]) -> bool:
    """Start an execution under a name; False when one of that name was started before, which is success.

    Names stay taken for 90 days after the end, so a late duplicate of an event is found too.
    """
    try:
        sfn.start_execution(stateMachineArn=machine, name=name, input=json.dumps(payload, ensure_ascii=False))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
            return False
        raise
    return True


def describe(sfn: Any, execution: str) -> Execution | None:
    """The execution as it stands, None when Step Functions no longer knows it."""
    try:
        answer = sfn.describe_execution(executionArn=execution)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return None
        raise
    return Execution(execution, answer["status"], answer.get("error", ""), answer.get("cause", ""))


def stop(sfn: Any, execution: str, error: str, cause: str) -> bool:
    """End an execution that waits for what will not come; False when it is over, or gone."""
    try:
        sfn.stop_execution(executionArn=execution, error=error, cause=cause)
    except ClientError as error_:
        if error_.response["Error"]["Code"] in ("ExecutionDoesNotExist", "ValidationException"):
            return False
        raise
    return True


def send(sfn: Any, token: str, output: dict[str, Any]) -> bool:
    """Resume the state behind a token; False when nobody waits there any more (timed out, answered, execution over).

    A token works once, and duplicates, retries and late callers are normal.
    """
    try:
        sfn.send_task_success(taskToken=token, output=json.dumps(output))
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return False
        raise
    return True
