"""Executions: start one once, look at one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


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
