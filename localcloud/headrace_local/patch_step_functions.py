"""Step Functions: what every execution goes through. Map states, tasks and tokens have modules of their own.

Gaps of moto 5.2.5 closed here: JSONata (upstream needs a JVM and pastes values into the text of the expression), clients
and parsers built anew for every task, threads kept for ever, definitions outside the subset accepted and half ignored.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from headrace.core.errors import InvalidSpec, InvalidValue
from headrace_local import (
    asl_subset,
    json_values,
    patch_step_functions_executions,
    patch_step_functions_map,
    patch_step_functions_tasks,
    patch_step_functions_tokens,
    permissions,
)
from headrace_local.clients import client
from headrace_local.iam_calls import arn
from headrace_local.iam_policies import Call
from headrace_local.jsonata_expressions import evaluate, looked_up
from headrace_local.seam import rebind, replace

_PARSER: Final = "moto.stepfunctions.parser"
_MANAGED_RULES: Final = {
    ":batch:submitJob.sync": "StepFunctionsGetEventsForBatchJobsRule",
    ":states:startExecution.sync": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html"""
bridged: dict[str, tuple[str, ...]] = {}
"""What was bridged in each machine, by name; `status` prints it."""


def apply() -> None:
    """Patch the interpreter, once, before the first state machine is created."""
    import moto.stepfunctions.models as plain
    import moto.stepfunctions.parser.models as parser

    replace(plain, "stepfunctions_backends", parser.stepfunctions_parser_backends)
    _share_what_is_costly()
    _jsonata()
    _machines(parser.StepFunctionsParserBackend)
    patch_step_functions_executions.apply()
    patch_step_functions_tasks.apply()
    patch_step_functions_tokens.apply()
    patch_step_functions_map.apply()


def _client_of_role(region: str, service: str, state_credentials: Any = None) -> Any:
    """What a machine calls it calls as its role; a state that has no credentials would call as the cloud, and there is none."""
    return client(service, str(state_credentials.role_arn))


class _Forgetful(list[Any]):
    """Stands in for the list in which upstream keeps every thread it ever started."""

    def append(self, _thread: Any) -> None:
        """Forget it."""


def _share_what_is_costly() -> None:
    from moto.stepfunctions.parser.asl.component.common.path import result_path
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service
    from moto.stepfunctions.parser.asl.eval import environment, states
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    from moto.stepfunctions.parser.asl.utils import json_path

    rebind(_PARSER, "boto_client_for", _client_of_role)
    rebind(_PARSER, "TMP_THREADS", _Forgetful())
    replace(json_path, "parse", functools.lru_cache(4096)(json_path.parse))
    replace(result_path, "parse", functools.lru_cache(4096)(result_path.parse))
    for module in (states, environment, state_task_service):
        replace(module, "copy", json_values)
    # Evaluation keeps its state in the environment, never in the program, so executions of one definition can share it.
    replace(AmazonStateLanguageParser, "parse", staticmethod(functools.lru_cache(64)(AmazonStateLanguageParser.parse)))
    # Upstream prints the whole program, recursively, for every error and every caught error.
    replace(EvalComponent, "_log_failure_event_exception", lambda _self, failure_event_exception: None)  # noqa: ARG005
    replace(EvalComponent, "_log_exception", lambda _self, exception: None)  # noqa: ARG005


def _jsonata() -> None:
    from moto.stepfunctions.parser.asl.component.common.string import string_expression as strings

    def variables(env: Any) -> dict[str, Any]:
        store = env.variable_store
        return {**store._outer_scope, **store._inner_scope}

    def jsonata(self: Any, env: Any) -> None:
        said = looked_up(self.expression, env.states._states_data)
        if said is not None:
            env.stack.append(said)
            return
        states = json_values.as_json(env.states._states_data)
        try:
            env.stack.append(evaluate(self.expression, {"states": states, **variables(env)}))
        except InvalidValue as error:
            raise _query_failed(env, str(error)) from error

    def sample(self: Any, env: Any) -> None:
        try:
            env.stack.append(evaluate(self.expression, variables(env)))
        except InvalidValue as error:
            raise _query_failed(env, str(error)) from error

    replace(strings.StringJSONata, "_eval_body", jsonata)
    replace(strings.StringVariableSample, "_eval_body", sample)


def _query_failed(env: Any, cause: str) -> Exception:
    from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(cause=cause, error=name.error_name)
    event = FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),
    )
    failure: Exception = FailureEventException(failure_event=event)
    return failure


def _machines(backend_class: Any) -> None:
    def runnable(name: str, definition: str) -> str:
        try:
            checked = asl_subset.runnable(definition)
        except InvalidSpec as error:
            raise patch_step_functions_executions.refusal(
                "InvalidDefinition", f"The local cloud cannot run '{name}':\n{error}"
            ) from error
        bridged[name] = checked.bridged
        return checked.definition

    def may_wait(name: str, definition: str, role: str) -> None:
        """Who waits for a job or an execution hears of its end through a rule that Step Functions keeps as the machine's role."""
        for resource, rule in _MANAGED_RULES.items():
            for action in ("PutTargets", "PutRule", "DescribeRule") if resource in definition else ():
                call = Call(f"events:{action}", arn("events", f"rule/{rule}"))
                try:
                    permissions.require_call(role, call, name)
                except permissions.Forbidden as error:
                    told = f"'{role}' is not authorized to create managed-rule {rule}: {error}"
                    raise patch_step_functions_executions.refusal("AccessDeniedException", told) from error

    create = backend_class.create_state_machine
    update = backend_class.update_state_machine

    def create_state_machine(
        self: Any,
        name: str,
        definition: str,
        roleArn: str,  # noqa: N803 - upstream's name
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        may_wait(name, definition, roleArn)
        return create(self, name, runnable(name, definition), roleArn, *args, **kwargs)

    def update_state_machine(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        name = arn.rsplit(":", 1)[-1]
        checked = runnable(name, definition) if definition is not None else None
        if definition is not None:
            may_wait(name, definition, role_arn or self.describe_state_machine(arn).roleArn)
        return update(self, arn, checked, role_arn, *args, **kwargs)

    replace(backend_class, "create_state_machine", create_state_machine)
    replace(backend_class, "update_state_machine", update_state_machine)
