"""Step Functions: Task and Wait states.

Gaps of moto 5.2.5 closed here: parameters and results of service tasks keep the wrong case (upstream's two methods are
empty, so `batch:submitJob` fails on 'JobName'); fields a task does not know are dropped; `.sync` polls, and leaves its job
running when the execution ends; nothing that waits is woken by StopExecution; a later end state overwrites an earlier one;
a throttled StartExecution has a name no machine could catch.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from headrace_local import json_values, permissions
from headrace_local import patch_step_functions_executions as executions
from headrace_local import patch_step_functions_tokens as tokens
from headrace_local.completion import Completion
from headrace_local.iam_policies import Call
from headrace_local.seam import replace

_SERVICE = "moto.stepfunctions.parser.asl.component.state.exec.state_task.service"


def apply() -> None:
    """Patch service tasks, waits and the environment they run in."""
    from moto.stepfunctions.parser.asl.component.program.program import Program
    from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

    _letter_case()
    _refuse_unknown_fields()
    _ends()
    _sync()
    _unmodelled_errors()
    _refusals()
    replace(ExecutionState, "_evaluate_with_timeout", _evaluate_with_timeout)
    replace(WaitFunction, "_wait_interval", _wait_interval)
    evaluate_in_thread = Program.eval

    def evaluate(self: Any, env: Any) -> None:
        """A thread of its own is only needed to leave a program at its time-out."""
        if self.timeout_seconds:
            evaluate_in_thread(self, env)
            return
        env.next_state_name = self.start_at.start_at_name
        super(Program, self).eval(env)

    replace(Program, "eval", evaluate)


@contextmanager
def woken_by(env: Any, event: threading.Event) -> Iterator[None]:
    """Set `event` when `env` ends, for whatever reason; at once if it has."""
    with env._state_mutex:
        wakers = env.__dict__.setdefault("_wakers", [])
        wakers.append(event)
    if not env.is_running():
        event.set()
    try:
        yield
    finally:
        with env._state_mutex:
            wakers.remove(event)


def wait_for(env: Any, completion: Completion) -> bool:
    """Wait until `completion` or the end of `env`; whether it was the completion."""
    woken = threading.Event()
    completion.then(woken.set)
    with woken_by(env, woken):
        woken.wait()
    return completion.done.is_set()


def _letter_case() -> None:
    import botocore.session
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service as module

    session = botocore.session.get_session()
    task = module.StateTaskService

    @functools.lru_cache(None)
    def operation(service: str, action: str) -> Any:
        model = session.get_service_model(service)
        names = {module.camel_to_snake_case(name): name for name in model.operation_names}
        return model.operation_model(names[module.camel_to_snake_case(action)])

    def shape(self: Any, service: str | None, action: str | None) -> Any:
        return operation(self._get_boto_service_name(service), self._get_boto_service_action(action))

    def parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        if expected := shape(self, boto_service_name, service_action_name).input_shape:
            self._to_boto_request(parameters, expected)

    def response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        if expected := shape(self, boto_service_name, service_action_name).output_shape:
            self._from_boto_response(response, expected)
        _dates_as_text(response)

    replace(task, "_normalise_parameters", parameters)
    replace(task, "_normalise_response", response)
    replace(
        task,
        "_from_boto_response_value",
        staticmethod(lambda value: value.read().decode() if hasattr(value, "read") else value),
    )


def _dates_as_text(value: Any) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        if isinstance(inner, datetime):
            value[key] = inner.isoformat()
        else:
            _dates_as_text(inner)


def _refuse_unknown_fields() -> None:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_batch as batch
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

    # Upstream's list lacks what SubmitJob learned later; Step Functions takes these too.
    batch._SUPPORTED_API_PARAM_BINDINGS["submitjob"] |= {
        "ShareIdentifier",
        "SchedulingPriorityOverride",
        "PropagateTags",
        "ContainerOverrides",
    }

    def parameters(self: Any, env: Any) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.parargs is not None:
            self.parargs.eval(env=env)
            given = env.stack.pop()
        known = self._get_supported_parameters()
        unknown = sorted(set(given) - known) if known and isinstance(given, dict) else []
        if unknown:
            raise RuntimeError(f"The field '{unknown[0]}' is not supported by {self.resource.resource_arn}")
        return given

    replace(StateTask, "_eval_parameters", parameters)


def _unmodelled_errors() -> None:
    """An error that Step Functions' own API model lacks, as throttling, is told by the service's name: as `Batch.AWSBatchException`.

    Upstream makes `StepFunctions.ThrottlingExceptionException` of it, which no machine could name.
    """
    import botocore.session
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
        StateTaskServiceSfn,
    )

    model = botocore.session.get_session().get_service_model("stepfunctions")
    modelled = {str(shape.error_code or shape.name) for shape in model.error_shapes}
    upstream = StateTaskServiceSfn._from_error

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, ClientError) and ex.response["Error"]["Code"] not in modelled:
            told = {**ex.response, "Error": {**ex.response["Error"], "Code": "AWSStepFunctions"}}
            return upstream(self, env, ClientError(told, ex.operation_name))
        return upstream(self, env, ex)

    replace(StateTaskServiceSfn, "_from_error", from_error)


def _refusals() -> None:
    """Batch's and Lambda's API models lack AccessDeniedException too: the machine hears the service's name."""
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
        StateTaskServiceBatch,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
        StateTaskServiceLambda,
    )

    def renamed(task: Any, code: str) -> None:
        upstream = task._from_error

        def from_error(self: Any, env: Any, ex: Exception) -> Any:
            failure = upstream(self, env, ex)
            if isinstance(ex, ClientError) and ex.response["Error"]["Code"] == "AccessDeniedException":
                failure.error_name.error_name = code
                failure.event_details["taskFailedEventDetails"]["error"] = code
            return failure

        replace(task, "_from_error", from_error)

    renamed(StateTaskServiceBatch, "Batch.AWSBatchException")
    renamed(StateTaskServiceLambda, "Lambda.AWSLambdaException")


def _ends() -> None:
    """The first end state wins, and wakes whatever waits in this environment."""
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    def once(name: str) -> None:
        upstream = getattr(Environment, name)

        def end(self: Any, *args: Any, **kwargs: Any) -> None:
            with self._state_mutex:
                if self._program_state is None or self.is_running():
                    upstream(self, *args, **kwargs)
                wakers = list(self.__dict__.get("_wakers", ()))
            for waker in wakers:
                waker.set()

        replace(Environment, name, end)

    for name in ("set_ended", "set_error", "set_timed_out", "set_stop"):
        once(name)


def _evaluate_with_timeout(self: Any, env: Any) -> None:
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError

    _renew_token(env)
    self.timeout.eval(env=env)
    timeout_s = min(env.stack.pop(), threading.TIMEOUT_MAX)
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = json_values.deepcopy(env.stack)
    frame.deadline = time.monotonic() + timeout_s
    result: list[Any] = []
    error: list[Exception] = []
    over, woken = threading.Event(), threading.Event()

    def work() -> None:
        try:
            self._eval_execution(frame)
            result.append(frame.stack[-1])
        except Exception as failure:  # noqa: BLE001 - every failure of a state is its error
            error.append(failure)
        over.set()
        woken.set()

    threading.Thread(target=work, daemon=True, name=f"state {self.name}").start()
    with woken_by(env, woken):
        woken.wait(timeout_s)
    finished = over.is_set()
    if not finished and env.is_running() and not _closed_unanswered(frame):
        finished = over.wait()
    frame.set_ended()
    env.close_frame(frame)
    if not finished and env.is_running():
        raise EvalTimeoutError
    if finished and error and env.is_running():
        raise error[0]
    _take(self, env, result[0] if finished and result else None)


def _renew_token(env: Any) -> None:
    """Each try of a state has a token of its own; upstream makes one for all of them, which its first time-out closes."""
    context = env.states.context_object
    if "Task" in context.context_object_data and context.context_object_data["State"].get("RetryCount"):
        tokens.close(context.context_object_data["Task"]["Token"])
        env.callback_pool_manager.add(context.update_task_token())


def _closed_unanswered(frame: Any) -> bool:
    """At the time-out: close the task's token; False when its answer is already on the way."""
    task = frame.states.context_object.context_object_data.get("Task")
    return task is None or tokens.close(task["Token"])


def _take(state: Any, env: Any, result: Any) -> None:
    env.stack.append(result)
    if not state._is_language_query_jsonpath():
        env.states.set_result(result)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def _wait_interval(_self: Any, env: Any, wait_seconds: float) -> None:
    woken = threading.Event()
    with woken_by(env, woken):
        woken.wait(max(0.0, wait_seconds))


def _sync() -> None:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_callback as callback,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
        StateTaskServiceBatch,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
        StateTaskServiceSfn,
    )

    def eval_sync(_self: Any, env: Any, sync_resolver: Callable[[], Any], **_endpoints: Any) -> Any:
        return sync_resolver() if env.is_running() else None

    def wait_for_token(
        _self: Any, env: Any, timeout_seconds: float, callback_endpoint: Any, heartbeat_endpoint: Any
    ) -> Any:
        if heartbeat_endpoint is not None:
            return _wait_with_heartbeat(env, callback_endpoint, heartbeat_endpoint)
        with woken_by(env, callback_endpoint._notify_event):
            callback_endpoint.wait(max(0.0, env.deadline - time.monotonic()))
        tokens.close(callback_endpoint.callback_id)
        return callback_endpoint.get_outcome() or callback.CallbackOutcomeTimedOut(
            callback_id=callback_endpoint.callback_id
        )

    replace(callback.StateTaskServiceCallback, "_eval_sync", eval_sync)
    replace(callback.StateTaskServiceCallback, "_eval_wait_for_task_token", wait_for_token)
    _sync_with(StateTaskServiceBatch, "_build_sync_resolver", _batch_job)
    _sync_with(StateTaskServiceSfn, "_build_sync_resolver", _execution)
    _sync_with(StateTaskServiceSfn, "_build_sync2_resolver", _execution)


def _wait_with_heartbeat(env: Any, endpoint: Any, heartbeats: Any) -> Any:
    from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimedOut

    while env.is_running():
        with woken_by(env, heartbeats._next_heartbeat_event):
            beat = heartbeats.clear_and_wait()
        if (outcome := endpoint.get_outcome()) is not None:
            return outcome
        if not beat and env.is_running():
            return HeartbeatTimedOut()
    return None


def _sync_with(
    task_class: Any, name: str, started: Callable[[dict[str, Any], str], tuple[Completion, Callable[[], None]]]
) -> None:
    build = getattr(task_class, name)

    def build_resolver(self: Any, env: Any, **rest: Any) -> Callable[[], Any]:
        completion, stop = started(env.stack[-1], str(rest["state_credentials"].role_arn))
        resolve = build(self, env=env, **rest)

        def resolver() -> Any:
            if wait_for(env, completion):
                return resolve()
            if not executions.abandoned(env):
                stop()
            return None

        return resolver

    replace(task_class, name, build_resolver)


def _batch_job(submitted: dict[str, Any], role: str) -> tuple[Completion, Callable[[], None]]:
    """Ending the job is an attempt: what the machine's role may not do is not done."""
    from headrace_local.batch_jobs import find

    job = find(submitted["JobId"])

    def stop() -> None:
        if permissions.allows(role, Call("batch:TerminateJob", job.arn)):
            job.terminate("The Step Functions execution that submitted this job was stopped")

    return job.completion, stop


def _execution(submitted: dict[str, Any], role: str) -> tuple[Completion, Callable[[], None]]:
    execution = executions.find(submitted["ExecutionArn"])
    assert execution is not None, submitted  # noqa: S101 - StartExecution has just answered with it

    def stop() -> None:
        if permissions.allows(role, Call("states:StopExecution", submitted["ExecutionArn"])):
            executions.backend().stop_execution(submitted["ExecutionArn"], cause="The parent execution was stopped")

    return execution.completion, stop
