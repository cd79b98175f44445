"""Step Functions: starting, stopping, describing and listing executions.

Gaps of moto 5.2.5 closed here: an execution without a name (upstream names all of them "None"), look-ups that walk every
execution, versions and aliases that cannot be started, an end that others can wait for, error and cause of a stopped
execution, and the 'Step Functions Execution Status Change' event.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import random
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from headrace_local import event_bus, faults
from headrace_local import patch_step_functions_children as children
from headrace_local.completion import Completion
from headrace_local.place import ACCOUNT, REGION
from headrace_local.seam import replace

_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_SHOWN_IN_EVENT: Final = 248 * 1024
_by_arn: dict[str, Any] = {}
_abandoned: set[str] = set()
_starting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The machine as it was when the execution started; later updates do not reach it."""

    arn: str
    version_arn: str | None
    name: str
    definition: str
    roleArn: str  # noqa: N815 - upstream's name
    sm_type: str


def apply() -> None:
    """Patch the backend, the worker and the API answers."""
    import moto.stepfunctions.parser.models as parser
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
    from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
    from moto.stepfunctions.responses import StepFunctionResponse

    for name in ("start_execution", "stop_execution", "describe_execution"):
        replace(parser.StepFunctionsParserBackend, name, globals()[f"_{name}"])
    replace(BaseExecutionWorkerCommunication, "terminated", _terminated)
    replace(ExecutionWorker, "start", _start_worker)
    for name in ("stop_execution", "describe_execution", "list_executions"):
        replace(StepFunctionResponse, name, globals()[f"_answer_{name}"])


def find(arn: str) -> Any | None:
    """The execution of this ARN."""
    return _by_arn.get(arn)


def running() -> int:
    """How many executions run now."""
    return sum(1 for execution in list(_by_arn.values()) if not execution.completion.done.is_set())


def stop_all() -> None:
    """Stop every running execution; the cloud is going down."""
    for execution in list(_by_arn.values()):
        if not execution.completion.done.is_set():
            execution.exec_worker.env.set_stop(
                stop_date=datetime.now(UTC), cause="The local cloud is stopping", error=None
            )


def stop_planned() -> None:
    """After a state transition: stop what fault plans name, the oldest running execution of a machine each."""
    for plan in faults.executions_to_stop():
        found = next(
            (
                execution
                for execution in list(_by_arn.values())
                if not execution.completion.done.is_set()
                and fnmatch.fnmatchcase(execution.state_machine.name, str(plan.values["machine"]))
            ),
            None,
        )
        if found is None:
            faults.give_back(plan)
        else:
            if plan.fault == "abandon":
                _abandoned.add(found.execution_arn)
            # In a thread of its own: the one that made the transition may belong to the execution.
            threading.Thread(target=backend().stop_execution, args=(found.execution_arn,), daemon=True).start()


def abandoned(env: Any) -> bool:
    """Whether what this execution, or a child of it, waits for goes on when it is stopped; on AWS ending it is no more than an attempt."""
    arn = str(env.states.context_object.context_object_data["Execution"]["Id"])
    child = children.find(arn)
    return (child.parent if child else arn) in _abandoned


def startable(backend: Any, arn: str) -> tuple[Any, Any]:
    """The machine and the revision (itself or a version of it) that an ARN of a machine, version or alias names."""
    from moto.stepfunctions.exceptions import StateMachineDoesNotExist

    backend._validate_machine_arn(arn)
    parts = arn.split(":")
    machine = next((m for m in backend.state_machines if m.arn == ":".join(parts[:7])), None)
    if machine is not None and len(parts) == 7:
        return machine, machine
    if machine is not None and parts[7] in machine.aliases:
        routes = machine.aliases[parts[7]].routing_configuration
        chosen = random.choices(routes, [route["weight"] for route in routes])[0]  # noqa: S311 - traffic, not a secret
        parts = chosen["stateMachineVersionArn"].split(":")
    version = machine.versions.get(int(parts[7])) if machine is not None and parts[7].isdigit() else None
    if version is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return machine, version


def _start_execution(
    self: Any,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: Any = None,
) -> Any:
    from moto.stepfunctions.exceptions import ExecutionAlreadyExists, InvalidName
    from moto.stepfunctions.parser.backend.execution import Execution

    machine, revision = startable(self, state_machine_arn)
    text = "{}" if execution_input is None else execution_input
    try:
        json.loads(text)
    except ValueError as error:
        raise refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
    name = name or str(uuid.uuid4())
    if not _NAME.fullmatch(name):
        raise InvalidName(f"Invalid Name: '{name}'")
    arn = f"arn:aws:states:{self.region_name}:{self.account_id}:execution:{machine.name}:{name}"
    with _starting:
        existing = _by_arn.get(arn)
        if existing is not None:
            if existing.execution_input == text and existing.status == "RUNNING":
                return existing
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
        execution = Execution(
            name=name,
            sm_type=machine.sm_type,
            role_arn=revision.roleArn,
            exec_arn=arn,
            account_id=self.account_id,
            region_name=self.region_name,
            state_machine=_snapshot(machine, revision),
            start_date=datetime.now(UTC),
            cloud_watch_logging_session=None,
            input_data=text,
            trace_header=trace_header,
            activity_store={},
        )
        execution.completion = Completion()
        _by_arn[arn] = execution
        for owner in {id(machine): machine, id(revision): revision}.values():
            owner.executions.append(execution)
    execution.start()
    _announce(execution)
    return execution


def _snapshot(machine: Any, revision: Any) -> Snapshot:
    version_arn = None if revision is machine else revision.arn
    return Snapshot(machine.arn, version_arn, machine.name, revision.definition, revision.roleArn, machine.sm_type)


def _start_worker(self: Any) -> None:
    """Upstream makes the environment in the new thread, so a stop or a token that comes early finds none."""
    program = self._get_evaluation_entrypoint()
    self.env = self._get_evaluation_environment()
    self.env.next_state_name = program.start_at.start_at_name
    threading.Thread(target=_work, args=(self, program), daemon=True, name="execution").start()


def _work(worker: Any, program: Any) -> None:
    from moto.stepfunctions.parser.api import (
        ExecutionStartedEventDetails,
        HistoryEventExecutionDataDetails,
        HistoryEventType,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

    details = worker._evaluation_details
    started = ExecutionStartedEventDetails(
        input=to_json_str(details.execution_details.inpt),
        inputDetails=HistoryEventExecutionDataDetails(truncated=False),
        roleArn=details.aws_execution_details.role_arn,
    )
    worker.env.event_manager.add_event(
        context=worker.env.event_history_context,
        event_type=HistoryEventType.ExecutionStarted,
        event_details=EventDetails(executionStartedEventDetails=started),
        update_source_event_id=False,
    )
    if worker.env.is_running():
        program.eval(worker.env)
    worker._execution_communication.terminated()


def _terminated(self: Any) -> None:
    execution = self.execution
    self._reflect_execution_status()
    state = execution.exec_worker.env.program_state()
    if execution.status == "ABORTED":
        execution.error, execution.cause = state.error, state.cause
    _announce(execution)
    execution.completion.finish()


def _stop_execution(self: Any, execution_arn: str, error: str | None = None, cause: str | None = None) -> Any:
    execution = self.describe_execution(execution_arn)
    if not execution.completion.done.is_set():
        execution.exec_worker.env.set_stop(stop_date=datetime.now(UTC), cause=cause, error=error)
        execution.completion.done.wait(10)
    return execution


def _describe_execution(self: Any, execution_arn: str) -> Any:
    from moto.stepfunctions.exceptions import ExecutionDoesNotExist

    self._validate_execution_arn(execution_arn)
    execution = _by_arn.get(execution_arn)
    if execution is None:
        raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution_arn}'")
    return execution


def _answer_stop_execution(self: Any) -> Any:
    from moto.core.responses import ActionResult

    arn, error, cause = (self._get_param(name) for name in ("executionArn", "error", "cause"))
    if child := children.find(arn):
        return ActionResult({"stopDate": child.stop(error, cause)})
    execution = self.stepfunction_backend.stop_execution(arn, error, cause)
    return ActionResult({"stopDate": execution.stop_date or datetime.now(UTC)})


def _answer_describe_execution(self: Any) -> Any:
    from moto.core.responses import ActionResult

    arn = self._get_param("executionArn")
    if child := children.find(arn):
        return ActionResult(child.described())
    return ActionResult(description(self.stepfunction_backend.describe_execution(arn)))


def _answer_list_executions(self: Any) -> Any:
    from moto.core.responses import ActionResult

    status = self._get_param("statusFilter")
    if map_run := self._get_param("mapRunArn"):
        found = [child for child in children.of_run(map_run) if not status or child["status"] == status]
    else:
        _machine, revision = startable(self.stepfunction_backend, self._get_param("stateMachineArn"))
        items = [_item(execution) for execution in list(revision.executions)]
        found = sorted(
            (i for i in items if not status or i["status"] == status), key=lambda i: i["startDate"], reverse=True
        )
    start = int(self._get_param("nextToken") or 0)
    size = self._get_int_param("maxResults") or 100
    token = str(start + size) if start + size < len(found) else None
    return ActionResult({"executions": found[start : start + size], "nextToken": token})


def description(execution: Any) -> dict[str, Any]:
    """What DescribeExecution answers."""
    details = {"inputDetails": {"included": True}, "input": execution.execution_input}
    if execution.status == "SUCCEEDED":
        details |= {"output": json.dumps(execution.output), "outputDetails": {"included": True}}
    for name in ("error", "cause"):
        if getattr(execution, name) is not None:
            details[name] = getattr(execution, name)
    return {**_item(execution), **details, "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}


def _item(execution: Any) -> dict[str, Any]:
    item = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": str(execution.status),
        "startDate": execution.start_date,
    }
    if execution.stop_date is not None:
        item["stopDate"] = execution.stop_date
    if execution.state_machine.version_arn:
        item["stateMachineVersionArn"] = execution.state_machine.version_arn
    return item


def _announce(execution: Any) -> None:
    event_bus.announce(
        "aws.states", "Step Functions Execution Status Change", [execution.execution_arn], lambda: _detail(execution)
    )


def _detail(execution: Any) -> dict[str, Any]:
    told = description(execution)
    detail: dict[str, Any] = {
        "output": None,
        "outputDetails": None,
        "error": None,
        "cause": None,
        "stopDate": None,
        "redriveDate": None,
        **told,
    }
    for name in ("startDate", "stopDate"):
        if detail[name] is not None:
            detail[name] = int(detail[name].timestamp() * 1000)
    for name in ("input", "output"):
        if detail[name] is not None and len(detail[name].encode()) > _SHOWN_IN_EVENT:
            detail[name], detail[f"{name}Details"] = None, {"included": False}
    return detail


def refusal(kind: str, message: str) -> Exception:
    """An error of the API by its code; upstream's own classes for some of them lose it."""
    from moto.core.exceptions import AWSError

    error: Exception = AWSError(message, exception_type=kind, status=400)
    return error


def publish(machine: Any, description: str | None) -> str:
    """Publish the machine as it is now; the version's ARN. A revision that has a version already keeps it."""
    latest = machine.latest_version
    if latest is None or (latest.definition, latest.roleArn) != (machine.definition, machine.roleArn):
        machine.publish(description)
    return str(machine.latest_version.arn)


def revision_id(machine: Any) -> str:
    """Changes when the machine's definition or role does."""
    return hashlib.sha256(f"{machine.definition}{machine.roleArn}".encode()).hexdigest()[:32]


def backend() -> Any:
    """The interpreting backend."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    return stepfunctions_parser_backends[ACCOUNT][REGION]
