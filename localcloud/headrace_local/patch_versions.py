"""Versions of functions and state machines: listed, taken away, and no number given twice.

Gaps of moto 5.2.5 closed here: a new version of a function counts those that are there, so it takes the number of another one when
one was deleted; a version that an alias names can be deleted; Step Functions has neither ListStateMachineVersions nor
DeleteStateMachineVersion, and DescribeStateMachineForExecution tells of the machine as it is now.
https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html
"""

from __future__ import annotations

import copy
from typing import Any

from headrace_local import patch_step_functions_executions as executions
from headrace_local.seam import replace

_highest: dict[str, int] = {}
"""By function, the highest number that a version of it ever had."""


def apply() -> None:
    """Patch the making and deleting of versions, and add the calls that are missing."""
    from moto.awslambda.models import LambdaStorage
    from moto.stepfunctions.responses import StepFunctionResponse

    delete = LambdaStorage.del_function

    def del_function(self: Any, name_or_arn: str, qualifier: str | None = None) -> None:
        _refuse_named(self, name_or_arn, qualifier)
        delete(self, name_or_arn, qualifier)

    replace(LambdaStorage, "publish_version", _publish)
    replace(LambdaStorage, "del_function", del_function)
    replace(StepFunctionResponse, "describe_state_machine_for_execution", _machine_of_execution)
    StepFunctionResponse.list_state_machine_versions = _list_machine_versions
    StepFunctionResponse.delete_state_machine_version = _delete_machine_version


def _publish(self: Any, name_or_arn: str, description: str = "") -> Any:
    latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    versions = self._functions[latest.function_name]["versions"]
    if versions and not latest.code_or_config_updated:
        return versions[-1]
    latest.code_or_config_updated = False
    number = max(int(versions[-1].version), _highest.get(latest.function_name, 0)) + 1 if versions else 1
    made = copy.copy(latest)
    made.set_version(number)
    made.description = description or made.description
    _highest[latest.function_name] = number
    versions.append(made)
    self._arns[made.function_arn] = made
    return made


def _refuse_named(self: Any, name_or_arn: str, qualifier: str | None) -> None:
    """What AWS refuses: to take away a version that an alias names."""
    from moto.awslambda.exceptions import LambdaClientError

    function = self.get_function_by_name_or_arn_with_qualifier(name_or_arn, qualifier)
    if not str(function.version).isdigit():
        return
    aliases = self._get_function_aliases(function.function_name).values()
    if any(str(function.version) in {alias.function_version, *_weights(alias)} for alias in aliases):
        refused = LambdaClientError("ResourceConflictException", f"An alias names {function.function_arn}")
        refused.code = 409
        raise refused


def _weights(alias: Any) -> dict[str, Any]:
    return dict((alias.routing_config or {}).get("AdditionalVersionWeights", {}))


def _machine_of_execution(self: Any) -> Any:
    from moto.core.responses import ActionResult

    arn = self._get_param("executionArn")
    execution = executions.find(arn)
    if execution is None:
        raise executions.refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    machine = execution.state_machine
    said = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.roleArn,
        "updateDate": execution.start_date,
    }
    return ActionResult(said)


def _list_machine_versions(self: Any) -> Any:
    from moto.core.responses import ActionResult

    machine, _ = executions.startable(self.stepfunction_backend, self._get_param("stateMachineArn"))
    found = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
    said = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in found]
    start = int(self._get_param("nextToken") or 0)
    size = self._get_int_param("maxResults") or 100
    token = str(start + size) if start + size < len(said) else None
    return ActionResult({"stateMachineVersions": said[start : start + size], "nextToken": token})


def _delete_machine_version(self: Any) -> Any:
    from moto.core.responses import ActionResult

    arn, _, number = self._get_param("stateMachineVersionArn").rpartition(":")
    machine, _ = executions.startable(self.stepfunction_backend, arn)
    for alias in machine.aliases.values():
        if any(route["stateMachineVersionArn"] == f"{arn}:{number}" for route in alias.routing_configuration):
            raise executions.refusal("ConflictException", f"{alias.arn} names {arn}:{number}")
    machine.versions.pop(int(number), None)
    return ActionResult({})
