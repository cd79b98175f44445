"""Step Functions: task tokens, held in one table.

Upstream looks for a token in every running execution and accepts an answer that nobody waits for any more. Here a token is
open or closed, and the change from one to the other is atomic: an answer that was accepted is the task's result, and one
that comes after the task's time-out is refused with TaskTimedOut, as on AWS.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import json
import threading
from typing import Any

from headrace_local.patch_step_functions_executions import refusal
from headrace_local.seam import replace

_lock = threading.Lock()
_endpoints: dict[str, Any] = {}
_closed: set[str] = set()


def apply() -> None:
    """Patch the pool that makes tokens and the three calls that answer them."""
    import moto.stepfunctions.parser.models as parser
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint, CallbackPoolManager
    from moto.stepfunctions.responses import StepFunctionResponse

    replace(CallbackPoolManager, "add", _add)
    replace(CallbackPoolManager, "get", lambda _self, callback_id: _endpoints.get(callback_id))
    interrupt = CallbackEndpoint.interrupt_all

    def interrupt_all(self: Any) -> None:
        close(self.callback_id)
        interrupt(self)

    replace(CallbackEndpoint, "interrupt_all", interrupt_all)
    replace(parser.StepFunctionsParserBackend, "send_task_success", _send_task_success)
    replace(parser.StepFunctionsParserBackend, "send_task_failure", _send_task_failure)
    replace(parser.StepFunctionsParserBackend, "send_task_heartbeat", _send_task_heartbeat)
    replace(StepFunctionResponse, "send_task_failure", _answer_send_task_failure)


def close(token: str) -> bool:
    """Close the token; False when an answer was accepted before."""
    with _lock:
        endpoint = _endpoints.get(token)
        _closed.add(token)
        return endpoint is None or endpoint.get_outcome() is None


def _add(_self: Any, callback_id: str) -> Any:
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint

    endpoint = CallbackEndpoint(callback_id=callback_id)
    with _lock:
        _endpoints[callback_id] = endpoint
    return endpoint


def _answer(token: str, outcome: Any) -> None:
    with _lock:
        _waiting(token).notify(outcome=outcome)


def _waiting(token: str) -> Any:
    endpoint = _endpoints.get(token)
    if endpoint is None:
        raise refusal("InvalidToken", f"Invalid Token: '{token}'")
    if token in _closed or endpoint.get_outcome() is not None:
        raise refusal("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return endpoint


def _send_task_success(_self: Any, task_token: str, outcome: str) -> None:
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

    try:
        json.loads(outcome)
    except ValueError as error:
        raise refusal("InvalidOutput", f"Invalid Output: '{error}'") from error
    _answer(task_token, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))


def _send_task_failure(_self: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

    _answer(task_token, CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause))


def _send_task_heartbeat(_self: Any, task_token: str) -> None:
    with _lock:
        _waiting(task_token).notify_heartbeat()


def _answer_send_task_failure(self: Any) -> Any:
    """Upstream drops the cause."""
    from moto.core.responses import EmptyResult

    token, error, cause = (self._get_param(name) for name in ("taskToken", "error", "cause"))
    self.stepfunction_backend.send_task_failure(token, error=error, cause=cause)
    return EmptyResult()
